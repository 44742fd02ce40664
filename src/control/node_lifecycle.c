/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node that is not heard of (its Lease is not renewed) becomes NotReady with reason NodeStatusUnknown; taints follow its Ready
 * condition; pods that do not tolerate a NoExecute taint are deleted when their time is over; pods of nodes that are gone are
 * removed (pkg/controller/nodelifecycle, tainteviction, podgc).
 */
#include "base/map.h"
#include "client/jsonslice.h"
#include "codec/timestamp.h"
#include "control/controller.h"

#include <errno.h>

#define NOT_READY "node.kubernetes.io/not-ready"
#define UNREACHABLE "node.kubernetes.io/unreachable"
/* A node may be named before it is made, or be made anew: its pods wait so long for it (podgc's quarantine). */
#define GONE_QUARANTINE_MS 40000u
#define GONE_MAX 10000u

static void queue_node_of_lease(struct controller *c, struct k8c_object *lease) {
	(void)workqueue_add(c->queue, slice_of(k8c_object_name(lease)));
}

static void queue_node_of_pod(struct controller *c, struct k8c_object *pod) {
	struct slice spec, node;
	/* Not from a tree: every event of every pod comes by here. */
	if (!jsonslice_member(slice_of(k8c_object_json(pod)), "spec", &spec) || !jsonslice_member(spec, "nodeName", &node)) return;
	node = jsonslice_plain(node);
	if (!slice_empty(node)) (void)workqueue_add(c->queue, node);
}

/* Since when a node that pods name is missing: name -> struct gone. */
struct gone { uint64_t since; };

static void teardown(struct controller *c) { c->state = map_free(c->state, free); }

static int setup(struct controller *c) {
	c->state = map_new(GONE_MAX);
	if (!c->state) return -ENOMEM;
	int r = controller_watch(c, KIND_NODE);
	if (r == 0) r = controller_watch_mapped(c, KIND_NODE_LEASE, queue_node_of_lease);
	return r < 0 ? r : controller_watch_mapped(c, KIND_POD, queue_node_of_pod);
}

/* ---- is it alive ---- */

static yyjson_mut_val *ready_condition(const yyjson_mut_val *node) {
	yyjson_mut_val *list = json_path(node, "status.conditions"), *c;
	if (!list) return NULL;
	json_each(list, c)
		if (slice_eqs(json_path_str(c, "type"), "Ready")) return c;
	return NULL;
}

static int64_t seconds_of(struct task *t, struct slice text, bool micro) {
	struct timestamp ts;
	if (slice_empty(text)) return 0;
	return (micro ? timestamp_parse_micro : timestamp_parse)(t->a, text, &ts, NULL) == 0 ? ts.sec : 0;
}

/* When the node was last heard of: lease, status heartbeat, or its creation. */
static int64_t last_heard(struct task *t, const yyjson_mut_val *node) {
	const yyjson_mut_val *lease = controller_get(t->c, KIND_NODE_LEASE, SLICE_LIT("kube-node-lease"), t->name);
	int64_t times[] = {
		seconds_of(t, json_path_str(lease, "spec.renewTime"), true),
		seconds_of(t, json_path_str(ready_condition(node), "lastHeartbeatTime"), false),
		seconds_of(t, json_path_str(node, "metadata.creationTimestamp"), false),
	}, best = 0;
	for (size_t i = 0; i < ELEMENTSOF(times); i++) best = times[i] > best ? times[i] : best;
	return best;
}

