/* SPDX-License-Identifier: Apache-2.0 */
/* The one stream of changes. */
#include "etcd/impl.h"
#include "etcd/keys.h"

#include <errno.h>
#include <stdio.h>

/* ---- what it says ---- */

struct reading {
	struct etcd *e;
	struct buf text;
	uint64_t last; /* revision of the last event; 0: none yet */
};

/* A value that cannot be read would be missing from then on: it is dropped from what is shown, and said. */
static int unreadable(struct reading *rd, const struct etcd_kv *kv, const struct store_key *key) {
	struct remote_change gone = { .deleted = true, .key = *key, .rv = kv->mod_revision };
	return rd->e->sink->change(rd->e->ctx, &gone);
}

static int on_event(void *ctx, bool deleted, const struct etcd_kv *kv) {
	struct reading *rd = ctx;
	struct etcd *e = rd->e;
	struct remote_change c = { .deleted = deleted, .rv = kv->mod_revision };
	if (rd->last && kv->mod_revision > rd->last) {
		int r = e->sink->reached(e->ctx, rd->last);
		if (r) return r;
		e->reached = rd->last;
	}
	rd->last = kv->mod_revision;
	int r = deleted ? etcd_key_parse(kv->key, &rd->text, &c.key) : etcd_object(kv, &rd->text, &c);
	if (r == 1 || r == -ENOENT) return 0;
	if (r == -EBADMSG && etcd_key_parse(kv->key, &rd->text, &c.key) == 0) return unreadable(rd, kv, &c.key);
	return r ? r : e->sink->change(e->ctx, &c);
}

static int apply(struct etcd *e, struct slice m, struct etcd_watch_answer *a) {
	struct reading rd = { .e = e, .text = BUF_INIT(ETCD_KEY_MAX) };
	int r = etcd_get_watch(m, a, on_event, &rd);
	buf_done(&rd.text);
	/* A fragment's last revision may go on in the next one. A message without events tells how far everything before it went. */
	uint64_t rv = a->n_events ? rd.last : a->header.revision;
	if (r || a->fragment || rv <= e->reached) return r;
	r = e->sink->reached(e->ctx, rv);
	if (r == 0) e->reached = rv;
	return r;
}

static int on_message(void *ctx, struct slice m) {
	struct etcd *e = ctx;
	struct etcd_watch *w = &e->watch;
	struct etcd_watch_answer a;
	int r = etcd_get_watch(m, &a, NULL, NULL);
	if (r) return r;
	w->heard_ms = etcd_now_ms(e);
	w->asked = false;
	if (a.canceled) {
		w->compacted = a.compact_revision > 0;
		snprintf(w->why, sizeof(w->why), "the watch was cancelled: %.*s", SLICE_FMT(slice_upto(a.cancel_reason, 200)));
		return -ESTALE;
	}
	if (a.created) {
		w->created = true;
		etcd_alive(e);
		return 0;
	}
	r = apply(e, m, &a);
	/* The store does not know any more where it is. */
	if (r) w->compacted = true;
	return r;
}

/* ---- the call ---- */

static void ended(struct etcd *e, const char *why) {
	struct etcd_watch *w = &e->watch;
	bool anew = w->compacted;
	char text[ETCD_MSG_MAX];
	snprintf(text, sizeof(text), "%s", w->why[0] ? w->why : why && *why ? why : "etcd ended the watch");
	if (!anew) etcd_turn_away(e, w->endpoint);
	etcd_watch_stop(e);
	etcd_failed(e, anew, -ENOLINK, text);
}

static void take_status(struct etcd_watch *w, const struct http_headers *h) {
	struct slice message;
	int code;
	if (grpc_status(h, &code, &message) == 0 && code != GRPC_OK && !w->why[0])
		snprintf(w->why, sizeof(w->why), "%.*s", SLICE_FMT(slice_upto(message, 200)));
}

