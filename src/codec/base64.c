/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/base64.h"

#include <errno.h>

static const char alphabet[2][65] = {
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

static bool is_url(enum base64_kind k) { return k == BASE64_URL || k == BASE64_RAW_URL; }
static bool is_padded(enum base64_kind k) { return k == BASE64_STD || k == BASE64_URL; }

int base64_encode(struct buf *b, enum base64_kind kind, struct slice in) {
	const char *abc = alphabet[is_url(kind)];
	const unsigned char *p = (const unsigned char *)in.p;
	if (buf_reserve(b, (in.n + 2) / 3 * 4) < 0) return b->err;
	char *out = b->p + b->n;
	for (size_t n = in.n; n; p += n < 3 ? n : 3, n -= n < 3 ? n : 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);
		*out++ = abc[v >> 18];
		*out++ = abc[v >> 12 & 63];
		if (n > 1) *out++ = abc[v >> 6 & 63];
		else if (is_padded(kind)) *out++ = '=';
		if (n > 2) *out++ = abc[v & 63];
		else if (is_padded(kind)) *out++ = '=';
	}
	b->n = (size_t)(out - b->p);
	return 0;
}

static int sextet(unsigned char c, bool url) {
	if (c >= 'A' && c <= 'Z') return c - 'A';
	if (c >= 'a' && c <= 'z') return c - 'a' + 26;
	if (c >= '0' && c <= '9') return c - '0' + 52;
	if (c == (url ? '-' : '+')) return 62;
	if (c == (url ? '_' : '/')) return 63;
	return -1;
}

struct decoder {
	struct slice in;
	size_t at;
	enum base64_kind kind;
	size_t bad;
};

static bool is_newline(char c) { return c == '\n' || c == '\r'; }
static void newlines(struct decoder *d) {
	while (d->at < d->in.n && is_newline(d->in.p[d->at])) d->at++;
}

static int corrupt(struct decoder *d, size_t at) {
	d->bad = at;
	return -EBADMSG;
}

/* The '=' after j sextets has been read: checks what may follow. Returns j, with d->bad set when there is more text. */
static int padding(struct decoder *d, int j) {
	if (j < 2) return corrupt(d, d->at - 1);
	if (j == 2) {
		newlines(d);
		if (d->at == d->in.n) return corrupt(d, d->in.n);
		if (d->in.p[d->at] != '=') return corrupt(d, d->at - 1);
		d->at++;
	}
	newlines(d);
	if (d->at < d->in.n) d->bad = d->at;
	else d->bad = SIZE_MAX;
	return j;
}

/* Up to four sextets into v; returns how many, or -EBADMSG. *ret_last: padding or the end came. */
static int quantum(struct decoder *d, uint32_t *v, bool *ret_last) {
	int j = 0;
	while (j < 4) {
		if (d->at == d->in.n) {
			*ret_last = true;
			if (j == 1 || (j && is_padded(d->kind))) return corrupt(d, d->at - (size_t)j);
			return j;
		}
		unsigned char c = (unsigned char)d->in.p[d->at++];
		int s = sextet(c, is_url(d->kind));
		if (s >= 0) {
			*v |= (uint32_t)s << (18 - 6 * j++);
		} else if (!is_newline((char)c)) {
			*ret_last = true;
			if (c != '=' || !is_padded(d->kind)) return corrupt(d, d->at - 1);
			return padding(d, j);
		}
	}
	return j;
}

int base64_decode(struct buf *b, enum base64_kind kind, struct slice text, size_t *ret_at) {
	struct decoder d = { text, 0, kind, SIZE_MAX };
	for (bool last = false; !last;) {
		uint32_t v = 0;
		int j = quantum(&d, &v, &last);
		if (j > 1) {
			const char out[3] = { (char)(v >> 16), (char)(v >> 8), (char)v };
			if (buf_put(b, out, (size_t)j - 1) < 0) return b->err;
		}
		if (j >= 0 && d.bad == SIZE_MAX) continue;
		if (ret_at) *ret_at = d.bad;
		return -EBADMSG;
	}
	return 0;
}

int base64_decode_new(struct arena *a, enum base64_kind kind, struct slice text, struct slice *ret) {
	size_t at;
	_cleanup_buf_ struct buf b = BUF_INIT(base64_decoded_max(text.n));
	int r = base64_decode(&b, kind, text, &at);
	if (r < 0) return r == -EBADMSG ? r : -ENOMEM;
	struct slice bytes = arena_slice_dup(a, buf_slice(&b));
	if (!bytes.p) return -ENOMEM;
	*ret = bytes;
	return 0;
}
