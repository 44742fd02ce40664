/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A terminating namespace is emptied, kind after kind (pods first, so that what guards them goes last), its conditions say what is
 * left, and when nothing is left it is finalized (pkg/controller/namespace/deletion).
 */
#include "codec/timestamp.h"
#include "control/controller.h"

#include <errno.h>
#include <stdio.h>

/* Content that ends by itself (grace periods, finalizers) is looked at again after this. */
#define AGAIN_MS 200
#define RESOURCES_MAX 4096

struct resource { struct slice group, version, name; };

struct emptying {
	struct slice uid;
	struct resource *v;
	size_t n, at;
	size_t left;                   /* objects still there */
	struct buf remaining, finalizers;
	size_t n_finalized;
	const char *failed;            /* first error of a deletion */
};

static int setup(struct controller *c) { return controller_watch(c, KIND_NAMESPACE); }

static void next_resource(struct task *t);

/* ---- which kinds there are: aggregated discovery ---- */

static bool has_verb(const yyjson_mut_val *res, const char *verb) {
	yyjson_mut_val *v, *verbs = json_get(res, "verbs");
	if (!verbs) return false;
	json_each(verbs, v)
		if (slice_eqs(json_str(v), verb)) return true;
	return false;
}

static void add_resources(struct task *t, struct slice group, const yyjson_mut_val *version) {
	struct emptying *e = t->state;
	yyjson_mut_val *res, *list = json_get(version, "resources");
	if (!list) return;
	json_each(list, res) {
		if (!slice_eqs(json_path_str(res, "scope"), "Namespaced") || !has_verb(res, "deletecollection") || !has_verb(res, "list")) continue;
		if (e->n == RESOURCES_MAX) return;
		struct resource *r = &e->v[e->n++];
		*r = (struct resource){ group, json_path_str(version, "version"), json_path_str(res, "resource") };
		/* Pods go first. */
		if (slice_empty(group) && slice_eqs(r->name, "pods")) {
			struct resource pods = *r;
			*r = e->v[0];
			e->v[0] = pods;
		}
	}
}

/* The first version of a group is the preferred one; one version is enough to reach every object. */
static bool add_groups(struct task *t, struct slice body) {
	yyjson_mut_doc *doc;
	struct json_error err;
	yyjson_mut_val *group, *items;
	if (json_parse(t->a, arena_slice_dup(t->a, body), &doc, &err) < 0) return false;
	items = json_get(yyjson_mut_doc_get_root(doc), "items");
	if (!items) return false;
	json_each(items, group) {
		yyjson_mut_val *versions = json_get(group, "versions");
		if (json_size(versions)) add_resources(t, json_path_str(group, "metadata.name"), json_first(versions));
	}
	return true;
}

static const char discovery_accept[] = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

static void got_groups(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	if (err) task_end_with(t, err);
	else if (!add_groups(t, slice_of(res->body))) task_end(t, -EPROTO);
	else next_resource(t);
}

static void got_core(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	struct k8c_request req = { .size = sizeof(req), .path = "/apis", .accept = discovery_accept };
	if (err) task_end_with(t, err);
	else if (!add_groups(t, slice_of(res->body))) task_end(t, -EPROTO);
	else task_request(t, &req, got_groups);
}

/* ---- the end ---- */

static void finalized(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	if (err && (err->err == -ENOENT || err->err == -EAGAIN)) task_end(t, err->err == -EAGAIN ? -EAGAIN : 0);
	else task_finish(t, res, err);
}

static bool drop_finalizer(yyjson_mut_doc *doc, yyjson_mut_val *ns) {
	yyjson_mut_val *list = json_path(ns, "spec.finalizers"), *kept = yyjson_mut_arr(doc), *f;
	if (list) {
		json_each(list, f)
			if (!slice_eqs(json_str(f), "kubernetes") && !yyjson_mut_arr_append(kept, json_copy(doc, f))) return false;
	}
	yyjson_mut_val *spec = json_ensure_obj(doc, ns, "spec");
	return spec && json_set(doc, spec, "finalizers", kept);
}

static void finalize(struct task *t) {
	const yyjson_mut_val *ns = controller_get(t->c, KIND_NAMESPACE, SLICE_NULL, t->name);
	yyjson_mut_doc *doc = ns ? task_copy(t, ns) : NULL;
	if (!ns) {
		task_end(t, 0);
		return;
	}
	if (!doc || !drop_finalizer(doc, yyjson_mut_doc_get_root(doc))) {
		task_end(t, -ENOMEM);
		return;
	}
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_UPDATE, .body = task_body(t, yyjson_mut_doc_get_root(doc)),
		.target = { .version = "v1", .resource = "namespaces", .name = task_str(t, t->name), .subresource = "finalize" },
	};
	task_op(t, &op, finalized);
}

