/* SPDX-License-Identifier: Apache-2.0 */
#include "client/upgrade.h"
#include "client/credentials.h"
#include "client/error.h"
#include "client/request.h"

#include <errno.h>

#define HEADERS_MAX 96u
#define OWN_HEADERS_MAX 16u

struct upgrade {
	struct k8c_client *client;
	struct arena *arena;
	const char *method, *target;
	struct k8c_header headers[OWN_HEADERS_MAX];
	size_t n_headers;
	struct upgrade_handler h;
	void *ctx;
	struct loop_timer *timer, *deadline;
	bool reauthorized;
	void *tcall;
	struct k8c_response res;
	struct buf body;
};

static void upgrade_free(struct upgrade *u) {
	loop_timer_stop(u->timer);
	loop_timer_stop(u->deadline);
	buf_done(&u->body);
	arena_free(u->arena);
	free(u);
}

static void fail(struct upgrade *u, const struct k8c_error *err) {
	u->h.on_fail(u->ctx, err);
	upgrade_free(u);
}

static void fail_errno(struct upgrade *u, int err, const char *msg) {
	struct k8c_error e;
	error_from_errno(u->arena, err, msg, &e);
	fail(u, &e);
}

static void on_head(void *ctx, int status, const struct k8c_header *h, size_t n) {
	struct upgrade *u = ctx;
	struct k8c_header *copy = arena_array(u->arena, n + 1, sizeof(*copy));
	u->res = (struct k8c_response){ .status = status, .headers = copy };
	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = (struct k8c_header){ arena_strdup(u->arena, h[i].name), bytes_of(arena_slice_dup(u->arena, slice_of(h[i].value))) };
		if (!copy[i].name) break;
		u->res.n_headers = i + 1;
	}
}

static void on_data(void *ctx, struct k8c_bytes bytes) {
	struct upgrade *u = ctx;
	buf_put(&u->body, bytes.p, bytes.n);
}

static void begin(void *arg);

/* A token that has been exchanged meanwhile: once more with the new one. */
static bool reauthorize(struct upgrade *u) {
	if (u->reauthorized || !u->client->creds || !credentials_refused(u->client->creds)) return false;
	u->reauthorized = true;
	buf_clear(&u->body);
	u->timer = loop_timer_start(u->client->loop, 0, 0, begin, u);
	return u->timer != NULL;
}

/* A server that takes the request and says nothing. */
static void on_deadline(void *arg) {
	struct upgrade *u = arg;
	void *tcall = u->tcall;
	u->deadline = NULL;
	u->tcall = NULL;
	if (tcall) u->client->transport->cancel(u->client->transport_ctx, tcall);
	fail_errno(u, -ETIMEDOUT, "the server did not switch protocols in time");
}

static void on_done(void *ctx, int err, const char *msg) {
	struct upgrade *u = ctx;
	struct k8c_error e;
	if (!u->tcall) return;
	u->tcall = NULL;
	if (err == 0 && u->res.status == 401 && reauthorize(u)) return;
	if (err < 0) {
		fail_errno(u, err, msg);
	} else if (u->res.status >= 200 && u->res.status < 300) {
		fail_errno(u, -EPROTO, "the server answered without switching protocols");
	} else {
		error_from_response(u->arena, u->res.status, buf_slice(&u->body), &e);
		fail(u, &e);
	}
}

static void on_upgrade(void *ctx, struct k8c_stream *s) {
	struct upgrade *u = ctx;
	u->tcall = NULL;
	u->h.on_stream(u->ctx, &u->res, s);
	upgrade_free(u);
}

static void begin(void *arg) {
	static const struct k8c_transport_handler h = { on_head, on_data, on_done, on_upgrade };
	struct upgrade *u = arg;
	struct k8c_header all[HEADERS_MAX];
	const char *msg = NULL;
	size_t n = u->n_headers;
	u->timer = NULL;
	memcpy(all, u->headers, n * sizeof(*all));
	int r = request_headers(u->client, u->arena, all, &n, HEADERS_MAX, &msg);
	if (r == 0) r = request_check_headers(u->arena, all, n, &msg);
	struct k8c_transport_request req = { sizeof(req), u->method, u->target, all, n, { 0 }, 0 };
	if (r == 0) r = u->client->transport->start(u->client->transport_ctx, &req, &h, u, &u->tcall);
	if (r < 0) fail_errno(u, r, msg);
}

static int copy(struct upgrade *u, const char *method, const char *target, const struct k8c_header *headers, size_t n) {
	if (n > OWN_HEADERS_MAX) return -E2BIG;
	u->method = arena_strdup(u->arena, method);
	u->target = arena_strdup(u->arena, target);
	bool ok = u->method && u->target;
	for (size_t i = 0; ok && i < n; i++) {
		u->headers[i] = (struct k8c_header){ arena_strdup(u->arena, headers[i].name),
						      bytes_of(arena_slice_dup(u->arena, slice_of(headers[i].value))) };
		ok = u->headers[i].name && u->headers[i].value.p;
	}
	u->n_headers = n;
	return ok ? 0 : -ENOMEM;
}

int upgrade_start(struct k8c_client *c, const char *method, const char *target, const struct k8c_header *headers, size_t n,
		  const struct upgrade_handler *h, void *ctx, struct upgrade **ret) {
	struct upgrade *u = calloc(1, sizeof(*u));
	if (!u) return -ENOMEM;
	u->client = c;
	u->h = *h;
	u->ctx = ctx;
	u->body = BUF_INIT(CLIENT_ERROR_BODY_MAX);
	u->arena = arena_new(0);
	int r = u->arena ? copy(u, method, target, headers, n) : -ENOMEM;
	if (r == 0) {
		uv_update_time(loop_uv(c->loop));
		u->timer = loop_timer_start(c->loop, 0, 0, begin, u);
		if (c->timeout_ms != K8C_NO_TIMEOUT) u->deadline = loop_timer_start(c->loop, c->timeout_ms, 0, on_deadline, u);
		if (!u->timer || (c->timeout_ms != K8C_NO_TIMEOUT && !u->deadline)) r = -ENOMEM;
	}
	if (r < 0) {
		upgrade_free(u);
		return r;
	}
	c->dirty = true;
	*ret = u;
	return 0;
}

void upgrade_cancel(struct upgrade *u) {
	void *tcall = u->tcall;
	u->tcall = NULL; /* on_done has nothing to tell any more */
	if (tcall) u->client->transport->cancel(u->client->transport_ctx, tcall);
	upgrade_free(u);
}
