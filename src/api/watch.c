/* SPDX-License-Identifier: Apache-2.0 */
#include "api/watch.h"

#include "api/crd/definitions.h"
#include "api/frame.h"
#include "api/resources.h"
#include "api/rvwait.h"
#include "api/verbs.h"

#include <errno.h>

static uint64_t now_ms(const struct watch *w) { return env_mono(w->r->api->env) / 1000000; }

void watch_close(void *ctx) {
	struct watch *w = ctx;
	list_del(&w->link);
	w->timer = loop_timer_stop(w->timer);
	w->l.snap = store_snapshot_unref(w->l.snap);
	w->phase = WATCH_ENDED;
}

/* ---- one event ---- */

/* What a change means to a reader with a selector: NULL: nothing. *rv is set when the object is shown under the event's revision. */
static const char *seen_as(const struct watch *w, const struct store_event *e, struct store_obj **ret, uint64_t *rv) {
	bool now = e->kind != STORE_EV_DELETED && selector_match(&w->l.sel, e->obj);
	bool before = e->prev && selector_match(&w->l.sel, e->prev);
	if (e->kind == STORE_EV_DELETED) before = before || (!e->prev && selector_match(&w->l.sel, e->obj));
	*ret = e->obj;
	*rv = 0;
	if (now) return before ? "MODIFIED" : "ADDED";
	if (!before) return NULL;
	if (e->kind != STORE_EV_DELETED) *ret = e->prev, *rv = e->rv;
	return "DELETED";
}

static bool in_namespace(const struct watch *w, const struct store_event *e) {
	return slice_empty(w->l.ns) || slice_eq(w->l.ns, e->obj->key.ns);
}

static int put_event(struct watch *w, const struct store_event *e, struct buf *out) {
	struct store_obj *o;
	uint64_t rv;
	const char *type = in_namespace(w, e) ? seen_as(w, e, &o, &rv) : NULL;
	if (!type) return 0;
	_cleanup_arena_ struct arena *a = arena_new(0);
	int err = a ? frame_object(&w->l, a, type, o, rv, &w->columns_sent, out) : -ENOMEM;
	return err < 0 ? err : PULL_MORE;
}

static int put_bookmark(struct watch *w, uint64_t rv, bool initial_end, struct buf *out) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	w->last_rv = rv;
	int err = a ? frame_bookmark(&w->l, a, rv, initial_end, &w->columns_sent, out) : -ENOMEM;
	return err < 0 ? err : PULL_MORE;
}

static int fail(struct watch *w, struct buf *out) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	w->phase = WATCH_ENDED;
	int err = a ? frame_error(&w->l, a, w->failure, out) : -ENOMEM;
	return err < 0 ? err : PULL_MORE;
}

static int go_live(struct watch *w, struct buf *out) {
	w->phase = WATCH_LIVE;
	w->l.snap = store_snapshot_unref(w->l.snap);
	bool end_mark = w->o.has_send_initial && w->o.send_initial && w->o.bookmarks;
	return end_mark ? put_bookmark(w, w->l.rv, true, out) : PULL_MORE;
}

static int next_initial(struct watch *w, struct buf *out) {
	struct store_obj *o;
	while ((o = store_next(&w->l.cursor)) && !selector_match(&w->l.sel, o));
	if (!o) return go_live(w, out);
	_cleanup_arena_ struct arena *a = arena_new(0);
	int err = a ? frame_object(&w->l, a, "ADDED", o, 0, &w->columns_sent, out) : -ENOMEM;
	return err < 0 ? err : PULL_MORE;
}

static int next_live(struct watch *w, struct buf *out) {
	struct store_event *e;
	for (;;) {
		int got = store_watch_next(&w->w, &e);
		/* Overtaken: the reader is too slow. It comes again with its last revision and hears 410 then. */
		if (got == -ESTALE) return PULL_END;
		if (got <= 0) break;
		got = put_event(w, e, out);
		store_event_unref(e);
		if (got) return got;
	}
	if (w->bookmark_due) {
		w->bookmark_due = false;
		uint64_t rv = store_watch_rv(&w->w);
		if (rv > w->last_rv) return put_bookmark(w, rv, false, out);
	}
	if (w->l.res->is_custom && !definitions_serve(w->r->api, w->l.res)) w->phase = WATCH_ENDED;
	return w->phase == WATCH_ENDED ? PULL_END : PULL_WAIT;
}

int watch_next(struct watch *w, struct buf *out) {
	switch (w->phase) {
	case WATCH_INITIAL: return next_initial(w, out);
	case WATCH_LIVE: return next_live(w, out);
	case WATCH_FAILED: return fail(w, out);
	case WATCH_ENDED: return PULL_END;
	}
	return PULL_END;
}

