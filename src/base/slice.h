/* SPDX-License-Identifier: Apache-2.0 */
/* A borrowed run of bytes: not owned, not NUL-terminated. p may be NULL only when n is 0. */
#pragma once

#include "base/compiler.h"

#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

#define SLICE_LIT(s) ((struct slice){ ("" s), sizeof(s) - 1 })
#define SLICE_NULL ((struct slice){ NULL, 0 })
/* For printf's "%.*s". */
#define SLICE_FMT(s) (int)(s).n, ((s).p ? (s).p : "")

static inline struct slice slice_make(const void *p, size_t n) { return (struct slice){ p, n }; }
static inline struct slice slice_str(const char *s) { return (struct slice){ s, s ? strlen(s) : 0 }; }
static inline bool slice_empty(struct slice a) { return a.n == 0; }

static inline bool slice_eq(struct slice a, struct slice b) {
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool slice_eqs(struct slice a, const char *s) { return slice_eq(a, slice_str(s)); }

static inline int slice_cmp(struct slice a, struct slice b) {
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : (a.n > b.n) - (a.n < b.n);
}
static inline bool slice_starts(struct slice a, struct slice prefix) {
	return a.n >= prefix.n && (prefix.n == 0 || memcmp(a.p, prefix.p, prefix.n) == 0);
}
static inline bool slice_ends(struct slice a, struct slice suffix) {
	return a.n >= suffix.n && (suffix.n == 0 || memcmp(a.p + a.n - suffix.n, suffix.p, suffix.n) == 0);
}
/* ASCII case-insensitive equality (header names, the Bearer scheme). */
bool slice_ieq(struct slice a, struct slice b);
/* Index of the first `c`, or -1. */
ptrdiff_t slice_chr(struct slice a, char c);
/* Index of the first occurrence of `needle`, or -1. */
ptrdiff_t slice_find(struct slice a, struct slice needle);
static inline struct slice slice_from(struct slice a, size_t i) {
	return i >= a.n ? SLICE_NULL : (struct slice){ a.p + i, a.n - i };
}
static inline struct slice slice_upto(struct slice a, size_t n) { return (struct slice){ a.p, n < a.n ? n : a.n }; }
/* Cuts at the first `sep`: returns what stands before it and leaves the rest in *rest (SLICE_NULL when there is none). */
struct slice slice_cut(struct slice *rest, char sep);
/* Blanks and tabs off both ends. */
struct slice slice_trim(struct slice a);
/* Decimal integer, the whole slice, within [min, max]. 0 or -EINVAL / -ERANGE; *ret is set only on success. */
int slice_int(struct slice a, int64_t min, int64_t max, int64_t *ret);
int slice_uint(struct slice a, uint64_t max, uint64_t *ret);
