/* SPDX-License-Identifier: Apache-2.0 */
#include "control/controller.h"
#include "base/log.h"

#include <errno.h>

/* The first lists take a few milliseconds. */
#define UNSYNCED_RETRY_MS 5u

/* What the shared informers read. A selector keeps kinds small of which controllers need only a part. */
static const struct {
	const char *group, *version, *resource, *field_selector;
} kinds[KIND_MAX] = {
	[KIND_NAMESPACE] = { "", "v1", "namespaces", NULL },
	[KIND_SERVICE_ACCOUNT] = { "", "v1", "serviceaccounts", NULL },
	[KIND_CONFIG_MAP_CA] = { "", "v1", "configmaps", "metadata.name=kube-root-ca.crt" },
	[KIND_SECRET_TOKEN] = { "", "v1", "secrets", "type=kubernetes.io/service-account-token" },
	[KIND_SERVICE] = { "", "v1", "services", NULL },
	[KIND_POD] = { "", "v1", "pods", NULL },
	[KIND_NODE] = { "", "v1", "nodes", NULL },
	[KIND_NODE_LEASE] = { "coordination.k8s.io", "v1", "leases", NULL },
	[KIND_ENDPOINTS] = { "", "v1", "endpoints", NULL },
	[KIND_ENDPOINT_SLICE] = { "discovery.k8s.io", "v1", "endpointslices", NULL },
	[KIND_CLUSTER_ROLE] = { "rbac.authorization.k8s.io", "v1", "clusterroles", NULL },
	[KIND_DISRUPTION_BUDGET] = { "policy", "v1", "poddisruptionbudgets", NULL },
	[KIND_CLAIM] = { "", "v1", "persistentvolumeclaims", NULL },
	[KIND_VOLUME] = { "", "v1", "persistentvolumes", NULL },
	[KIND_QUOTA] = { "", "v1", "resourcequotas", NULL },
};

struct k8c_informer *controller_informer(struct controller *c, enum kind kind) {
	struct k8c_informer **slot = &c->control->informers[kind];
	if (*slot) return *slot;
	struct k8c_informer_options o = {
		.size = sizeof(o),
		.target = { .group = kinds[kind].group, .version = kinds[kind].version, .resource = kinds[kind].resource,
			    .ns = kind == KIND_NODE_LEASE ? "kube-node-lease" : NULL },
		.field_selector = kinds[kind].field_selector,
	};
	return k8c_informer_new(c->control->reader, &o, slot) < 0 ? NULL : *slot;
}

static void queue_own(struct controller *c, struct k8c_object *o) {
	(void)workqueue_add_name(c->queue, slice_of(k8c_object_namespace(o)), slice_of(k8c_object_name(o)));
}

/* A handler's context: which controller, and what to queue. Lives as long as the control's arena of such. */
struct mapping {
	struct controller *c;
	void (*map)(struct controller *c, struct k8c_object *o);
};

static void on_add(void *ctx, struct k8c_object *o) { ((struct mapping *)ctx)->map(((struct mapping *)ctx)->c, o); }

static void on_update(void *ctx, struct k8c_object *old, struct k8c_object *o) {
	struct mapping *m = ctx;
	/* The old state may have meant something else (a selector that has moved on). */
	m->map(m->c, old);
	m->map(m->c, o);
}

static void on_error(void *ctx, const struct k8c_error *err) {
	struct mapping *m = ctx;
	log_debug("control", "%s: list or watch: %s", m->c->def->name, err->message);
}

int controller_watch_mapped(struct controller *c, enum kind kind, void (*map)(struct controller *c, struct k8c_object *o)) {
	static const struct k8c_informer_handler handler = { .on_add = on_add, .on_update = on_update, .on_delete = on_add, .on_error = on_error };
	struct k8c_informer *i = controller_informer(c, kind);
	struct mapping *m = i ? arena_new_of(c->control->a, struct mapping) : NULL;
	if (!m) return -ENOMEM;
	*m = (struct mapping){ c, map };
	return k8c_informer_add_handler(i, &handler, m);
}

