/* SPDX-License-Identifier: Apache-2.0 */
#include "node/grpc_check.h"

#include "codec/duration.h"

#include <errno.h>

#define FRAME_HEAD 5u
#define ANSWER_MAX (4u * KIB)
#define SERVICE_MAX (64u * KIB)
#define STATUS_FIELD 1u
#define SERVICE_FIELD 1u
#define SERVING 1u
#define GRPC_UNIMPLEMENTED "12"

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct grpc_check {
	struct arena *arena;
	struct net_call *call;
	struct buf body;
	const char *address, *grpc_status, *grpc_message;
	uint32_t timeout_ms;
	int http_status;
	void (*done)(void *, bool, const char *);
	void *ctx;
};

/* ==== messages ==== */

static void put_varint(struct buf *b, uint64_t v) {
	for (; v > 0x7f; v >>= 7) buf_putc(b, (char)(v | 0x80));
	buf_putc(b, (char)v);
}

int grpc_check_request(struct buf *b, struct slice service) {
	_cleanup_buf_ struct buf m = BUF_INIT(SERVICE_MAX + 16);
	if (service.n) {
		put_varint(&m, SERVICE_FIELD << 3 | WIRE_BYTES);
		put_varint(&m, service.n);
		buf_put_slice(&m, service);
	}
	struct slice message = buf_slice(&m);
	buf_putc(b, 0);
	for (int shift = 24; shift >= 0; shift -= 8) buf_putc(b, (char)(message.n >> shift));
	buf_put_slice(b, message);
	return buf_err(&m) ? buf_err(&m) : buf_err(b);
}

static int take_varint(struct slice *s, uint64_t *ret) {
	uint64_t v = 0;
	for (unsigned shift = 0; s->n && shift < 64; shift += 7) {
		unsigned char c = (unsigned char)s->p[0];
		*s = slice_from(*s, 1);
		v |= (uint64_t)(c & 0x7f) << shift;
		if (c & 0x80) continue;
		*ret = v;
		return 0;
	}
	return -EBADMSG;
}

static int take_value(struct slice *s, unsigned wire, uint64_t *ret) {
	uint64_t n = wire == WIRE_FIXED64 ? 8 : wire == WIRE_FIXED32 ? 4 : 0;
	*ret = 0;
	if (wire == WIRE_VARINT) return take_varint(s, ret);
	if (wire == WIRE_BYTES && take_varint(s, &n) < 0) return -EBADMSG;
	if ((n == 0 && wire != WIRE_BYTES) || n > s->n) return -EBADMSG;
	*s = slice_from(*s, (size_t)n);
	return 0;
}

int grpc_check_status(struct slice body, uint64_t *ret_status) {
	uint64_t tag, value, status = 0;
	size_t length = 0;
	if (body.n < FRAME_HEAD || body.p[0] != 0) return -EBADMSG;
	for (size_t i = 1; i < FRAME_HEAD; i++) length = length << 8 | (unsigned char)body.p[i];
	if (length > body.n - FRAME_HEAD) return -EBADMSG;
	struct slice rest = slice_upto(slice_from(body, FRAME_HEAD), length);
	while (rest.n) {
		if (take_varint(&rest, &tag) < 0 || take_value(&rest, (unsigned)(tag & 7), &value) < 0) return -EBADMSG;
		if (tag == (STATUS_FIELD << 3 | WIRE_VARINT)) status = value;
	}
	*ret_status = status;
	return 0;
}

/* ==== the call ==== */

int grpc_check_client_new(struct loop *l, struct net_client **ret) {
	struct net_client_options o = { .http2_prior = true };
	return net_client_new(l, &o, ret);
}

static const char *header_copy(struct grpc_check *g, const struct http_response_head *head, const char *name) {
	struct slice v = http_headers_get(&head->headers, name);
	return v.p ? arena_slice_str(g->arena, v) : NULL;
}

static void on_head(void *ctx, struct net_call *c, const struct http_response_head *head) {
	struct grpc_check *g = ctx;
	g->http_status = head->status;
	/* There when the server has nothing else to say. */
	g->grpc_status = header_copy(g, head, "grpc-status");
	g->grpc_message = header_copy(g, head, "grpc-message");
}

