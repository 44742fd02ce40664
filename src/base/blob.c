/* SPDX-License-Identifier: Apache-2.0 */
#include "base/blob.h"

struct blob *blob_alloc(size_t n) {
	size_t total;
	if (__builtin_add_overflow(n, sizeof(struct blob) + 1, &total)) return NULL;
	struct blob *b = malloc(total);
	if (!b) return NULL;
	atomic_init(&b->refs, 1);
	b->reserved = 0;
	b->n = n;
	b->p[n] = 0;
	return b;
}

struct blob *blob_new(const void *p, size_t n) {
	struct blob *b = blob_alloc(n);
	if (b && n) memcpy(b->p, p, n);
	return b;
}

struct blob *blob_ref(struct blob *b) {
	if (b && atomic_load_explicit(&b->refs, memory_order_relaxed) != BLOB_STATIC)
		atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

struct blob *blob_unref(struct blob *b) {
	if (!b || atomic_load_explicit(&b->refs, memory_order_relaxed) == BLOB_STATIC) return NULL;
	/* acq_rel: what other holders did with the bytes happens before the free. */
	if (atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1) free(b);
	return NULL;
}

void blob_unref_void(void *b) { blob_unref(b); }
