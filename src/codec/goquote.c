/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/goquote.h"
#include "codec/utf8.h"

#include <stdio.h>

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

const char *goquote(struct arena *a, struct slice s) {
	/* The longest escape is \U0010ffff for four bytes, and \xff for one. */
	char *out = arena_alloc(a, s.n * 4 + 3), *q = out;
	if (!out) return NULL;
	*q++ = '"';
	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_len(s.p + i, s.n - i);
		if (len) q = put_rune(q, s.p + i, len);
		else q += snprintf(q, 5, "\\x%02x", (unsigned char)s.p[i]);
		i += len ? len : 1;
	}
	*q++ = '"';
	*q = 0;
	return out;
}
