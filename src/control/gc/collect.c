/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done about one object: deletions that wait for their dependents are brought to an end, and objects whose owners are all
 * gone are deleted. Every decision is made on what the server says at that moment, never on the graph alone.
 */
#include "control/gc/collector.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>

#define METADATA_ACCEPT "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

/* One object under work. */
struct work {
	const struct gc_kind *kind;
	const char *ns, *name, *uid, *rv;
	yyjson_mut_val *meta;      /* as the server has it */
	yyjson_mut_val *ref;       /* the owner asked for last */
	size_t at;                 /* its place */
	size_t solid, waiting;
	bool *bad;                 /* per owner: gone, or waiting for this object */
	char **dependents;         /* uids of those to be orphaned */
	size_t n_dependents, done;
};

static struct collector *of(struct task *t) { return t->c->state; }

static struct k8c_op op_for(struct work *w, enum k8c_verb verb) {
	return (struct k8c_op){
		.size = sizeof(struct k8c_op), .verb = verb, .accept = METADATA_ACCEPT,
		.target = { .group = w->kind->group, .version = w->kind->version, .resource = w->kind->resource, .ns = w->kind->namespaced ? w->ns : NULL,
			    .name = w->name },
	};
}

/* ---- writing ---- */

static void queue_uid(struct controller *c, const char *uid) {
	char key[GC_KEY_MAX];
	if (snprintf(key, sizeof(key), "uid/%s", uid) < (int)sizeof(key)) (void)workqueue_add(c->queue, slice_str(key));
}

static void written(struct task *t, const struct k8c_response *res k8c_unused, const struct k8c_error *err) {
	if (err && err->err == -ENOENT) task_end(t, 0);
	else task_finish(t, NULL, err);
}

/* {"metadata":{"uid":...,"resourceVersion":..., FIELD: list}}; the version makes it fail when somebody was faster. */
static void patch_list(struct task *t, const char *field, yyjson_mut_doc *doc, yyjson_mut_val *list) {
	struct work *w = t->state;
	yyjson_mut_val *body = yyjson_mut_obj(doc), *meta = json_ensure_obj(doc, body, "metadata");
	if (!meta || !list || !json_set_str(doc, meta, "uid", slice_str(w->uid)) || !json_set_str(doc, meta, "resourceVersion", slice_str(w->rv)) ||
	    !json_set(doc, meta, field, list)) {
		task_end(t, -ENOMEM);
		return;
	}
	struct k8c_op op = op_for(w, K8C_PATCH);
	op.patch = K8C_PATCH_MERGE;
	op.body = task_body(t, body);
	task_op(t, &op, written);
}

static bool has_finalizer(const yyjson_mut_val *meta, const char *name) {
	yyjson_mut_val *f;
	json_each(json_get(meta, "finalizers"), f)
		if (slice_eqs(json_str(f), name)) return true;
	return false;
}

static void drop_finalizer(struct task *t, const char *name) {
	struct work *w = t->state;
	yyjson_mut_doc *doc = json_doc(t->a);
	yyjson_mut_val *kept = doc ? yyjson_mut_arr(doc) : NULL, *f;
	json_each(json_get(w->meta, "finalizers"), f)
		if (kept && !slice_eqs(json_str(f), name)) (void)yyjson_mut_arr_append(kept, json_copy(doc, f));
	if (doc) patch_list(t, "finalizers", doc, kept);
	else task_end(t, -ENOMEM);
}

static void remove_object(struct task *t, enum k8c_propagation how) {
	struct work *w = t->state;
	struct k8c_op op = op_for(w, K8C_DELETE);
	if (has_finalizer(w->meta, "orphan")) how = K8C_PROPAGATION_ORPHAN;
	else if (has_finalizer(w->meta, "foregroundDeletion")) how = K8C_PROPAGATION_FOREGROUND;
	op.accept = NULL;
	op.propagation = how;
	op.precondition_uid = w->uid;
	op.precondition_rv = w->rv;
	task_op(t, &op, written);
}

/* ---- owners ---- */

static bool blocked(struct task *t) {
	const struct gc_node *n = gc_graph_find(of(t)->graph, t->name);
	return n && !list_empty(&n->dependents);
}

static void drop_bad_owners(struct task *t) {
	struct work *w = t->state;
	yyjson_mut_doc *doc = json_doc(t->a);
	yyjson_mut_val *kept = doc ? yyjson_mut_arr(doc) : NULL, *ref;
	size_t i = 0;
	json_each(json_get(w->meta, "ownerReferences"), ref)
		if (!w->bad[i++] && kept) (void)yyjson_mut_arr_append(kept, json_copy(doc, ref));
	if (doc) patch_list(t, "ownerReferences", doc, kept);
	else task_end(t, -ENOMEM);
}

