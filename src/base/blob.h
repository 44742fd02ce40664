/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Immutable, reference-counted bytes: one allocation, shared freely between threads. A count of BLOB_STATIC marks bytes
 * that live as long as the program.
 */
#pragma once

#include "base/slice.h"

#include <stdatomic.h>

struct blob {
	atomic_int refs;
	uint32_t reserved;
	size_t n;
	char p[]; /* n bytes and a NUL */
};
#define BLOB_STATIC INT32_MIN

/* A copy of `n` bytes with one reference. NULL when out of memory. */
struct blob *blob_new(const void *p, size_t n);
/* Uninitialised bytes, to be filled before the blob is shared. */
struct blob *blob_alloc(size_t n);
struct blob *blob_ref(struct blob *b);
/* NULL is allowed. Returns NULL. */
struct blob *blob_unref(struct blob *b);
static inline void blob_unrefp(struct blob **b) { *b = blob_unref(*b); }
#define _cleanup_blob_ _cleanup_(blob_unrefp)
static inline struct slice blob_slice(const struct blob *b) { return b ? slice_make(b->p, b->n) : SLICE_NULL; }
/* For arena_defer. */
void blob_unref_void(void *b);