static bool make_unknown(struct task *t, yyjson_mut_doc *doc, yyjson_mut_val *node) {
	static const char *const types[] = { "Ready", "MemoryPressure", "DiskPressure", "PIDPressure" };
	char now[TIMESTAMP_TEXT];
	timestamp_format(env_now_sec(t->c->control->o.env), now);
	yyjson_mut_val *status = json_ensure_obj(doc, node, "status"), *list = json_get(status, "conditions"), *c;
	if (!list) {
		list = yyjson_mut_arr(doc);
		if (!json_set(doc, status, "conditions", list)) return false;
	}
	for (size_t i = 0; i < ELEMENTSOF(types); i++) {
		yyjson_mut_val *found = NULL;
		json_each(list, c)
			if (slice_eqs(json_path_str(c, "type"), types[i])) found = c;
		if (!found) {
			found = yyjson_mut_obj(doc);
			if (!json_set_str(doc, found, "type", slice_str(types[i])) || !yyjson_mut_arr_append(list, found)) return false;
		}
		if (slice_eqs(json_path_str(found, "status"), "Unknown")) continue;
		if (!json_set_str(doc, found, "status", SLICE_LIT("Unknown")) || !json_set_str(doc, found, "lastTransitionTime", slice_str(now)) ||
		    !json_set_str(doc, found, "reason", SLICE_LIT("NodeStatusUnknown")) ||
		    !json_set_str(doc, found, "message", SLICE_LIT("Kubelet stopped posting node status.")))
			return false;
	}
	return true;
}

/* ---- taints ---- */

static bool is_ready_taint(const yyjson_mut_val *taint) {
	struct slice key = json_path_str(taint, "key");
	return slice_eqs(key, NOT_READY) || slice_eqs(key, UNREACHABLE);
}

static bool keep_since(yyjson_mut_doc *doc, yyjson_mut_val *taint, const yyjson_mut_val *old, const char *now) {
	yyjson_mut_val *o;
	struct slice since = slice_str(now);
	if (old)
		json_each(old, o)
			if (slice_eq(json_path_str(o, "key"), json_path_str(taint, "key")) && slice_eq(json_path_str(o, "effect"), json_path_str(taint, "effect")) &&
			    !slice_empty(json_path_str(o, "timeAdded")))
				since = json_path_str(o, "timeAdded");
	return json_set_str(doc, taint, "timeAdded", since);
}

/* The taints a node with this Ready status has to have; the others stay as they are. */
static yyjson_mut_val *taints_for(struct task *t, yyjson_mut_doc *doc, const yyjson_mut_val *node, struct slice ready) {
	yyjson_mut_val *old = json_path(node, "spec.taints"), *list = yyjson_mut_arr(doc), *o;
	/* A node that has said nothing about itself yet carries none: nothing is known against it. */
	const char *key = slice_empty(ready) || slice_eqs(ready, "True") ? NULL : slice_eqs(ready, "Unknown") ? UNREACHABLE : NOT_READY;
	static const char *const effects[] = { "NoSchedule", "NoExecute" };
	char now[TIMESTAMP_TEXT];
	timestamp_format(env_now_sec(t->c->control->o.env), now);
	if (old)
		json_each(old, o)
			if (!is_ready_taint(o) && !yyjson_mut_arr_append(list, json_copy(doc, o))) return NULL;
	for (size_t i = 0; key && i < ELEMENTSOF(effects); i++) {
		yyjson_mut_val *taint = yyjson_mut_obj(doc);
		if (!json_set_str(doc, taint, "key", slice_str(key)) || !json_set_str(doc, taint, "effect", slice_str(effects[i])) ||
		    !keep_since(doc, taint, old, now) || !yyjson_mut_arr_append(list, taint))
			return NULL;
	}
	return list;
}

/* Same keys and effects? The times do not matter. */
static bool same_taints(const yyjson_mut_val *a, const yyjson_mut_val *b) {
	size_t n = json_size(a), found = 0;
	yyjson_mut_val *x, *y;
	if (n != json_size(b)) return false;
	if (n == 0) return true;
	json_each(a, x)
		json_each(b, y)
			found += slice_eq(json_path_str(x, "key"), json_path_str(y, "key")) && slice_eq(json_path_str(x, "effect"), json_path_str(y, "effect"));
	return found >= n;
}

/* ---- pods ---- */

static bool tolerates(const yyjson_mut_val *toleration, const yyjson_mut_val *taint) {
	struct slice key = json_path_str(toleration, "key"), effect = json_path_str(toleration, "effect"), op = json_path_str(toleration, "operator");
	if (!slice_empty(effect) && !slice_eq(effect, json_path_str(taint, "effect"))) return false;
	if (!slice_empty(key) && !slice_eq(key, json_path_str(taint, "key"))) return false;
	return slice_eqs(op, "Exists") || slice_eq(json_path_str(toleration, "value"), json_path_str(taint, "value"));
}

