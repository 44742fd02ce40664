/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/websocket.h"
#include "wire/wire_limits.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

/* ---- the handshake ---- */

#define WS_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define WS_KEY_SIZE 24u

void ws_accept(struct slice key, char out[WS_ACCEPT_SIZE]) {
	unsigned char text[WS_KEY_SIZE + sizeof(WS_GUID)], digest[SHA_DIGEST_LENGTH];
	size_t n = key.n < WS_KEY_SIZE ? key.n : WS_KEY_SIZE;
	if (n) memcpy(text, key.p, n);
	memcpy(text + n, WS_GUID, sizeof(WS_GUID) - 1);
	SHA1(text, n + sizeof(WS_GUID) - 1, digest);
	EVP_EncodeBlock((unsigned char *)out, digest, sizeof(digest));
}

static bool is_key(struct slice key) {
	if (key.n != WS_KEY_SIZE || key.p[22] != '=' || key.p[23] != '=') return false;
	for (size_t i = 0; i < 22; i++) {
		char c = key.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
		if (!ok) return false;
	}
	return true;
}

bool ws_is_request(const struct http_request_head *head) {
	const struct http_headers *h = &head->headers;
	return slice_eqs(head->method, "GET") && head->version == HTTP_11 && http_headers_token(h, "connection", "upgrade") &&
	       http_headers_token(h, "upgrade", "websocket") && slice_eqs(http_headers_get(h, "sec-websocket-version"), "13") &&
	       is_key(http_headers_get(h, "sec-websocket-key"));
}

const char *ws_choose_protocol(const struct http_headers *offered, const char *const *ours) {
	for (; *ours; ours++)
		if (http_headers_token(offered, "sec-websocket-protocol", *ours)) return *ours;
	return NULL;
}

/* ---- reading ---- */

struct ws_reader {
	const struct ws_handler *h;
	void *ctx;
	bool from_client;
	bool over; /* closed or failed */
	int code;
	unsigned char head[WS_FRAME_HEADER_MAX];
	size_t head_n;
	bool in_payload;
	enum ws_opcode op;      /* of the frame */
	enum ws_opcode message; /* of the fragmented message under way, WS_CONTINUATION when there is none */
	bool fin;
	uint64_t left; /* of the frame's payload */
	unsigned char mask[4];
	size_t mask_at;
	struct buf data, control;
};

struct ws_reader *ws_reader_new(bool from_client, size_t max, const struct ws_handler *h, void *ctx) {
	struct ws_reader *r = calloc(1, sizeof(*r));
	if (!r) return NULL;
	r->h = h;
	r->ctx = ctx;
	r->from_client = from_client;
	r->data = BUF_INIT(max ? max : WS_MESSAGE_MAX);
	r->control = BUF_INIT(WS_CONTROL_MAX);
	return r;
}

struct ws_reader *ws_reader_free(struct ws_reader *r) {
	if (!r) return NULL;
	buf_done(&r->data);
	buf_done(&r->control);
	free(r);
	return NULL;
}

int ws_close_code(const struct ws_reader *r) { return r->code; }

int ws_close_status(struct slice p) {
	return p.n < 2 ? WS_CLOSE_NO_STATUS : (unsigned char)p.p[0] << 8 | (unsigned char)p.p[1];
}

static int refuse(struct ws_reader *r, int code) {
	r->over = true;
	r->code = code;
	return -EPROTO;
}

/* Strict UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool is_utf8(struct slice s) {
	for (size_t i = 0; i < s.n;) {
		unsigned char c = (unsigned char)s.p[i];
		size_t more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : SIZE_MAX;
		if (more == SIZE_MAX || s.n - i <= more) return false;
		for (size_t k = 1; k <= more; k++)
			if (((unsigned char)s.p[i + k] & 0xc0) != 0x80) return false;
		unsigned char d = more ? (unsigned char)s.p[i + 1] : 0;
		if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) || (c == 0xf4 && d > 0x8f)) return false;
		i += more + 1;
	}
	return true;
}

static bool is_control(enum ws_opcode op) { return op >= WS_CLOSE; }

static bool is_close_code(int code) {
	return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) || (code >= 3000 && code <= 4999);
}

static int check_close(struct ws_reader *r) {
	struct slice p = buf_slice(&r->control);
	if (p.n == 1 || (p.n >= 2 && !is_close_code(ws_close_status(p)))) return refuse(r, WS_CLOSE_PROTOCOL);
	return is_utf8(slice_from(p, 2)) ? 0 : refuse(r, WS_CLOSE_BAD_DATA);
}

static int control_complete(struct ws_reader *r) {
	int e = r->op == WS_CLOSE ? check_close(r) : 0;
	if (e < 0) return e;
	if (r->op == WS_CLOSE) r->over = true;
	e = r->h->on_message(r->ctx, r->op, buf_slice(&r->control));
	buf_clear(&r->control);
	return e;
}

static int message_complete(struct ws_reader *r) {
	enum ws_opcode op = r->message;
	r->message = WS_CONTINUATION;
	if (op == WS_TEXT && !is_utf8(buf_slice(&r->data))) return refuse(r, WS_CLOSE_BAD_DATA);
	int e = r->h->on_message(r->ctx, op, buf_slice(&r->data));
	if (r->data.cap > 64 * KIB) buf_done(&r->data);
	else buf_clear(&r->data);
	return e;
}

static int frame_complete(struct ws_reader *r) {
	r->in_payload = false;
	r->head_n = 0;
	if (is_control(r->op)) return control_complete(r);
	return r->fin ? message_complete(r) : 0;
}

static bool is_known(enum ws_opcode op) { return op <= WS_BINARY || (op >= WS_CLOSE && op <= WS_PONG); }

static size_t head_size(const struct ws_reader *r) {
	if (r->head_n < 2) return 2;
	unsigned len = r->head[1] & 0x7f;
	return 2 + (len == 126 ? 2 : len == 127 ? 8 : 0) + (r->head[1] & 0x80 ? 4 : 0);
}

/* What can be said from the first two bytes. */
static int check_head(struct ws_reader *r) {
	bool masked = r->head[1] & 0x80;
	unsigned len = r->head[1] & 0x7f;
	r->fin = r->head[0] & 0x80;
	r->op = r->head[0] & 0x0f;
	if (r->head[0] & 0x70 || !is_known(r->op) || masked != r->from_client) return refuse(r, WS_CLOSE_PROTOCOL);
	if (is_control(r->op)) return r->fin && len <= WS_CONTROL_MAX ? 0 : refuse(r, WS_CLOSE_PROTOCOL);
	bool goes_on = r->op == WS_CONTINUATION, has_one = r->message != WS_CONTINUATION;
	return goes_on == has_one ? 0 : refuse(r, WS_CLOSE_PROTOCOL);
}

