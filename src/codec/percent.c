/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/percent.h"
#include "codec/goquote.h"

#include <errno.h>

static int hex(char c) {
	if (c >= '0' && c <= '9') return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') return (c | 0x20) - 'a' + 10;
	return -1;
}

static int fault(struct arena *a, struct slice at, const char **ret_msg) {
	if (!ret_msg) return -EBADMSG;
	const char *q = goquote(a, slice_upto(at, 3));
	*ret_msg = q ? arena_printf(a, "invalid URL escape %s", q) : NULL;
	return *ret_msg ? -EBADMSG : -ENOMEM;
}

static int decode(struct arena *a, struct slice s, bool plus, struct slice *ret, const char **ret_msg) {
	size_t i = 0;
	while (i < s.n && s.p[i] != '%' && !(plus && s.p[i] == '+')) i++;
	if (i == s.n) {
		*ret = s.p ? s : SLICE_LIT("");
		return 0;
	}
	char *out = arena_alloc(a, s.n + 1), *q = out;
	if (!out) return -ENOMEM;
	for (i = 0; i < s.n; i++) {
		if (s.p[i] != '%') {
			*q++ = plus && s.p[i] == '+' ? ' ' : s.p[i];
			continue;
		}
		int hi = i + 1 < s.n ? hex(s.p[i + 1]) : -1, lo = i + 2 < s.n ? hex(s.p[i + 2]) : -1;
		if (hi < 0 || lo < 0) return fault(a, slice_from(s, i), ret_msg);
		*q++ = (char)(hi << 4 | lo);
		i += 2;
	}
	*q = 0;
	*ret = slice_make(out, (size_t)(q - out));
	return 0;
}

int percent_decode_path(struct arena *a, struct slice text, struct slice *ret, const char **ret_msg) {
	return decode(a, text, false, ret, ret_msg);
}
int percent_decode_query(struct arena *a, struct slice text, struct slice *ret, const char **ret_msg) {
	return decode(a, text, true, ret, ret_msg);
}

static bool unreserved(char c) {
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("-_.~", c));
}

static int encode(struct buf *b, struct slice s, const char *also_plain, bool plus) {
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (unreserved((char)c) || (c && strchr(also_plain, c))) buf_putc(b, (char)c);
		else if (plus && c == ' ') buf_putc(b, '+');
		else buf_put(b, (char[]){ '%', digits[c >> 4], digits[c & 15] }, 3);
	}
	return b->err;
}

int percent_encode_path(struct buf *b, struct slice text) { return encode(b, text, "$&+:=@", false); }
int percent_encode_query(struct buf *b, struct slice text) { return encode(b, text, "", true); }