int controller_watch(struct controller *c, enum kind kind) { return controller_watch_mapped(c, kind, queue_own); }

const yyjson_mut_val *controller_get(struct controller *c, enum kind kind, struct slice ns, struct slice name) {
	struct k8c_object *o = k8c_informer_get(controller_informer(c, kind), bytes_of(ns), bytes_of(name));
	return o ? k8c_object_value(o) : NULL;
}

void control_deleted(struct control *ctl, struct slice group, struct slice resource, struct slice ns) {
	for (size_t i = 0; i < ctl->n_controllers; i++) {
		struct controller *c = &ctl->controllers[i];
		if (c->def && c->def->on_deleted) c->def->on_deleted(c, group, resource, ns);
	}
}

/* ---- tasks ---- */

static struct task *task_free(struct task *t) {
	list_del(&t->link);
	arena_free(t->a);
	return NULL;
}

static int controller_work(void *ctx, struct slice key) {
	struct controller *c = ctx;
	struct arena *a = arena_new(TASK_ARENA_MAX);
	struct task *t = a ? arena_new_of(a, struct task) : NULL;
	if (!t) {
		arena_free(a);
		return -ENOMEM;
	}
	t->c = c;
	t->a = a;
	t->key = arena_slice_dup(a, key);
	workqueue_split(t->key, &t->ns, &t->name);
	list_init(&t->link);
	list_add_tail(&c->tasks, &t->link);
	c->def->sync(t);
	return 1;
}

void task_end(struct task *t, int result) {
	struct controller *c = t->c;
	struct arena *a = t->a;
	list_del(&t->link);
	workqueue_done(c->queue, t->key, result);
	arena_free(a);
}

bool task_synced(struct task *t, const enum kind *kinds_needed, size_t n) {
	for (size_t i = 0; i < n; i++) {
		if (k8c_informer_synced(controller_informer(t->c, kinds_needed[i]))) continue;
		(void)workqueue_add_after(t->c->queue, t->key, UNSYNCED_RETRY_MS);
		task_end(t, 0);
		return false;
	}
	return true;
}

static bool is_race(int err) { return err == -ENOENT || err == -EEXIST || err == -EAGAIN || err == -ECANCELED; }

void task_end_with(struct task *t, const struct k8c_error *err) {
	if (!is_race(err->err)) log_warn("control", "%s: %.*s: %s", t->c->def->name, SLICE_FMT(t->key), err->message);
	task_end(t, err->err);
}

void task_finish(struct task *t, const struct k8c_response *res k8c_unused, const struct k8c_error *err) {
	if (err) task_end_with(t, err);
	else task_end(t, 0);
}

static void call_done(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct task *t = ctx;
	t->call = NULL;
	if (t->c->stopping) task_end(t, 0);
	else t->answered(t, res, err);
}

static const struct k8c_request_handler call_handler = { .on_done = call_done };

void task_op(struct task *t, const struct k8c_op *op, void (*fn)(struct task *, const struct k8c_response *, const struct k8c_error *)) {
	t->answered = fn;
	int r = k8c_op_start(t->c->client, op, &call_handler, t, &t->call);
	if (r < 0) task_end(t, r);
}

void task_request(struct task *t, const struct k8c_request *req, void (*fn)(struct task *, const struct k8c_response *, const struct k8c_error *)) {
	t->answered = fn;
	int r = k8c_request_start(t->c->client, req, &call_handler, t, &t->call);
	if (r < 0) task_end(t, r);
}

static void list_item(void *ctx, struct k8c_bytes json) {
	struct task *t = ctx;
	t->on_item(t, slice_of(json));
}

static void list_done(void *ctx, const struct k8c_list_result *res k8c_unused, const struct k8c_error *err) {
	struct task *t = ctx;
	t->call = NULL;
	if (t->c->stopping) task_end(t, 0);
	else t->listed(t, err);
}

