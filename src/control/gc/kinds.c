/* SPDX-License-Identifier: Apache-2.0 */
#include "control/gc/collector.h"
#include "base/log.h"
#include "client/jsonslice.h"

#include <errno.h>
#include <stdio.h>

#define FAILED_AGAIN_MS 2000u
/* A kind that could not be listed so often does not hold up all others: another server may answer for it, badly (upstream's collector
 * goes on after half a minute). */
#define LIST_TRIES 3u
/* After a CustomResourceDefinition has changed: its kind is served a moment later. */
#define KINDS_CHANGED_MS 200u

static struct collector *of(struct controller *c) { return c->state; }

bool gc_synced(const struct collector *g) {
	for (size_t i = 0; i < g->n_kinds; i++)
		if (!g->kinds[i]->synced && !g->kinds[i]->gone && g->kinds[i]->failures < LIST_TRIES) return false;
	return g->discovered;
}

static struct slice group_of(struct slice api_version) {
	struct slice rest = api_version, first = slice_cut(&rest, '/');
	return rest.p ? first : SLICE_LIT("");
}

const struct gc_kind *gc_kind_find(const struct collector *g, struct slice api_version, struct slice kind) {
	struct slice group = group_of(api_version);
	for (size_t i = 0; i < g->n_kinds; i++)
		if (!g->kinds[i]->gone && slice_eqs(kind, g->kinds[i]->kind) && slice_eqs(group, g->kinds[i]->group)) return g->kinds[i];
	return NULL;
}

static int queue_kind(struct gc_kind *k, uint64_t delay) {
	char key[GC_KEY_MAX];
	snprintf(key, sizeof(key), "kind/%zu", k->index);
	return workqueue_add_after(k->c->queue, slice_str(key), delay);
}

/* ---- objects into the graph ---- */

static unsigned flags_of(const yyjson_mut_val *meta) {
	yyjson_mut_val *f;
	unsigned flags = json_get(meta, "deletionTimestamp") ? GC_DELETING : 0;
	json_each(json_get(meta, "finalizers"), f) {
		if (slice_eqs(json_str(f), "foregroundDeletion")) flags |= GC_FOREGROUND;
		if (slice_eqs(json_str(f), "orphan")) flags |= GC_ORPHAN;
	}
	return flags;
}

static int put_metadata(struct gc_kind *k, struct arena *a, struct slice text) {
	yyjson_mut_doc *doc;
	if (json_parse(a, text, &doc, NULL) < 0) return -EBADMSG;
	yyjson_mut_val *meta = yyjson_mut_doc_get_root(doc), *ref, *refs = json_get(meta, "ownerReferences");
	struct gc_owner *owners = arena_array(a, json_size(refs) + 1, sizeof(*owners));
	size_t n = 0;
	if (!owners) return -ENOMEM;
	json_each(refs, ref)
		owners[n++] = (struct gc_owner){ json_path_str(ref, "uid"), json_path_bool(ref, "blockOwnerDeletion", false) };
	struct gc_object o = {
		.uid = json_path_str(meta, "uid"), .ns = json_path_str(meta, "namespace"), .name = json_path_str(meta, "name"), .resource = k,
		.flags = flags_of(meta), .gen = k->gen, .owners = owners, .n_owners = n,
	};
	return gc_graph_put(of(k->c)->graph, &o);
}

static bool metadata_of(struct slice object, struct slice *ret_meta, struct slice *ret_uid) {
	struct slice raw;
	if (!jsonslice_member(object, "metadata", ret_meta) || !jsonslice_member(*ret_meta, "uid", &raw)) return false;
	*ret_uid = jsonslice_plain(raw);
	return ret_uid->n > 0;
}

/* Most objects have neither owners nor an end in sight; they are not even parsed. */
static int observe(struct gc_kind *k, struct slice object) {
	struct collector *g = of(k->c);
	struct slice meta, uid, raw;
	if (!metadata_of(object, &meta, &uid)) return 0;
	const struct gc_node *n = gc_graph_find(g->graph, uid);
	if (!(n && n->real) && !jsonslice_member(meta, "ownerReferences", &raw) && !jsonslice_member(meta, "deletionTimestamp", &raw)) return 0;
	struct arena *a = arena_new(TASK_ARENA_MAX);
	int r = a ? put_metadata(k, a, meta) : -ENOMEM;
	arena_free(a);
	return r;
}

