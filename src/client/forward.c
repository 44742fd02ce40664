/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to a port of a pod: SPDY/3.1 with a data and an error stream, which every Kubernetes speaks. */
#include "client/error.h"
#include "client/upgrade.h"
#include "wire/spdy3.h"

#include <errno.h>
#include <stdio.h>

#define PROTOCOL "portforward.k8s.io"
#define OUT_MAX ((size_t)16 * 1024 * 1024)
#define ERROR_TEXT_MAX 4096u

struct k8c_forward {
	struct k8c_call call;
	struct arena *arena;
	struct k8c_forward_handler h;
	void *ctx;
	uint16_t port;
	struct upgrade *up;
	struct k8c_stream *stream;
	struct spdy *spdy;
	struct spdy_stream *data, *error;
	struct buf out, error_text;
	bool feeding, closed;      /* closed: by the caller */
};

static struct k8c_forward *of(struct k8c_call *call) { return CONTAINER_OF(call, struct k8c_forward, call); }

static void forward_free(struct k8c_call *call) {
	struct k8c_forward *f = of(call);
	spdy_free(f->spdy);
	buf_done(&f->out);
	buf_done(&f->error_text);
	arena_free(f->arena);
	free(f);
}

static int flush(struct k8c_forward *f) {
	int r = f->out.err;
	if (r == 0 && f->out.n && f->stream) r = f->call.client->transport->stream_write(f->stream, bytes_of(buf_slice(&f->out)));
	buf_clear(&f->out);
	f->call.client->dirty = true;
	return r;
}

static void finish(struct k8c_forward *f, const struct k8c_error *err) {
	if (f->call.finished) return;
	f->call.finished = true;
	f->h.on_close(f->ctx, err);
	call_ref(&f->call);
	call_finish(&f->call);
	if (f->up) upgrade_cancel(f->up);
	f->up = NULL;
	if (f->stream) {
		(void)flush(f);
		f->call.client->transport->stream_close(f->stream);
	}
	call_unref(&f->call);
}

static void finish_errno(struct k8c_forward *f, int err, const char *msg) {
	struct k8c_error e;
	error_from_errno(f->arena, err, msg, &e);
	finish(f, &e);
}

static void forward_cancel(struct k8c_call *call) {
	struct k8c_forward *f = of(call);
	if (f->closed) finish(f, NULL);
	else finish_errno(f, -ECANCELED, NULL);
}

/* The far side is done, or said why it could not. */
static void ended(struct k8c_forward *f, int err, const char *msg) {
	if (f->error_text.n) {
		const char *text = arena_strndup(f->arena, f->error_text.p, f->error_text.n);
		finish_errno(f, -ECONNREFUSED, text);
	} else if (err < 0) {
		finish_errno(f, err, msg);
	} else {
		finish(f, NULL);
	}
}

/* ---- SPDY ---- */

static void on_open(void *ctx, struct spdy_stream *s, const struct http_headers *h, bool fin) {
	spdy_reset(s, SPDY_REFUSED_STREAM);
}
static void on_reply(void *ctx, struct spdy_stream *s, const struct http_headers *h) {}

static void on_data(void *ctx, struct spdy_stream *s, struct slice bytes) {
	struct k8c_forward *f = ctx;
	if (f->call.finished) return;
	if (s == f->error) buf_put(&f->error_text, bytes.p, bytes.n);
	else if (s == f->data && f->h.on_data) f->h.on_data(f->ctx, bytes_of(bytes));
}

static void on_fin(void *ctx, struct spdy_stream *s) {}

static void on_stream_close(void *ctx, struct spdy_stream *s, unsigned status) {
	struct k8c_forward *f = ctx;
	if (s == f->error) f->error = NULL;
	if (s == f->data) f->data = NULL;
}

static const struct spdy_handler spdy_callbacks = { on_open, on_reply, on_data, on_fin, on_stream_close, NULL };

static int open_stream(struct k8c_forward *f, const char *type, bool fin, struct spdy_stream **ret) {
	struct http_headers h = { 0 };
	char port[8];
	snprintf(port, sizeof(port), "%u", f->port);
	const char *const pairs[][2] = { { "streamtype", type }, { "port", port }, { "requestid", "0" } };
	for (size_t i = 0; i < ELEMENTSOF(pairs); i++) {
		int r = http_headers_add(f->arena, &h, slice_str(pairs[i][0]), slice_str(pairs[i][1]));
		if (r < 0) return r;
	}
	return spdy_open(f->spdy, &h, fin, f, ret);
}

