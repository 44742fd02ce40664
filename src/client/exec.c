/* SPDX-License-Identifier: Apache-2.0 */
/* exec and attach over WebSocket channels: v5.channel.k8s.io, v4 with servers that know no better (KEP-4006). */
#include "client/error.h"
#include "client/upgrade.h"
#include "codec/base64.h"
#include "codec/query.h"
#include "wire/kube_channel.h"

#include <errno.h>

#define PROTOCOLS "v5.channel.k8s.io, v4.channel.k8s.io"
/* How long a server may keep the connection open after it told the command's end. */
#define CLOSE_PATIENCE_MS 2000u
#define WRITE_MAX (32u * 1024u)

struct k8c_exec {
	struct k8c_call call;
	struct arena *arena;
	struct k8c_exec_handler h;
	void *ctx;
	struct upgrade *up;
	char key[32];
	struct k8c_stream *stream;
	struct ws_reader *reader;
	const struct kube_protocol *protocol;
	struct buf out, scratch;
	struct loop_timer *patience;
	bool ended;                /* the end is known: */
	int code;
	struct k8c_error error;
};

static struct k8c_exec *of(struct k8c_call *call) { return CONTAINER_OF(call, struct k8c_exec, call); }

static void exec_free(struct k8c_call *call) {
	struct k8c_exec *e = of(call);
	ws_reader_free(e->reader);
	buf_done(&e->out);
	buf_done(&e->scratch);
	arena_free(e->arena);
	free(e);
}

static void finish(struct k8c_exec *e, const struct k8c_error *err) {
	if (e->call.finished) return;
	e->call.finished = true;
	e->patience = loop_timer_stop(e->patience);
	e->h.on_exit(e->ctx, err ? -1 : e->code, err);
	call_ref(&e->call);
	call_finish(&e->call);
	if (e->up) upgrade_cancel(e->up);
	e->up = NULL;
	if (e->stream) e->call.client->transport->stream_close(e->stream);
	call_unref(&e->call);
}

static void finish_errno(struct k8c_exec *e, int err, const char *msg) {
	struct k8c_error x;
	error_from_errno(e->arena, err, msg, &x);
	finish(e, &x);
}

static void exec_cancel(struct k8c_call *call) { finish_errno(of(call), -ECANCELED, NULL); }

/* The connection is over: with the command's end known, well. */
static void over(struct k8c_exec *e, int err) {
	if (e->ended) finish(e, e->error.err ? &e->error : NULL);
	else finish_errno(e, err < 0 ? err : -ECONNRESET, "the connection ended before the command's status came");
}

/* ---- sending ---- */

static int flush(struct k8c_exec *e) {
	int r = e->out.err;
	if (r == 0) r = e->call.client->transport->stream_write(e->stream, bytes_of(buf_slice(&e->out)));
	buf_clear(&e->out);
	e->call.client->dirty = true;
	return r;
}

static int put(struct k8c_exec *e, unsigned channel, struct slice data) {
	unsigned char mask[4];
	if (!e->stream || e->call.finished) return -EPIPE;
	int r = env_random(e->call.client->env, mask, sizeof(mask));
	if (r < 0) return r;
	kube_channel_put(&e->out, e->protocol, channel, data, mask);
	return flush(e);
}

int k8c_exec_write(struct k8c_exec *e, struct k8c_bytes bytes) {
	int r = 0;
	for (struct slice s = slice_of(bytes); s.n && r >= 0;) {
		struct slice part = slice_upto(s, WRITE_MAX);
		s = slice_make(s.p + part.n, s.n - part.n);
		r = put(e, KUBE_STDIN, part);
	}
	return r;
}

int k8c_exec_close_stdin(struct k8c_exec *e) {
	unsigned char mask[4];
	if (!e->stream || e->call.finished) return -EPIPE;
	if (!e->protocol->half_close) return -ENOTSUP;
	int r = env_random(e->call.client->env, mask, sizeof(mask));
	if (r < 0) return r;
	kube_channel_put_close(&e->out, e->protocol, KUBE_STDIN, mask);
	return flush(e);
}

