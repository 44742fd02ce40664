/* SPDX-License-Identifier: Apache-2.0 */
#include "api/select.h"

#include "api/convert.h"

#include <errno.h>

/* Selector keys that mean another one: pods' old name for the node, and what events.k8s.io calls core events' members. */
static const struct { const char *resource, *from, *to; bool prefix; } aliases[] = {
	{ "pods", "spec.host", "spec.nodeName", false },
	{ "events", "regarding.", "involvedObject.", true },
	{ "events", "reportingController", "reportingComponent", false },
};

static bool has_own_fields(const struct schema_resource *res) {
	for (const char *const *f = res->field_labels; f && *f; f++)
		if (strncmp(*f, "metadata.", 9) != 0) return true;
	return false;
}

static bool known_field(const struct schema_resource *res, struct slice key) {
	if (slice_eqs(key, "metadata.name") || slice_eqs(key, "metadata.namespace")) return true;
	for (const char *const *f = res->field_labels; f && *f; f++)
		if (slice_eqs(key, *f)) return true;
	return false;
}

static const struct status *unknown_field(struct request *r, struct slice key) {
	if (has_own_fields(r->res)) return status_bad_request(r->a, "field label not supported: %.*s", SLICE_FMT(key));
	return status_bad_request(r->a, "%s is not a known field selector: only \"metadata.name\", \"metadata.namespace\"", status_quote(r->a, key));
}

static struct slice stored_key(struct request *r, struct slice key) {
	for (size_t i = 0; i < ELEMENTSOF(aliases); i++) {
		struct slice from = slice_str(aliases[i].from);
		if (strcmp(r->res->resource, aliases[i].resource) != 0) continue;
		if (!aliases[i].prefix && slice_eq(key, from)) return slice_str(aliases[i].to);
		if (aliases[i].prefix && slice_starts(key, from))
			return slice_str(arena_printf(r->a, "%s%.*s", aliases[i].to, SLICE_FMT(slice_from(key, from.n))));
	}
	return key;
}

static const struct status *check_fields(struct request *r, struct selector *s) {
	struct fields_term *t = arena_array(r->a, s->fields.n + 1, sizeof(*t));
	if (!t) return status_no_memory();
	for (size_t i = 0; i < s->fields.n; i++) {
		t[i] = s->fields.terms[i];
		if (!known_field(r->res, t[i].field)) return unknown_field(r, t[i].field);
		t[i].field = stored_key(r, t[i].field);
		if (r->res->is_custom && !slice_starts(t[i].field, SLICE_LIT("metadata."))) s->custom = r->res;
		if (slice_eqs(t[i].field, "metadata.name") && !t[i].negated) s->name = t[i].value;
		if (slice_eqs(t[i].field, "metadata.namespace") && !t[i].negated) s->ns = t[i].value;
	}
	s->fields.terms = t;
	return NULL;
}

const struct status *selector_parse(struct request *r, const struct list_options *o, struct selector *ret) {
	struct selector s = { 0 };
	const char *msg = NULL;
	int err = labels_parse(r->a, o->label_selector, &s.labels, &msg);
	if (!err) err = fields_parse(r->a, o->field_selector, &s.fields, &msg);
	if (err) return err == -EBADMSG ? status_bad_request(r->a, "%s", msg) : status_no_memory();
	const struct status *st = check_fields(r, &s);
	if (st) return st;
	s.everything = s.labels.n == 0 && !s.labels.nothing && s.fields.n == 0;
	*ret = s;
	return NULL;
}

/* ---- matching ---- */

static bool find_pair(const struct store_pair *v, size_t n, struct slice key, struct slice *ret) {
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = slice_cmp(v[mid].key, key);
		if (c == 0) {
			*ret = v[mid].value;
			return true;
		}
		if (c < 0) lo = mid + 1;
		else hi = mid;
	}
	return false;
}

static bool label_of(const void *ctx, struct slice key, struct slice *ret) {
	const struct store_obj *o = ctx;
	return find_pair(o->labels, o->n_labels, key, ret);
}

static struct slice field_of(const void *ctx, struct slice key) {
	const struct store_obj *o = ctx;
	if (slice_eqs(key, "metadata.name")) return o->key.name;
	if (slice_eqs(key, "metadata.namespace")) return o->key.ns;
	for (size_t i = 0; i < o->n_fields; i++)
		if (slice_eq(o->fields[i].key, key)) return o->fields[i].value;
	return SLICE_NULL;
}

struct custom_object {
	const struct schema_resource *res;
	const struct store_obj *o;
	const yyjson_mut_val *root;
	struct arena *a;
};

static struct slice custom_field_of(const void *ctx, struct slice key) {
	const struct custom_object *c = ctx;
	struct slice v = SLICE_NULL;
	if (slice_starts(key, SLICE_LIT("metadata."))) return field_of(c->o, key);
	return schema_field_label(c->res, c->root, key, c->a, &v) == 0 ? v : SLICE_NULL;
}

static bool match_custom(const struct selector *s, const struct store_obj *o) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	yyjson_mut_doc *doc;
	struct json_error e;
	if (!a || json_parse(a, blob_slice(o->json), &doc, &e) < 0) return false;
	struct custom_object c = { .res = s->custom, .o = o, .root = yyjson_mut_doc_get_root(doc), .a = a };
	return fields_match(&s->fields, custom_field_of, &c);
}

bool selector_match(const struct selector *s, const struct store_obj *o) {
	if (s->everything) return true;
	if (s->custom) return labels_match_fn(&s->labels, label_of, o) && match_custom(s, o);
	return fields_match(&s->fields, field_of, o) && labels_match_fn(&s->labels, label_of, o);
}
