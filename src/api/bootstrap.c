/* SPDX-License-Identifier: Apache-2.0 */
#include "api/bootstrap.h"

#include "access/bootstrap.h"
#include "api/bootstrap_objects.h"
#include "api/internal.h"
#include "base/log.h"
#include "codec/json.h"

#include <errno.h>
#include <stdio.h>

/* Calls at once: enough for the commit thread to make batches of. */
#define PARALLEL_MAX 64u
#define AGAIN_MS 10000u
#define RETRY_MS 200u

struct bootstrap {
	struct api *api;
	struct loop *loop;
	struct loop_timer *timer;
	struct arena *a;             /* one round's */
	struct bootstrap_object *v;
	size_t n, at;
	uint64_t *agreed;            /* revision in which an object was found to be as it has to be; 0: not yet */
	size_t n_agreed;
	int stage;
	unsigned running;
	bool failed;
	bool holding;                /* the first round: its roles are compiled once, at its end */
	atomic_bool stopping;
};

/* One call of a round. */
struct step {
	struct bootstrap *b;
	const struct bootstrap_object *o;
	int status;
	char said[256];              /* the beginning of the answer, for the log */
	bool then_create;            /* a binding that is made anew: deleted first */
};

static void feed(struct bootstrap *b);
static void call(struct step *s, const char *method, const char *target, struct slice body);

/* ---- one object ---- */

static const char *target_of(struct bootstrap *b, const struct bootstrap_object *o, bool item) {
	const char *t = item ? arena_printf(b->a, "%s/%.*s", o->collection, SLICE_FMT(o->key.name)) : o->collection;
	return t ? t : "";
}

static void on_head(void *ctx, int status, const struct http_headers *h) { ((struct step *)ctx)->status = status; }
static void on_data(void *ctx, struct slice bytes) {
	struct step *s = ctx;
	if (!s->said[0]) snprintf(s->said, sizeof(s->said), "%.*s", SLICE_FMT(slice_trim(bytes)));
}

static void on_done(void *ctx, int err) {
	struct step *s = ctx;
	struct bootstrap *b = s->b;
	bool ok = !err && ((s->status >= 200 && s->status < 300) || s->status == 409 || s->status == 404);
	b->running--;
	if (!ok) {
		b->failed = true;
		log_warn("api", "bootstrap object %.*s %.*s: status %d error %d: %s", SLICE_FMT(s->o->key.resource), SLICE_FMT(s->o->key.name), s->status,
			 err, s->said);
	} else if (s->then_create) {
		s->then_create = false;
		call(s, "POST", target_of(b, s->o, false), s->o->json);
	}
	feed(b);
}

static void call(struct step *s, const char *method, const char *target, struct slice body) {
	static const struct slice groups[] = { SLICE_LIT("system:masters"), SLICE_LIT("system:authenticated") };
	static const struct access_user user = { .name = SLICE_LIT("system:apiserver"), .groups = groups, .n_groups = 2 };
	static const struct api_local_handler handler = { on_head, on_data, on_done };
	static struct http_header headers[] = { { SLICE_LIT("user-agent"), SLICE_LIT("kube-apiserver/v1.34.9") },
						{ SLICE_LIT("content-type"), SLICE_LIT("application/json") } };
	struct http_request_head head = { .version = HTTP_2, .method = slice_str(method), .target = slice_str(target), .headers = { headers, 2, 2 } };
	struct api_local_call *c;
	s->b->running++;
	if (api_local_start(s->b->api, s->b->loop, &user, &head, body, &handler, s, &c) == 0) return;
	s->b->running--;
	s->b->failed = true;
}

static void agree(struct step *s, const struct store_obj *there) { s->b->agreed[s->o - s->b->v] = there->rv; }

/* What is there is compared; only what differs is written. */
static void reconcile(struct step *s, const struct store_obj *there) {
	struct bootstrap *b = s->b;
	yyjson_mut_doc *have, *want;
	struct json_error e;
	_cleanup_buf_ struct buf text = BUF_INIT(REQUEST_BODY_MAX);
	if (json_parse(b->a, blob_slice(there->json), &have, &e) < 0 || json_parse(b->a, s->o->json, &want, &e) < 0) {
		b->failed = true;
		return;
	}
	int got = access_bootstrap_reconcile(b->a, have, yyjson_mut_doc_get_root(have), yyjson_mut_doc_get_root(want));
	if (got == ACCESS_RECONCILE_UPDATE && json_write(&text, yyjson_mut_doc_get_root(have)) == 0) {
		call(s, "PUT", target_of(b, s->o, true), buf_slice(&text));
	} else if (got == ACCESS_RECONCILE_RECREATE) {
		s->then_create = true;
		call(s, "DELETE", target_of(b, s->o, true), SLICE_NULL);
	} else if (got < 0) {
		b->failed = true;
	} else if (got == 0) {
		agree(s, there);
	}
}