static void decide(struct task *t) {
	struct work *w = t->state;
	size_t n = json_size(json_get(w->meta, "ownerReferences"));
	if (n == 0 || w->solid == n) task_end(t, 0);
	else if (w->solid) drop_bad_owners(t);
	else remove_object(t, w->waiting && blocked(t) ? K8C_PROPAGATION_FOREGROUND : K8C_PROPAGATION_BACKGROUND);
}

static void next_owner(struct task *t);

static void got_owner(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	struct work *w = t->state;
	yyjson_mut_doc *doc;
	struct slice uid = json_path_str(w->ref, "uid");
	if (err && err->err != -ENOENT) {
		task_end_with(t, err);
		return;
	}
	yyjson_mut_val *meta = !err && json_parse(t->a, arena_slice_dup(t->a, slice_of(res->body)), &doc, NULL) == 0
				       ? json_get(yyjson_mut_doc_get_root(doc), "metadata") : NULL;
	if (!meta || !slice_eq(json_path_str(meta, "uid"), uid)) {
		w->bad[w->at] = true;
	} else if (json_get(meta, "deletionTimestamp") && has_finalizer(meta, "foregroundDeletion")) {
		w->bad[w->at] = true;
		w->waiting++;
	} else {
		w->solid++;
		gc_graph_confirm(of(t)->graph, uid);
	}
	w->at++;
	next_owner(t);
}

/* The next owner is asked for. Of a kind nobody knows it may exist: then nothing is done until that kind appears. A namespaced
 * owner of a cluster-wide object is no owner anybody could find: nothing is done either. */
static void next_owner(struct task *t) {
	struct work *w = t->state;
	yyjson_mut_val *ref;
	size_t i = 0;
	w->ref = NULL;
	json_each(json_get(w->meta, "ownerReferences"), ref)
		if (i++ == w->at) w->ref = ref;
	if (!w->ref) {
		decide(t);
		return;
	}
	const struct gc_kind *k = gc_kind_find(of(t), json_path_str(w->ref, "apiVersion"), json_path_str(w->ref, "kind"));
	if (!k || (k->namespaced && !w->kind->namespaced)) {
		log_debug("control", "garbage-collector: %s: an owner cannot be resolved", w->name);
		task_end(t, 0);
		return;
	}
	struct work owner = { .kind = k, .ns = w->ns, .name = task_str(t, json_path_str(w->ref, "name")) };
	struct k8c_op op = op_for(&owner, K8C_GET);
	task_op(t, &op, got_owner);
}

static void look_at_owners(struct task *t) {
	struct work *w = t->state;
	w->bad = arena_zalloc(t->a, json_size(json_get(w->meta, "ownerReferences")) + 1);
	if (w->bad) next_owner(t);
	else task_end(t, -ENOMEM);
}

/* ---- deletions that wait ---- */

static void foreground(struct task *t) {
	const struct gc_node *n = gc_graph_find(of(t)->graph, t->name);
	if (!n || !gc_node_blocked(n)) {
		drop_finalizer(t, "foregroundDeletion");
		return;
	}
	list_foreach(&n->dependents, pos) {
		const struct gc_edge *e = list_entry(pos, struct gc_edge, of_owner);
		if (!(e->item->flags & GC_DELETING)) queue_uid(t->c, e->item->uid);
	}
	task_end(t, 0);
}

static void next_dependent(struct task *t);

static void orphaned(struct task *t, const struct k8c_response *res k8c_unused, const struct k8c_error *err) {
	struct work *w = t->state;
	if (err && err->err != -ENOENT && err->status != 422) {
		task_end_with(t, err);
		return;
	}
	w->done++;
	next_dependent(t);
}

/* The version read makes the patch fail when somebody else has changed the object meanwhile; then all begins anew. */
static void got_dependent(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	struct work *w = t->state;
	const struct gc_node *n = gc_graph_find(of(t)->graph, slice_str(w->dependents[w->done]));
	yyjson_mut_doc *in, *doc = json_doc(t->a);
	if (err || !n || !doc || json_parse(t->a, arena_slice_dup(t->a, slice_of(res->body)), &in, NULL) < 0) {
		if (err && err->err != -ENOENT) task_end_with(t, err);
		else orphaned(t, NULL, NULL);
		return;
	}
	yyjson_mut_val *meta = json_get(yyjson_mut_doc_get_root(in), "metadata"), *kept = yyjson_mut_arr(doc), *ref;
	json_each(json_get(meta, "ownerReferences"), ref)
		if (!slice_eqs(json_path_str(ref, "uid"), w->uid)) (void)yyjson_mut_arr_append(kept, json_copy(doc, ref));
	yyjson_mut_val *body = yyjson_mut_obj(doc), *m = json_ensure_obj(doc, body, "metadata");
	if (!m || !json_set_str(doc, m, "uid", slice_str(n->uid)) || !json_set_str(doc, m, "resourceVersion", json_path_str(meta, "resourceVersion")) ||
	    !json_set(doc, m, "ownerReferences", kept)) {
		task_end(t, -ENOMEM);
		return;
	}
	struct work dependent = { .kind = n->resource, .ns = n->ns, .name = n->name };
	struct k8c_op op = op_for(&dependent, K8C_PATCH);
	op.patch = K8C_PATCH_MERGE;
	op.body = task_body(t, body);
	task_op(t, &op, orphaned);
}

