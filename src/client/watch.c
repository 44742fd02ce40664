/* SPDX-License-Identifier: Apache-2.0 */
/* Watches that resume. */
#include "client/client.h"
#include "client/error.h"
#include "client/jsonslice.h"
#include "codec/query.h"

#include <errno.h>
#include <stdio.h>

#define WATCH_BACKOFF_MIN_MS 800u
#define WATCH_BACKOFF_MAX_MS 30000u
#define WATCH_SECONDS_MIN 300u
/* What the server may be late with ending a connection; then it is taken for dead and the watch resumes on another. */
#define WATCH_GRACE_SECONDS 30u
#define WATCH_SECONDS_MAX 1000000u
/* A connection that lasted this long was a good one: the back-off starts anew. */
#define WATCH_GOOD_MS 5000u
#define INITIAL_EVENTS_END "k8s.io/initial-events-end"

struct watch_call {
	struct k8c_call call;
	struct arena *arena;      /* the options */
	struct k8c_watch_options o;
	struct k8c_watch_handler h;
	void *ctx;
	char *path;
	struct k8c_call *conn;
	struct loop_timer *retry;
	struct jsonstream stream;
	struct arena *errors;
	struct k8c_error error;   /* an ERROR event's */
	int broken;
	char *rv;                 /* last revision seen */
	bool initial_over, paused;
	unsigned failures;
	uint64_t began_ms;
};

static struct watch_call *of(struct k8c_call *call) { return CONTAINER_OF(call, struct watch_call, call); }

static void watch_free(struct k8c_call *call) {
	struct watch_call *w = of(call);
	jsonstream_done(&w->stream);
	free(w->rv);
	free(w->path);
	arena_free(w->errors);
	arena_free(w->arena);
	free(w);
}

static void finish(struct watch_call *w, const struct k8c_error *err) {
	if (w->call.finished) return;
	w->call.finished = true;
	w->retry = loop_timer_stop(w->retry);
	w->h.on_done(w->ctx, err);
	call_finish(&w->call);
}

static void finish_errno(struct watch_call *w, int err, const char *msg) {
	struct k8c_error e;
	error_from_errno(w->arena, err, msg, &e);
	finish(w, &e);
}

static void watch_cancel(struct k8c_call *call) {
	struct watch_call *w = of(call);
	struct k8c_call *conn = w->conn;
	call_ref(call);
	w->conn = NULL;
	finish_errno(w, -ECANCELED, NULL);
	k8c_call_cancel(conn);
	call_unref(call);
}

static void watch_pause(struct k8c_call *call, bool on) {
	struct watch_call *w = of(call);
	w->paused = on;
	if (w->conn) k8c_call_pause(w->conn, on);
}

/* ---- events ---- */

static bool ends_initial(struct slice meta) {
	struct slice annotations, v;
	return jsonslice_member(meta, "annotations", &annotations) && jsonslice_member(annotations, INITIAL_EVENTS_END, &v) &&
	       slice_eqs(v, "\"true\"");
}

static int on_error_event(struct watch_call *w, struct slice object) {
	yyjson_mut_doc *doc;
	arena_free(w->errors);
	w->errors = arena_new(0);
	if (!w->errors) return -ENOMEM;
	if (json_parse(w->errors, object, &doc, NULL) < 0) return -EBADMSG;
	error_from_status(w->errors, 500, doc->root, &w->error);
	return -EREMOTEIO;
}

static int keep_rv(struct watch_call *w, struct slice rv) {
	if (!rv.n) return 0;
	char *s = strndup(rv.p, rv.n);
	if (!s) return -ENOMEM;
	free(w->rv);
	w->rv = s;
	return 0;
}

