/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/utf8.h"

size_t utf8_len(const char *p, size_t n) {
	const unsigned char *s = (const unsigned char *)p;
	if (n == 0) return 0;
	if (s[0] < 0x80) return 1;
	size_t want = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
	if (want == 0 || n < want) return 0;
	for (size_t i = 1; i < want; i++)
		if ((s[i] & 0xc0) != 0x80) return 0;
	if (s[0] == 0xe0 && s[1] < 0xa0) return 0;
	if (s[0] == 0xed && s[1] > 0x9f) return 0;
	if (s[0] == 0xf0 && s[1] < 0x90) return 0;
	if (s[0] == 0xf4 && s[1] > 0x8f) return 0;
	return want;
}

uint32_t utf8_rune(const char *p, size_t len) {
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t r = (unsigned char)p[0] & mask[len];
	for (size_t i = 1; i < len; i++) r = r << 6 | ((unsigned char)p[i] & 0x3f);
	return r;
}

size_t utf8_put(uint32_t r, char out[4]) {
	if (r > 0x10ffff || (r >= 0xd800 && r <= 0xdfff)) r = 0xfffd;
	if (r < 0x80) {
		out[0] = (char)r;
		return 1;
	}
	size_t n = r < 0x800 ? 2 : r < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	for (size_t i = n - 1; i > 0; i--, r >>= 6) out[i] = (char)(0x80 | (r & 0x3f));
	out[0] = (char)(lead[n] | r);
	return n;
}

bool utf8_valid(struct slice s) {
	while (s.n) {
		size_t k = utf8_len(s.p, s.n);
		if (k == 0) return false;
		s.p += k, s.n -= k;
	}
	return true;
}
