/* SPDX-License-Identifier: Apache-2.0 */
#include "api/convert.h"

#include "api/convert_hpa.h"
#include "schema/crd.h"

#include <errno.h>
#include <stdio.h>

struct rename { const char *stored, *served; };

/* events.k8s.io/v1's names for core/v1's members. */
static const struct rename event_names[] = {
	{ "involvedObject", "regarding" }, { "message", "note" }, { "source", "deprecatedSource" },
	{ "firstTimestamp", "deprecatedFirstTimestamp" }, { "lastTimestamp", "deprecatedLastTimestamp" },
	{ "count", "deprecatedCount" }, { "reportingComponent", "reportingController" },
};

const char *api_version_of(struct arena *a, const char *group, const char *version) {
	return *group ? arena_printf(a, "%s/%s", group, version) : arena_strdup(a, version);
}

bool convert_is_identity(const struct schema_resource *res) {
	return !strcmp(res->group, res->storage_group) && !strcmp(res->version, res->storage_version);
}

bool convert_reads_bytes(const struct schema_resource *res) {
	const struct schema_custom *c = schema_custom_of(res);
	return convert_is_identity(res) && (!c || c->as_stored);
}

int convert_parse(const struct schema_resource *res, struct arena *a, struct slice text, yyjson_mut_doc **ret) {
	return res->is_custom ? json_parse(a, text, ret, NULL) : json_parse_fractions(a, text, ret, NULL);
}

int convert_read(const struct schema_resource *res, struct arena *a, yyjson_mut_doc *doc) {
	int err = convert_to_served(res, doc, yyjson_mut_doc_get_root(doc));
	if (err || convert_reads_bytes(res) || !res->is_custom) return err;
	/* What the schema of today does not know goes, what it adds comes. */
	err = schema_decode_tree(res->type, a, doc, NULL, NULL);
	if (err && err != -EBADMSG) return err;
	return schema_default(res->type, doc, yyjson_mut_doc_get_root(doc));
}

const struct schema_resource *convert_storage_of(const struct schema_resource *res) {
	if (convert_is_identity(res) || res->is_custom) return res;
	const struct schema_resource *s = schema_find(slice_str(res->storage_group), slice_str(res->storage_version), slice_str(res->storage_resource));
	return s ? s : res;
}

static int set_version(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *group, const char *version) {
	char v[512];
	int n = snprintf(v, sizeof(v), "%s%s%s", group, *group ? "/" : "", version);
	if (n < 0 || (size_t)n >= sizeof(v)) return -ENOMEM;
	return json_set_str(doc, obj, "apiVersion", slice_make(v, (size_t)n)) ? 0 : -ENOMEM;
}

static int rename_member(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *from, const char *to) {
	yyjson_mut_val *v = json_get(obj, from);
	if (!v) return 0;
	json_del(obj, from);
	return json_set(doc, obj, to, v) ? 0 : -ENOMEM;
}

static int rename_event(yyjson_mut_doc *doc, yyjson_mut_val *obj, bool to_served) {
	int err = 0;
	for (size_t i = 0; !err && i < ELEMENTSOF(event_names); i++) {
		const struct rename *n = &event_names[i];
		err = to_served ? rename_member(doc, obj, n->stored, n->served) : rename_member(doc, obj, n->served, n->stored);
	}
	return err;
}

static int convert(const struct schema_resource *res, yyjson_mut_doc *doc, yyjson_mut_val *obj, bool to_served) {
	if (convert_is_identity(res)) return 0;
	int err = to_served ? set_version(doc, obj, res->group, res->version) : set_version(doc, obj, res->storage_group, res->storage_version);
	if (err || res->is_custom) return err;
	if (!strcmp(res->resource, "events")) return rename_event(doc, obj, to_served);
	if (!strcmp(res->resource, "horizontalpodautoscalers")) return to_served ? convert_hpa_to_v1(doc, obj) : convert_hpa_to_v2(doc, obj);
	return 0;
}

int convert_to_served(const struct schema_resource *res, yyjson_mut_doc *doc, yyjson_mut_val *obj) { return convert(res, doc, obj, true); }
int convert_to_stored(const struct schema_resource *res, yyjson_mut_doc *doc, yyjson_mut_val *obj) { return convert(res, doc, obj, false); }
