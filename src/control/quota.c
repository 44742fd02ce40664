/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status of ResourceQuotas (pkg/controller/resourcequota): what a quota's namespace uses. Admission charges what is created; this
 * counts when the limits have changed, and when something has gone or become cheaper. The quota is read before what it counts,
 * and written only if nobody has changed it meanwhile, so that no charge made in between is lost; after a write it is counted once
 * more, as objects made before the first count was written were charged to nobody.
 */
#include "control/controller.h"
#include "schema/quota/scope.h"
#include "schema/schema.h"

#include <errno.h>

/* Deletions come in crowds: one count for all that go within this. */
#define QUOTA_SETTLE_MS 20u

struct counting {
	yyjson_mut_doc *doc;
	yyjson_mut_val *quota, *hard;
	struct quota_kind *kinds; /* of `hard`, each once */
	size_t n, at;
	struct amounts used;      /* names as in `hard` */
};

/* ---- when to count ---- */

static void queue_quota(struct controller *c, struct k8c_object *quota) {
	(void)workqueue_add_name(c->queue, slice_of(k8c_object_namespace(quota)), slice_of(k8c_object_name(quota)));
}

static void queue_soon(struct controller *c, struct k8c_object *quota) {
	char key[512];
	int n = snprintf(key, sizeof(key), "%.*s/%.*s", SLICE_FMT(slice_of(k8c_object_namespace(quota))), SLICE_FMT(slice_of(k8c_object_name(quota))));
	if (n > 0 && n < (int)sizeof(key)) (void)workqueue_add_after(c->queue, slice_str(key), QUOTA_SETTLE_MS);
}

static bool counts(const yyjson_mut_val *quota, struct quota_kind kind) {
	yyjson_mut_val *key, *hard = json_path(quota, "spec.hard");
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(hard);
	while (hard && (key = yyjson_mut_obj_iter_next(&it)))
		if (quota_counts(kind, json_str(key))) return true;
	return false;
}

/* Limits that status does not know yet, or nothing counted for one of them. */
static bool is_stale(const yyjson_mut_val *quota) {
	yyjson_mut_val *key, *hard = json_path(quota, "spec.hard"), *used = json_path(quota, "status.used");
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(hard);
	if (!used || !json_equal(hard, json_path(quota, "status.hard"))) return true;
	while (hard && (key = yyjson_mut_obj_iter_next(&it)))
		if (!json_getn(used, json_str(key))) return true;
	return false;
}

static void quota_added(void *ctx, struct k8c_object *o) { queue_quota(ctx, o); }

static void quota_updated(void *ctx, struct k8c_object *old k8c_unused, struct k8c_object *o) {
	if (is_stale(k8c_object_value(o))) queue_quota(ctx, o);
}

/* Every quota of the namespace that counts such objects; `matters` (may be NULL) has the last word. */
struct change { struct arena *a; const yyjson_mut_val *was, *is; };
static void queue_counting(struct controller *c, struct quota_kind kind, struct slice ns, const struct change *change,
			   bool (*matters)(const struct change *change, struct quota_kind kind, const yyjson_mut_val *quota)) {
	struct k8c_informer *i = controller_informer(c, KIND_QUOTA);
	struct k8c_object *o;
	for (size_t it = 0; (o = k8c_informer_index_next(i, "namespace", bytes_of(ns), &it));) {
		const yyjson_mut_val *quota = k8c_object_value(o);
		if (counts(quota, kind) && (!matters || matters(change, kind, quota))) queue_soon(c, o);
	}
}

/* Kinds whose objects differ in cost are watched themselves. */
static void any_deleted(struct controller *c, struct slice group, struct slice resource, struct slice ns) {
	struct quota_kind kind = { group, resource };
	if (quota_kind_is_uniform(kind)) queue_counting(c, kind, ns, NULL, NULL);
}

static bool costs_otherwise(const struct change *ch, struct quota_kind kind, const yyjson_mut_val *quota) {
	struct amounts was = quota_usage(ch->a, kind, ch->was), is = quota_usage(ch->a, kind, ch->is);
	const yyjson_mut_val *spec = json_get(quota, "spec");
	return !amounts_equal(&was, &is) || quota_scopes_match(kind, spec, ch->was) != quota_scopes_match(kind, spec, ch->is);
}

/* One of the kinds that are watched for their objects' cost. */
struct priced { struct controller *c; const char *resource; };

static void priced_deleted(void *ctx, struct k8c_object *o) {
	struct priced *p = ctx;
	queue_counting(p->c, (struct quota_kind){ SLICE_LIT(""), slice_str(p->resource) }, slice_of(k8c_object_namespace(o)), NULL, NULL);
}