/* A server that has come back elsewhere says so (pkg/controlplane/reconcilers). */
static void refresh(struct step *s, const struct store_obj *there) {
	static const char *const members[] = { "subsets", "endpoints", "ports", "data" };
	struct bootstrap *b = s->b;
	yyjson_mut_doc *have, *want;
	struct json_error e;
	_cleanup_buf_ struct buf text = BUF_INIT(REQUEST_BODY_MAX);
	bool changed = false;
	if (json_parse(b->a, blob_slice(there->json), &have, &e) < 0 || json_parse(b->a, s->o->json, &want, &e) < 0) {
		b->failed = true;
		return;
	}
	yyjson_mut_val *now = yyjson_mut_doc_get_root(have);
	for (size_t i = 0; i < ELEMENTSOF(members); i++) {
		const yyjson_mut_val *v = json_get(yyjson_mut_doc_get_root(want), members[i]);
		if (!v || json_equal(json_get(now, members[i]), v)) continue;
		changed = true;
		if (!json_set(have, now, members[i], json_copy(have, v))) b->failed = true;
	}
	if (!changed) agree(s, there);
	else if (json_write(&text, now) == 0) call(s, "PUT", target_of(b, s->o, true), buf_slice(&text));
}

static void make(struct bootstrap *b, const struct bootstrap_object *o, const struct store_snapshot *snap) {
	struct store_obj *there = store_get(snap, &o->key);
	struct step *s;
	if (there && ((!o->reconcile && !o->refresh) || b->agreed[o - b->v] == there->rv)) return;
	if (!(s = arena_new_of(b->a, struct step))) {
		b->failed = true;
		return;
	}
	*s = (struct step){ .b = b, .o = o };
	if (there && o->refresh) refresh(s, there);
	else if (there) reconcile(s, there);
	else call(s, "POST", target_of(b, o, false), o->json);
}

/* ---- a round ---- */

static void begin_round(void *arg);

static void end_round(struct bootstrap *b) {
	bool failed = b->failed;
	b->a = arena_free(b->a);
	/* Ready means that the rules are in force; later ones come from the store by themselves. */
	if (b->holding) {
		access_hold(b->api->access, false);
		b->holding = access_rebuild(b->api->access) < 0;
		failed |= b->holding;
	}
	if (!failed) atomic_store(&b->api->bootstrapped, true);
	if (!atomic_load(&b->stopping)) b->timer = loop_timer_start(b->loop, failed ? RETRY_MS : AGAIN_MS, 0, begin_round, b);
}

/* Starts what the stage still has; when all of it has come back, the next stage. */
static void feed(struct bootstrap *b) {
	struct store_snapshot *snap = store_snapshot(b->api->store);
	while (snap && b->at < b->n && b->running < PARALLEL_MAX && !atomic_load(&b->stopping)) {
		const struct bootstrap_object *o = &b->v[b->at++];
		if (o->stage == b->stage) make(b, o, snap);
	}
	store_snapshot_unref(snap);
	if (b->running) return;
	if (!snap || atomic_load(&b->stopping)) b->failed = true;
	if (b->failed || ++b->stage == BOOTSTRAP_STAGES) {
		end_round(b);
		return;
	}
	b->at = 0;
	feed(b);
}

/* The same objects in the same order in every round. */
static int remember(struct bootstrap *b) {
	if (b->n_agreed == b->n) return 0;
	free(b->agreed);
	b->agreed = calloc(b->n, sizeof(*b->agreed));
	b->n_agreed = b->agreed ? b->n : 0;
	return b->agreed ? 0 : -ENOMEM;
}

static void begin_round(void *arg) {
	struct bootstrap *b = arg;
	b->timer = NULL;
	if (atomic_load(&b->stopping)) return;
	b->a = arena_new(0);
	b->stage = 0;
	b->at = 0;
	b->failed = !b->a || bootstrap_objects(b->api, b->a, &b->v, &b->n) < 0 || remember(b) < 0;
	if (b->failed) end_round(b);
	else feed(b);
}

int bootstrap_start(struct api *api, struct bootstrap **ret, const char **ret_msg) {
	struct bootstrap *b = calloc(1, sizeof(*b));
	if (!b) return -ENOMEM;
	b->api = api;
	b->loop = api->loops[0].loop;
	b->holding = true;
	access_hold(api->access, true);
	int err = loop_post(b->loop, begin_round, b);
	if (err) {
		free(b);
		access_hold(api->access, false);
		if (ret_msg) *ret_msg = "the API's loop has ended";
		return err;
	}
	*ret = b;
	return 0;
}

static void halt(void *arg) {
	struct bootstrap *b = arg;
	b->timer = loop_timer_stop(b->timer);
}

void bootstrap_stop(struct bootstrap *b) {
	if (!b || atomic_exchange(&b->stopping, true)) return;
	(void)loop_post(b->loop, halt, b);
}

void bootstrap_free(struct bootstrap *b) {
	if (!b) return;
	arena_free(b->a);
	free(b->agreed);
	free(b);
}
