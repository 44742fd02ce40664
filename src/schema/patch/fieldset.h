/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of field paths (structured-merge-diff's fieldpath.Set): a tree whose nodes hold sorted elements; each may be a member,
 * lead to deeper ones, or both. Sets are immutable and share their parts; NULL is the empty set. Memory is the arena's; running
 * out of it sticks in the context and is asked for once, at the end. Thread rule: a context has one owner.
 */
#pragma once

#include "schema/patch/element.h"

/* Deeper paths are cut off there: what lies below counts as part of its ancestor. */
#define FIELDSET_DEPTH_MAX 256

struct fieldset;
struct fieldset_item {
	struct element at;
	bool member;
	const struct fieldset *below;
};
struct fieldset {
	size_t n;
	const struct fieldset_item *v;
};

/* A stack on which nodes are collected before they are frozen. */
struct fieldset_stack { struct fieldset_item *v; size_t n, cap; };
struct fieldsets {
	struct arena *a;
	bool no_memory;
};

/* Collecting a node: mark = stack->n; any number of adds (and whole nodes collected in between); end. */
void fieldset_add(struct fieldsets *f, struct fieldset_stack *s, const struct element *at, bool member,
		  const struct fieldset *below);
/* Freezes what was added since `mark` (sorted, equal elements united) and drops it from the stack. */
const struct fieldset *fieldset_end(struct fieldsets *f, struct fieldset_stack *s, size_t mark);

const struct fieldset *fieldset_union(struct fieldsets *f, const struct fieldset *a, const struct fieldset *b);
const struct fieldset *fieldset_intersection(struct fieldsets *f, const struct fieldset *a, const struct fieldset *b);
/* Members of a that are none of b. */
const struct fieldset *fieldset_difference(struct fieldsets *f, const struct fieldset *a, const struct fieldset *b);
/* The same, and nothing below a member of b. */
const struct fieldset *fieldset_without(struct fieldsets *f, const struct fieldset *a, const struct fieldset *b);
/* NULL when there is none. */
const struct fieldset_item *fieldset_find(const struct fieldset *s, const struct element *at);
/* The paths (member names with dots, as "metadata.labels") as a set. */
const struct fieldset *fieldset_of_paths(struct fieldsets *f, const char *const *paths);

/* Calls fn for every member's path; those of a node before those below it. */
typedef void fieldset_fn(void *ctx, const struct element *const *path, size_t n);
void fieldset_each(const struct fieldset *s, fieldset_fn *fn, void *ctx);

/* FieldsV1 to set. 0, -EBADMSG, -ENOMEM. */
int fieldset_decode(struct fieldsets *f, const yyjson_mut_val *v, const struct fieldset **ret);
/* Set to FieldsV1, a new value. NULL when out of memory. */
yyjson_mut_val *fieldset_encode(struct fieldsets *f, yyjson_mut_doc *doc, const struct fieldset *s);