static void next_dependent(struct task *t) {
	struct work *w = t->state;
	const struct gc_node *n = NULL;
	while (w->done < w->n_dependents && !((n = gc_graph_find(of(t)->graph, slice_str(w->dependents[w->done]))) && n->real)) w->done++;
	if (w->done == w->n_dependents) {
		drop_finalizer(t, "orphan");
		return;
	}
	struct work dependent = { .kind = n->resource, .ns = n->ns, .name = n->name };
	struct k8c_op op = op_for(&dependent, K8C_GET);
	task_op(t, &op, got_dependent);
}

static void orphan(struct task *t) {
	struct work *w = t->state;
	const struct gc_node *n = gc_graph_find(of(t)->graph, t->name);
	size_t count = 0;
	if (n) list_foreach(&n->dependents, pos) count++;
	w->dependents = arena_array(t->a, count + 1, sizeof(*w->dependents));
	if (!w->dependents) {
		task_end(t, -ENOMEM);
		return;
	}
	if (n) list_foreach(&n->dependents, pos) w->dependents[w->n_dependents++] = arena_strdup(t->a, list_entry(pos, struct gc_edge, of_owner)->item->uid);
	next_dependent(t);
}

/* ---- one object ---- */

static void got_object(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	struct work *w = t->state;
	yyjson_mut_doc *doc;
	if (err) {
		if (err->err == -ENOENT) gc_graph_remove(of(t)->graph, t->name);
		if (err->err == -ENOENT) task_end(t, 0);
		else task_end_with(t, err);
		return;
	}
	if (json_parse(t->a, arena_slice_dup(t->a, slice_of(res->body)), &doc, NULL) < 0) {
		task_end(t, -EPROTO);
		return;
	}
	w->meta = json_get(yyjson_mut_doc_get_root(doc), "metadata");
	w->rv = task_str(t, json_path_str(w->meta, "resourceVersion"));
	if (!slice_eq(json_path_str(w->meta, "uid"), t->name)) {
		/* Another object of that name. */
		gc_graph_remove(of(t)->graph, t->name);
		task_end(t, 0);
	} else if (!json_get(w->meta, "deletionTimestamp")) {
		look_at_owners(t);
	} else if (has_finalizer(w->meta, "foregroundDeletion")) {
		foreground(t);
	} else if (has_finalizer(w->meta, "orphan")) {
		orphan(t);
	} else {
		task_end(t, 0);
	}
}

void gc_object_sync(struct task *t) {
	const struct gc_node *n = gc_graph_find(of(t)->graph, t->name);
	struct work *w = arena_new_of(t->a, struct work);
	/* When everything has been listed, everything is looked at. */
	if (!n || !n->real || !gc_synced(of(t)) || !w) {
		task_end(t, w ? 0 : -ENOMEM);
		return;
	}
	*w = (struct work){ .kind = n->resource, .ns = arena_strdup(t->a, n->ns), .name = arena_strdup(t->a, n->name), .uid = task_str(t, t->name) };
	t->state = w;
	struct k8c_op op = op_for(w, K8C_GET);
	task_op(t, &op, got_object);
}

/* ---- the controller ---- */

static void on_dirty(void *ctx, const struct gc_node *n) { queue_uid(ctx, n->uid); }

static int setup(struct controller *c) {
	struct collector *g = calloc(1, sizeof(*g));
	if (!g) return -ENOMEM;
	c->state = g;
	g->graph = gc_graph_new(on_dirty, c);
	return g->graph ? workqueue_add(c->queue, SLICE_LIT("kinds")) : -ENOMEM;
}

static void sync_key(struct task *t) {
	if (slice_eqs(t->key, "kinds")) gc_kinds_sync(t);
	else if (slice_eqs(t->ns, "kind")) gc_kind_sync(t);
	else gc_object_sync(t);
}

static void teardown(struct controller *c) {
	struct collector *g = c->state;
	if (!g) return;
	gc_kinds_done(g);
	gc_graph_free(g->graph);
	free(g);
}

const struct controller_def controller_garbage_collector = {
	.name = "garbage-collector", .component = "generic-garbage-collector", .setup = setup, .sync = sync_key, .parallel = 8, .teardown = teardown,
};
