/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http1.h"

#include <ctype.h>

static void put_safe(struct buf *out, struct slice s) {
	size_t from = out->n;
	if (buf_put_slice(out, s) < 0) return;
	for (size_t i = from; i < out->n; i++)
		if (out->p[i] == '\r' || out->p[i] == '\n' || out->p[i] == 0) out->p[i] = ' ';
}

/* As net/http writes it: "content-type" becomes "Content-Type". */
static void put_name(struct buf *out, struct slice name) {
	size_t from = out->n;
	put_safe(out, name);
	for (size_t i = from; i < out->n; i++)
		if (i == from || out->p[i - 1] == '-') out->p[i] = (char)toupper((unsigned char)out->p[i]);
}

void http1_put_header(struct buf *out, struct slice name, struct slice value) {
	put_name(out, name);
	buf_puts(out, ": ");
	put_safe(out, value);
	buf_puts(out, "\r\n");
}

void http1_put_header_u64(struct buf *out, const char *name, uint64_t value) {
	buf_puts(out, name);
	buf_puts(out, ": ");
	buf_put_u64(out, value);
	buf_puts(out, "\r\n");
}

static void put_headers(struct buf *out, const struct http_headers *h) {
	for (size_t i = 0; h && i < h->n; i++) http1_put_header(out, h->v[i].name, h->v[i].value);
}

void http1_put_response(struct buf *out, int status, const struct http_headers *h) {
	buf_puts(out, "HTTP/1.1 ");
	buf_put_u64(out, (uint64_t)status);
	buf_putc(out, ' ');
	buf_puts(out, http_reason(status));
	buf_puts(out, "\r\n");
	put_headers(out, h);
}

void http1_put_request(struct buf *out, struct slice method, struct slice target, const struct http_headers *h) {
	put_safe(out, method);
	buf_putc(out, ' ');
	put_safe(out, target);
	buf_puts(out, " HTTP/1.1\r\n");
	put_headers(out, h);
}

void http1_put_chunk_size(struct buf *out, size_t n) {
	char hex[2 * sizeof(n)];
	size_t i = sizeof(hex);
	do hex[--i] = "0123456789abcdef"[n & 15]; while (n >>= 4);
	buf_put(out, hex + i, sizeof(hex) - i);
	buf_puts(out, "\r\n");
}
