/* SPDX-License-Identifier: Apache-2.0 */
/* First byte: the mode and the step. The same bytes in one piece and in steps must give the same values. */
#include "client/jsonslice.h"

#include <errno.h>

struct story { uint64_t hash; size_t n; };

static int on_value(void *ctx, const char *key, struct slice json) {
	struct story *s = ctx;
	struct slice raw;
	for (size_t i = 0; i < json.n; i++) s->hash = (s->hash ^ (unsigned char)json.p[i]) * 1099511628211u;
	s->n++;
	if (jsonslice_member(json, "metadata", &raw)) (void)jsonslice_plain(raw);
	return 0;
}

static int run(enum jsonstream_mode mode, struct slice s, size_t step, struct story *story) {
	struct jsonstream js;
	int r = 0;
	jsonstream_init(&js, mode, 1u << 20, on_value, story);
	while (s.n && r == 0) {
		struct slice part = slice_upto(s, step);
		r = jsonstream_feed(&js, part);
		s = slice_make(s.p + part.n, s.n - part.n);
	}
	if (r == 0 && jsonstream_complete(&js)) r = 1;
	jsonstream_done(&js);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct story whole = { 0 }, pieces = { 0 };
	if (size < 1) return 0;
	enum jsonstream_mode mode = data[0] & 1 ? JSONSTREAM_LIST : JSONSTREAM_VALUES;
	struct slice s = slice_make(data + 1, size - 1);
	int a = run(mode, s, s.n + 1, &whole), b = run(mode, s, (size_t)(data[0] >> 1) + 1, &pieces);
	if (a != b || whole.hash != pieces.hash || whole.n != pieces.n) abort();
	return 0;
}
