/* SPDX-License-Identifier: Apache-2.0 */
/* The explicit stack that walks of JSON trees use instead of recursion: small on the C stack, then on the heap. */
#pragma once

#include "base/compiler.h"

#include <errno.h>
#include <string.h>
#include <yyjson.h>

/* Entries a walk may keep at once: far above what any tree within the size limits needs. */
#define JSON_STACK_MAX (8u * 1024u * 1024u)
#define JSON_STACK_INLINE 48

/* An open container (a, the element last visited, how many are left), or a pair of values: what a walk makes of it. */
struct json_frame {
	const yyjson_mut_val *a, *b;
	size_t left;
};

struct json_stack {
	struct json_frame *v;
	size_t n, cap;
	struct json_frame fixed[JSON_STACK_INLINE];
};

static inline void json_stack_init(struct json_stack *s) {
	s->v = s->fixed;
	s->n = 0;
	s->cap = JSON_STACK_INLINE;
}
static inline void json_stack_done(struct json_stack *s) {
	if (s->v != s->fixed) free(s->v);
}
#define _cleanup_json_stack_ _cleanup_(json_stack_done)

/* 0, -ENOMEM, or -E2BIG. */
static inline int json_stack_push(struct json_stack *s, struct json_frame f) {
	if (s->n == s->cap) {
		if (s->cap >= JSON_STACK_MAX) return -E2BIG;
		struct json_frame *v = realloc(s->v == s->fixed ? NULL : s->v, s->cap * 2 * sizeof(*v));
		if (!v) return -ENOMEM;
		if (s->v == s->fixed) memcpy(v, s->fixed, sizeof(s->fixed));
		s->v = v;
		s->cap *= 2;
	}
	s->v[s->n++] = f;
	return 0;
}
