/* SPDX-License-Identifier: Apache-2.0 */
/* One request with its repetitions. */
#include "client/request.h"
#include "client/client.h"
#include "client/config.h"
#include "client/credentials.h"
#include "client/error.h"

#include <errno.h>

#define HEADERS_MAX 64u

struct request_call {
	struct k8c_call call;
	struct arena *arena;         /* the request and its headers */
	struct k8c_request req;      /* strings in the arena */
	struct k8c_request_handler h;
	void *ctx;
	char *target;
	uint64_t deadline_ms;        /* in the loop's time; 0: none */
	unsigned attempts;
	bool reauthorized, delivered, paused;
	/* the attempt under way */
	void *tcall;
	struct loop_timer *timer;    /* waiting for the next attempt */
	struct arena *answer;        /* its headers */
	struct k8c_response res;
	struct buf body;
	bool too_large;
	int start_err;
	const char *start_msg;
};

static struct request_call *of(struct k8c_call *call) { return CONTAINER_OF(call, struct request_call, call); }

/* ---- ends ---- */

static void request_free(struct k8c_call *call) {
	struct request_call *r = of(call);
	buf_done(&r->body);
	arena_free(r->answer);
	arena_free(r->arena);
	free(r);
}

static void finish(struct request_call *r, const struct k8c_error *err) {
	if (r->call.finished) return;
	r->call.finished = true;
	r->timer = loop_timer_stop(r->timer);
	r->tcall = NULL;
	r->res.body = bytes_of(buf_slice(&r->body));
	r->h.on_done(r->ctx, r->res.status ? &r->res : NULL, err);
	call_finish(&r->call);
}

static void finish_errno(struct request_call *r, int err, const char *msg) {
	struct k8c_error e;
	error_from_errno(r->arena, err, msg, &e);
	r->res.status = 0;
	finish(r, &e);
}

static void request_cancel(struct k8c_call *call) {
	struct request_call *r = of(call);
	call_ref(call);
	if (r->tcall) call->client->transport->cancel(call->client->transport_ctx, r->tcall);
	finish_errno(r, -ECANCELED, NULL);
	call_unref(call);
}

static void request_pause(struct k8c_call *call, bool on) {
	struct request_call *r = of(call);
	r->paused = on;
	if (r->tcall) call->client->transport->pause(call->client->transport_ctx, r->tcall, on);
}

/* ---- repeating ---- */

static void attempt(void *arg);

static bool idempotent(const struct request_call *r) {
	const char *m = r->req.method;
	return (r->req.flags & K8C_REQ_REPEATABLE) || !strcmp(m, "GET") || !strcmp(m, "HEAD") || !strcmp(m, "PUT") ||
	       !strcmp(m, "DELETE");
}

static bool restart_in(struct request_call *r, uint64_t delay_ms) {
	if (r->delivered) return false;
	uint64_t now = uv_now(loop_uv(r->call.client->loop));
	if (r->deadline_ms && now + delay_ms >= r->deadline_ms) return false;
	r->tcall = NULL;
	r->timer = loop_timer_start(r->call.client->loop, delay_ms, 0, attempt, r);
	return r->timer != NULL;
}

static bool again_in(struct request_call *r, uint64_t delay_ms) {
	if (r->attempts > r->call.client->retries || (r->req.flags & K8C_REQ_NO_RETRY)) return false;
	return restart_in(r, delay_ms);
}

static uint64_t backoff(const struct request_call *r) {
	return client_backoff(r->call.client->env, CLIENT_BACKOFF_MIN_MS, CLIENT_BACKOFF_MAX_MS, r->attempts - 1);
}

/* Seconds of Retry-After, -1 when there is none (a date counts as none, as in client-go). */
static int64_t retry_after(const struct k8c_response *res) {
	uint64_t s;
	struct slice v = slice_of(k8c_response_header(res, "retry-after"));
	return v.n && slice_uint(v, UINT32_MAX, &s) == 0 ? (int64_t)s : -1;
}

/* 429 and 503 say that nothing was done; after another 5xx only what may be done twice is repeated. */
static bool repeat_answer(struct request_call *r) {
	int64_t after = retry_after(&r->res);
	int status = r->res.status;
	if (status == 401 && !r->reauthorized && r->call.client->creds && credentials_refused(r->call.client->creds)) {
		r->reauthorized = true;
		return restart_in(r, 0);
	}
	if (after > CLIENT_RETRY_AFTER_MAX) return false;
	bool asked = status == 503 || (status >= 500 && idempotent(r));
	if (status != 429 && (!asked || after < 0)) return false;
	return again_in(r, after > 0 ? (uint64_t)after * 1000 : backoff(r));
}