/* What is beyond the buffer's limit is not needed: the status is at the start. */
static void on_data(void *ctx, struct net_call *c, struct slice bytes) {
	struct grpc_check *g = ctx;
	buf_put_slice(&g->body, slice_upto(bytes, ANSWER_MAX - buf_slice(&g->body).n));
}

static const char *unhealthy(struct grpc_check *g) {
	static const char *const names[] = { "UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN" };
	uint64_t status;
	const char *message = g->grpc_message ? g->grpc_message : "";
	if (g->grpc_status && strcmp(g->grpc_status, GRPC_UNIMPLEMENTED) == 0)
		return arena_printf(
			g->arena, "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): %s", message);
	if (g->grpc_status && strcmp(g->grpc_status, "0") != 0)
		return arena_printf(g->arena, "error: health rpc probe failed: rpc error: code = %s desc = %s", g->grpc_status, message);
	if (g->http_status != 200 || grpc_check_status(buf_slice(&g->body), &status) < 0)
		return arena_printf(g->arena, "error: health rpc probe failed: unexpected answer with HTTP status code %d", g->http_status);
	if (status == SERVING) return NULL;
	return status < ELEMENTSOF(names)
		       ? arena_printf(g->arena, "service unhealthy (responded with \"%s\")", names[status])
		       : arena_printf(g->arena, "service unhealthy (responded with \"%llu\")", (unsigned long long)status);
}

static const char *unanswered(struct grpc_check *g, int err, const char *msg) {
	char limit[DURATION_TEXT];
	duration_format((int64_t)g->timeout_ms * 1000000, limit);
	if (g->http_status) return arena_printf(g->arena, "timeout: health rpc did not complete within %s", limit);
	return arena_printf(g->arena, "timeout: failed to connect service \"%s\" within %s: %s", g->address, limit,
			    err == -ETIMEDOUT || !msg ? "context deadline exceeded" : msg);
}

static void on_done(void *ctx, int err, const char *msg) {
	struct grpc_check *g = ctx;
	const char *why = err < 0 ? unanswered(g, err, msg) : unhealthy(g);
	if (g->done) g->done(g->ctx, !why, why);
	buf_done(&g->body);
	arena_free(g->arena);
}

static int head_make(struct arena *a, const char *user_agent, struct http_request_head *head) {
	const struct { const char *name, *value; } headers[] = {
		{ "content-type", "application/grpc" }, { "te", "trailers" }, { "user-agent", user_agent },
	};
	int r = 0;
	head->method = SLICE_LIT("POST");
	head->target = SLICE_LIT("/grpc.health.v1.Health/Check");
	for (size_t i = 0; i < ELEMENTSOF(headers) && r == 0; i++)
		r = http_headers_add(a, &head->headers, slice_str(headers[i].name), slice_str(headers[i].value));
	return r;
}

int grpc_check_start(struct net_client *client, const char *ip, uint16_t port, struct slice service, const char *user_agent,
		     uint32_t timeout_ms, void (*done)(void *, bool, const char *), void *ctx, struct grpc_check **ret) {
	static const struct net_call_handler handler = { .on_head = on_head, .on_data = on_data, .on_done = on_done };
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf body = BUF_INIT(SERVICE_MAX + 64);
	struct grpc_check *g = a ? arena_new_of(a, struct grpc_check) : NULL;
	struct http_request_head head = { 0 };
	if (!g) return -ENOMEM;
	*g = (struct grpc_check){ .arena = a, .body = BUF_INIT(ANSWER_MAX), .timeout_ms = timeout_ms, .done = done, .ctx = ctx };
	g->address = arena_printf(a, strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip, port);
	const char *url = g->address ? arena_printf(a, "http://%s", g->address) : NULL;
	int r = url ? head_make(a, user_agent, &head) : -ENOMEM;
	if (r == 0) r = grpc_check_request(&body, service);
	if (r == 0) r = net_call_start(client, url, &head, buf_slice(&body), timeout_ms, &handler, g, &g->call);
	if (r < 0) return r;
	a = NULL;
	*ret = g;
	return 0;
}

void grpc_check_cancel(struct grpc_check *g) {
	g->done = NULL;
	net_call_cancel(g->call);
}
