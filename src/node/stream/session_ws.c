/* SPDX-License-Identifier: Apache-2.0 */
/* Remote commands over WebSocket: one message, one channel. */
#include "node/stream/session-internal.h"
#include "wire/kube_channel.h"

#include <errno.h>

struct ws_session {
	struct session s;
	const struct kube_protocol *protocol;
	struct ws_reader *reader;
	struct buf scratch;
	struct loop_timer *start;
};

static struct ws_session *ws_of(struct session *s) { return CONTAINER_OF(s, struct ws_session, s); }

static void put(struct session *s, enum session_channel c, struct slice bytes) {
	kube_channel_put(&s->out, ws_of(s)->protocol, c == SESSION_OUT ? KUBE_STDOUT : KUBE_STDERR, bytes, NULL);
}

static void put_status(struct session *s, struct slice status) {
	kube_channel_put(&s->out, ws_of(s)->protocol, KUBE_ERROR, status, NULL);
	ws_put_close(&s->out, WS_CLOSE_NORMAL, SLICE_NULL, NULL);
}

static int on_message(void *ctx, enum ws_opcode op, struct slice payload) {
	struct ws_session *w = ctx;
	struct slice data;
	unsigned channel;
	if (op == WS_PING) {
		ws_put(&w->s.out, WS_PONG, payload, NULL);
		return session_flush(&w->s) < 0 ? -EPIPE : 0;
	}
	if (op == WS_CLOSE) {
		/* The client is done: what it closed with is echoed (RFC 6455, 5.5.1). */
		ws_put_close(&w->s.out, ws_close_status(payload) == WS_CLOSE_NO_STATUS ? WS_CLOSE_NORMAL : ws_close_status(payload), SLICE_NULL, NULL);
		if (session_flush(&w->s) >= 0) stream_close(w->s.stream);
		return 0;
	}
	if (op != WS_TEXT && op != WS_BINARY) return 0;
	int r = kube_channel_split(w->protocol, payload, &w->scratch, &channel, &data);
	if (r < 0) return r;
	if (r == 1) {
		if (channel == KUBE_STDIN) w->s.h->on_in_end(w->s.ctx);
	} else if (channel == KUBE_STDIN && w->s.o.in) {
		w->s.h->on_in(w->s.ctx, data);
	} else if (channel == KUBE_RESIZE) {
		session_resize_bytes(&w->s, data);
	}
	return 0;
}

static int feed(struct session *s, struct slice bytes) { return ws_feed(ws_of(s)->reader, bytes); }

static void free_ws(struct session *s) {
	struct ws_session *w = ws_of(s);
	w->start = loop_timer_stop(w->start);
	ws_reader_free(w->reader);
	buf_done(&w->scratch);
}

static const struct session_ops ops = { put, put_status, feed, free_ws };
static const struct ws_handler handler = { on_message };

static void ready(void *arg) {
	struct ws_session *w = arg;
	w->start = NULL;
	w->s.h->on_ready(w->s.ctx);
}

struct session *session_open_websocket(struct exchange *x, const struct session_options *o, const struct session_handler *h, void *ctx) {
	const struct kube_protocol *protocol = kube_protocol_choose(&x->head.headers);
	struct ws_session *w = protocol ? calloc(1, sizeof(*w)) : NULL;
	struct http_headers answer = { 0 };
	char accept[WS_ACCEPT_SIZE];
	if (!protocol) return session_refuse(x, 403, "none of the offered subprotocols is spoken here", h, ctx);
	if (!w) return session_refuse(x, 500, "out of memory", h, ctx);
	_Static_assert(offsetof(struct ws_session, s) == 0, "session.c frees the session");
	*w = (struct ws_session){ .s = { .ops = &ops, .o = *o, .h = h, .ctx = ctx, .loop = x->loop, .out = BUF_INIT(SESSION_OUT_MAX), .resize = BUF_INIT(SESSION_RESIZE_MAX) },
				  .protocol = protocol, .scratch = BUF_INIT(SESSION_OUT_MAX) };
	w->reader = ws_reader_new(true, 0, &handler, w);
	ws_accept(http_headers_get(&x->head.headers, "sec-websocket-key"), accept);
	(void)http_headers_add(x->arena, &answer, SLICE_LIT("upgrade"), SLICE_LIT("websocket"));
	(void)http_headers_add(x->arena, &answer, SLICE_LIT("connection"), SLICE_LIT("Upgrade"));
	(void)http_headers_add(x->arena, &answer, SLICE_LIT("sec-websocket-accept"), slice_str(accept));
	if (protocol->name[0]) (void)http_headers_add(x->arena, &answer, SLICE_LIT("sec-websocket-protocol"), slice_str(protocol->name));
	if (!w->reader) {
		free(w);
		return session_refuse(x, 500, "out of memory", h, ctx);
	}
	struct session *s = &w->s;
	struct stream *stream;
	exchange_upgrade(x, 101, &answer, &session_stream_handler, s, &stream);
	if (!stream) return NULL; /* on_close has run */
	s->stream = stream;
	/* The caller has to know the session before it hears of it; streams need no opening here. */
	w->start = loop_timer_start(s->loop, 0, 0, ready, w);
	if (!w->start) stream_abort(stream);
	return s;
}