/* ---- conditions ---- */

static yyjson_mut_val *condition(struct task *t, yyjson_mut_doc *doc, const char *type, const char *status, const char *reason, struct slice message,
				 const yyjson_mut_val *old_list) {
	char now[TIMESTAMP_TEXT];
	yyjson_mut_val *c = yyjson_mut_obj(doc), *old;
	timestamp_format(env_now_sec(t->c->control->o.env), now);
	struct slice since = slice_str(now);
	if (old_list)
		json_each(old_list, old)
			if (slice_eqs(json_path_str(old, "type"), type) && slice_eqs(json_path_str(old, "status"), status))
				since = json_path_str(old, "lastTransitionTime");
	return json_set_str(doc, c, "type", slice_str(type)) && json_set_str(doc, c, "status", slice_str(status)) &&
	       json_set_str(doc, c, "lastTransitionTime", since) && json_set_str(doc, c, "reason", slice_str(reason)) &&
	       json_set_str(doc, c, "message", message) ? c : NULL;
}

static yyjson_mut_val *conditions(struct task *t, yyjson_mut_doc *doc, const yyjson_mut_val *old) {
	struct emptying *e = t->state;
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	struct slice failed = slice_str(e->failed ? e->failed : "All content successfully deleted, may be waiting on finalization");
	const char *still = arena_printf(t->a, "Some resources are remaining: %.*s", SLICE_FMT(buf_slice(&e->remaining)));
	const char *held = arena_printf(t->a, "Some content in the namespace has finalizers remaining: %.*s", SLICE_FMT(buf_slice(&e->finalizers)));
	struct { const char *type, *status, *reason; struct slice message; } rows[] = {
		{ "NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", SLICE_LIT("All resources successfully discovered") },
		{ "NamespaceDeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions", SLICE_LIT("All legacy kube types successfully parsed") },
		{ "NamespaceDeletionContentFailure", e->failed ? "True" : "False", e->failed ? "ContentDeletionFailed" : "ContentDeleted", failed },
		{ "NamespaceContentRemaining", e->left ? "True" : "False", e->left ? "SomeResourcesRemain" : "ContentRemoved",
		  e->left ? slice_str(still) : SLICE_LIT("All content successfully removed") },
		{ "NamespaceFinalizersRemaining", e->n_finalized ? "True" : "False", e->n_finalized ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
		  e->n_finalized ? slice_str(held) : SLICE_LIT("All content-preserving finalizers finished") },
	};
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		yyjson_mut_val *c = condition(t, doc, rows[i].type, rows[i].status, rows[i].reason, rows[i].message, old);
		if (!c || !yyjson_mut_arr_append(list, c)) return NULL;
	}
	return list;
}

static void told(struct task *t, const struct k8c_response *res k8c_unused, const struct k8c_error *err) {
	struct emptying *e = t->state;
	if (err && err->err != -EAGAIN) {
		task_end_with(t, err);
		return;
	}
	if (e->left) {
		/* Not a failure: no growing delay. */
		(void)workqueue_add_after(t->c->queue, t->key, AGAIN_MS);
		task_end(t, 0);
	} else {
		finalize(t);
	}
}

static void tell(struct task *t) {
	const yyjson_mut_val *ns = controller_get(t->c, KIND_NAMESPACE, SLICE_NULL, t->name);
	yyjson_mut_doc *doc = ns ? task_copy(t, ns) : NULL;
	if (!ns) {
		task_end(t, 0);
		return;
	}
	yyjson_mut_val *root = doc ? yyjson_mut_doc_get_root(doc) : NULL, *status = root ? json_ensure_obj(doc, root, "status") : NULL;
	yyjson_mut_val *list = status ? conditions(t, doc, json_path(ns, "status.conditions")) : NULL;
	if (!list || !json_set(doc, status, "conditions", list)) {
		task_end(t, -ENOMEM);
		return;
	}
	if (json_equal(json_path(ns, "status.conditions"), list)) {
		told(t, NULL, NULL);
		return;
	}
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_UPDATE, .body = task_body(t, root),
		.target = { .version = "v1", .resource = "namespaces", .name = task_str(t, t->name), .subresource = "status" },
	};
	task_op(t, &op, told);
}