int k8c_exec_resize(struct k8c_exec *e, uint16_t columns, uint16_t rows) {
	_cleanup_buf_ struct buf b = BUF_INIT(64);
	buf_printf(&b, "{\"Width\":%u,\"Height\":%u}", columns, rows);
	return put(e, KUBE_RESIZE, buf_slice(&b));
}

/* ---- receiving ---- */

static void on_patience(void *arg) {
	struct k8c_exec *e = arg;
	e->patience = NULL;
	over(e, 0);
}

/* The Status on the error channel: how the command ended. */
static int on_status(struct k8c_exec *e, struct slice json) {
	yyjson_mut_doc *doc;
	int64_t code;
	if (json_parse(e->arena, json, &doc, NULL) < 0) return -EPROTO;
	e->ended = true;
	if (!slice_eqs(json_path_str(doc->root, "status"), "Success")) {
		error_from_status(e->arena, 500, doc->root, &e->error);
		for (size_t i = 0; i < e->error.n_causes && !strcmp(e->error.reason, "NonZeroExitCode"); i++) {
			if (strcmp(e->error.causes[i].reason, "ExitCode") ||
			    slice_int(slice_str(e->error.causes[i].message), 0, 255, &code) < 0)
				continue;
			e->code = (int)code;
			e->error.err = 0;
		}
	}
	if (!e->patience) e->patience = loop_timer_start(e->call.client->loop, CLOSE_PATIENCE_MS, 0, on_patience, e);
	return 0;
}

static int on_channel(struct k8c_exec *e, unsigned channel, struct slice data) {
	switch (channel) {
	case KUBE_STDOUT:
		if (data.n && e->h.on_stdout) e->h.on_stdout(e->ctx, bytes_of(data));
		break;
	case KUBE_STDERR:
		if (data.n && e->h.on_stderr) e->h.on_stderr(e->ctx, bytes_of(data));
		break;
	case KUBE_ERROR: return data.n ? on_status(e, data) : 0;
	default: break;
	}
	return e->call.finished ? -ECANCELED : 0;
}

static int answer_ping(struct k8c_exec *e, struct slice payload) {
	unsigned char mask[4];
	int r = env_random(e->call.client->env, mask, sizeof(mask));
	if (r < 0) return r;
	ws_put(&e->out, WS_PONG, payload, mask);
	r = flush(e);
	return r < 0 ? r : 0;
}

static int on_message(void *ctx, enum ws_opcode op, struct slice payload) {
	struct k8c_exec *e = ctx;
	unsigned channel;
	struct slice data;
	if (e->call.finished) return -ECANCELED;
	if (op == WS_PING) return answer_ping(e, payload);
	if (op == WS_CLOSE) {
		over(e, 0);
		return -ECANCELED;
	}
	if (op != WS_BINARY && op != WS_TEXT) return 0;
	int r = kube_channel_split(e->protocol, payload, &e->scratch, &channel, &data);
	return r < 0 ? r : r == 1 ? 0 : on_channel(e, channel, data);
}

static void on_bytes(void *ctx, struct k8c_bytes bytes) {
	struct k8c_exec *e = ctx;
	if (e->call.finished) return;
	call_ref(&e->call);
	int r = ws_feed(e->reader, slice_of(bytes));
	if (r < 0 && !e->call.finished) finish_errno(e, r, r == -EPROTO ? "the server broke the WebSocket protocol" : NULL);
	call_unref(&e->call);
}

static void on_end(void *ctx, int err) { over(ctx, err); }

static void on_drain(void *ctx) {
	struct k8c_exec *e = ctx;
	if (e->h.on_drain && !e->call.finished) e->h.on_drain(e->ctx);
}

static void on_close(void *ctx) {
	struct k8c_exec *e = ctx;
	e->stream = NULL;
	over(e, 0);
	call_unref(&e->call);
}

/* ---- opening ---- */

