/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON trees are yyjson's mutable values in memory of an arena: the one object representation of the request path.
 * Rooms use yyjson's API directly on them, except for what recurses with the input (yyjson_mut_merge_patch,
 * yyjson_mut_val_mut_copy, yyjson_mut_equals): json_* below does the same iteratively.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#include <yyjson.h>

/* yyjson allocator on an arena; lives in the arena. NULL when out of memory. */
const yyjson_alc *json_alc(struct arena *a);
/* An empty document in the arena (nothing to free). NULL when out of memory. */
yyjson_mut_doc *json_doc(struct arena *a);

struct json_error {
	size_t offset;
	/* Go encoding/json's wording, e.g. "unexpected end of JSON input", "invalid character 'x' looking for beginning of value". */
	const char *msg;
};

/* Parses one value (RFC 8259, UTF-8 repaired as Go does, depth at most JSON_DEPTH_MAX) into *ret (root set). Duplicate
 * members are kept, in order. Integers stay integers (int64/uint64), other numbers are doubles.
 * 0, -EBADMSG (*err is set, msg in the arena), -ENOMEM. */
int json_parse(struct arena *a, struct slice text, yyjson_mut_doc **ret, struct json_error *err);
/* The same, but fractions and powers that a writer would not write as they stand ("1000.0", "1e3") are raw values of that text:
 * for values that are handed on as they came. Text that needs repair is read as json_parse does. */
int json_parse_fractions(struct arena *a, struct slice text, yyjson_mut_doc **ret, struct json_error *err);
/* Makes doubles of the raw numbers in a value. 0 or -ENOMEM. */
int json_plain_numbers(yyjson_mut_val *v);

/* Appends compact JSON as Go's encoding/json writes it: `<`, `>`, `&`, U+2028, U+2029 as \u escapes, member order kept. 0 or
 * b->err. */
int json_write(struct buf *b, const yyjson_mut_val *v);
/* The same with two-space indent as json.MarshalIndent; no newline at the end. */
int json_write_pretty(struct buf *b, const yyjson_mut_val *v);
/* Re-indents compact JSON text without parsing it into a tree (streaming; text must be valid JSON). */
int json_pretty(struct buf *b, struct slice compact);
/* Appends a JSON string literal, escaped as above, quotes included. */
int json_write_string(struct buf *b, struct slice s);

/* Deep copy into `doc`, iterative. NULL when out of memory. */
yyjson_mut_val *json_copy(yyjson_mut_doc *doc, const yyjson_mut_val *v);
/* Deep equality; member order does not matter, number 1 and 1.0 are different kinds but compare by value. Iterative. */
bool json_equal(const yyjson_mut_val *a, const yyjson_mut_val *b);

/* Member of an object by name; NULL when v is no object or has none. The last one wins when there are duplicates. */
yyjson_mut_val *json_get(const yyjson_mut_val *v, const char *name);
yyjson_mut_val *json_getn(const yyjson_mut_val *v, struct slice name);
/* Walks "a.b.c" (member names without dots). */
yyjson_mut_val *json_path(const yyjson_mut_val *v, const char *path);
/* The string at path, or SLICE_NULL when absent or not a string. */
struct slice json_path_str(const yyjson_mut_val *v, const char *path);
struct slice json_str(const yyjson_mut_val *v);
int64_t json_path_int(const yyjson_mut_val *v, const char *path, int64_t dflt);
bool json_path_bool(const yyjson_mut_val *v, const char *path, bool dflt);
/* Sets (replaces in place, or appends) a member. The name is copied into the document. False when out of memory. */
bool json_set(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *name, yyjson_mut_val *v);
bool json_setn(yyjson_mut_doc *doc, yyjson_mut_val *obj, struct slice name, yyjson_mut_val *v);
bool json_set_str(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *name, struct slice s);
bool json_set_int(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *name, int64_t v);
bool json_set_bool(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *name, bool v);
/* Removes every member of that name; true when there was one. */
bool json_del(yyjson_mut_val *obj, const char *name);
/* Walks "a.b" making objects on the way; the object at the end. NULL when out of memory or a non-object is in the way. */
yyjson_mut_val *json_ensure_obj(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *path);

/* ---- walking, with const and without NULL checks ---- */

static inline yyjson_mut_arr_iter json_arr_iter(const yyjson_mut_val *v) {
	return yyjson_mut_arr_iter_with((yyjson_mut_val *)(uintptr_t)v);
}
/* Every element of an array; none when `list` is NULL or no array. `elem` is a yyjson_mut_val * variable; the array must not
 * change. */
#define json_each(list, elem)                                                                                                    \
	for (yyjson_mut_arr_iter it_##elem = json_arr_iter(list); ((elem) = yyjson_mut_arr_iter_next(&it_##elem));)
/* Elements of an array or members of an object; 0 for NULL and anything else. */
static inline size_t json_size(const yyjson_mut_val *v) {
	return v ? yyjson_mut_get_len((yyjson_mut_val *)(uintptr_t)v) *
			       (yyjson_mut_is_ctn((yyjson_mut_val *)(uintptr_t)v) ? 1u : 0u)
		 : 0;
}
static inline yyjson_mut_val *json_first(const yyjson_mut_val *list) {
	return yyjson_mut_arr_get_first((yyjson_mut_val *)(uintptr_t)list);
}
static inline bool json_is_string(const yyjson_mut_val *v) { return yyjson_mut_is_str((yyjson_mut_val *)(uintptr_t)v); }
static inline bool json_is_bool(const yyjson_mut_val *v) { return yyjson_mut_is_bool((yyjson_mut_val *)(uintptr_t)v); }
