/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler: a pod without a node gets the best one that fits, by a Binding; one that fits nowhere says why in its PodScheduled
 * condition and an event, and is looked at again when a node or another pod changes.
 */
#include "codec/timestamp.h"
#include "control/controller.h"
#include "control/fit.h"

#include <errno.h>
#include <stdio.h>

#define NAME "default-scheduler"
/* Bound by this scheduler and not seen with a node in the cache yet. */
#define ASSUMED_MAX 4096

struct assumed { struct list link; char uid[40]; char *node; struct fit_use use; };
struct scheduler { struct k8c_recorder *recorder; struct list assumed; size_t n_assumed; };

static bool waits(const yyjson_mut_val *pod) {
	return pod && slice_empty(json_path_str(pod, "spec.nodeName")) && slice_eqs(json_path_str(pod, "spec.schedulerName"), NAME) &&
	       !json_path(pod, "metadata.deletionTimestamp") && slice_eqs(json_path_str(pod, "status.phase"), "Pending") &&
	       !json_size(json_path(pod, "spec.schedulingGates"));
}

static void queue_waiting(struct controller *c) {
	struct k8c_informer *i = controller_informer(c, KIND_POD);
	struct k8c_object *pod;
	for (size_t it = 0; (pod = k8c_informer_next(i, &it));)
		if (waits(k8c_object_value(pod))) (void)workqueue_add_name(c->queue, slice_of(k8c_object_namespace(pod)), slice_of(k8c_object_name(pod)));
}

static void forget(struct scheduler *s, struct assumed *a) {
	list_del(&a->link);
	s->n_assumed--;
	free(a->node);
	free(a);
}

static void pod_changed(struct controller *c, struct k8c_object *o) {
	struct scheduler *s = c->state;
	const yyjson_mut_val *pod = k8c_object_value(o);
	if (waits(pod)) {
		(void)workqueue_add_name(c->queue, slice_of(k8c_object_namespace(o)), slice_of(k8c_object_name(o)));
		return;
	}
	list_foreach(&s->assumed, pos) {
		struct assumed *a = list_entry(pos, struct assumed, link);
		if (slice_eqs(slice_of(k8c_object_uid(o)), a->uid)) forget(s, a);
	}
	/* Room may have become free. */
	struct slice phase = json_path_str(pod, "status.phase");
	if (slice_eqs(phase, "Succeeded") || slice_eqs(phase, "Failed") || json_path(pod, "metadata.deletionTimestamp")) queue_waiting(c);
}

static void pod_gone(void *ctx, struct k8c_object *o k8c_unused) { queue_waiting(ctx); }
static void node_changed(struct controller *c, struct k8c_object *o k8c_unused) { queue_waiting(c); }

static int setup(struct controller *c) {
	struct scheduler *s = calloc(1, sizeof(*s));
	struct k8c_recorder_options ro = { .size = sizeof(ro), .component = NAME };
	static const struct k8c_informer_handler gone = { .on_delete = pod_gone };
	if (!s) return -ENOMEM;
	list_init(&s->assumed);
	c->state = s;
	int r = k8c_recorder_new(c->client, &ro, &s->recorder);
	if (r == 0) r = controller_watch_mapped(c, KIND_POD, pod_changed);
	if (r == 0) r = k8c_informer_add_handler(controller_informer(c, KIND_POD), &gone, c);
	return r < 0 ? r : controller_watch_mapped(c, KIND_NODE, node_changed);
}

static void teardown(struct controller *c) {
	struct scheduler *s = c->state;
	if (!s) return;
	list_foreach(&s->assumed, pos) forget(s, list_entry(pos, struct assumed, link));
	k8c_recorder_free(s->recorder);
	free(s);
}

/* ---- the state of the nodes ---- */

struct board { struct fit_node *v; size_t n; };

static struct fit_node *board_find(struct board *b, struct slice name) {
	for (size_t i = 0; i < b->n; i++)
		if (slice_eq(json_path_str(b->v[i].node, "metadata.name"), name)) return &b->v[i];
	return NULL;
}

static void board_take(struct fit_node *n, struct fit_use u) {
	n->used.cpu += u.cpu;
	n->used.memory += u.memory;
	n->used.ephemeral += u.ephemeral;
	n->used.pods++;
}

