/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer that cannot be made without a maximum. Errors stick: after a failed append every later append
 * fails too, so a writer may append freely and ask once at the end (buf_err).
 */
#pragma once

#include "base/slice.h"

#include <stdarg.h>

struct buf {
	char *p;
	size_t n, cap, max;
	int err; /* 0, -ENOMEM, or -E2BIG when max was reached */
};

#define BUF_INIT(max_) ((struct buf){ .max = (max_) })

/* Frees the contents; the buffer may be used again. */
void buf_done(struct buf *b);
#define _cleanup_buf_ _cleanup_(buf_done)
/* Empties, keeping the memory and forgetting an error. */
static inline void buf_clear(struct buf *b) { b->n = 0; b->err = 0; }
/* Room for `n` more bytes behind b->p + b->n. 0 or b->err. */
int buf_reserve(struct buf *b, size_t n);
int buf_put(struct buf *b, const void *p, size_t n);
static inline int buf_puts(struct buf *b, const char *s) { return buf_put(b, s, strlen(s)); }
static inline int buf_put_slice(struct buf *b, struct slice s) { return buf_put(b, s.p, s.n); }
static inline int buf_putc(struct buf *b, char c) { return buf_put(b, &c, 1); }
int buf_printf(struct buf *b, const char *fmt, ...) k8c_printf(2, 3);
int buf_vprintf(struct buf *b, const char *fmt, va_list ap) k8c_printf(2, 0);
/* Unsigned decimal, without printf. */
int buf_put_u64(struct buf *b, uint64_t v);
/* Drops the first n bytes. */
void buf_consume(struct buf *b, size_t n);
static inline struct slice buf_slice(const struct buf *b) { return slice_make(b->p, b->n); }
static inline int buf_err(const struct buf *b) { return b->err; }
/* Hands the memory (NUL-terminated) to the caller, who frees it; the buffer is empty afterwards. NULL when b->err is set. */
char *buf_take(struct buf *b, size_t *ret_n);