static bool repeat_failure(struct request_call *r, int err) {
	bool lost = err == -ECONNRESET || err == -EPIPE || err == -ECONNABORTED;
	if (err == -EKEYREJECTED && !r->reauthorized && r->call.client->creds && credentials_tls_changed(r->call.client->creds)) {
		r->reauthorized = true;
		return restart_in(r, 0);
	}
	return lost && r->res.status == 0 && idempotent(r) && again_in(r, backoff(r));
}

/* ---- answers ---- */

/* A quoted string (RFC 9110, 5.6.4) from its first character on; returns what follows it. */
static struct slice unquote(struct slice v, char *text) {
	size_t k = 0;
	for (; k < v.n && v.p[k] != '"'; k++) {
		if (v.p[k] == '\\' && k + 1 < v.n) k++;
		*text++ = v.p[k];
	}
	*text = 0;
	return slice_from(v, k < v.n ? k + 1 : v.n);
}

/* Warnings may come in one header: 299 - "one", 299 - "two"; a date in quotes may follow a text. */
static void warn_of(struct k8c_client *c, struct slice v) {
	_cleanup_free_ char *text = malloc(v.n + 1);
	for (bool is_date = false; text;) {
		ptrdiff_t open = slice_chr(v, '"');
		if (open < 0) return;
		if (slice_chr(slice_upto(v, (size_t)open), ',') >= 0) is_date = false;
		v = unquote(slice_from(v, (size_t)open + 1), text);
		if (!is_date) c->on_warning(c->warning_ctx, text);
		is_date = true;
	}
}

static void warn(struct k8c_client *c, const struct k8c_header *h, size_t n) {
	for (size_t i = 0; i < n && c->on_warning; i++)
		if (!strcmp(h[i].name, "warning")) warn_of(c, slice_of(h[i].value));
}

static int keep_head(struct request_call *r, int status, const struct k8c_header *h, size_t n) {
	arena_free(r->answer);
	r->answer = arena_new(CLIENT_ERROR_BODY_MAX);
	struct k8c_header *copy = r->answer ? arena_array(r->answer, n + 1, sizeof(*copy)) : NULL;
	if (!copy) return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct slice v = arena_slice_dup(r->answer, slice_of(h[i].value));
		copy[i] = (struct k8c_header){ arena_strdup(r->answer, h[i].name), bytes_of(v) };
		if (!copy[i].name || !v.p) return -ENOMEM;
	}
	r->res = (struct k8c_response){ .status = status, .headers = copy, .n_headers = n };
	return 0;
}

static bool success(int status) { return status >= 200 && status < 300; }

static void on_head(void *ctx, int status, const struct k8c_header *h, size_t n) {
	struct request_call *r = ctx;
	if (keep_head(r, status, h, n) < 0) {
		r->too_large = true;
		return;
	}
	call_ref(&r->call);
	warn(r->call.client, h, n);
	if (success(status) && r->h.on_head && !r->call.finished) r->h.on_head(r->ctx, &r->res);
	call_unref(&r->call);
}

static void on_data(void *ctx, struct k8c_bytes bytes) {
	struct request_call *r = ctx;
	if (r->call.finished || r->too_large) return;
	if (success(r->res.status) && r->h.on_data) {
		r->delivered = true;
		call_ref(&r->call);
		r->h.on_data(r->ctx, bytes);
		call_unref(&r->call);
		return;
	}
	r->body.max = success(r->res.status) ? r->call.client->max_body : CLIENT_ERROR_BODY_MAX;
	if (buf_put(&r->body, bytes.p, bytes.n) == 0) return;
	r->too_large = true;
	/* The rest may have no end. */
	r->call.client->transport->cancel(r->call.client->transport_ctx, r->tcall);
}

static void on_done(void *ctx, int err, const char *msg) {
	struct request_call *r = ctx;
	struct k8c_error e;
	r->tcall = NULL;
	if (r->call.finished) return;
	if (r->too_large && (r->res.status == 0 || success(r->res.status))) {
		finish_errno(r, -E2BIG, "the server's answer is larger than this client takes");
		return;
	}
	/* What is said at length about a refusal is left out; the refusal counts. */
	if (r->too_large) buf_clear(&r->body);
	else if (err < 0) {
		if (!repeat_failure(r, err)) finish_errno(r, err, msg);
		return;
	}
	if (success(r->res.status)) {
		finish(r, NULL);
		return;
	}
	if (repeat_answer(r)) return;
	error_from_response(r->arena, r->res.status, buf_slice(&r->body), &e);
	int64_t after = retry_after(&r->res);
	if (after > 0) e.retry_after = (uint32_t)after;
	finish(r, &e);
}

static const struct k8c_transport_handler transport_handler = { .on_head = on_head, .on_data = on_data, .on_done = on_done };

/* ---- attempts ---- */

