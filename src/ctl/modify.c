/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/modify.h"
#include "ctl/dryrun.h"
#include "ctl/merge3.h"
#include "ctl/openapi.h"
#include "ctl/tree.h"

#include <fnmatch.h>

static const struct { const char *kind, *path; } specs[] = {
	{ "CronJob", "spec.jobTemplate.spec.template.spec" }, { "DaemonSet", "spec.template.spec" }, { "Deployment", "spec.template.spec" },
	{ "Job", "spec.template.spec" }, { "Pod", "spec" }, { "ReplicaSet", "spec.template.spec" },
	{ "ReplicationController", "spec.template.spec" }, { "StatefulSet", "spec.template.spec" },
};

yyjson_mut_val *modify_pod_spec(const yyjson_mut_val *obj) {
	for (size_t i = 0; i < ELEMENTSOF(specs); i++)
		if (!strcmp(text_at(obj, "kind"), specs[i].kind)) return json_path(obj, specs[i].path);
	return NULL;
}

int modify_containers(const yyjson_mut_val *spec, int (*fn)(yyjson_mut_val *container, void *ctx), void *ctx) {
	static const char *const lists[] = { "containers", "initContainers" };
	yyjson_mut_val *v;
	for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
		json_each(json_get(spec, lists[i]), v) if (fn(v, ctx)) return 1;
	}
	return 0;
}

bool modify_matches(const char *pattern, const char *name) { return fnmatch(pattern, name, 0) == 0; }

/* What turns `before` into `after`. 0 or 1 with a fault noted. */
static int difference(struct ctl *c, const struct info *i, const yyjson_mut_val *before, const yyjson_mut_val *after, yyjson_mut_doc **ret, bool *ret_strategic) {
	struct merge3 m = { .c = c, .doc = tree_new(c) };
	const yyjson_mut_val *document, *schema = NULL;
	if (openapi_document(c, i->r->group, i->r->version, &document) == 0 && openapi_strategic(document, i->r->group, i->r->version, i->r->kind)) {
		schema = openapi_kind(document, i->r->group, i->r->version, i->r->kind);
		if (schema) m.document = document;
	}
	m.doc->root = merge3_patch(&m, before, after, before, schema);
	*ret = m.doc;
	*ret_strategic = schema != NULL;
	return m.doc->root ? 0 : 1;
}

static int send_patch(struct ctl *c, struct info *i, const yyjson_mut_doc *patch, bool strategic, const struct modify *m) {
	struct buf q = BUF_INIT(4096);
	struct k8c_reply *reply;
	dryrun_query(c, &q, NULL);
	struct call call = { .method = "PATCH", .path = resource_path(c, i->r, i->ns, i->name, NULL), .query = ctl_take(c, &q).p,
			     .content_type = strategic ? "application/strategic-merge-patch+json" : "application/merge-patch+json",
			     .body = tree_text(c, patch->root) };
	int r = session_try(c, &call, &reply);
	if (r == 1) return m->plain ? ctl_fail(c, "%s %s", m->failed, reply->error.message) : ctl_fail_api(c, &reply->error, m->failed);
	return r || session_parse(c, reply, &i->doc) ? 1 : 0;
}

static int modify_one(struct ctl *c, struct printer *p, struct info *i, const struct modify *m) {
	yyjson_mut_doc *after = tree_copy(c, i->doc->root), *patch;
	bool strategic, local = flags_have(&c->flags, "local") && flag_on(&c->flags, "local");
	if (m->change(c, i, after, m->ctx)) return 1;
	if (json_equal(i->doc->root, after->root)) return m->unchanged ? print_done(c, p, i->doc->root, m->unchanged) : 0;
	if (local || dryrun_mode(c) == DRYRUN_CLIENT) return print_done(c, p, after->root, m->done);
	if (difference(c, i, i->doc->root, after->root, &patch, &strategic) || send_patch(c, i, patch, strategic, m)) return 1;
	return print_done(c, p, i->doc->root, m->done);
}

int modify_all(struct ctl *c, struct printer *p, const struct infos *l, const struct modify *m) {
	int r = 0;
	for (size_t i = 0; i < l->n; i++) r |= modify_one(c, p, &l->v[i], m);
	return r;
}