/* ---- list and watch ---- */

static void kind_failed(struct gc_kind *k, const struct k8c_error *err) {
	k->call = NULL;
	if (of(k->c)->stopping) return;
	bool before = gc_synced(of(k->c));
	k->failures += err != NULL;
	if (!before && gc_synced(of(k->c))) gc_graph_doubt(of(k->c)->graph, NULL, 0);
	if (err && err->status == 404) {
		/* The definition is gone. */
		k->gone = true;
		gc_graph_doubt(of(k->c)->graph, k, ++k->gen);
	} else {
		(void)queue_kind(k, err && err->err != -ESTALE ? FAILED_AGAIN_MS : 0);
	}
}

static bool defines_kinds(const struct gc_kind *k) {
	return strcmp(k->resource, "customresourcedefinitions") == 0 || strcmp(k->resource, "apiservices") == 0;
}

static void tell_deleted(struct gc_kind *k, struct slice meta) {
	struct slice ns;
	if (k->namespaced && jsonslice_member(meta, "namespace", &ns))
		control_deleted(k->c->control, slice_str(k->group), slice_str(k->resource), jsonslice_plain(ns));
}

static void on_event(void *ctx, const struct k8c_event *e) {
	struct gc_kind *k = ctx;
	struct slice meta, uid;
	if (e->type == K8C_BOOKMARK) return;
	if (defines_kinds(k)) (void)workqueue_add_after(k->c->queue, SLICE_LIT("kinds"), KINDS_CHANGED_MS);
	if (e->type != K8C_DELETED) {
		/* An event that cannot be taken leaves a hole: list again. */
		if (observe(k, slice_of(e->object)) < 0) k8c_call_cancel(k->call);
	} else if (metadata_of(slice_of(e->object), &meta, &uid)) {
		gc_graph_remove(of(k->c)->graph, uid);
		tell_deleted(k, meta);
	}
}

static void on_watch_done(void *ctx, const struct k8c_error *err) { kind_failed(ctx, err); }

static void on_item(void *ctx, struct k8c_bytes json) {
	struct gc_kind *k = ctx;
	(void)observe(k, slice_of(json));
}

static struct k8c_target target_of(const struct gc_kind *k) {
	return (struct k8c_target){ .group = k->group, .version = k->version, .resource = k->resource };
}

static void on_listed(void *ctx, const struct k8c_list_result *res, const struct k8c_error *err) {
	static const struct k8c_watch_handler h = { on_event, on_watch_done };
	struct gc_kind *k = ctx;
	struct collector *g = of(k->c);
	bool before = gc_synced(g);
	if (err) {
		kind_failed(k, err);
		return;
	}
	struct k8c_watch_options o = { .size = sizeof(o), .target = target_of(k), .resource_version = res->resource_version,
				       .timeout_seconds = GC_WATCH_SECONDS, .no_bookmarks = true };
	k->call = NULL;
	k->synced = true;
	k->failures = 0;
	if (k8c_watch_start(k->c->client, &o, &h, k, &k->call) < 0) (void)queue_kind(k, FAILED_AGAIN_MS);
	/* What was put off until all was known, and what may have been missed between two lists. */
	if (k->listed_again || (!before && gc_synced(g))) gc_graph_doubt(g->graph, k, k->gen);
	k->listed_again = true;
}

void gc_kind_sync(struct task *t) {
	static const struct k8c_list_handler h = { on_item, on_listed };
	struct collector *g = of(t->c);
	size_t index = strtoul(task_str(t, t->name), NULL, 10);
	struct gc_kind *k = index < g->n_kinds ? g->kinds[index] : NULL;
	int r = 0;
	if (k && !k->gone && !k->call) {
		struct k8c_op op = { .size = sizeof(op), .verb = K8C_LIST, .target = target_of(k) };
		k->gen++;
		r = k8c_list_start(t->c->client, &op, &h, k, &k->call);
	}
	task_end(t, r);
}

/* ---- discovery ---- */

static bool has_verb(const yyjson_mut_val *res, const char *verb) {
	yyjson_mut_val *v;
	json_each(json_get(res, "verbs"), v)
		if (slice_eqs(json_str(v), verb)) return true;
	return false;
}