static int deliver(struct watch_call *w, enum k8c_event_type type, struct slice object) {
	struct slice meta = SLICE_NULL, raw = SLICE_NULL, rv = SLICE_NULL;
	if (!jsonslice_member(object, "metadata", &meta)) return -EBADMSG;
	if (jsonslice_member(meta, "resourceVersion", &raw)) rv = jsonslice_plain(raw);
	struct k8c_event e = { type, bytes_of(object), bytes_of(rv), type == K8C_BOOKMARK && ends_initial(meta) };
	int r = keep_rv(w, rv);
	if (r < 0) return r;
	if (e.initial_end) w->initial_over = true;
	if (type != K8C_BOOKMARK || w->o.bookmarks || (e.initial_end && w->o.initial_events)) w->h.on_event(w->ctx, &e);
	return w->call.finished ? -ECANCELED : 0;
}

static int on_value(void *ctx, const char *key, struct slice json) {
	static const struct { const char *name; enum k8c_event_type type; } types[] = {
		{ "\"ADDED\"", K8C_ADDED }, { "\"MODIFIED\"", K8C_MODIFIED }, { "\"DELETED\"", K8C_DELETED }, { "\"BOOKMARK\"", K8C_BOOKMARK },
	};
	struct watch_call *w = ctx;
	struct slice type, object;
	if (!jsonslice_member(json, "type", &type) || !jsonslice_member(json, "object", &object)) return -EBADMSG;
	if (slice_eqs(type, "\"ERROR\"")) return on_error_event(w, object);
	for (size_t i = 0; i < ELEMENTSOF(types); i++)
		if (slice_eqs(type, types[i].name)) return deliver(w, types[i].type, object);
	return -EBADMSG;
}

static void on_data(void *ctx, struct k8c_bytes bytes) {
	struct watch_call *w = ctx;
	if (w->broken || w->call.finished) return;
	call_ref(&w->call);
	w->broken = jsonstream_feed(&w->stream, slice_of(bytes));
	if (w->broken && !w->call.finished && w->conn) k8c_call_cancel(w->conn);
	call_unref(&w->call);
}

/* ---- connections ---- */

static void open_connection(void *arg);

static void resume(struct watch_call *w) {
	uint64_t lasted = uv_now(loop_uv(w->call.client->loop)) - w->began_ms;
	uint32_t delay = 0;
	if (lasted >= WATCH_GOOD_MS) w->failures = 0;
	if (w->failures) delay = client_backoff(w->call.client->env, WATCH_BACKOFF_MIN_MS, WATCH_BACKOFF_MAX_MS, w->failures - 1);
	w->failures++;
	w->retry = loop_timer_start(w->call.client->loop, delay, 0, open_connection, w);
	if (!w->retry) finish_errno(w, -ENOMEM, NULL);
}

/* What no repetition can mend. */
static bool hopeless(const struct k8c_error *e) {
	return e->err == -ESTALE || (e->status >= 400 && e->status < 500 && e->status != 429 && e->status != 408) || e->err == -ENOMEM;
}

static void on_conn_done(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct watch_call *w = ctx;
	w->conn = NULL;
	if (w->call.finished) return;
	if (w->broken == -EREMOTEIO) err = &w->error;
	else if (w->broken == -ENOMEM) return finish_errno(w, -ENOMEM, NULL);
	else if (w->broken == -E2BIG) return finish_errno(w, -E2BIG, "an event of the watch is larger than this client takes");
	if (err && hopeless(err)) return finish(w, err);
	bool restart = (w->o.initial_events && !w->initial_over) || (!w->rv && !w->o.resource_version);
	if (w->o.once || restart) {
		/* Half of the initial state has been told: only starting over makes it whole. */
		if (err || !restart) return finish(w, err);
		return finish_errno(w, -ECONNRESET, "the watch ended before its initial events were complete");
	}
	resume(w);
}

static uint32_t draw_seconds(const struct watch_call *w) {
	uint32_t s = w->o.timeout_seconds ? w->o.timeout_seconds
					  : WATCH_SECONDS_MIN + (uint32_t)env_uniform(w->call.client->env, WATCH_SECONDS_MIN + 1);
	return s < WATCH_SECONDS_MAX ? s : WATCH_SECONDS_MAX;
}

