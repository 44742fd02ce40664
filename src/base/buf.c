/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>

void buf_done(struct buf *b) {
	free(b->p);
	*b = (struct buf){ .max = b->max };
}

int buf_reserve(struct buf *b, size_t n) {
	if (b->err) return b->err;
	if (n > b->max || b->n > b->max - n) return b->err = -E2BIG;
	size_t need = b->n + n + 1;
	if (need <= b->cap) return 0;
	size_t cap = b->cap ? b->cap : 64;
	while (cap < need) cap *= 2;
	char *p = realloc(b->p, cap);
	if (!p) return b->err = -ENOMEM;
	b->p = p;
	b->cap = cap;
	return 0;
}

int buf_put(struct buf *b, const void *p, size_t n) {
	int r = buf_reserve(b, n);
	if (r < 0) return r;
	if (n) memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = 0;
	return 0;
}

int buf_vprintf(struct buf *b, const char *fmt, va_list ap) {
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	int r = n < 0 ? (b->err = -EINVAL) : buf_reserve(b, (size_t)n);
	if (r == 0) {
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
	return r;
}

int buf_printf(struct buf *b, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	int r = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return r;
}

int buf_put_u64(struct buf *b, uint64_t v) {
	char tmp[20];
	size_t i = sizeof(tmp);
	do tmp[--i] = (char)('0' + v % 10); while (v /= 10);
	return buf_put(b, tmp + i, sizeof(tmp) - i);
}

void buf_consume(struct buf *b, size_t n) {
	if (n > b->n) n = b->n;
	if (n == 0) return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	b->p[b->n] = 0;
}

char *buf_take(struct buf *b, size_t *ret_n) {
	if (b->err || buf_reserve(b, 0) < 0) return NULL;
	char *p = b->p;
	p[b->n] = 0;
	if (ret_n) *ret_n = b->n;
	*b = (struct buf){ .max = b->max };
	return p;
}