static bool board_make(struct task *t, struct board *b) {
	struct k8c_informer *nodes = controller_informer(t->c, KIND_NODE), *pods = controller_informer(t->c, KIND_POD);
	struct scheduler *s = t->c->state;
	struct k8c_object *o;
	b->n = 0;
	b->v = arena_array(t->a, k8c_informer_count(nodes) + 1, sizeof(*b->v));
	for (size_t it = 0; b->v && (o = k8c_informer_next(nodes, &it));) {
		const yyjson_mut_val *node = k8c_object_value(o);
		if (node && !json_path(node, "metadata.deletionTimestamp")) b->v[b->n++] = (struct fit_node){ .node = node, .has = fit_allocatable(node) };
	}
	for (size_t it = 0; b->v && (o = k8c_informer_next(pods, &it));) {
		const yyjson_mut_val *pod = k8c_object_value(o);
		struct slice phase = json_path_str(pod, "status.phase");
		struct fit_node *n = board_find(b, json_path_str(pod, "spec.nodeName"));
		if (!n || slice_eqs(phase, "Succeeded") || slice_eqs(phase, "Failed")) continue;
		board_take(n, fit_requests(pod));
		n->ports = fit_host_ports(t->a, pod, n->ports);
	}
	list_foreach(&s->assumed, pos) {
		struct assumed *a = list_entry(pos, struct assumed, link);
		struct fit_node *n = board_find(b, slice_str(a->node));
		if (n) board_take(n, a->use);
	}
	return b->v != NULL;
}

/* ---- outcomes ---- */

static void record(struct task *t, const yyjson_mut_val *pod, const char *type, const char *reason, const char *message) {
	struct scheduler *s = t->c->state;
	struct k8c_reference about = {
		.api_version = "v1", .kind = "Pod", .ns = task_str(t, t->ns), .name = task_str(t, t->name),
		.uid = task_str(t, json_path_str(pod, "metadata.uid")), .resource_version = task_str(t, json_path_str(pod, "metadata.resourceVersion")),
	};
	(void)k8c_recorder_event(s->recorder, &about, type, reason, message);
}

struct choice { const char *node, *uid; struct fit_use use; };

static void assume(struct task *t, const struct choice *c) {
	struct scheduler *s = t->c->state;
	struct assumed *a = s->n_assumed < ASSUMED_MAX ? calloc(1, sizeof(*a)) : NULL;
	if (!a || !(a->node = strdup(c->node))) {
		free(a);
		return;
	}
	snprintf(a->uid, sizeof(a->uid), "%s", c->uid);
	a->use = c->use;
	list_init(&a->link);
	list_add_tail(&s->assumed, &a->link);
	s->n_assumed++;
}

static void bound(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	const struct choice *c = t->state;
	const yyjson_mut_val *pod = controller_get(t->c, KIND_POD, t->ns, t->name);
	if (err && err->err != -ENOENT && err->err != -EAGAIN && pod) record(t, pod, "Warning", "FailedScheduling", err->message);
	if (!err && pod) {
		char *text = arena_printf(t->a, "Successfully assigned %.*s/%.*s to %s", SLICE_FMT(t->ns), SLICE_FMT(t->name), c->node);
		if (text) record(t, pod, "Normal", "Scheduled", text);
		if (slice_empty(json_path_str(pod, "spec.nodeName"))) assume(t, c);
	}
	task_finish(t, res, err);
}

static void bind_to(struct task *t, const yyjson_mut_val *pod, const struct fit_node *n, struct fit_use use) {
	struct choice *c = arena_new_of(t->a, struct choice);
	char *body = NULL;
	if (c) {
		c->node = task_str(t, json_path_str(n->node, "metadata.name"));
		c->uid = task_str(t, json_path_str(pod, "metadata.uid"));
		c->use = use;
		/* Names and uids are DNS names and UUIDs: nothing to escape. */
		body = arena_printf(t->a, "{\"kind\":\"Binding\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"%.*s\",\"namespace\":\"%.*s\",\"uid\":\"%s\"},"
				    "\"target\":{\"kind\":\"Node\",\"name\":\"%s\"}}", SLICE_FMT(t->name), SLICE_FMT(t->ns), c->uid, c->node);
	}
	if (!body) {
		task_end(t, -ENOMEM);
		return;
	}
	t->state = c;
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_CREATE, .body = { body, strlen(body) },
		.target = { .version = "v1", .resource = "pods", .ns = task_str(t, t->ns), .name = task_str(t, t->name), .subresource = "binding" },
	};
	task_op(t, &op, bound);
}