int watch_pull(void *ctx, struct buf *out, size_t room) {
	size_t start = out->n;
	int got = PULL_MORE;
	while (got == PULL_MORE && out->n - start < room) got = watch_next(ctx, out);
	return got;
}

/* ---- time ---- */

static void arm(struct watch *w);

static void on_timer(void *arg) {
	struct watch *w = arg;
	uint64_t now = now_ms(w);
	w->timer = NULL;
	if (now >= w->end) {
		w->phase = WATCH_ENDED;
		w->wake(w);
		return;
	}
	if (w->o.bookmarks && now >= w->next_bookmark) {
		w->bookmark_due = true;
		w->next_bookmark = now + BOOKMARK_INTERVAL_MS;
	}
	bool closing = now + BOOKMARK_BEFORE_END_MS >= w->end;
	if (closing && !w->last_bookmark_done) w->last_bookmark_done = w->bookmark_due = w->o.bookmarks;
	arm(w);
	if (w->bookmark_due) w->wake(w);
}

static void arm(struct watch *w) {
	uint64_t now = now_ms(w), at = w->end;
	if (w->o.bookmarks && w->next_bookmark < at) at = w->next_bookmark;
	if (w->o.bookmarks && !w->last_bookmark_done && w->end - BOOKMARK_BEFORE_END_MS < at) at = w->end - BOOKMARK_BEFORE_END_MS;
	w->timer = loop_timer_start(w->r->al->loop, at > now ? at - now : 0, 0, on_timer, w);
}

static void set_times(struct watch *w) {
	uint64_t seconds = w->o.timeout_seconds > 0 ? (uint64_t)w->o.timeout_seconds
						    : WATCH_TIMEOUT_MIN_S + env_uniform(w->r->api->env, WATCH_TIMEOUT_MIN_S);
	if (seconds > INT32_MAX) seconds = INT32_MAX;
	w->end = now_ms(w) + seconds * 1000;
	w->next_bookmark = now_ms(w) + BOOKMARK_INTERVAL_MS;
	w->last_bookmark_done = seconds * 1000 <= BOOKMARK_BEFORE_END_MS;
	arm(w);
}

/* ---- start ---- */

static bool wants_initial(const struct watch *w) {
	if (w->o.has_send_initial) return w->o.send_initial;
	return w->o.rv == 0;
}

static const struct status *too_old(struct watch *w) {
	struct arena *a = w->r->a;
	struct store_stats s;
	store_stats(w->r->api->store, &s);
	return status_expired(a, arena_printf(a, "too old resource version: %llu (%llu)", (unsigned long long)w->o.rv, (unsigned long long)s.oldest_rv), NULL);
}

static const struct status *position(struct watch *w) {
	struct store *s = w->r->api->store;
	uint64_t from = w->o.rv;
	if (wants_initial(w) || !from) {
		w->l.snap = store_snapshot(s);
		if (!w->l.snap) return status_no_memory();
		from = w->l.rv = store_snapshot_rv(w->l.snap);
	}
	w->phase = wants_initial(w) ? WATCH_INITIAL : WATCH_LIVE;
	if (w->phase == WATCH_INITIAL) store_scan(w->l.snap, w->l.resource, w->l.ns, NULL, &w->l.cursor);
	int err = store_watch_init(s, w->l.resource, from, &w->w);
	if (err == -ESTALE) {
		w->failure = too_old(w);
		w->phase = WATCH_FAILED;
	}
	w->last_rv = from;
	return err && err != -ESTALE ? status_no_memory() : NULL;
}

static void wake_body(struct watch *w) { exchange_resume(w->r->x); }

static void run(struct request *r) {
	struct watch *w = r->ctx;
	const struct status *st = position(w);
	if (st) {
		w->l.snap = store_snapshot_unref(w->l.snap);
		request_status(r, st);
		return;
	}
	list_add_tail(&r->al->watches, &w->link);
	set_times(w);
	w->wake = wake_body;
	if (watch_ws_start(w)) return;
	const char *type = r->out.media == MEDIA_PROTO ? "application/vnd.kubernetes.protobuf;stream=watch" : "application/json";
	request_source(r, 200, type, (struct body_source){ .pull = watch_pull, .close = watch_close, .ctx = w });
}

/* On the old /watch/.../<name> path the name is part of the URL. */
static const struct status *narrow_to_name(struct watch *w) {
	struct request *r = w->r;
	if (!r->info.legacy_watch || r->info.n_parts < 2) return NULL;
	if (w->l.sel.name.p && !slice_eq(w->l.sel.name, r->info.name))
		return status_bad_request(r->a, "fieldSelector metadata.name doesn't match requested name");
	struct fields_term *t = arena_array(r->a, w->l.sel.fields.n + 1, sizeof(*t));
	if (!t) return status_no_memory();
	if (w->l.sel.fields.n) memcpy(t, w->l.sel.fields.terms, w->l.sel.fields.n * sizeof(*t));
	t[w->l.sel.fields.n++] = (struct fields_term){ .field = SLICE_LIT("metadata.name"), .value = r->info.name };
	w->l.sel.fields.terms = t;
	w->l.sel.everything = false;
	return NULL;
}

