/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values seen through their schema as structured-merge-diff sees them: leaves, granular objects and maps, lists whose elements
 * have names. Two ways to read a tree: as Go's struct, whose members without omitempty are there even when nobody set them
 * (`go`), or as it stands. Values without a schema ("deduced") are what they look like: objects granular, lists atomic. Thread
 * rule: a context has one owner; everything lives in its arena and document.
 */
#pragma once

#include "schema/patch/fieldset.h"
#include "schema/table.h"

/* Objects of values without a schema are leaves from this depth on. */
#define TYPED_DEPTH_MAX (FIELDSET_DEPTH_MAX - 2)

/* A place in the schema: type NULL is deduced, `flags` are those of the field (FIELD_*). */
struct typed_ref {
	const struct schema_type *type;
	uint16_t flags;
};

enum typed_shape { TYPED_LEAF, TYPED_OBJECT, TYPED_MAP, TYPED_LIST };

/* Named parts of one or two containers, sorted by name; `right`: of the second one. */
struct typed_part {
	struct element at;
	yyjson_mut_val *v;
	uint32_t order;
	bool right;
};
struct typed {
	struct fieldsets sets;
	yyjson_mut_doc *doc;
	bool go;
	/* Why values cannot be read (an element without its key), in the arena; the first one sticks. */
	const char *fault;
	struct { struct typed_part *v; size_t n, cap; } parts;
	struct { yyjson_mut_val **v; size_t n, cap; } slots;
	struct fieldset_stack stack[3];
};

/* How a value at that place is walked; v may be NULL. */
enum typed_shape typed_shape_of(struct typed_ref r, const yyjson_mut_val *v, unsigned depth);
/* The place of a member, of a map's value or of a list's element. */
struct typed_ref typed_member_ref(struct typed_ref r, struct slice name);
struct typed_ref typed_item_ref(struct typed_ref r);
static inline struct typed_ref typed_field_ref(const struct schema_field *f) { return (struct typed_ref){ f->type, f->flags }; }
/* The value that counts for a member: itself, a zero that Go writes though nobody set it, or NULL. */
yyjson_mut_val *typed_present(const struct typed *w, const struct schema_type *owner, const struct schema_field *f,
			      yyjson_mut_val *v);
/* Equal to any reader. */
bool typed_equal(struct typed *w, struct typed_ref r, yyjson_mut_val *a, yyjson_mut_val *b);

/* The name of a list's element. False: it has none, and w->fault says why (*why, when not NULL, instead). */
bool typed_element(struct typed *w, const struct schema_type *list, yyjson_mut_val *v, struct element *ret, const char **why);

/* Pushes the members of t's object v as t->n_fields slots (by field index), values as typed_present says. The offset of the first
 * in w->slots.v; slots are dropped by setting w->slots.n back. Members unknown to t are not among them. */
size_t typed_slots(struct typed *w, const struct schema_type *t, yyjson_mut_val *v);
/* Pushes the named parts of a map, list, or (unknown_only) the members unknown to an object's type. */
void typed_parts(struct typed *w, struct typed_ref r, enum typed_shape s, yyjson_mut_val *v, bool right, bool unknown_only);
/* Sorts the parts from `mark` on. */
void typed_sort(struct typed *w, size_t mark);
/* Bounds of the next name's parts at *at: [*at, *mid) are the first container's, [*mid, end) the second's; returns end. */
size_t typed_group(const struct typed *w, size_t at, size_t *mid);

/* What changed between two trees; each may be NULL (nothing there). */
struct typed_change { const struct fieldset *added, *modified, *removed; };
struct typed_change typed_compare(struct typed *w, const struct schema_type *t, yyjson_mut_val *old, yyjson_mut_val *now);
/* Everything a tree says. */
const struct fieldset *typed_set(struct typed *w, const struct schema_type *t, yyjson_mut_val *v);
/* The set with the struct members on its paths as members of their own. */
const struct fieldset *typed_named(struct typed *w, const struct schema_type *t, const struct fieldset *s);
/* `config` laid over `live`, a new tree. NULL: out of memory or w->fault. */
yyjson_mut_val *typed_merge(struct typed *w, const struct schema_type *t, yyjson_mut_val *live, yyjson_mut_val *config);
/* A copy without the members of the set. NULL: nothing left, or out of memory. */
yyjson_mut_val *typed_remove(struct typed *w, const struct schema_type *t, yyjson_mut_val *v, const struct fieldset *gone);
/* Whether a client's tree fits its schema, as Kubernetes says of what it cannot apply: NULL, or complaints in the arena, each
 * with its path in front. */
const char *typed_complaints(struct typed *w, const struct schema_type *t, yyjson_mut_val *v);
