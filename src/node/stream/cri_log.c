/* SPDX-License-Identifier: Apache-2.0 */
#include "node/stream/cri_log.h"
#include "codec/timestamp.h"

void cri_log_init(struct cri_log *l, const struct cri_log_options *o) { *l = (struct cri_log){ .o = *o, .left = o->limit_bytes }; }

static bool is_before(const struct cri_log *l, struct slice time) {
	_cleanup_arena_ struct arena *a = arena_new(64 * 1024);
	struct timestamp t;
	if (l->o.since_ns <= 0 || !a || timestamp_parse(a, time, &t, NULL) < 0) return false;
	return t.sec * 1000000000ll + t.nsec < l->o.since_ns;
}

/* As much as the limit leaves. 1: it is used up. */
static int put(struct cri_log *l, struct slice s, struct buf *out) {
	if (l->left >= 0) s = slice_upto(s, (size_t)l->left);
	int r = buf_put_slice(out, s);
	if (r < 0) return r;
	if (l->left >= 0) l->left -= (int64_t)s.n;
	return l->left == 0 ? 1 : 0;
}

int cri_log_line(struct cri_log *l, struct slice line, struct buf *out) {
	struct slice rest = line, time = slice_cut(&rest, ' '), stream = slice_cut(&rest, ' '), tag = slice_cut(&rest, ' ');
	bool full = slice_eqs(tag, "F");
	int r = 0;
	if ((!slice_eqs(stream, "stdout") && !slice_eqs(stream, "stderr")) || (!full && !slice_eqs(tag, "P")) || is_before(l, time)) return 0;
	if (l->left == 0) return 1;
	if (l->o.timestamps && !l->in_line) {
		r = put(l, time, out);
		if (r == 0) r = put(l, SLICE_LIT(" "), out);
	}
	if (r == 0) r = put(l, rest, out);
	if (r == 0 && full) r = put(l, SLICE_LIT("\n"), out);
	l->in_line = !full;
	return r;
}

static bool ends_line(struct slice line) {
	(void)slice_cut(&line, ' ');
	(void)slice_cut(&line, ' ');
	return slice_eqs(slice_cut(&line, ' '), "F");
}

size_t cri_log_tail(struct slice file, int64_t n) {
	size_t end = file.n, begin = file.n;
	if (n < 0) return 0;
	if (end && file.p[end - 1] == '\n') end--;
	/* Backwards, line by line: the (n+1)-th end of a line from behind is not ours any more. */
	for (int64_t seen = 0; end > 0 || begin == file.n;) {
		const char *nl = end ? memrchr(file.p, '\n', end) : NULL;
		size_t start = nl ? (size_t)(nl - file.p) + 1 : 0;
		if (ends_line(slice_make(file.p + start, end - start)) && seen++ == n) return begin;
		begin = start;
		if (start == 0) return 0;
		end = start - 1;
	}
	return begin;
}
