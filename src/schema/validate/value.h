/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that rules compute with. They are as loosely typed as the rules need: an absent member equals the zero of whatever it
 * is compared with, as a Go struct's unset field would. Values live in the scope's arena or point into the object's tree.
 */
#pragma once

#include "schema/schema.h"

enum rule_kind { RV_NIL, RV_BOOL, RV_INT, RV_DOUBLE, RV_STR, RV_NODE, RV_LIST, RV_STRUCT, RV_SET, RV_PATH, RV_FN };

struct rule_set;
struct rule_link;

struct rule_value {
	uint8_t kind;
	uint32_t n; /* STR: bytes; LIST: values; STRUCT: names and values, alternating */
	union {
		bool b;
		int64_t i;
		double d;
		const char *s;
		const yyjson_mut_val *node; /* an array or an object */
		const struct rule_value *list;
		struct rule_set *set;
		const struct rule_link *path;
	};
};

#define RV_NONE ((struct rule_value){ .kind = RV_NIL })
static inline struct rule_value rv_bool(bool b) { return (struct rule_value){ .kind = RV_BOOL, .b = b }; }
static inline struct rule_value rv_int(int64_t i) { return (struct rule_value){ .kind = RV_INT, .i = i }; }
static inline struct rule_value rv_str(struct slice s) { return (struct rule_value){ .kind = RV_STR, .n = (uint32_t)s.n,
	.s = s.p ? s.p : "" }; }
static inline struct rule_value rv_lit(const char *s) { return rv_str(slice_str(s)); }
/* A list of n values, which must outlive it. */
static inline struct rule_value rv_list(const struct rule_value *v, size_t n) { return (struct rule_value){ .kind = RV_LIST,
	.n = (uint32_t)n, .list = v }; }
/* Scalars become their own kinds, null and NULL become nil. */
struct rule_value rv_node(const yyjson_mut_val *v);

/* The string, or an empty slice when it is none. */
static inline struct slice rv_slice(const struct rule_value *v) { return v->kind == RV_STR ? slice_make(v->s,
	v->n) : SLICE_NULL; }
int64_t rv_num(const struct rule_value *v);
bool rv_true(const struct rule_value *v);
/* Bytes of a string, elements of anything else; 0 for scalars and nil. */
size_t rv_len(const struct rule_value *v);
/* Member or map entry; nil when there is none. */
struct rule_value rv_member(const struct rule_value *v, struct slice name);
/* Element i; nil when there is none. Of a string: the byte. */
struct rule_value rv_at(const struct rule_value *v, int64_t i);
/* v[k] of a list (number) or map (string). */
struct rule_value rv_index(const struct rule_value *v, const struct rule_value *k);
/* Equality as Go's == and Semantic.DeepEqual: what is absent equals what is empty or zero. */
bool rv_equal(const struct rule_value *a, const struct rule_value *b);
/* Order of numbers or strings: <0, 0, >0. */
int rv_compare(const struct rule_value *a, const struct rule_value *b);
/* Whether b (list, map, set) has a. */
bool rv_in(const struct rule_value *a, const struct rule_value *b);

/* Walks lists, maps (keys), sets and strings (bytes). Start with a zeroed cursor. */
struct rv_cursor {
	size_t i;
	const yyjson_mut_val *at;
	bool started;
};
/* False at the end. *ret_key is an index or a map's key. */
bool rv_next(const struct rule_value *v, struct rv_cursor *c, struct rule_value *ret_key, struct rule_value *ret_value);

/* Sets remember values in the order of their first appearance. NULL when out of memory. */
struct rule_set *rule_set_new(struct arena *a);
/* True when it was not there before. */
bool rule_set_add(struct rule_set *s, const struct rule_value *v);
bool rule_set_has(const struct rule_set *s, const struct rule_value *v);
/* Sets serve as maps, too: `key` leads to `v` (a later one replaces it), rv_member and rv_index find it. */
bool rule_set_put(struct rule_set *s, const struct rule_value *key, const struct rule_value *v);
struct rule_value rule_set_get(const struct rule_set *s, const struct rule_value *key);

/* Text of a value within a message: strings bare, lists as "[a b]". Appends. */
void rv_text(const struct rule_value *v, struct buf *b);