static const char *unschedulable_text(struct task *t, const char *const *why, size_t n) {
	_cleanup_buf_ struct buf b = BUF_INIT(64 * KIB);
	if (n == 0) return "no nodes available to schedule pods";
	buf_printf(&b, "0/%zu nodes are available: ", n);
	for (size_t i = 0, told = 0; i < n; i++) {
		size_t same = 1;
		bool before = false;
		for (size_t k = 0; k < i; k++) before = before || strcmp(why[k], why[i]) == 0;
		if (before) continue;
		for (size_t k = i + 1; k < n; k++) same += strcmp(why[k], why[i]) == 0;
		buf_printf(&b, "%s%zu %s", told++ ? ", " : "", same, why[i]);
	}
	buf_putc(&b, '.');
	return buf_err(&b) ? NULL : arena_slice_str(t->a, buf_slice(&b));
}

/* The PodScheduled condition as a strategic merge patch. */
static void tell_unschedulable(struct task *t, const yyjson_mut_val *pod, const char *message) {
	yyjson_mut_val *list = json_path(pod, "status.conditions"), *c;
	if (list)
		json_each(list, c)
			if (slice_eqs(json_path_str(c, "type"), "PodScheduled") && slice_eqs(json_path_str(c, "message"), message)) {
				task_end(t, 0);
				return;
			}
	record(t, pod, "Warning", "FailedScheduling", message);
	char now[TIMESTAMP_TEXT];
	timestamp_format(env_now_sec(t->c->control->o.env), now);
	yyjson_mut_doc *doc = json_doc(t->a);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *status = root ? json_ensure_obj(doc, root, "status") : NULL, *conditions = yyjson_mut_arr(doc);
	c = yyjson_mut_obj(doc);
	if (!status || !json_set_str(doc, c, "type", SLICE_LIT("PodScheduled")) || !json_set_str(doc, c, "status", SLICE_LIT("False")) ||
	    !json_set_str(doc, c, "reason", SLICE_LIT("Unschedulable")) || !json_set_str(doc, c, "message", slice_str(message)) ||
	    !json_set_str(doc, c, "lastTransitionTime", slice_str(now)) || !yyjson_mut_arr_append(conditions, c) || !json_set(doc, status, "conditions", conditions)) {
		task_end(t, -ENOMEM);
		return;
	}
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_PATCH, .patch = K8C_PATCH_STRATEGIC, .body = task_body(t, root),
		.target = { .version = "v1", .resource = "pods", .ns = task_str(t, t->ns), .name = task_str(t, t->name), .subresource = "status" },
	};
	task_op(t, &op, task_finish);
}

static bool known_assumed(struct scheduler *s, struct slice uid) {
	list_foreach(&s->assumed, pos)
		if (slice_eqs(uid, list_entry(pos, struct assumed, link)->uid)) return true;
	return false;
}

static void reconcile(struct task *t) {
	if (!TASK_SYNCED(t, KIND_POD, KIND_NODE)) return;
	const yyjson_mut_val *pod = controller_get(t->c, KIND_POD, t->ns, t->name);
	struct board b;
	if (!waits(pod) || known_assumed(t->c->state, json_path_str(pod, "metadata.uid"))) {
		task_end(t, 0);
		return;
	}
	struct fit_use wants = fit_requests(pod);
	const char **why = board_make(t, &b) ? arena_array(t->a, b.n + 1, sizeof(*why)) : NULL;
	const struct fit_node *best = NULL;
	int64_t best_score = -1;
	for (size_t i = 0; why && i < b.n; i++) {
		why[i] = fit_check(t->a, pod, &wants, &b.v[i]);
		int64_t score = why[i] ? -1 : fit_score(t->a, pod, &wants, &b.v[i]);
		if (score <= best_score) continue;
		best_score = score;
		best = &b.v[i];
	}
	if (best) bind_to(t, pod, best, wants);
	else if (why) tell_unschedulable(t, pod, unschedulable_text(t, why, b.n));
	else task_end(t, -ENOMEM);
}

const struct controller_def controller_scheduler = {
	.name = "scheduler", .component = "kube-scheduler", .setup = setup, .sync = reconcile, .teardown = teardown,
};