static void on_head(void *ctx, struct net_call *c, const struct http_response_head *head) {
	struct etcd *e = ctx;
	take_status(&e->watch, &head->headers);
}

static void on_trailers(void *ctx, struct net_call *c, const struct http_headers *h) { take_status(&((struct etcd *)ctx)->watch, h); }

static void on_data(void *ctx, struct net_call *c, struct slice bytes) {
	struct etcd *e = ctx;
	if (grpc_feed(&e->watch.reader, bytes, on_message, e) < 0 && e->watch.call) net_call_cancel(e->watch.call);
}

static void on_done(void *ctx, int err, const char *msg) {
	struct etcd *e = ctx;
	e->watch.call = NULL;
	if (!e->stopping) ended(e, msg);
}

static int open_stream(struct etcd *e) {
	static const struct net_call_handler handler = { .on_head = on_head, .on_data = on_data, .on_trailers = on_trailers, .on_done = on_done };
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf m = BUF_INIT(ETCD_KEY_MAX), frame = BUF_INIT(ETCD_KEY_MAX);
	struct http_request_head head;
	int r = a ? etcd_head(a, "/etcdserverpb.Watch/Watch", &head) : -ENOMEM;
	if (r == 0) r = etcd_put_watch(&m, SLICE_LIT(ETCD_PREFIX), SLICE_LIT(ETCD_PREFIX_END), e->reached + 1);
	if (r == 0) r = grpc_put(&frame, buf_slice(&m));
	return r ? r : net_call_open(e->net, e->endpoint[e->at], &head, buf_slice(&frame), &handler, e, &e->watch.call);
}

void etcd_watch_start(struct etcd *e) {
	struct etcd_watch *w = &e->watch;
	*w = (struct etcd_watch){ .endpoint = e->at, .heard_ms = etcd_now_ms(e), .wanted = w->wanted };
	grpc_reader_init(&w->reader, ETCD_MESSAGE_MAX);
	e->sink->rewind(e->ctx);
	int r = open_stream(e);
	if (r) ended(e, strerror(-r));
}

void etcd_watch_stop(struct etcd *e) {
	struct etcd_watch *w = &e->watch;
	struct net_call *call = w->call;
	w->progress = loop_timer_stop(w->progress);
	w->created = false;
	grpc_reader_done(&w->reader);
	if (call) net_call_cancel(call);
}

/* ---- asking ---- */

static void ask_progress(struct etcd *e) {
	_cleanup_buf_ struct buf m = BUF_INIT(64), frame = BUF_INIT(64);
	if (!e->watch.created || etcd_put_progress(&m) || grpc_put(&frame, buf_slice(&m))) return;
	(void)net_call_send(e->watch.call, buf_slice(&frame));
}

static void on_progress_due(void *arg) {
	struct etcd *e = arg;
	e->watch.progress = NULL;
	if (e->reached >= e->watch.wanted) return;
	ask_progress(e);
	etcd_watch_want(e, e->watch.wanted);
}

/* Most revisions come by themselves in a moment; those without a change of ours have to be asked for. */
void etcd_watch_want(struct etcd *e, uint64_t rv) {
	struct etcd_watch *w = &e->watch;
	if (rv > w->wanted) w->wanted = rv;
	if (w->wanted > e->reached && !w->progress && w->call) w->progress = loop_timer_start(e->loop, ETCD_PROGRESS_MS, 0, on_progress_due, e);
}

void etcd_watch_check(struct etcd *e) {
	struct etcd_watch *w = &e->watch;
	if (!w->call || etcd_now_ms(e) - w->heard_ms < ETCD_SILENCE_MS) return;
	if (w->asked || !w->created) {
		snprintf(w->why, sizeof(w->why), "etcd has fallen silent");
		net_call_cancel(w->call);
		return;
	}
	w->asked = true;
	w->heard_ms = etcd_now_ms(e);
	ask_progress(e);
}
