/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/grpc.h"

#include <errno.h>

#define HEAD_BYTES 5u
#define CODE_MAX 1000

int grpc_put(struct buf *b, struct slice message) {
	if (message.n > UINT32_MAX) return b->err = b->err ? b->err : -E2BIG;
	buf_putc(b, 0);
	for (int shift = 24; shift >= 0; shift -= 8) buf_putc(b, (char)(message.n >> shift));
	return buf_put_slice(b, message);
}

void grpc_reader_init(struct grpc_reader *r, size_t max) { *r = (struct grpc_reader){ .held = BUF_INIT(max + HEAD_BYTES), .max = max }; }
void grpc_reader_done(struct grpc_reader *r) { buf_done(&r->held); }

/* The length of the message that `s` begins with. 1; 0: more bytes are needed to know; -EBADMSG, -EMSGSIZE. */
static int message_length(const struct grpc_reader *r, struct slice s, size_t *ret) {
	size_t n = 0;
	if (s.n && s.p[0] != 0) return -EBADMSG;
	if (s.n < HEAD_BYTES) return 0;
	for (size_t i = 1; i < HEAD_BYTES; i++) n = n << 8 | (unsigned char)s.p[i];
	if (n > r->max) return -EMSGSIZE;
	*ret = n;
	return 1;
}

/* Delivers the whole messages in front of *s. 0 or negative; *ret_need: bytes that the next one is long, with its head (0: unknown). */
static int deliver(const struct grpc_reader *r, struct slice *s, size_t *ret_need, int (*on_message)(void *, struct slice), void *ctx) {
	size_t n = 0;
	int got;
	*ret_need = 0;
	while ((got = message_length(r, *s, &n)) > 0) {
		*ret_need = n + HEAD_BYTES;
		if (s->n < *ret_need) return 0;
		int err = on_message(ctx, slice_upto(slice_from(*s, HEAD_BYTES), n));
		if (err < 0) return err;
		*s = slice_from(*s, *ret_need);
		*ret_need = 0;
	}
	return got;
}

/* What completes the held message, and no more. */
static struct slice take_missing(struct grpc_reader *r, struct slice *bytes) {
	size_t n = 0, want = HEAD_BYTES;
	if (message_length(r, buf_slice(&r->held), &n) > 0) want += n;
	struct slice piece = slice_upto(*bytes, want > r->held.n ? want - r->held.n : 0);
	*bytes = slice_from(*bytes, piece.n);
	return piece;
}

int grpc_feed(struct grpc_reader *r, struct slice bytes, int (*on_message)(void *, struct slice), void *ctx) {
	size_t need;
	int err = 0;
	while (r->held.n && bytes.n && err == 0) {
		err = buf_put_slice(&r->held, take_missing(r, &bytes));
		struct slice s = buf_slice(&r->held);
		if (err == 0) err = deliver(r, &s, &need, on_message, ctx);
		if (err == 0 && s.n == 0) buf_done(&r->held);
		else if (err == 0 && need) err = buf_reserve(&r->held, need - r->held.n);
	}
	if (err == 0 && !r->held.n) err = deliver(r, &bytes, &need, on_message, ctx);
	if (err == 0 && bytes.n) err = buf_put_slice(&r->held, bytes);
	return err;
}

int grpc_status(const struct http_headers *h, int *ret_code, struct slice *ret_message) {
	struct slice text = http_headers_get(h, "grpc-status");
	int64_t code;
	if (!text.p) return -ENOENT;
	if (slice_int(text, 0, CODE_MAX, &code) < 0) return -EBADMSG;
	*ret_code = (int)code;
	*ret_message = http_headers_get(h, "grpc-message");
	return 0;
}