/* Seconds since 1970 at which the pod has to go because of this taint; INT64_MAX: never. */
static int64_t end_by_taint(struct task *t, const yyjson_mut_val *pod, const yyjson_mut_val *taint, int64_t now) {
	yyjson_mut_val *list = json_path(pod, "spec.tolerations"), *tol;
	int64_t least = -1, since = seconds_of(t, json_path_str(taint, "timeAdded"), false);
	bool tolerated = false, limited = false;
	if (list)
		json_each(list, tol) {
			if (!tolerates(tol, taint)) continue;
			tolerated = true;
			if (!json_get(tol, "tolerationSeconds")) continue;
			int64_t s = json_path_int(tol, "tolerationSeconds", 0);
			least = !limited || s < least ? s : least;
			limited = true;
		}
	if (!tolerated) return now;
	return limited ? (since ? since : now) + (least < 0 ? 0 : least) : INT64_MAX;
}

static int64_t end_of_pod(struct task *t, const yyjson_mut_val *pod, const yyjson_mut_val *taints, int64_t now) {
	yyjson_mut_val *taint;
	int64_t end = INT64_MAX;
	if (!taints) return end;
	json_each(taints, taint) {
		if (!slice_eqs(json_path_str(taint, "effect"), "NoExecute")) continue;
		int64_t by_this = end_by_taint(t, pod, taint, now);
		end = by_this < end ? by_this : end;
	}
	return end;
}

static void evict(struct task *t, const yyjson_mut_val *node);

static void evicted(struct task *t, const struct k8c_response *res k8c_unused, const struct k8c_error *err) {
	if (err && err->err != -ENOENT && err->err != -EAGAIN) task_end_with(t, err);
	else evict(t, controller_get(t->c, KIND_NODE, SLICE_NULL, t->name));
}

/* Deletes the next pod that has to go; node NULL: the node itself is gone, all of them go at once. */
static void evict(struct task *t, const yyjson_mut_val *node) {
	struct k8c_informer *i = controller_informer(t->c, KIND_POD);
	int64_t now = env_now_sec(t->c->control->o.env), soonest = INT64_MAX;
	struct slice *done = t->state; /* uid of the pod deleted last: the cache may still show it */
	struct k8c_object *pod;
	for (size_t it = 0; (pod = k8c_informer_next(i, &it));) {
		const yyjson_mut_val *v = k8c_object_value(pod);
		if (!v || !slice_eq(json_path_str(v, "spec.nodeName"), t->name)) continue;
		struct slice uid = json_path_str(v, "metadata.uid");
		if (slice_eq(uid, *done) || (node && json_path(v, "metadata.deletionTimestamp"))) continue;
		int64_t end = node ? end_of_pod(t, v, json_path(node, "spec.taints"), now) : now;
		if (end > now) {
			soonest = end < soonest ? end : soonest;
			continue;
		}
		*done = arena_slice_dup(t->a, uid);
		struct k8c_op op = {
			.size = sizeof(op), .verb = K8C_DELETE, .has_grace = !node, .grace_seconds = 0, .precondition_uid = done->p,
			.target = { .version = "v1", .resource = "pods", .ns = task_str(t, json_path_str(v, "metadata.namespace")), .name = task_str(t, json_path_str(v, "metadata.name")) },
		};
		task_op(t, &op, evicted);
		return;
	}
	if (soonest != INT64_MAX) (void)workqueue_add_after(t->c->queue, t->key, (uint64_t)(soonest - now) * 1000 + 50);
	task_end(t, 0);
}