/* ---- one kind after the other ---- */

static struct k8c_op collection_op(struct task *t, enum k8c_verb verb) {
	struct emptying *e = t->state;
	const struct resource *r = &e->v[e->at];
	return (struct k8c_op){
		.size = sizeof(struct k8c_op), .verb = verb, .propagation = verb == K8C_LIST ? K8C_PROPAGATION_DEFAULT : K8C_PROPAGATION_BACKGROUND,
		.target = { .group = task_str(t, r->group), .version = task_str(t, r->version), .resource = task_str(t, r->name), .ns = task_str(t, t->name) },
	};
}

static void count_finalizers(struct emptying *e, yyjson_mut_val *items) {
	yyjson_mut_val *item;
	size_t held = 0;
	struct slice name = SLICE_NULL;
	json_each(items, item) {
		yyjson_mut_val *f = json_path(item, "metadata.finalizers");
		if (!json_size(f)) continue;
		held++;
		if (!name.p) name = json_str(json_first(f));
	}
	if (!held) return;
	buf_printf(&e->finalizers, "%s%.*s in %zu resource instances", e->n_finalized ? ", " : "", SLICE_FMT(name), held);
	e->n_finalized += held;
}

static void listed(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	struct emptying *e = t->state;
	const struct resource *r = &e->v[e->at];
	yyjson_mut_doc *doc;
	struct json_error je;
	if (err && err->err != -ENOENT) {
		task_end_with(t, err);
		return;
	}
	if (!err && json_parse(t->a, slice_of(res->body), &doc, &je) == 0) {
		yyjson_mut_val *items = json_get(yyjson_mut_doc_get_root(doc), "items");
		size_t n = json_size(items);
		if (n) {
			buf_printf(&e->remaining, "%s%.*s.%.*s has %zu resource instances", e->left ? ", " : "", SLICE_FMT(r->name), SLICE_FMT(r->group), n);
			e->left += n;
			count_finalizers(e, items);
		}
	}
	/* As long as there are pods, nothing else goes. */
	bool pods_left = e->at == 0 && e->left;
	e->at = pods_left ? e->n : e->at + 1;
	next_resource(t);
}

static void deleted(struct task *t, const struct k8c_response *res k8c_unused, const struct k8c_error *err) {
	struct emptying *e = t->state;
	if (err && err->err != -ENOENT && !e->failed) e->failed = arena_strdup(t->a, err->message);
	struct k8c_op op = collection_op(t, K8C_LIST);
	op.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
	task_op(t, &op, listed);
}

static void next_resource(struct task *t) {
	struct emptying *e = t->state;
	if (e->at >= e->n) {
		tell(t);
		return;
	}
	struct k8c_op op = collection_op(t, K8C_DELETE_COLLECTION);
	task_op(t, &op, deleted);
}

static void release(void *arg) {
	struct emptying *e = arg;
	buf_done(&e->remaining);
	buf_done(&e->finalizers);
}

static bool holds_finalizer(const yyjson_mut_val *ns) {
	yyjson_mut_val *list = json_path(ns, "spec.finalizers"), *f;
	if (!list) return false;
	json_each(list, f)
		if (slice_eqs(json_str(f), "kubernetes")) return true;
	return false;
}

static void reconcile(struct task *t) {
	const yyjson_mut_val *ns = controller_get(t->c, KIND_NAMESPACE, SLICE_NULL, t->name);
	if (!ns || !json_path(ns, "metadata.deletionTimestamp") || !holds_finalizer(ns)) {
		task_end(t, 0);
		return;
	}
	struct emptying *e = arena_new_of(t->a, struct emptying);
	struct resource *v = e ? arena_array(t->a, RESOURCES_MAX, sizeof(*v)) : NULL;
	if (!v) {
		task_end(t, -ENOMEM);
		return;
	}
	*e = (struct emptying){ .v = v, .remaining = BUF_INIT(64 * KIB), .finalizers = BUF_INIT(64 * KIB) };
	t->state = e;
	(void)arena_defer(t->a, release, e);
	struct k8c_request req = { .size = sizeof(req), .path = "/api", .accept = discovery_accept };
	task_request(t, &req, got_core);
}

const struct controller_def controller_namespace = {
	.name = "namespace", .component = "namespace-controller", .setup = setup, .sync = reconcile, .parallel = 8,
};