static bool add(struct k8c_header *h, size_t *n, const char *name, const char *value) {
	if (!value) return true;
	if (*n == HEADERS_MAX) return false;
	h[(*n)++] = (struct k8c_header){ name, { value, strlen(value) } };
	return true;
}

int request_headers(struct k8c_client *c, struct arena *a, struct k8c_header *h, size_t *n, size_t max, const char **ret_msg) {
	_cleanup_buf_ struct buf auth = BUF_INIT(1 << 20);
	bool ok = max >= HEADERS_MAX && add(h, n, "user-agent", c->user_agent);
	if (!c->cfg) return ok ? 0 : -E2BIG;
	int r = credentials_authorization(c->creds, &auth, ret_msg);
	if (r < 0) return r;
	if (auth.n) {
		char *v = arena_strndup(a, auth.p, auth.n);
		if (!v) return -ENOMEM;
		ok = ok && add(h, n, "authorization", v);
	}
	ok = ok && add(h, n, "impersonate-user", c->cfg->impersonate_user) && add(h, n, "impersonate-uid", c->cfg->impersonate_uid);
	for (size_t i = 0; ok && c->cfg->impersonate_groups && c->cfg->impersonate_groups[i]; i++)
		ok = add(h, n, "impersonate-group", c->cfg->impersonate_groups[i]);
	for (size_t i = 0; ok && i < c->cfg->n_impersonate_extra; i++) {
		char *name = arena_printf(a, "impersonate-extra-%s", c->cfg->impersonate_extra[i].key);
		if (!name) return -ENOMEM;
		ok = add(h, n, name, c->cfg->impersonate_extra[i].value);
	}
	return ok ? 0 : -E2BIG;
}

int request_check_headers(struct arena *a, const struct k8c_header *h, size_t n, const char **ret_msg) {
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < h[i].value.n; k++) {
			unsigned char c = (unsigned char)h[i].value.p[k];
			if ((c >= ' ' && c != 0x7f) || c == '\t') continue;
			*ret_msg = arena_printf(a, "invalid header field value for \"%s\"", h[i].name);
			return -EINVAL;
		}
	return 0;
}

static int send_attempt(struct request_call *r, struct arena *a, const char **ret_msg) {
	struct k8c_client *c = r->call.client;
	struct k8c_header h[HEADERS_MAX];
	size_t n = 0;
	bool ok = add(h, &n, "accept", r->req.accept ? r->req.accept : "application/json");
	if (r->req.body.n || r->req.content_type)
		ok = ok && add(h, &n, "content-type", r->req.content_type ? r->req.content_type : "application/json");
	for (size_t i = 0; ok && i < r->req.n_headers; i++) {
		ok = n < HEADERS_MAX;
		if (ok) h[n++] = r->req.headers[i];
	}
	if (!ok) return -E2BIG;
	int e = request_headers(c, a, h, &n, HEADERS_MAX, ret_msg);
	if (e == 0) e = request_check_headers(a, h, n, ret_msg);
	if (e < 0) return e;
	uint64_t now = uv_now(loop_uv(c->loop));
	uint32_t left = r->deadline_ms ? (uint32_t)(r->deadline_ms > now ? r->deadline_ms - now : 1) : 0;
	struct k8c_transport_request t = { sizeof(t), r->req.method, r->target, h, n, r->req.body, left };
	return c->transport->start(c->transport_ctx, &t, &transport_handler, r, &r->tcall);
}

static void attempt(void *arg) {
	struct request_call *r = arg;
	const char *msg = NULL;
	r->timer = NULL;
	r->attempts++;
	r->res = (struct k8c_response){ 0 };
	r->too_large = false;
	buf_clear(&r->body);
	struct arena *a = arena_new(0);
	int e = a ? send_attempt(r, a, &msg) : -ENOMEM;
	if (e < 0) {
		r->tcall = NULL;
		finish_errno(r, e, msg);
	} else if (r->paused) {
		r->call.client->transport->pause(r->call.client->transport_ctx, r->tcall, true);
	}
	arena_free(a);
}

/* ---- starting ---- */

static const char *dup_or_null(struct arena *a, const char *s, bool *oom) {
	char *p = s ? arena_strdup(a, s) : NULL;
	if (s && !p) *oom = true;
	return p;
}

