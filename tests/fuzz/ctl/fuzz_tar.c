/* SPDX-License-Identifier: Apache-2.0 */
/* First byte: the step. The same bytes in one piece and in steps must tell the same entries. */
#include "ctl/tar.h"

struct story { uint64_t hash; };

static void mix(struct story *s, const char *p, size_t n) {
	for (size_t i = 0; i < n; i++) s->hash = (s->hash ^ (unsigned char)p[i]) * 1099511628211u;
}
static int on_entry(void *ctx, const struct tar_entry *e) {
	mix(ctx, e->name, strlen(e->name));
	mix(ctx, e->link, strlen(e->link));
	return 0;
}
static int on_data(void *ctx, struct slice b) { return mix(ctx, b.p, b.n), 0; }
static int on_end(void *ctx) { return mix(ctx, ";", 1), 0; }

static int run(struct slice s, size_t step, struct story *story) {
	static const struct tar_handler h = { on_entry, on_data, on_end };
	struct tar_reader r;
	int e = 0;
	tar_reader_init(&r, &h, story);
	while (s.n && e == 0) {
		struct slice part = slice_upto(s, step);
		e = tar_feed(&r, part);
		s = slice_from(s, part.n);
	}
	if (e == 0 && tar_complete(&r)) e = 1;
	tar_reader_done(&r);
	return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct story whole = { 0 }, pieces = { 0 };
	if (size < 1) return 0;
	struct slice s = slice_make(data + 1, size - 1);
	int a = run(s, s.n + 1, &whole), b = run(s, (size_t)data[0] + 1, &pieces);
	if (a != b || (a >= 0 && whole.hash != pieces.hash)) abort();
	return 0;
}