void task_list(struct task *t, const struct k8c_op *op, void (*item)(struct task *, struct slice), void (*done)(struct task *, const struct k8c_error *)) {
	static const struct k8c_list_handler handler = { list_item, list_done };
	t->on_item = item;
	t->listed = done;
	int r = k8c_list_start(t->c->client, op, &handler, t, &t->call);
	if (r < 0) task_end(t, r);
}

static void buf_done_void(void *b) { buf_done(b); }

struct k8c_bytes task_body(struct task *t, const yyjson_mut_val *v) {
	struct buf *b = arena_new_of(t->a, struct buf);
	if (!b) return (struct k8c_bytes){ 0 };
	*b = BUF_INIT(OBJECT_BYTES_MAX * 2);
	if (arena_defer(t->a, buf_done_void, b) < 0 || json_write(b, v) < 0) return (struct k8c_bytes){ 0 };
	return bytes_of(buf_slice(b));
}

yyjson_mut_doc *task_copy(struct task *t, const yyjson_mut_val *v) {
	yyjson_mut_doc *doc = json_doc(t->a);
	yyjson_mut_val *copy = doc ? json_copy(doc, v) : NULL;
	if (!copy) return NULL;
	yyjson_mut_doc_set_root(doc, copy);
	return doc;
}

/* ---- the whole ---- */

static int controller_start(struct control *ctl, struct controller *c, const struct controller_def *def) {
	struct workqueue_options q = { .loop = ctl->o.loop, .work = controller_work, .ctx = c, .parallel = def->parallel };
	c->def = def;
	c->control = ctl;
	list_init(&c->tasks);
	int r = ctl->o.client_for(ctl->o.ctx, def->component, &c->client);
	if (r == 0) r = workqueue_new(&q, &c->queue);
	return r == 0 ? def->setup(c) : r;
}

/* Requests are cancelled first: their tasks end, then nothing refers to the queue any more. */
static void controller_cancel(struct controller *c) {
	if (!c->def) return;
	c->stopping = true;
	if (c->queue) workqueue_pause(c->queue, true);
	list_foreach(&c->tasks, pos) {
		struct task *t = list_entry(pos, struct task, link);
		struct k8c_call *call = t->call;
		if (call) k8c_call_cancel(call); /* its on_done ends the task */
		else task_free(t);
	}
}

static void controller_stop(struct controller *c) {
	if (!c->def) return;
	if (c->def->teardown) c->def->teardown(c);
	workqueue_free(c->queue);
	k8c_client_free(c->client);
}

int control_start(const struct control_options *o, struct control **ret) {
	struct control *ctl = calloc(1, sizeof(*ctl));
	size_t n = 0;
	if (!ctl) return -ENOMEM;
	while (controller_defs[n]) n++;
	ctl->o = *o;
	if (!ctl->o.node_grace_ms) ctl->o.node_grace_ms = 40000;
	ctl->a = arena_new(0);
	ctl->controllers = ctl->a ? arena_array(ctl->a, n, sizeof(*ctl->controllers)) : NULL;
	ctl->n_controllers = ctl->controllers ? n : 0;
	int r = ctl->controllers ? o->client_for(o->ctx, "kube-controller-manager", &ctl->reader) : -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++) r = controller_start(ctl, &ctl->controllers[i], controller_defs[i]);
	for (size_t k = 0; r == 0 && k < KIND_MAX; k++)
		if (ctl->informers[k]) r = k8c_informer_start(ctl->informers[k]);
	if (r < 0) {
		control_stop(ctl);
		return r;
	}
	*ret = ctl;
	return 0;
}

bool control_synced(const struct control *c) {
	for (size_t k = 0; k < KIND_MAX; k++)
		if (c->informers[k] && !k8c_informer_synced(c->informers[k])) return false;
	return true;
}

void control_stop(struct control *c) {
	if (!c) return;
	for (size_t i = 0; i < c->n_controllers; i++) controller_cancel(&c->controllers[i]);
	for (size_t k = 0; k < KIND_MAX; k++) k8c_informer_free(c->informers[k]);
	for (size_t i = 0; i < c->n_controllers; i++) controller_stop(&c->controllers[i]);
	k8c_client_free(c->reader);
	arena_free(c->a);
	free(c);
}