static int copy_request(struct request_call *r, const struct k8c_request *given) {
	struct k8c_request q = { 0 };
	struct arena *a = r->arena;
	bool oom = false;
	memcpy(&q, given, given->size < sizeof(q) ? given->size : sizeof(q));
	if (!q.path || q.path[0] != '/') return -EINVAL;
	r->target = q.query && *q.query ? arena_printf(a, "%s?%s", q.path, q.query) : arena_strdup(a, q.path);
	q.method = dup_or_null(a, q.method ? q.method : "GET", &oom);
	q.content_type = dup_or_null(a, q.content_type, &oom);
	q.accept = dup_or_null(a, q.accept, &oom);
	q.path = q.query = NULL;
	if (q.body.n) {
		struct slice body = arena_slice_dup(a, slice_of(q.body));
		q.body = bytes_of(body);
		oom |= !body.p;
	}
	struct k8c_header *h = q.n_headers ? arena_array(a, q.n_headers, sizeof(*h)) : NULL;
	oom |= q.n_headers && !h;
	for (size_t i = 0; !oom && i < q.n_headers; i++) {
		h[i] = (struct k8c_header){ dup_or_null(a, q.headers[i].name, &oom),
					     bytes_of(arena_slice_dup(a, slice_of(q.headers[i].value))) };
	}
	q.headers = h;
	r->req = q;
	return oom || !r->target ? -ENOMEM : 0;
}

int k8c_request_start(struct k8c_client *c, const struct k8c_request *req, const struct k8c_request_handler *h, void *ctx,
		      struct k8c_call **ret) {
	if (!h->on_done) return -EINVAL;
	struct request_call *r = calloc(1, sizeof(*r));
	if (!r) return -ENOMEM;
	r->arena = arena_new(0);
	int e = r->arena ? copy_request(r, req) : -ENOMEM;
	/* The first attempt is made from the loop too, so that no callback can run inside this call. */
	if (e == 0) {
		uint32_t timeout = r->req.timeout_ms ? r->req.timeout_ms : c->timeout_ms;
		uv_update_time(loop_uv(c->loop));
		if (timeout != K8C_NO_TIMEOUT) r->deadline_ms = uv_now(loop_uv(c->loop)) + timeout;
		r->timer = loop_timer_start(c->loop, 0, 0, attempt, r);
		if (!r->timer) e = -ENOMEM;
	}
	if (e < 0) {
		arena_free(r->arena);
		free(r);
		return e;
	}
	r->h = *h;
	r->ctx = ctx;
	r->body = BUF_INIT(c->max_body);
	call_init(&r->call, c, request_cancel, request_pause, request_free);
	if (ret) *ret = &r->call;
	return 0;
}

struct k8c_bytes k8c_response_header(const struct k8c_response *r, const char *name) {
	for (size_t i = 0; i < r->n_headers; i++)
		if (!strcmp(r->headers[i].name, name)) return r->headers[i].value;
	return (struct k8c_bytes){ 0 };
}

/* ---- blocking ---- */

struct kept {
	struct k8c_reply reply;
	struct arena *arena;
	bool done;
};

static void keep_response(struct kept *k, const struct k8c_response *res) {
	struct k8c_header *h = arena_array(k->arena, res->n_headers + 1, sizeof(*h));
	k->reply.response.status = res->status;
	for (size_t i = 0; h && i < res->n_headers; i++) {
		h[i] = (struct k8c_header){ arena_strdup(k->arena, res->headers[i].name),
					     bytes_of(arena_slice_dup(k->arena, slice_of(res->headers[i].value))) };
		k->reply.response.n_headers = h[i].name ? i + 1 : i;
	}
	k->reply.response.headers = h;
	struct slice body = arena_slice_dup(k->arena, slice_of(res->body));
	k->reply.response.body = bytes_of(body);
	if (!h || !body.p) error_from_errno(k->arena, -ENOMEM, NULL, &k->reply.error);
}

static void on_kept(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct kept *k = ctx;
	k->done = true;
	if (err) error_copy(k->arena, err, &k->reply.error);
	if (res) keep_response(k, res);
}

void k8c_reply_free(struct k8c_reply *r) {
	if (!r) return;
	struct kept *k = CONTAINER_OF(r, struct kept, reply);
	arena_free(k->arena);
	free(k);
}

int k8c_request_wait(struct k8c_client *c, const struct k8c_request *req, struct k8c_reply **ret) {
	static const struct k8c_request_handler h = { .on_done = on_kept };
	struct kept *k = calloc(1, sizeof(*k));
	struct k8c_call *call = NULL;
	if (!k) return -ENOMEM;
	k->arena = arena_new(c->max_body * 2);
	k->reply.error = (struct k8c_error){ .reason = "", .message = "", .group = "", .kind = "", .name = "", .uid = "" };
	int e = !k->arena ? -ENOMEM : !c->own_loop || c->running ? -EBUSY : k8c_request_start(c, req, &h, k, &call);
	if (e == 0) e = client_run_until(c, &k->done);
	if (e < 0) {
		if (call && !k->done) k8c_call_cancel(call);
		k8c_reply_free(&k->reply);
		return e;
	}
	*ret = &k->reply;
	return 0;
}
