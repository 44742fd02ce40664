/* SPDX-License-Identifier: Apache-2.0 */
#include "access/quote.h"

#include "codec/utf8.h"

static void put_ascii(struct buf *b, unsigned char c) {
	static const char named[] = "abtnvfr"; /* 7 to 13 */
	if (c == '"' || c == '\\') buf_printf(b, "\\%c", c);
	else if (c >= 7 && c <= 13) buf_printf(b, "\\%c", named[c - 7]);
	else if (c < 0x20 || c == 0x7f) buf_printf(b, "\\x%02x", c);
	else buf_putc(b, (char)c);
}

static bool printable(uint32_t r) {
	return r > 0xa0 && r != 0xad && r != 0x2028 && r != 0x2029 && r != 0xfeff && !(r >= 0xe000 && r < 0xf900) && r != 0x3000 &&
	       !(r >= 0x2000 && r < 0x2010);
}

/* Nothing to escape: nearly always. */
static bool plain(struct slice s) {
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') return false;
	}
	return true;
}

int quote_put(struct buf *b, struct slice s) {
	buf_putc(b, '"');
	if (plain(s)) {
		buf_put_slice(b, s);
		return buf_putc(b, '"');
	}
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		size_t len = utf8_len(s.p + i, s.n - i);
		uint32_t r = len > 1 ? utf8_rune(s.p + i, len) : c;
		if (c < 0x80) put_ascii(b, c);
		else if (len == 0) buf_printf(b, "\\x%02x", c);
		else if (printable(r)) buf_put(b, s.p + i, len);
		else buf_printf(b, r > 0xffff ? "\\U%08x" : "\\u%04x", r);
		i += len ? len : 1;
	}
	return buf_putc(b, '"');
}

int quote_put_list(struct buf *b, const struct slice *v, size_t n) {
	buf_putc(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i) buf_putc(b, ' ');
		quote_put(b, v[i]);
	}
	return buf_putc(b, ']');
}
