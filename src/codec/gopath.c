/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/gopath.h"

#include <errno.h>

/* Takes the last element off; "/" stays, and so do the leading ".." of a path without root. */
static bool pop(const char *out, size_t *n, bool rooted) {
	struct slice done = slice_make(out, *n);
	if (*n == (rooted ? 1u : 0u)) return rooted;
	if (slice_eqs(done, "..") || slice_ends(done, SLICE_LIT("/.."))) return false;
	while (*n && out[*n - 1] != '/') (*n)--;
	if (*n > 1 || (*n == 1 && !rooted)) (*n)--;
	return true;
}

int gopath_clean(struct arena *a, struct slice path, struct slice *ret) {
	char *out = arena_alloc(a, path.n + 3);
	if (!out) return -ENOMEM;
	bool rooted = path.n && path.p[0] == '/';
	size_t n = 0;
	if (rooted) out[n++] = '/';
	while (path.n) {
		struct slice part = slice_cut(&path, '/');
		if (part.n == 0 || slice_eqs(part, ".")) continue;
		if (slice_eqs(part, "..") && pop(out, &n, rooted)) continue;
		if (n && out[n - 1] != '/') out[n++] = '/';
		memcpy(out + n, part.p, part.n);
		n += part.n;
	}
	if (n == 0) out[n++] = '.';
	out[n] = 0;
	*ret = slice_make(out, n);
	return 0;
}

int gopath_join(struct arena *a, struct slice head, struct slice tail, struct slice *ret) {
	if (!head.n && !tail.n) {
		*ret = SLICE_LIT("");
		return 0;
	}
	char *both = arena_alloc(a, head.n + tail.n + 2);
	if (!both) return -ENOMEM;
	size_t n = 0;
	if (head.n) memcpy(both, head.p, n = head.n);
	if (head.n && tail.n) both[n++] = '/';
	if (tail.n) memcpy(both + n, tail.p, tail.n);
	struct slice clean;
	int e = gopath_clean(a, slice_make(both, n + tail.n), &clean);
	if (e < 0) return e;
	/* Cleaning leaves room for two bytes more. */
	if (slice_ends(tail, SLICE_LIT("/")) && !slice_ends(clean, SLICE_LIT("/"))) ((char *)(uintptr_t)clean.p)[clean.n++] = '/';
	*ret = clean;
	return 0;
}

static bool is_plain(char c) {
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("-_.~$&+,/:;=@", c));
}

int gopath_escape(struct arena *a, struct slice path, struct slice *ret) {
	static const char digits[] = "0123456789ABCDEF";
	char *out = arena_alloc(a, 3 * path.n + 1), *q = out;
	if (!out) return -ENOMEM;
	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];
		if (is_plain((char)c)) {
			*q++ = (char)c;
			continue;
		}
		*q++ = '%', *q++ = digits[c >> 4], *q++ = digits[c & 15];
	}
	*q = 0;
	*ret = slice_make(out, (size_t)(q - out));
	return 0;
}