static void priced_updated(void *ctx, struct k8c_object *old, struct k8c_object *o) {
	struct priced *p = ctx;
	size_t it = 0;
	if (!k8c_informer_index_next(controller_informer(p->c, KIND_QUOTA), "namespace", k8c_object_namespace(o), &it)) return;
	struct change change = { arena_new(TASK_ARENA_MAX), k8c_object_value(old), k8c_object_value(o) };
	if (change.a)
		queue_counting(p->c, (struct quota_kind){ SLICE_LIT(""), slice_str(p->resource) }, slice_of(k8c_object_namespace(o)), &change, costs_otherwise);
	arena_free(change.a);
}

static int watch_priced(struct controller *c, enum kind kind, const char *resource) {
	static const struct k8c_informer_handler handler = { .on_update = priced_updated, .on_delete = priced_deleted };
	struct k8c_informer *i = controller_informer(c, kind);
	struct priced *p = i ? arena_new_of(c->control->a, struct priced) : NULL;
	if (!p) return -ENOMEM;
	*p = (struct priced){ c, resource };
	return k8c_informer_add_handler(i, &handler, p);
}

static int setup(struct controller *c) {
	static const struct k8c_informer_handler handler = { .on_add = quota_added, .on_update = quota_updated };
	struct k8c_informer *i = controller_informer(c, KIND_QUOTA);
	int r = i ? k8c_informer_add_handler(i, &handler, c) : -ENOMEM;
	if (r == 0) r = watch_priced(c, KIND_POD, "pods");
	if (r == 0) r = watch_priced(c, KIND_SERVICE, "services");
	return r == 0 ? watch_priced(c, KIND_CLAIM, "persistentvolumeclaims") : r;
}

/* ---- counting ---- */

static void next_kind(struct task *t);

static struct quota_kind kind_at(const struct task *t) {
	const struct counting *k = t->state;
	return k->kinds[k->at];
}

/* `n` times what one object costs, or, at first, nothing: then every name of the kind has an amount. */
static void add(struct task *t, const struct amounts *cost, int64_t n) {
	struct counting *k = t->state;
	yyjson_mut_val *key;
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(k->hard);
	while ((key = yyjson_mut_obj_iter_next(&it))) {
		struct slice name = json_str(key);
		const struct quantity *q = cost ? amounts_get(cost, name) : NULL;
		if (!quota_counts(kind_at(t), name)) continue;
		struct quantity sum = q ? *q : quantity_from_int(0, QUANTITY_DECIMAL_SI);
		sum.nano *= n;
		amounts_add(&k->used, name, sum);
	}
}

static void kind_done(struct task *t) {
	struct counting *k = t->state;
	k->at++;
	next_kind(t);
}

static bool is_scoped(const yyjson_mut_val *quota) {
	return json_size(json_path(quota, "spec.scopes")) || json_size(json_path(quota, "spec.scopeSelector.matchExpressions"));
}

/* Of some kinds each object has to be seen. */
static void on_object(struct task *t, struct slice json) {
	struct counting *k = t->state;
	struct arena *a = arena_new(TASK_ARENA_MAX);
	yyjson_mut_doc *doc;
	if (!a || json_parse(a, json, &doc, NULL) < 0) {
		k->used.failed = true;
	} else if (quota_scopes_match(kind_at(t), json_get(k->quota, "spec"), yyjson_mut_doc_get_root(doc))) {
		struct amounts cost = quota_usage(a, kind_at(t), yyjson_mut_doc_get_root(doc));
		k->used.failed |= cost.failed;
		add(t, &cost, 1);
	}
	arena_free(a);
}

static void all_seen(struct task *t, const struct k8c_error *err) {
	if (err) task_end_with(t, err);
	else kind_done(t);
}

/* Of the others their number: the first one, and how many remain. */
static void got_number(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	yyjson_mut_doc *doc;
	if (err) {
		task_end_with(t, err);
		return;
	}
	if (json_parse(t->a, arena_slice_dup(t->a, slice_of(res->body)), &doc, NULL) < 0) {
		task_end(t, -EPROTO);
		return;
	}
	const yyjson_mut_val *list = yyjson_mut_doc_get_root(doc);
	struct amounts cost = quota_usage(t->a, kind_at(t), NULL);
	add(t, &cost, (int64_t)json_size(json_get(list, "items")) + json_path_int(list, "metadata.remainingItemCount", 0));
	kind_done(t);
}

static void count_kind(struct task *t, struct slice version) {
	const struct counting *k = t->state;
	struct quota_kind kind = kind_at(t);
	bool uniform = quota_kind_is_uniform(kind);
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_LIST,
		.target = { .group = task_str(t, kind.group), .version = task_str(t, version), .resource = task_str(t, kind.resource), .ns = task_str(t, t->ns) },
	};
	add(t, NULL, 0);
	if (uniform && is_scoped(k->quota)) {
		kind_done(t);
	} else if (uniform) {
		op.limit = 1;
		op.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
		task_op(t, &op, got_number);
	} else {
		task_list(t, &op, on_object, all_seen);
	}
}

