/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths that schema files write: "spec.ports[].protocol" (every element of a list, or every member's value of a map),
 * `metadata.labels["a.b/c"]` (a member whose name has dots). Cut into steps once per use; no memory.
 */
#pragma once

#include "schema/table.h"

#define FIELDPATH_STEPS_MAX 16
#define FIELDPATH_LISTS_MAX 4

struct fieldpath_step {
	struct slice name;
	bool each; /* "[]" behind the name */
};
struct fieldpath {
	struct fieldpath_step v[FIELDPATH_STEPS_MAX];
	size_t n;
};

/* Cuts a path of a schema file (or the first of comma-separated ones: *rest, may be NULL, is what stands behind the comma). */
struct fieldpath fieldpath_parse(struct slice text, struct slice *rest);

/* The value at a path without "[]", or NULL (also for null). */
yyjson_mut_val *fieldpath_get(const yyjson_mut_val *root, const char *path);

/* Elements chosen by the "[]" of a path that is being walked: those of another path mean the same ones. */
struct fieldpath_bound {
	yyjson_mut_val *elem[FIELDPATH_LISTS_MAX];
	size_t n;
};
yyjson_mut_val *fieldpath_get_bound(const yyjson_mut_val *root, const char *path, const struct fieldpath_bound *bound);

/* Calls fn for every place the path leads to. `parent` is the object that has (or lacks) the member `name`. With a type (of
 * root), parents that Go's structs always have are made; make_parents makes every one. fn returns 0 or -errno (which ends). */
typedef int fieldpath_fn(void *ctx, yyjson_mut_val *parent, struct slice name, const struct fieldpath_bound *bound);
int fieldpath_each(const struct schema_type *t, yyjson_mut_doc *doc, yyjson_mut_val *root, const char *path, bool make_parents,
		   fieldpath_fn *fn, void *ctx);

/* A JSON text of a schema file as a new value. NULL when out of memory. */
yyjson_mut_val *fieldpath_literal(yyjson_mut_doc *doc, const char *text);
/* Sets, replaces, or with v NULL removes a member. 0 or -ENOMEM. */
int fieldpath_put(yyjson_mut_doc *doc, yyjson_mut_val *obj, struct slice name, yyjson_mut_val *v);
/* Absent, null, or the zero value of a scalar. */
bool fieldpath_is_unset(const yyjson_mut_val *v);
/* Absent, null, "", [] or {}. */
bool fieldpath_is_empty(const yyjson_mut_val *v);