static void on_stream(void *ctx, const struct k8c_response *res, struct k8c_stream *s) {
	static const struct k8c_stream_handler stream_handler = { on_bytes, on_end, on_drain, on_close };
	static const struct ws_handler ws = { on_message };
	struct k8c_exec *e = ctx;
	char accept[WS_ACCEPT_SIZE];
	e->up = NULL;
	e->stream = s;
	call_ref(&e->call); /* until on_close */
	e->call.client->transport->stream_attach(s, &stream_handler, e);
	ws_accept(slice_str(e->key), accept);
	e->protocol = kube_protocol_named(slice_of(k8c_response_header(res, "sec-websocket-protocol")));
	e->reader = ws_reader_new(false, 0, &ws, e);
	if (!e->reader) finish_errno(e, -ENOMEM, NULL);
	else if (!slice_eqs(slice_of(k8c_response_header(res, "sec-websocket-accept")), accept) || !e->protocol ||
		 !e->protocol->status_error)
		finish_errno(e, -EPROTO, "the server's answer to the WebSocket request is wrong");
	else if (e->h.on_open) e->h.on_open(e->ctx);
}

static void on_fail(void *ctx, const struct k8c_error *err) {
	struct k8c_exec *e = ctx;
	e->up = NULL;
	finish(e, err);
}

static int make_target(const struct k8c_exec_options *o, struct buf *b) {
	struct k8c_target t = { "", "v1", "pods", o->ns, o->pod, o->command ? "exec" : "attach" };
	_cleanup_free_ char *path = k8c_target_path(&t);
	_cleanup_buf_ struct buf q = BUF_INIT(1 << 20);
	const struct {
		const char *name;
		bool on;
	} flags[] = { { "stdin", o->in }, { "stdout", o->out }, { "stderr", o->err && !o->tty }, { "tty", o->tty } };
	if (!path) return -ENOMEM;
	for (size_t i = 0; o->command && o->command[i]; i++) query_add(&q, "command", slice_str(o->command[i]));
	if (o->container && *o->container) query_add(&q, "container", slice_str(o->container));
	for (size_t i = 0; i < ELEMENTSOF(flags); i++)
		if (flags[i].on) query_add(&q, flags[i].name, SLICE_LIT("true"));
	buf_printf(b, "%s?", path);
	buf_put_slice(b, buf_slice(&q));
	buf_putc(b, 0);
	return q.err ? q.err : b->err;
}

static int open_websocket(struct k8c_exec *e, const struct k8c_exec_options *o) {
	static const struct upgrade_handler h = { on_stream, on_fail };
	_cleanup_buf_ struct buf target = BUF_INIT(1 << 20), key = BUF_INIT(sizeof(e->key) - 1);
	unsigned char random[16];
	int r = env_random(e->call.client->env, random, sizeof(random));
	if (r == 0) r = base64_encode(&key, BASE64_STD, slice_make(random, sizeof(random)));
	if (r == 0) r = make_target(o, &target);
	if (r < 0) return r;
	memcpy(e->key, key.p, key.n);
	struct k8c_header headers[] = {
		{ "connection", { "Upgrade", 7 } }, { "upgrade", { "websocket", 9 } }, { "sec-websocket-version", { "13", 2 } },
		{ "sec-websocket-key", { e->key, strlen(e->key) } }, { "sec-websocket-protocol", { PROTOCOLS, sizeof(PROTOCOLS) - 1 } },
	};
	return upgrade_start(e->call.client, "GET", target.p, headers, ELEMENTSOF(headers), &h, e, &e->up);
}

int k8c_exec_start(struct k8c_client *c, const struct k8c_exec_options *given, const struct k8c_exec_handler *h, void *ctx,
		   struct k8c_exec **ret) {
	struct k8c_exec_options o = { 0 };
	memcpy(&o, given, given->size < sizeof(o) ? given->size : sizeof(o));
	if (!o.ns || !o.pod || !h->on_exit || (o.command && !o.command[0])) return -EINVAL;
	struct k8c_exec *e = calloc(1, sizeof(*e));
	if (!e) return -ENOMEM;
	e->h = *h;
	e->ctx = ctx;
	e->out = BUF_INIT(WRITE_MAX * 4);
	e->scratch = BUF_INIT(1 << 24);
	e->arena = arena_new(0);
	call_init(&e->call, c, exec_cancel, NULL, exec_free);
	int r = e->arena ? open_websocket(e, &o) : -ENOMEM;
	if (r < 0) {
		e->call.finished = true;
		call_finish(&e->call);
		return r;
	}
	*ret = e;
	return 0;
}

void k8c_exec_cancel(struct k8c_exec *e) {
	if (e) k8c_call_cancel(&e->call);
}