static int head_complete(struct ws_reader *r) {
	unsigned len = r->head[1] & 0x7f, wide = len == 126 ? 2 : len == 127 ? 8 : 0;
	r->left = wide ? 0 : len;
	for (unsigned i = 0; i < wide; i++) r->left = r->left << 8 | r->head[2 + i];
	if (r->from_client) memcpy(r->mask, r->head + 2 + wide, 4);
	r->mask_at = 0;
	if (!is_control(r->op)) {
		if (r->left > r->data.max - r->data.n) return refuse(r, WS_CLOSE_TOO_BIG);
		if (r->op != WS_CONTINUATION) r->message = r->op;
	}
	r->in_payload = true;
	return r->left ? 0 : frame_complete(r);
}

static int take_head(struct ws_reader *r, struct slice *bytes) {
	while (bytes->n && r->head_n < head_size(r)) {
		r->head[r->head_n++] = (unsigned char)*bytes->p;
		*bytes = slice_from(*bytes, 1);
		int e = r->head_n == 2 ? check_head(r) : 0;
		if (e < 0) return e;
	}
	return r->head_n == head_size(r) && r->head_n >= 2 ? head_complete(r) : 0;
}

static int take_payload(struct ws_reader *r, struct slice *bytes) {
	struct buf *b = is_control(r->op) ? &r->control : &r->data;
	struct slice part = slice_upto(*bytes, r->left < SIZE_MAX ? (size_t)r->left : SIZE_MAX);
	size_t from = b->n;
	if (buf_put_slice(b, part) < 0) return buf_err(b) == -E2BIG ? refuse(r, WS_CLOSE_TOO_BIG) : buf_err(b);
	for (size_t i = from; r->from_client && i < b->n; i++) b->p[i] = (char)(b->p[i] ^ r->mask[r->mask_at++ & 3]);
	r->left -= part.n;
	*bytes = slice_from(*bytes, part.n);
	return r->left ? 0 : frame_complete(r);
}

int ws_feed(struct ws_reader *r, struct slice bytes) {
	int e = 0;
	while (bytes.n && !r->over && e >= 0) e = r->in_payload ? take_payload(r, &bytes) : take_head(r, &bytes);
	if (e < 0) r->over = true;
	return e < 0 ? e : 0;
}

/* ---- writing ---- */

static void put_masked(struct buf *out, struct slice s, const unsigned char *mask, size_t *at) {
	size_t from = out->n;
	if (buf_put_slice(out, s) < 0 || !mask) return;
	for (size_t i = from; i < out->n; i++) out->p[i] = (char)(out->p[i] ^ mask[(*at)++ & 3]);
}

void ws_put2(struct buf *out, enum ws_opcode op, struct slice first, struct slice second, const unsigned char *mask) {
	uint64_t n = (uint64_t)first.n + second.n;
	unsigned wide = n < 126 ? 0 : n <= UINT16_MAX ? 2 : 8;
	buf_putc(out, (char)(0x80 | op));
	buf_putc(out, (char)((mask ? 0x80 : 0) | (wide == 0 ? n : wide == 2 ? 126 : 127)));
	for (unsigned i = wide; i-- > 0;) buf_putc(out, (char)(n >> (8 * i)));
	if (mask) buf_put(out, mask, 4);
	size_t at = 0;
	put_masked(out, first, mask, &at);
	put_masked(out, second, mask, &at);
}

void ws_put(struct buf *out, enum ws_opcode op, struct slice payload, const unsigned char *mask) {
	ws_put2(out, op, payload, SLICE_NULL, mask);
}

void ws_put_close(struct buf *out, int code, struct slice reason, const unsigned char *mask) {
	char head[2] = { (char)(code >> 8), (char)code };
	ws_put2(out, WS_CLOSE, slice_make(head, 2), slice_upto(reason, WS_CONTROL_MAX - 2), mask);
}
