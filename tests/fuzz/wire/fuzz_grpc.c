/* SPDX-License-Identifier: Apache-2.0 */
/* The same bytes at once and in pieces give the same messages. */
#include "wire/grpc.h"

struct sum { uint64_t hash, n; };

static int on_message(void *ctx, struct slice m) {
	struct sum *s = ctx;
	s->n++;
	s->hash = s->hash * 31 + m.n;
	for (size_t i = 0; i < m.n; i++) s->hash = s->hash * 131 + (unsigned char)m.p[i];
	return 0;
}

static int run(struct slice bytes, size_t step, struct sum *s) {
	struct grpc_reader r;
	int err = 0;
	grpc_reader_init(&r, 1 << 16);
	for (size_t at = 0; at < bytes.n && err == 0; at += step) err = grpc_feed(&r, slice_upto(slice_from(bytes, at), step), on_message, s);
	grpc_reader_done(&r);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
	if (n < 2) return 0;
	struct sum whole = { 0 }, pieces = { 0 };
	struct slice bytes = slice_make(p + 1, n - 1);
	int a = run(bytes, bytes.n, &whole), b = run(bytes, (size_t)p[0] + 1, &pieces);
	if (a != b || whole.n != pieces.n || whole.hash != pieces.hash) abort();
	return 0;
}
