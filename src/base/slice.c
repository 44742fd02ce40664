/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slice.h"

#include <errno.h>

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

bool slice_ieq(struct slice a, struct slice b) {
	if (a.n != b.n) return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i])) return false;
	return true;
}

ptrdiff_t slice_chr(struct slice a, char c) {
	const char *q = a.n ? memchr(a.p, c, a.n) : NULL;
	return q ? q - a.p : -1;
}

ptrdiff_t slice_find(struct slice a, struct slice needle) {
	if (needle.n == 0) return 0;
	const char *q = a.n ? memmem(a.p, a.n, needle.p, needle.n) : NULL;
	return q ? q - a.p : -1;
}

struct slice slice_cut(struct slice *rest, char sep) {
	struct slice whole = *rest;
	ptrdiff_t at = slice_chr(whole, sep);
	if (at < 0) {
		*rest = SLICE_NULL;
		return whole;
	}
	*rest = slice_make(whole.p + at + 1, whole.n - (size_t)at - 1);
	return slice_make(whole.p, (size_t)at);
}

struct slice slice_trim(struct slice a) {
	while (a.n && (*a.p == ' ' || *a.p == '\t')) a.p++, a.n--;
	while (a.n && (a.p[a.n - 1] == ' ' || a.p[a.n - 1] == '\t')) a.n--;
	return a;
}

int slice_uint(struct slice a, uint64_t max, uint64_t *ret) {
	uint64_t v = 0;
	if (a.n == 0) return -EINVAL;
	for (size_t i = 0; i < a.n; i++) {
		if (a.p[i] < '0' || a.p[i] > '9') return -EINVAL;
		if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, (uint64_t)(a.p[i] - '0'), &v))
			return -ERANGE;
	}
	if (v > max) return -ERANGE;
	*ret = v;
	return 0;
}

int slice_int(struct slice a, int64_t min, int64_t max, int64_t *ret) {
	bool neg = a.n && a.p[0] == '-';
	uint64_t mag;
	int r;
	if (a.n && (a.p[0] == '-' || a.p[0] == '+')) a = slice_from(a, 1);
	r = slice_uint(a, (uint64_t)INT64_MAX + (neg ? 1u : 0u), &mag);
	if (r < 0) return r;
	int64_t v = neg ? (int64_t)(0 - mag) : (int64_t)mag;
	if (v < min || v > max) return -ERANGE;
	*ret = v;
	return 0;
}