static void put_query(struct watch_call *w, uint32_t s, struct buf *q) {
	char seconds[16];
	const char *rv = w->rv ? w->rv : w->o.resource_version;
	snprintf(seconds, sizeof(seconds), "%u", s);
	query_add(q, "watch", SLICE_LIT("true"));
	if (!w->o.no_bookmarks || w->o.initial_events) query_add(q, "allowWatchBookmarks", SLICE_LIT("true"));
	if (w->o.label_selector && *w->o.label_selector) query_add(q, "labelSelector", slice_str(w->o.label_selector));
	if (w->o.field_selector && *w->o.field_selector) query_add(q, "fieldSelector", slice_str(w->o.field_selector));
	if (rv) query_add(q, "resourceVersion", slice_str(rv));
	if (w->o.initial_events && !w->initial_over) {
		query_add(q, "resourceVersionMatch", SLICE_LIT("NotOlderThan"));
		query_add(q, "sendInitialEvents", SLICE_LIT("true"));
	}
	query_add(q, "timeoutSeconds", slice_str(seconds));
	buf_putc(q, 0);
}

static void open_connection(void *arg) {
	static const struct k8c_request_handler h = { .on_data = on_data, .on_done = on_conn_done };
	struct watch_call *w = arg;
	_cleanup_buf_ struct buf q = BUF_INIT(1 << 20);
	w->retry = NULL;
	w->broken = 0;
	w->began_ms = uv_now(loop_uv(w->call.client->loop));
	jsonstream_done(&w->stream);
	jsonstream_init(&w->stream, JSONSTREAM_VALUES, w->call.client->max_body, on_value, w);
	uint32_t s = draw_seconds(w);
	put_query(w, s, &q);
	struct k8c_request req = {
		.size = sizeof(req), .path = w->path, .query = q.p, .timeout_ms = (s + WATCH_GRACE_SECONDS) * 1000, .flags = K8C_REQ_NO_RETRY
	};
	int r = q.err ? q.err : k8c_request_start(w->call.client, &req, &h, w, &w->conn);
	if (r < 0) finish_errno(w, r, NULL);
	else if (w->paused) k8c_call_pause(w->conn, true);
}

static int copy_options(struct watch_call *w, const struct k8c_watch_options *given) {
	memcpy(&w->o, given, given->size < sizeof(w->o) ? given->size : sizeof(w->o));
	if (!w->o.target.resource || !w->o.target.version) return -EINVAL;
	w->path = k8c_target_path(&w->o.target);
	w->o.target = (struct k8c_target){ 0 };
	const char **strings[] = { &w->o.label_selector, &w->o.field_selector, &w->o.resource_version };
	for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
		if (!*strings[i]) continue;
		*strings[i] = arena_strdup(w->arena, *strings[i]);
		if (!*strings[i]) return -ENOMEM;
	}
	return w->path ? 0 : -ENOMEM;
}

int k8c_watch_start(struct k8c_client *c, const struct k8c_watch_options *o, const struct k8c_watch_handler *h, void *ctx,
		    struct k8c_call **ret) {
	if (!h->on_done || !h->on_event) return -EINVAL;
	struct watch_call *w = calloc(1, sizeof(*w));
	if (!w) return -ENOMEM;
	w->arena = arena_new(0);
	int r = w->arena ? copy_options(w, o) : -ENOMEM;
	if (r == 0) {
		w->retry = loop_timer_start(c->loop, 0, 0, open_connection, w);
		if (!w->retry) r = -ENOMEM;
	}
	if (r < 0) {
		free(w->path);
		arena_free(w->arena);
		free(w);
		return r;
	}
	w->h = *h;
	w->ctx = ctx;
	call_init(&w->call, c, watch_cancel, watch_pause, watch_free);
	if (ret) *ret = &w->call;
	return 0;
}
