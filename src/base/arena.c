/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/limits.h"

#include <errno.h>
#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_CHUNKED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_CHUNKED 0
#endif
#endif
#ifndef ARENA_CHUNKED
#define ARENA_CHUNKED 1
#endif

#define ALIGN 16u

struct piece {
	struct piece *next;
	size_t size; /* bytes behind the header */
};
_Static_assert(sizeof(struct piece) % ALIGN == 0, "pieces must keep alignment");

struct deferred {
	struct deferred *next;
	void (*fn)(void *);
	void *p;
};

struct arena {
	struct piece *pieces;
	struct deferred *deferred;
	char *at, *end; /* the free part of the newest chunk */
	size_t chunk;   /* size of the next one */
	size_t used, max;
};

struct arena *arena_new(size_t max) {
	struct arena *a = calloc(1, sizeof(*a));
	if (!a) return NULL;
	a->max = max ? max : ARENA_MAX_DEFAULT;
	a->chunk = ARENA_CHUNK_FIRST;
	return a;
}

struct arena *arena_free(struct arena *a) {
	if (!a) return NULL;
	for (struct deferred *d = a->deferred; d; d = d->next) d->fn(d->p);
	for (struct piece *c = a->pieces, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
	return NULL;
}

static void *piece_new(struct arena *a, size_t n) {
	struct piece *c = malloc(sizeof(*c) + n);
	if (!c) return NULL;
	c->next = a->pieces;
	c->size = n;
	a->pieces = c;
	return c + 1;
}

/* Chunks double: an arena that lives as long as a watch and holds a few strings must not hold pages. */
static int chunk_new(struct arena *a, size_t want) {
	while (a->chunk < want) a->chunk *= 2;
	char *p = piece_new(a, a->chunk);
	if (!p) return -ENOMEM;
	a->at = p;
	a->end = p + a->chunk;
	if (a->chunk < ARENA_CHUNK) a->chunk *= 2;
	return 0;
}

void *arena_alloc(struct arena *a, size_t n) {
	size_t want;
	if (__builtin_add_overflow(n, ALIGN - 1, &want)) return NULL;
	want &= ~(size_t)(ALIGN - 1);
	if (want == 0) want = ALIGN;
	if (want > a->max - a->used) return NULL;
	if (!ARENA_CHUNKED || want > ARENA_CHUNK / 4) {
		void *p = piece_new(a, ARENA_CHUNKED ? want : (n ? n : 1));
		if (p) a->used += want;
		return p;
	}
	if (want > (size_t)(a->end - a->at) && chunk_new(a, want) < 0) return NULL;
	void *p = a->at;
	a->at += want;
	a->used += want;
	return p;
}

void *arena_zalloc(struct arena *a, size_t n) {
	void *p = arena_alloc(a, n);
	return p ? memset(p, 0, n) : NULL;
}

void *arena_array(struct arena *a, size_t n, size_t size) {
	size_t total;
	if (__builtin_mul_overflow(n, size, &total)) return NULL;
	return arena_zalloc(a, total);
}

void *arena_realloc(struct arena *a, void *p, size_t old, size_t n) {
	if (!p) return arena_alloc(a, n);
	if (n <= old) return p;
	size_t old_al = (old + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (ARENA_CHUNKED && a->at == (char *)p + old_al && n - old <= (size_t)(a->end - a->at) && n < ARENA_CHUNK) {
		size_t more = ((n + ALIGN - 1) & ~(size_t)(ALIGN - 1)) - old_al;
		if (more <= (size_t)(a->end - a->at) && more <= a->max - a->used) {
			a->at += more;
			a->used += more;
			return p;
		}
	}
	void *q = arena_alloc(a, n);
	return q ? memcpy(q, p, old) : NULL;
}

char *arena_strndup(struct arena *a, const char *s, size_t n) {
	char *p = arena_alloc(a, n + 1);
	if (!p) return NULL;
	if (n) memcpy(p, s, n);
	p[n] = 0;
	return p;
}

char *arena_strdup(struct arena *a, const char *s) { return arena_strndup(a, s, strlen(s)); }

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) {
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
	if (p) vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	char *p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

int arena_defer(struct arena *a, void (*fn)(void *), void *p) {
	struct deferred *d = arena_alloc(a, sizeof(*d));
	if (!d) {
		fn(p);
		return -ENOMEM;
	}
	*d = (struct deferred){ a->deferred, fn, p };
	a->deferred = d;
	return 0;
}

size_t arena_used(const struct arena *a) { return a->used; }
