/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/goquote.h"
#include "codec/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool printable(uint32_t r) {
	if (r < 0x80) return r >= 0x20 && r != 0x7f;
	if (r < 0xa1 || r == 0xad) return false;
	if ((r >= 0x2000 && r <= 0x200f) || (r >= 0x2028 && r <= 0x202f) || (r >= 0x205f && r <= 0x206f)) return false;
	return r != 0x3000 && r != 0xfeff && !(r >= 0xe000 && r <= 0xf8ff) && !(r >= 0xfff0 && r <= 0xfffb) && r < 0xe0000;
}

static char *put_rune(char *q, const char *p, size_t len) {
	static const char named[] = "\a\b\f\n\r\t\v", letters[] = "abfnrtv";
	uint32_t r = utf8_rune(p, len);
	const char *n = r && r < 0x80 ? strchr(named, (int)r) : NULL;
	if (r == '"' || r == '\\') {
		*q++ = '\\';
		*q++ = (char)r;
		return q;
	}
	if (printable(r)) {
		memcpy(q, p, len);
		return q + len;
	}
	if (n) return q + snprintf(q, 3, "\\%c", letters[n - named]);
	if (r < 0x20 || r == 0x7f) return q + snprintf(q, 5, "\\x%02x", r);
	return q + snprintf(q, 11, r < 0x10000 ? "\\u%04x" : "\\U%08x", r);
}

/* The longest escape is \U0010ffff for four bytes, and \xff for one. */
static size_t quoted_max(struct slice s) { return s.n * 4 + 2; }

static char *put_quoted(char *q, struct slice s) {
	*q++ = '"';
	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_len(s.p + i, s.n - i);
		if (len) q = put_rune(q, s.p + i, len);
		else q += snprintf(q, 5, "\\x%02x", (unsigned char)s.p[i]);
		i += len ? len : 1;
	}
	*q++ = '"';
	return q;
}

const char *goquote(struct arena *a, struct slice s) {
	char *out = arena_alloc(a, quoted_max(s) + 1);
	if (out) *put_quoted(out, s) = 0;
	return out;
}

int goquote_put(struct buf *b, struct slice s) {
	char small[256];
	bool fits = quoted_max(s) < sizeof(small);
	char *out = fits ? small : malloc(quoted_max(s) + 1);
	if (!out) return b->err = -ENOMEM;
	int r = buf_put(b, out, (size_t)(put_quoted(out, s) - out));
	if (!fits) free(out);
	return r;
}

int goquote_put_list(struct buf *b, const struct slice *v, size_t n) {
	buf_putc(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i) buf_putc(b, ' ');
		goquote_put(b, v[i]);
	}
	return buf_putc(b, ']');
}
