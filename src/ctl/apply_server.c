/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-side apply, and the step over to it: fields that client-side apply wrote are handed to the new manager.
 * Source: KEP-555, csaupgrade of client-go.
 */
#include "ctl/apply.h"
#include "ctl/dryrun.h"
#include "ctl/last_applied.h"
#include "ctl/tree.h"
#include "ctl/write.h"

#define LAST_APPLIED_MANAGER "kubectl-last-applied"
#define APPLY_TYPE "application/apply-patch+yaml"
/* Deeper than that a field set is taken whole. */
#define FIELDS_DEPTH_MAX 100u

static const char conflict_text[] =
	"Please review the fields above--they currently have other managers. Here\n"
	"are the ways you can resolve this warning:\n"
	"* If you intend to manage all of these fields, please re-run the apply\n"
	"  command with the `--force-conflicts` flag.\n"
	"* If you do not intend to manage all of the fields, please edit your\n"
	"  manifest to remove references to the fields that should keep their\n"
	"  current managers.\n"
	"* You may co-own fields by updating your manifest to match the existing\n"
	"  value; in this case, you'll become the manager if the other manager(s)\n"
	"  stop managing the field (remove it from their configuration).\n"
	"See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts";

static const char *query_of(struct ctl *c, const char *manager, bool apply) {
	struct buf q = BUF_INIT(4096);
	if (dryrun_mode(c) == DRYRUN_SERVER) query_add(&q, "dryRun", "All");
	query_add(&q, "fieldManager", manager);
	query_add(&q, "fieldValidation", validate_mode(c));
	if (apply) query_add(&q, "force", flag_on(&c->flags, "force-conflicts") ? "true" : "false");
	return ctl_take(c, &q).p;
}

static struct call apply_call(struct ctl *c, const struct info *i, const char *manager, struct slice body) {
	const char *sub = flag_text(&c->flags, "subresource");
	return (struct call){ .method = "PATCH", .path = resource_path(c, i->r, i->ns, i->name, *sub ? sub : NULL), .query = query_of(c, manager, true),
			      .content_type = APPLY_TYPE, .body = body };
}

int apply_server_side(struct ctl *c, struct info *i, const char *manager) {
	struct slice body = tree_text(c, i->doc->root);
	struct call call = apply_call(c, i, manager, body);
	struct k8c_reply *reply;
	int r = session_try(c, &call, &reply);
	if (r == 1 && reply->error.status == 409) return ctl_fail(c, "%s\n%s", reply->error.message, conflict_text);
	if (r == 1) return ctl_fail_api(c, &reply->error, NULL);
	if (r || session_parse(c, reply, &i->doc)) return 1;
	if (!apply_migrate(c, i, manager)) return 0;
	/* What the client-side apply had and this one has not goes only now. */
	if (session_try(c, &call, &reply) == 0) return session_parse(c, reply, &i->doc);
	ctl_err(c, "Warning: failed to re-apply configuration after performing Server-Side Apply migration. This is non-fatal and will be retried next "
		   "time you apply. Error: %s\n", reply->error.message);
	return 0;
}

/* ---- migration ---- */

static bool owns_annotation(const yyjson_mut_val *entry, const char *operation) {
	const yyjson_mut_val *fields = json_path(entry, "fieldsV1.f:metadata.f:annotations");
	return !strcmp(text_at(entry, "operation"), operation) && !*text_at(entry, "subresource") && json_get(fields, "f:" LAST_APPLIED);
}

static const yyjson_mut_val *owner(const yyjson_mut_val *entries, const char *operation) {
	yyjson_mut_val *e;
	json_each(entries, e) if (owns_annotation(e, operation)) return e;
	return NULL;
}

/* The annotation gets a manager of its own, so that the next apply does not take it away. */
static int keep_annotation(struct ctl *c, struct info *i, const char *manager) {
	yyjson_mut_doc *only = tree_new(c);
	struct k8c_reply *reply;
	const char *text = last_applied_text(i->doc->root);
	if (strcmp(manager, APPLY_SERVER_MANAGER) != 0 || !text || owner(json_path(i->doc->root, "metadata.managedFields"), "Apply")) return 0;
	tree_put(c, only, only->root, "apiVersion", text_at(i->doc->root, "apiVersion"));
	tree_put(c, only, only->root, "kind", text_at(i->doc->root, "kind"));
	tree_put(c, only, only->root, "metadata.name", i->name);
	if (*i->ns) tree_put(c, only, only->root, "metadata.namespace", i->ns);
	tree_set(c, only, tree_obj(c, only, only->root, "metadata.annotations"), LAST_APPLIED, tree_string(c, only, text));
	struct call call = apply_call(c, i, LAST_APPLIED_MANAGER, tree_text(c, only->root));
	int r = session_try(c, &call, &reply);
	if (r == 0) return session_parse(c, reply, &i->doc);
	if (r == 1)
		ctl_err(c, "Warning: failed to migrate " LAST_APPLIED " for Server-Side Apply. This is non-fatal and will be retried next time you apply. "
			   "Error: %s\n", reply->error.message);
	return 1;
}