/* ---- the connection ---- */

static void on_bytes(void *ctx, struct k8c_bytes bytes) {
	struct k8c_forward *f = ctx;
	if (f->call.finished) return;
	call_ref(&f->call);
	f->feeding = true;
	int r = spdy_feed(f->spdy, slice_of(bytes));
	f->feeding = false;
	if (!f->call.finished) {
		if (r == 0) r = flush(f);
		if (r < 0) ended(f, r, r == -EPROTO ? "the server broke the SPDY protocol" : NULL);
		else if (!f->data || f->error_text.n) ended(f, 0, NULL);
	}
	call_unref(&f->call);
}

static void on_end(void *ctx, int err) {
	struct k8c_forward *f = ctx;
	if (!f->call.finished) ended(f, err, NULL);
}

static void on_drain(void *ctx) {
	struct k8c_forward *f = ctx;
	if (!f->call.finished && f->h.on_drain) f->h.on_drain(f->ctx);
}

static void on_close(void *ctx) {
	struct k8c_forward *f = ctx;
	f->stream = NULL;
	if (!f->call.finished) ended(f, 0, NULL);
	call_unref(&f->call);
}

static void on_stream(void *ctx, const struct k8c_response *res, struct k8c_stream *s) {
	static const struct k8c_stream_handler h = { on_bytes, on_end, on_drain, on_close };
	struct k8c_forward *f = ctx;
	f->up = NULL;
	f->stream = s;
	call_ref(&f->call); /* until on_close */
	f->call.client->transport->stream_attach(s, &h, f);
	int r = spdy_new(false, &spdy_callbacks, f, &f->out, &f->spdy);
	/* Nothing will be sent on the error stream. */
	if (r == 0) r = open_stream(f, "error", true, &f->error);
	if (r == 0) r = open_stream(f, "data", false, &f->data);
	if (r == 0) r = flush(f);
	if (r < 0) finish_errno(f, r, NULL);
	else if (f->h.on_open) f->h.on_open(f->ctx);
}

static void on_fail(void *ctx, const struct k8c_error *err) {
	struct k8c_forward *f = ctx;
	f->up = NULL;
	finish(f, err);
}

static int begin(struct k8c_forward *f, const char *ns, const char *pod) {
	static const struct upgrade_handler h = { on_stream, on_fail };
	static const struct k8c_header headers[] = {
		{ "connection", { "Upgrade", 7 } },
		{ "upgrade", { "SPDY/3.1", 8 } },
		{ "x-stream-protocol-version", { PROTOCOL, sizeof(PROTOCOL) - 1 } },
	};
	_cleanup_free_ char *path = k8c_target_path(&(struct k8c_target){ "", "v1", "pods", ns, pod, "portforward" });
	if (!path) return -ENOMEM;
	return upgrade_start(f->call.client, "POST", path, headers, ELEMENTSOF(headers), &h, f, &f->up);
}

int k8c_forward_start(struct k8c_client *c, const char *ns, const char *pod, uint16_t port, const struct k8c_forward_handler *h,
		      void *ctx, struct k8c_forward **ret) {
	if (!ns || !pod || !port || !h->on_close) return -EINVAL;
	struct k8c_forward *f = calloc(1, sizeof(*f));
	if (!f) return -ENOMEM;
	f->h = *h;
	f->ctx = ctx;
	f->port = port;
	f->out = BUF_INIT(OUT_MAX);
	f->error_text = BUF_INIT(ERROR_TEXT_MAX);
	f->arena = arena_new(0);
	call_init(&f->call, c, forward_cancel, NULL, forward_free);
	int r = f->arena ? begin(f, ns, pod) : -ENOMEM;
	if (r < 0) {
		f->call.finished = true;
		call_finish(&f->call);
		return r;
	}
	*ret = f;
	return 0;
}

int k8c_forward_write(struct k8c_forward *f, struct k8c_bytes bytes) {
	if (!f->data || f->call.finished) return -EPIPE;
	int r = spdy_write(f->data, slice_of(bytes), false);
	return r < 0 || f->feeding ? r : flush(f);
}

int k8c_forward_finish(struct k8c_forward *f) {
	if (!f->data || f->call.finished) return -EPIPE;
	int r = spdy_write(f->data, SLICE_NULL, true);
	return r < 0 || f->feeding ? r : flush(f);
}

void k8c_forward_close(struct k8c_forward *f) {
	if (!f || f->call.finished) return;
	f->closed = true;
	k8c_call_cancel(&f->call);
}
