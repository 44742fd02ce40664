/* SPDX-License-Identifier: Apache-2.0 */
/* First byte: requests or responses, and the step; the rest is a connection. The same bytes in one piece and in steps must
 * tell the same story. */
#include "wire/http1.h"

#include <errno.h>

struct story {
	uint64_t hash;
	size_t body;
	int heads, ends;
};

static void mix(struct story *s, struct slice b) {
	for (size_t i = 0; i < b.n; i++) s->hash = (s->hash ^ (unsigned char)b.p[i]) * 1099511628211u;
}

static void mix_headers(struct story *s, const struct http_headers *h) {
	s->heads++;
	for (size_t i = 0; i < h->n; i++) {
		mix(s, h->v[i].name);
		mix(s, h->v[i].value);
	}
}

static int on_request(void *ctx, const struct http_request_head *h, const struct http1_framing *f) {
	mix(ctx, h->method);
	mix(ctx, h->target);
	mix(ctx, h->authority);
	mix_headers(ctx, &h->headers);
	return 0;
}
static int on_response(void *ctx, const struct http_response_head *h, const struct http1_framing *f) {
	mix_headers(ctx, &h->headers);
	return 0;
}
static int on_body(void *ctx, struct slice b) {
	((struct story *)ctx)->body += b.n;
	mix(ctx, b);
	return 0;
}
static void on_end(void *ctx) { ((struct story *)ctx)->ends++; }
static const struct http1_handler handler = { on_request, on_response, on_body, on_end };

static void tell(enum http1_kind kind, struct slice t, size_t step, struct story *s) {
	struct http1_parser *p = http1_new(kind, &handler, s);
	struct arena *a = arena_new(1 << 24);
	http1_begin(p, a, SLICE_NULL);
	int ends = 0;
	while (t.n) {
		ssize_t n = http1_feed(p, slice_upto(t, step));
		const char *msg;
		if (n < 0) {
			if (n == -EPROTO && http1_error(p, &msg) < 400) abort();
			break;
		}
		t = slice_from(t, (size_t)n);
		if (s->ends > ends) {
			ends = s->ends;
			arena_free(a);
			a = arena_new(1 << 24);
			http1_begin(p, a, SLICE_NULL);
		} else if (n == 0) {
			abort();
		}
	}
	if (t.n == 0) (void)http1_finish(p);
	http1_free(p);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
	if (n < 1) return 0;
	struct story whole = { 0 }, steps = { 0 };
	enum http1_kind kind = p[0] & 1 ? HTTP1_RESPONSES : HTTP1_REQUESTS;
	tell(kind, slice_make(p + 1, n - 1), SIZE_MAX / 2, &whole);
	tell(kind, slice_make(p + 1, n - 1), (p[0] >> 1) + 1u, &steps);
	if (whole.hash != steps.hash || whole.body != steps.body || whole.heads != steps.heads || whole.ends != steps.ends) abort();
	return 0;
}
