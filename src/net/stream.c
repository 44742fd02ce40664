/* SPDX-License-Identifier: Apache-2.0 */
#include "net/stream.h"

#include <errno.h>

struct stream {
	struct conn *conn;
	const struct stream_handler *h;
	void *ctx;
	void (*gone)(void *);
	void *gone_ctx;
};

static void on_data(void *ctx, struct slice bytes) {
	struct stream *s = ctx;
	s->h->on_data(s->ctx, s, bytes);
}

static void on_end(void *ctx, int err, const char *msg) {
	struct stream *s = ctx;
	(void)msg;
	if (s->h && s->h->on_end) s->h->on_end(s->ctx, s, err);
	else conn_abort(s->conn);
}

static void on_writable(void *ctx) {
	struct stream *s = ctx;
	if (s->h && s->h->on_drain) s->h->on_drain(s->ctx, s);
}

static void on_close(void *ctx) {
	struct stream *s = ctx;
	if (s->h && s->h->on_close) s->h->on_close(s->ctx);
	if (s->gone) s->gone(s->gone_ctx);
	free(s);
}

static void on_nothing(void *ctx) { (void)ctx; }

static const struct conn_events events = { .on_ready = on_nothing, .on_data = on_data, .on_writable = on_writable,
	.on_timeout = on_nothing, .on_end = on_end, .on_close = on_close };

struct stream *stream_on_conn(struct conn *c, const struct stream_handler *handler, void *ctx, void (*gone)(void *),
			      void *gone_ctx) {
	struct stream *s = calloc(1, sizeof(*s));
	if (!s) return NULL;
	*s = (struct stream){ .conn = c, .h = handler, .ctx = ctx, .gone = gone, .gone_ctx = gone_ctx };
	conn_deadline(c, 0);
	conn_set_events(c, &events, s);
	if (!handler) conn_pause(c);
	return s;
}

void stream_attach(struct stream *s, const struct stream_handler *handler, void *ctx) {
	s->h = handler;
	s->ctx = ctx;
	conn_unpause(s->conn);
}

int stream_write(struct stream *s, struct slice bytes) { return conn_write(s->conn, bytes); }
void stream_close(struct stream *s) { conn_close(s->conn); }
void stream_abort(struct stream *s) { conn_abort(s->conn); }
void stream_pause(struct stream *s) { conn_pause(s->conn); }
void stream_unpause(struct stream *s) { conn_unpause(s->conn); }