/* A kind of a CustomResourceDefinition. Of what is not served nothing is said. */
static void got_group(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	yyjson_mut_doc *doc;
	if (err && err->err != -ENOENT) {
		task_end_with(t, err);
		return;
	}
	struct slice version = SLICE_NULL;
	if (!err && json_parse(t->a, arena_slice_dup(t->a, slice_of(res->body)), &doc, NULL) == 0)
		version = json_path_str(yyjson_mut_doc_get_root(doc), "preferredVersion.version");
	if (version.n) count_kind(t, version);
	else kind_done(t);
}

/* ---- writing ---- */

static void written(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	if (!err) (void)workqueue_add(t->c->queue, t->key);
	task_finish(t, res, err);
}

static bool set_status(struct counting *k) {
	yyjson_mut_val *status = yyjson_mut_obj(k->doc), *used = yyjson_mut_obj(k->doc), *hard = k->hard ? json_copy(k->doc, k->hard) : NULL;
	bool ok = status && used && !k->used.failed;
	amounts_sort(&k->used);
	for (size_t i = 0; ok && i < k->used.n; i++) {
		char text[QUANTITY_TEXT];
		quantity_format(k->used.v[i].q, text);
		ok = json_setn(k->doc, used, k->used.v[i].name, yyjson_mut_strcpy(k->doc, text));
	}
	if (ok && hard) ok = json_set(k->doc, status, "hard", hard);
	if (ok && k->used.n) ok = json_set(k->doc, status, "used", used);
	return ok && json_set(k->doc, k->quota, "status", status);
}

static void write_status(struct task *t) {
	struct counting *k = t->state;
	const yyjson_mut_val *before = json_get(k->quota, "status");
	if (!set_status(k)) {
		task_end(t, -ENOMEM);
		return;
	}
	if (json_equal(before, json_get(k->quota, "status"))) {
		task_end(t, 0);
		return;
	}
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_UPDATE, .body = task_body(t, k->quota),
		.target = { .version = "v1", .resource = "resourcequotas", .ns = task_str(t, t->ns), .name = task_str(t, t->name), .subresource = "status" },
	};
	task_op(t, &op, written);
}

static void next_kind(struct task *t) {
	struct counting *k = t->state;
	if (k->at == k->n) {
		write_status(t);
		return;
	}
	const struct schema_resource *builtin = schema_find(kind_at(t).group, SLICE_LIT(""), kind_at(t).resource);
	if (builtin) {
		count_kind(t, slice_str(builtin->version));
		return;
	}
	struct k8c_request req = { .size = sizeof(req), .path = arena_printf(t->a, "/apis/%.*s", SLICE_FMT(kind_at(t).group)) };
	if (req.path) task_request(t, &req, got_group);
	else task_end(t, -ENOMEM);
}

static bool find_kinds(struct task *t, struct counting *k) {
	yyjson_mut_val *key;
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(k->hard);
	k->kinds = arena_array(t->a, json_size(k->hard) + 1, sizeof(*k->kinds));
	while (k->kinds && (key = yyjson_mut_obj_iter_next(&it))) {
		struct quota_kind kind;
		bool known = false;
		if (!quota_kind_of(json_str(key), &kind)) continue;
		for (size_t i = 0; i < k->n; i++) known |= slice_eq(k->kinds[i].group, kind.group) && slice_eq(k->kinds[i].resource, kind.resource);
		if (!known) k->kinds[k->n++] = kind;
	}
	return k->kinds != NULL;
}

static void got_quota(struct task *t, const struct k8c_response *res, const struct k8c_error *err) {
	struct counting *k = t->state;
	if (err) {
		task_end_with(t, err);
		return;
	}
	if (json_parse(t->a, arena_slice_dup(t->a, slice_of(res->body)), &k->doc, NULL) < 0) {
		task_end(t, -EPROTO);
		return;
	}
	k->quota = json_first(json_get(yyjson_mut_doc_get_root(k->doc), "items"));
	k->hard = json_path(k->quota, "spec.hard");
	if (!k->quota) {
		task_end(t, 0);
		return;
	}
	if (find_kinds(t, k)) next_kind(t);
	else task_end(t, -ENOMEM);
}

/* A list of one: the controller's role has no get. */
static void reconcile(struct task *t) {
	struct counting *k = arena_new_of(t->a, struct counting);
	if (!k) {
		task_end(t, -ENOMEM);
		return;
	}
	*k = (struct counting){ .used = { .a = t->a } };
	t->state = k;
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_LIST, .field_selector = arena_printf(t->a, "metadata.name=%.*s", SLICE_FMT(t->name)),
		.target = { .version = "v1", .resource = "resourcequotas", .ns = task_str(t, t->ns) },
	};
	task_op(t, &op, got_quota);
}

const struct controller_def controller_quota = {
	.name = "resourcequota", .component = "resourcequota-controller", .setup = setup, .sync = reconcile, .parallel = 4, .on_deleted = any_deleted,
};