static struct gc_kind *known_kind(const struct collector *g, struct slice group, struct slice version, struct slice resource) {
	for (size_t i = 0; i < g->n_kinds; i++) {
		struct gc_kind *k = g->kinds[i];
		if (slice_eqs(group, k->group) && slice_eqs(version, k->version) && slice_eqs(resource, k->resource)) return k;
	}
	return NULL;
}

static char *text(struct slice s) { return strndup(s.p ? s.p : "", s.n); }

static void kind_free(struct gc_kind *k) {
	free(k->group);
	free(k->version);
	free(k->resource);
	free(k->kind);
	free(k);
}

static int add_kind(struct controller *c, struct slice group, struct slice version, const yyjson_mut_val *res) {
	struct collector *g = of(c);
	struct slice resource = json_path_str(res, "resource");
	struct gc_kind *k = known_kind(g, group, version, resource);
	if (k) {
		k->seen = true;
		if (!k->gone) return 0;
		k->gone = k->synced = false;
		return queue_kind(k, 0);
	}
	if (g->n_kinds == GC_KINDS_MAX) return -E2BIG;
	struct gc_kind **v = realloc(g->kinds, (g->n_kinds + 1) * sizeof(struct gc_kind *));
	if (!v) return -ENOMEM;
	g->kinds = v;
	k = calloc(1, sizeof(*k));
	if (!k) return -ENOMEM;
	*k = (struct gc_kind){ .c = c, .index = g->n_kinds, .group = text(group), .version = text(version), .resource = text(resource),
			       .kind = text(json_path_str(res, "responseKind.kind")), .seen = true,
			       .namespaced = slice_eqs(json_path_str(res, "scope"), "Namespaced") };
	if (!k->group || !k->version || !k->resource || !k->kind) {
		kind_free(k);
		return -ENOMEM;
	}
	g->kinds[g->n_kinds++] = k;
	return queue_kind(k, 0);
}

/* Events come and go by themselves, in any number (upstream's GraphBuilder ignores them too). */
static bool ignored(const yyjson_mut_val *res) { return slice_eqs(json_path_str(res, "resource"), "events"); }

static int add_group(struct controller *c, const yyjson_mut_val *group) {
	yyjson_mut_val *res, *version = json_first(json_get(group, "versions"));
	json_each(json_get(version, "resources"), res) {
		if (ignored(res) || !has_verb(res, "list") || !has_verb(res, "watch") || !has_verb(res, "delete")) continue;
		int r = add_kind(c, json_path_str(group, "metadata.name"), json_path_str(version, "version"), res);
		if (r < 0) return r;
	}
	return 0;
}

static int add_groups(struct task *t, struct slice body) {
	yyjson_mut_doc *doc;
	yyjson_mut_val *group;
	if (json_parse(t->a, arena_slice_dup(t->a, body), &doc, NULL) < 0) return -EPROTO;
	json_each(json_get(yyjson_mut_doc_get_root(doc), "items"), group) {
		int r = add_group(t->c, group);
		if (r < 0) return r;
	}
	return 0;
}

static const char discovery_accept[] = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

static void got_groups(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	struct collector *g = of(t->c);
	int r = err ? err->err : add_groups(t, slice_of(res->body));
	if (r < 0) {
		task_end(t, r);
		return;
	}
	g->discovered = true;
	for (size_t i = 0; i < g->n_kinds; i++) {
		struct gc_kind *k = g->kinds[i];
		if (k->seen || k->gone) continue;
		k->gone = true;
		k8c_call_cancel(k->call);
	}
	task_end(t, 0);
}

static void got_core(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	struct k8c_request req = { .size = sizeof(req), .path = "/apis", .accept = discovery_accept };
	int r = err ? err->err : add_groups(t, slice_of(res->body));
	if (r < 0) task_end(t, r);
	else task_request(t, &req, got_groups);
}

void gc_kinds_sync(struct task *t) {
	struct collector *g = of(t->c);
	struct k8c_request req = { .size = sizeof(req), .path = "/api", .accept = discovery_accept };
	for (size_t i = 0; i < g->n_kinds; i++) g->kinds[i]->seen = false;
	task_request(t, &req, got_core);
}

void gc_kinds_done(struct collector *g) {
	g->stopping = true;
	for (size_t i = 0; i < g->n_kinds; i++) {
		k8c_call_cancel(g->kinds[i]->call);
		kind_free(g->kinds[i]);
	}
	free(g->kinds);
}