/* True when the quarantine of a missing node is over; else its key comes back then. */
static bool is_gone(struct task *t) {
	uint64_t now = env_mono(t->c->control->o.env) / 1000000u;
	struct gone *g = map_get(t->c->state, t->name);
	if (!g) {
		g = calloc(1, sizeof(*g));
		if (!g) return false;
		g->since = now;
		if (map_put(t->c->state, t->name, g, NULL) < 0) {
			free(g);
			return false;
		}
	}
	if (now - g->since >= GONE_QUARANTINE_MS) return true;
	(void)workqueue_add_after(t->c->queue, t->key, GONE_QUARANTINE_MS - (now - g->since));
	return false;
}

static bool has_pods(struct task *t) {
	struct k8c_informer *i = controller_informer(t->c, KIND_POD);
	struct k8c_object *pod;
	for (size_t it = 0; (pod = k8c_informer_next(i, &it));)
		if (slice_eq(json_path_str(k8c_object_value(pod), "spec.nodeName"), t->name)) return true;
	return false;
}

static void missing(struct task *t) {
	bool any = has_pods(t);
	if (!any) free(map_del(t->c->state, t->name));
	if (any && is_gone(t)) evict(t, NULL);
	else task_end(t, 0);
}

/* ---- steps ---- */

static void tainted(struct task *t, const struct k8c_response *res k8c_unused, const struct k8c_error *err) {
	if (err) task_end_with(t, err);
	else task_end(t, 0); /* the node's change queues it again */
}

static void taint_step(struct task *t, const yyjson_mut_val *node) {
	yyjson_mut_doc *doc = task_copy(t, node);
	yyjson_mut_val *root = doc ? yyjson_mut_doc_get_root(doc) : NULL;
	struct slice ready = json_path_str(ready_condition(node), "status");
	yyjson_mut_val *taints = root ? taints_for(t, doc, node, ready) : NULL;
	if (!taints) {
		task_end(t, -ENOMEM);
		return;
	}
	if (same_taints(taints, json_path(node, "spec.taints"))) {
		evict(t, node);
		return;
	}
	yyjson_mut_val *spec = json_ensure_obj(doc, root, "spec");
	if (json_size(taints)) (void)json_set(doc, spec, "taints", taints);
	else (void)json_del(spec, "taints");
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_UPDATE, .body = task_body(t, root),
		.target = { .version = "v1", .resource = "nodes", .name = task_str(t, t->name) },
	};
	task_op(t, &op, tainted);
}

static void lost(struct task *t, const yyjson_mut_val *node) {
	yyjson_mut_doc *doc = task_copy(t, node);
	yyjson_mut_val *root = doc ? yyjson_mut_doc_get_root(doc) : NULL;
	if (!root || !make_unknown(t, doc, root)) {
		task_end(t, -ENOMEM);
		return;
	}
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_UPDATE, .body = task_body(t, root),
		.target = { .version = "v1", .resource = "nodes", .name = task_str(t, t->name), .subresource = "status" },
	};
	task_op(t, &op, tainted);
}

static void reconcile(struct task *t) {
	if (!TASK_SYNCED(t, KIND_NODE, KIND_NODE_LEASE, KIND_POD)) return;
	const yyjson_mut_val *node = controller_get(t->c, KIND_NODE, SLICE_NULL, t->name);
	t->state = arena_new_of(t->a, struct slice);
	if (!t->state) {
		task_end(t, -ENOMEM);
		return;
	}
	if (!node) {
		missing(t);
		return;
	}
	free(map_del(t->c->state, t->name));
	int64_t grace = t->c->control->o.node_grace_ms, age = (env_now_sec(t->c->control->o.env) - last_heard(t, node)) * 1000;
	struct slice ready = json_path_str(ready_condition(node), "status");
	/* A node that never had an agent says nothing about Ready: it is left to its maker until the grace is over. */
	if (age > grace && !slice_eqs(ready, "Unknown")) {
		lost(t, node);
		return;
	}
	if (age <= grace) (void)workqueue_add_after(t->c->queue, t->key, (uint64_t)(grace - age) + 1000);
	taint_step(t, node);
}

const struct controller_def controller_node_lifecycle = {
	.name = "node-lifecycle", .component = "node-controller", .setup = setup, .sync = reconcile, .teardown = teardown, .parallel = 4,
};