/* Field sets are objects of objects: their union. Depth is bounded. */
static void unite(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *to, const yyjson_mut_val *from, unsigned depth) {
	yyjson_mut_val *k, *v;
	size_t i, n;
	yyjson_mut_obj_foreach((yyjson_mut_val *)(uintptr_t)from, i, n, k, v) {
		yyjson_mut_val *mine = json_get(to, text_of(k));
		if (!mine) tree_set(c, doc, to, text_of(k), ctl_must(json_copy(doc, v)));
		else if (depth < FIELDS_DEPTH_MAX) unite(c, doc, mine, v, depth + 1);
	}
}

static yyjson_mut_val *applied_entry(yyjson_mut_val *list, const char *manager) {
	yyjson_mut_val *e;
	json_each(list, e) {
		if (!strcmp(text_at(e, "manager"), manager) && !strcmp(text_at(e, "operation"), "Apply") && !*text_at(e, "subresource")) return e;
	}
	return NULL;
}

static yyjson_mut_val *migrated(struct ctl *c, yyjson_mut_doc *doc, const yyjson_mut_val *entries, const char *manager) {
	yyjson_mut_val *e, *list = ctl_must(yyjson_mut_arr(doc));
	json_each(entries, e) if (!owns_annotation(e, "Update")) tree_append(c, list, ctl_must(json_copy(doc, e)));
	json_each(entries, e) {
		yyjson_mut_val *mine = applied_entry(list, manager);
		if (!owns_annotation(e, "Update")) continue;
		if (mine) {
			unite(c, doc, tree_obj(c, doc, mine, "fieldsV1"), json_get(e, "fieldsV1"), 0);
			continue;
		}
		mine = ctl_must(json_copy(doc, e));
		tree_put(c, doc, mine, "manager", manager);
		tree_put(c, doc, mine, "operation", "Apply");
		tree_append(c, list, mine);
	}
	return list;
}

static yyjson_mut_val *replace_op(struct ctl *c, yyjson_mut_doc *doc, const char *path, yyjson_mut_val *value) {
	yyjson_mut_val *op = ctl_must(yyjson_mut_obj(doc));
	tree_put(c, doc, op, "op", "replace");
	tree_put(c, doc, op, "path", path);
	tree_set(c, doc, op, "value", value);
	return op;
}

bool apply_migrate(struct ctl *c, struct info *i, const char *manager) {
	struct k8c_reply *reply = NULL;
	if (keep_annotation(c, i, manager)) return false;
	for (unsigned try = 0; try < APPLY_RETRIES; try++) {
		const yyjson_mut_val *entries = json_path(i->doc->root, "metadata.managedFields");
		yyjson_mut_doc *doc = ctl_must(json_doc(c->a));
		if (!owner(entries, "Update")) return false;
		doc->root = ctl_must(yyjson_mut_arr(doc));
		tree_append(c, doc->root, replace_op(c, doc, "/metadata/managedFields", migrated(c, doc, entries, manager)));
		tree_append(c, doc->root, replace_op(c, doc, "/metadata/resourceVersion",
						     tree_string(c, doc, text_at(i->doc->root, "metadata.resourceVersion"))));
		struct call call = { .method = "PATCH", .path = resource_path(c, i->r, i->ns, i->name, NULL), .query = query_of(c, manager, false),
				     .content_type = "application/json-patch+json", .body = tree_text(c, doc->root) };
		int r = session_try(c, &call, &reply);
		if (r == 0) return session_parse(c, reply, &i->doc) == 0;
		if (r == 2 || reply->error.status != 409 || info_fetch(c, i, true, NULL)) break;
	}
	if (reply)
		ctl_err(c, "Warning: server rejected managed fields migration to Server-Side Apply. This is non-fatal and will be retried next time you apply. "
			   "Error: %s\n", reply->error.message);
	return false;
}
