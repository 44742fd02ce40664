/* SPDX-License-Identifier: Apache-2.0 */
/* First byte: side and step. Messages that come out are taken apart as Kubernetes channels too. */
#include "wire/kube_channel.h"

struct story {
	uint64_t hash;
	size_t n;
};

static int on_message(void *ctx, enum ws_opcode op, struct slice m) {
	static const char *const names[] = { "v5.channel.k8s.io", "base64.channel.k8s.io" };
	struct story *s = ctx;
	s->n++;
	s->hash = s->hash * 31 + op;
	for (size_t i = 0; i < m.n; i++) s->hash = (s->hash ^ (unsigned char)m.p[i]) * 1099511628211u;
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		_cleanup_buf_ struct buf scratch = BUF_INIT(1 << 20);
		unsigned channel;
		struct slice data;
		(void)kube_channel_split(kube_protocol_named(slice_str(names[i])), m, &scratch, &channel, &data);
	}
	return 0;
}
static const struct ws_handler handler = { on_message };

static int tell(bool from_client, struct slice t, size_t step, struct story *s) {
	struct ws_reader *r = ws_reader_new(from_client, 65536, &handler, s);
	int e = 0;
	for (size_t at = 0; at < t.n && e == 0; at += step) e = ws_feed(r, slice_upto(slice_from(t, at), step));
	int code = ws_close_code(r);
	ws_reader_free(r);
	return e < 0 ? code : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
	if (n < 1) return 0;
	struct story whole = { 0 }, steps = { 0 };
	struct slice t = slice_make(p + 1, n - 1);
	int a = tell(p[0] & 1, t, SIZE_MAX / 2, &whole), b = tell(p[0] & 1, t, (p[0] >> 1) + 1u, &steps);
	if (a != b || whole.hash != steps.hash || whole.n != steps.n) abort();
	return 0;
}
