/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of one request: everything is freed at once. Pieces larger than a chunk are allocated directly; references
 * (blobs, anything refcounted) can be linked to an arena and are dropped with it. Not thread-safe: an arena has one
 * owner at a time. Under AddressSanitizer every piece is its own allocation, so that overflows show.
 */
#pragma once

#include "base/slice.h"

#include <stdarg.h>

struct arena;

/* A new arena that refuses to grow beyond `max` bytes (0: ARENA_MAX_DEFAULT). NULL when out of memory. */
struct arena *arena_new(size_t max);
/* Frees the arena, all its pieces, and runs its deferred calls, last first. NULL is allowed. Returns NULL. */
struct arena *arena_free(struct arena *a);
static inline void arena_freep(struct arena **a) { *a = arena_free(*a); }
#define _cleanup_arena_ _cleanup_(arena_freep)

/* `n` bytes, aligned for any type, not initialised. NULL when the limit or memory is exhausted. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, alloc_size(2)));
/* Zeroed. */
void *arena_zalloc(struct arena *a, size_t n) __attribute__((malloc, alloc_size(2)));
#define arena_new_of(a, type) ((type *)arena_zalloc((a), sizeof(type)))
/* NULL also when n * size overflows. */
void *arena_array(struct arena *a, size_t n, size_t size);
/* Grows (or shrinks) a piece of `old` bytes; in place when it is the newest piece. */
void *arena_realloc(struct arena *a, void *p, size_t old, size_t n);
char *arena_strdup(struct arena *a, const char *s);
/* A NUL-terminated copy. */
char *arena_strndup(struct arena *a, const char *s, size_t n);
static inline char *arena_slice_str(struct arena *a, struct slice s) { return arena_strndup(a, s.p, s.n); }
static inline struct slice arena_slice_dup(struct arena *a, struct slice s) {
	char *p = arena_strndup(a, s.p, s.n);
	return p ? slice_make(p, s.n) : SLICE_NULL;
}
char *arena_printf(struct arena *a, const char *fmt, ...) k8c_printf(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) k8c_printf(2, 0);
/* `fn(p)` runs when the arena is freed. 0 or -ENOMEM (then fn has been run at once). */
int arena_defer(struct arena *a, void (*fn)(void *), void *p);
/* Bytes handed out so far. */
size_t arena_used(const struct arena *a);
