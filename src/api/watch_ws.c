/* SPDX-License-Identifier: Apache-2.0 */
/* A watch over WebSocket: one text frame per event (apiserver's handlers/watch.go HandleWS). */
#include "api/watch.h"

#include "wire/websocket.h"

#include <errno.h>

struct watch_ws {
	struct watch *w;
	struct stream *s;
	struct ws_reader *reader;
	struct buf event, out;
	bool blocked, closing, waking;
};

static void finish(struct watch_ws *c, int code) {
	if (c->closing) return;
	c->closing = true;
	buf_clear(&c->out);
	ws_put_close(&c->out, code, SLICE_NULL, NULL);
	(void)stream_write(c->s, buf_slice(&c->out));
	stream_close(c->s);
}

/* The frame is the event without the newline that ends it in the streamed form; protobuf events go as they are, binary. */
static int send_event(struct watch_ws *c) {
	bool binary = c->w->l.out.media == MEDIA_PROTO;
	struct slice e = buf_slice(&c->event);
	if (!binary && e.n && e.p[e.n - 1] == '\n') e.n--;
	if (binary) e = slice_from(e, 4);
	if (!e.n) return 0;
	buf_clear(&c->out);
	ws_put(&c->out, binary ? WS_BINARY : WS_TEXT, e, NULL);
	return buf_err(&c->out) ? -ENOMEM : stream_write(c->s, buf_slice(&c->out));
}

static void pump(struct watch_ws *c) {
	while (!c->blocked && !c->closing) {
		buf_clear(&c->event);
		int got = watch_next(c->w, &c->event);
		int sent = got >= 0 ? send_event(c) : got;
		if (sent < 0 || got == PULL_END) {
			finish(c, got == PULL_END ? WS_CLOSE_NORMAL : WS_CLOSE_INTERNAL);
			return;
		}
		c->blocked = sent == 1;
		if (got == PULL_WAIT) return;
	}
}

static void wake(struct watch *w) { pump(w->ws); }

static int on_message(void *ctx, enum ws_opcode op, struct slice payload) {
	struct watch_ws *c = ctx;
	if (op == WS_PING) {
		buf_clear(&c->out);
		ws_put(&c->out, WS_PONG, payload, NULL);
		(void)stream_write(c->s, buf_slice(&c->out));
	}
	return op == WS_CLOSE ? -ECONNRESET : 0;
}

static void on_data(void *ctx, struct stream *s, struct slice bytes) {
	struct watch_ws *c = ctx;
	if (!c->closing && ws_feed(c->reader, bytes) < 0) finish(c, WS_CLOSE_NORMAL);
}

static void on_end(void *ctx, struct stream *s, int err) {
	struct watch_ws *c = ctx;
	if (!c->closing) c->closing = true, stream_close(s);
}

static void on_drain(void *ctx, struct stream *s) {
	struct watch_ws *c = ctx;
	c->blocked = false;
	pump(c);
}

static void on_close(void *ctx) {
	struct watch_ws *c = ctx;
	struct watch *w = c->w;
	watch_close(w);
	ws_reader_free(c->reader);
	buf_done(&c->event);
	buf_done(&c->out);
	arena_free(w->own);
	free(c);
}

static const struct stream_handler handler = { .on_data = on_data, .on_end = on_end, .on_drain = on_drain, .on_close = on_close };
static const struct ws_handler ws_ops = { .on_message = on_message };

/* The exchange and its arena end with the upgrade: what the watch goes on with is moved into an arena of its own. */
static struct watch_ws *detach(struct watch *old) {
	struct arena *a = arena_new(0);
	struct watch_ws *c = calloc(1, sizeof(*c));
	struct watch *w = a && c ? watch_move(old, a) : NULL;
	if (c) *c = (struct watch_ws){ .w = w, .event = BUF_INIT(RESPONSE_BYTES_MAX), .out = BUF_INIT(RESPONSE_BYTES_MAX) };
	if (w) c->reader = ws_reader_new(true, 0, &ws_ops, c);
	if (w && c->reader) return c;
	if (w) watch_close(w);
	free(c);
	arena_free(a);
	return NULL;
}

bool watch_ws_start(struct watch *w) {
	static const char *const protocols[] = { "", "binary.k8s.io", NULL };
	struct request *r = w->r;
	if (!r->x->can_upgrade || !ws_is_request(&r->x->head)) return false;
	const char *protocol = ws_choose_protocol(&r->x->head.headers, protocols);
	char accept[WS_ACCEPT_SIZE];
	ws_accept(request_get_header(r, "sec-websocket-key"), accept);
	struct watch_ws *c = detach(w);
	if (!c) {
		request_status(r, status_no_memory());
		return true;
	}
	(void)request_header(r, "upgrade", SLICE_LIT("websocket"));
	(void)request_header(r, "connection", SLICE_LIT("Upgrade"));
	(void)request_header(r, "sec-websocket-accept", slice_str(accept));
	if (protocol && *protocol) (void)request_header(r, "sec-websocket-protocol", slice_str(protocol));
	c->w->ws = c;
	c->w->wake = wake;
	request_upgrade(r, 101, &handler, c, &c->s);
	if (c->s) pump(c);
	return true;
}