static const struct status *prepare(struct request *r, struct watch *w) {
	const struct status *st = options_list(r->a, &r->query, true, &w->o);
	if (!st) st = selector_parse(r, &w->o, &w->l.sel);
	if (!st && r->out.as == AS_TABLE && table_include(query_get(&r->query, "includeObject"), &w->l.include) < 0)
		st = status_bad_request(r->a, "Unable to convert to Table as requested: includeObject: Invalid value: %s: must be 'Metadata', 'Object', 'None', or empty",
					status_quote(r->a, query_get(&r->query, "includeObject")));
	if (st) return st;
	struct store_key key = request_key(r->a, r->res, r->info.ns, SLICE_NULL);
	w->l.resource = key.resource;
	w->l.ns = key.ns;
	return narrow_to_name(w);
}

void watch_handle(struct request *r) {
	struct watch *w = arena_new_of(r->a, struct watch);
	if (!w) {
		request_status(r, status_no_memory());
		return;
	}
	list_init(&w->link);
	w->r = w->l.r = r;
	w->l.res = r->res;
	w->l.out = r->out;
	w->l.remaining = -1;
	const struct status *st = prepare(r, w);
	r->ctx = w;
	if (st) request_status(r, st);
	else rvwait_start(r, w->o.send_initial ? w->o.rv : 0, run);
}

/* ---- outliving the request ---- */

static bool dup_slice(struct arena *a, struct slice *s) {
	if (!s->p) return true;
	*s = arena_slice_dup(a, *s);
	return s->p != NULL;
}

static bool dup_query(struct arena *a, struct query *q) {
	struct query_param *v = arena_array(a, q->n + 1, sizeof(*v));
	bool ok = v != NULL;
	for (size_t i = 0; ok && i < q->n; i++) {
		v[i] = q->v[i];
		ok = dup_slice(a, &v[i].name) && dup_slice(a, &v[i].value);
	}
	q->v = v;
	return ok;
}

/* What a watch still asks its request for: never the exchange. */
static struct request *dup_request(const struct request *r, struct arena *a) {
	struct request *n = arena_new_of(a, struct request);
	if (!n) return NULL;
	*n = (struct request){ .api = r->api, .al = r->al, .a = a, .info = r->info, .query = r->query, .out = r->out, .res = r->res, .now = r->now };
	list_init(&n->inflight);
	bool ok = dup_query(a, &n->query) && dup_slice(a, &n->info.ns) && dup_slice(a, &n->info.name) && dup_slice(a, &n->info.group) &&
		  dup_slice(a, &n->info.version) && dup_slice(a, &n->info.resource);
	/* A custom resource lives as long as the arena that found it. */
	if (ok && n->res->is_custom) n->res = resources_find(r->api, a, slice_str(r->res->group), slice_str(r->res->version), slice_str(r->res->resource));
	return ok && n->res ? n : NULL;
}

struct watch *watch_move(struct watch *old, struct arena *a) {
	struct watch *w = arena_new_of(a, struct watch);
	struct request *r = w ? dup_request(old->r, a) : NULL;
	if (!r) return NULL;
	w->r = w->l.r = r;
	w->l.res = r->res;
	w->l.out = old->l.out;
	w->l.remaining = -1;
	list_init(&w->link);
	if (prepare(r, w)) return NULL;
	w->own = a;
	w->w = old->w;
	w->w.resource = w->l.resource;
	w->phase = old->phase;
	w->l.rv = old->l.rv;
	w->last_rv = old->last_rv;
	w->end = old->end;
	w->next_bookmark = old->next_bookmark;
	w->last_bookmark_done = old->last_bookmark_done;
	if (old->failure) w->failure = too_old(w);
	w->l.snap = old->l.snap;
	old->l.snap = NULL;
	if (w->phase == WATCH_INITIAL) store_scan(w->l.snap, w->l.resource, w->l.ns, NULL, &w->l.cursor);
	watch_close(old);
	list_add_tail(&r->al->watches, &w->link);
	arm(w);
	return w;
}

/* ---- the loop's side ---- */

void watch_wake_all(struct api_loop *al) {
	list_foreach(&al->watches, it) {
		struct watch *w = list_entry(it, struct watch, link);
		w->wake(w);
	}
}

void watch_end_all(struct api_loop *al) {
	list_foreach(&al->watches, it) {
		struct watch *w = list_entry(it, struct watch, link);
		w->phase = WATCH_ENDED;
		w->wake(w);
	}
}
