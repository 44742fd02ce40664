/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/json.h"
#include "codec/query.h"
#include "node/stream/session-internal.h"
#include "wire/websocket.h"

#include <errno.h>

struct session_options session_options_of(struct slice text) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct query q = { 0 };
	const char *msg;
	struct session_options o = { 0 };
	if (!a || query_parse(a, text, &q, &msg) == -ENOMEM) return o;
	o.in = query_bool(&q, "stdin", false) || query_bool(&q, "input", false);
	o.out = query_bool(&q, "stdout", false) || query_bool(&q, "output", false);
	o.err = query_bool(&q, "stderr", false) || query_bool(&q, "error", false);
	o.tty = query_bool(&q, "tty", false);
	if (o.tty) o.err = false; /* a terminal has one output */
	return o;
}

struct session *session_refuse(struct exchange *x, int status, const char *text, const struct session_handler *handler, void *ctx) {
	struct http_headers h = { 0 };
	struct body_part part = { .bytes = slice_str(text) };
	(void)http_headers_add(x->arena, &h, SLICE_LIT("content-type"), SLICE_LIT("text/plain; charset=utf-8"));
	exchange_respond(x, status, &h, &part, 1);
	handler->on_close(ctx);
	return NULL;
}

struct session *session_open(struct exchange *x, const struct session_options *o, const struct session_handler *h, void *ctx) {
	if (!o->in && !o->out && !o->err) return session_refuse(x, 400, "you must specify at least 1 of stdin, stdout, stderr", h, ctx);
	if (!x->can_upgrade) return session_refuse(x, 400, "Upgrade request required", h, ctx);
	return ws_is_request(&x->head) ? session_open_websocket(x, o, h, ctx) : session_open_spdy(x, o, h, ctx);
}

int session_flush(struct session *s) {
	if (!s->stream) return -EPIPE;
	int r = buf_err(&s->out) ? -EPIPE : stream_write(s->stream, buf_slice(&s->out));
	if (r < 0 || buf_err(&s->out)) {
		stream_abort(s->stream);
		r = -EPIPE;
	}
	buf_clear(&s->out);
	return r;
}

int session_write(struct session *s, enum session_channel c, struct slice bytes) {
	if (!s->stream || s->finished) return -EPIPE;
	s->ops->put(s, c, bytes);
	return session_flush(s);
}

void session_pause(struct session *s, bool on) {
	if (!s->stream) return;
	if (on) stream_pause(s->stream);
	else stream_unpause(s->stream);
}

void session_finish(struct session *s, struct slice status) {
	if (!s->stream || s->finished) return;
	s->finished = true;
	s->ops->put_status(s, status);
	if (session_flush(s) >= 0) stream_close(s->stream);
}

/* Sizes come as small JSON objects, one after the other. */
void session_resize_bytes(struct session *s, struct slice bytes) {
	if (s->resize.n + bytes.n > SESSION_RESIZE_MAX) buf_clear(&s->resize);
	if (buf_put_slice(&s->resize, bytes) < 0) return;
	for (;;) {
		ptrdiff_t end = slice_chr(buf_slice(&s->resize), '}');
		if (end < 0) return;
		_cleanup_arena_ struct arena *a = arena_new(0);
		yyjson_mut_doc *doc;
		struct json_error err;
		if (a && json_parse(a, slice_make(s->resize.p, (size_t)end + 1), &doc, &err) == 0) {
			const yyjson_mut_val *v = yyjson_mut_doc_get_root(doc);
			int64_t w = json_path_int(v, "Width", 0), h = json_path_int(v, "Height", 0);
			if (w > 0 && h > 0 && w < 65536 && h < 65536) s->h->on_resize(s->ctx, (uint16_t)w, (uint16_t)h);
		}
		buf_consume(&s->resize, (size_t)end + 1);
	}
}

/* ---- the connection ---- */

static void on_data(void *ctx, struct stream *st, struct slice bytes) {
	struct session *s = ctx;
	if (s->finished) return;
	if (s->ops->feed(s, bytes) < 0 && s->stream) stream_abort(st);
}

static void on_end(void *ctx k8c_unused, struct stream *st, int err) {
	if (err < 0) stream_abort(st);
	else stream_close(st);
}

static void on_drain(void *ctx, struct stream *st k8c_unused) {
	struct session *s = ctx;
	if (!s->finished) s->h->on_drain(s->ctx);
}

static void on_close(void *ctx) {
	struct session *s = ctx;
	const struct session_handler *h = s->h;
	void *hctx = s->ctx;
	s->stream = NULL;
	s->finished = true;
	s->ops->free(s);
	buf_done(&s->out);
	buf_done(&s->resize);
	free(s);
	h->on_close(hctx);
}

const struct stream_handler session_stream_handler = { on_data, on_end, on_drain, on_close };

/* ---- statuses ---- */

int session_status_exit(struct buf *b, int code) {
	if (code == 0) return buf_puts(b, "{\"metadata\":{},\"status\":\"Success\"}");
	return buf_printf(b, "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"command terminated with non-zero exit code: exit status %d\","
			     "\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"%d\"}]}}", code, code);
}

int session_status_error(struct buf *b, const char *message) {
	buf_puts(b, "{\"metadata\":{},\"status\":\"Failure\",\"message\":");
	json_write_string(b, slice_str(message));
	return buf_puts(b, ",\"reason\":\"InternalError\",\"code\":500}");
}
