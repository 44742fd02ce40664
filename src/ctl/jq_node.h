/* SPDX-License-Identifier: Apache-2.0 */
/* Parsed jq expressions, and what evaluation hands around. Inside of jq_*.c only. */
#pragma once

#include "ctl/jq.h"

enum jq_op {
	JQ_SELF, JQ_LITERAL, JQ_FIELD, JQ_SLICE, JQ_EACH, JQ_TRY, JQ_PIPE, JQ_COMMA, JQ_ARRAY, JQ_OBJECT, JQ_PAIR, JQ_NEGATE, JQ_AND, JQ_OR, JQ_OTHERWISE,
	JQ_IF, JQ_CALL, JQ_ADD, JQ_SUB, JQ_MUL, JQ_DIV, JQ_MOD, JQ_EQ, JQ_NE, JQ_LT, JQ_LE, JQ_GT, JQ_GE,
};

struct jq_function;
struct jq_node {
	enum jq_op op;
	/* FIELD: a[b]; SLICE: a[b:c]; EACH, TRY, ARRAY, NEGATE: a; PAIR: key a, value b, c the pair before; OBJECT: a the last pair;
	 * IF: a then b else c (NULL: the input); CALL: arguments a, b */
	struct jq_node *a, *b, *c;
	yyjson_mut_val *value;
	const struct jq_function *function;
};
struct jq {
	struct jq_node *root;
};

struct jq_vals {
	yyjson_mut_val **v;
	size_t n, cap;
};

struct jq_run {
	struct arena *a;
	yyjson_mut_doc *doc;  /* values are made here */
	const char *msg;
	size_t steps;
};

struct jq_function {
	const char *name;
	unsigned args;
	/* Appends its outputs for `in`. 0 or as jq_eval. */
	int (*run)(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out);
};
const struct jq_function *jq_function_find(struct slice name, unsigned args);

int jq_run_node(struct jq_run *r, const struct jq_node *n, yyjson_mut_val *in, struct jq_vals *out);
/* Appends; NULL is -ENOMEM. */
int jq_out(struct jq_run *r, struct jq_vals *out, yyjson_mut_val *v);
/* Notes a sentence; -EBADMSG. */
int jq_fault(struct jq_run *r, const char *fmt, ...) k8c_printf(2, 3);
/* A + B and the other operators on two values. */
int jq_binary(struct jq_run *r, enum jq_op op, yyjson_mut_val *x, yyjson_mut_val *y, yyjson_mut_val **ret);
/* jq's order: null, false, true, numbers, text, arrays, objects. */
int jq_compare(struct jq_run *r, const yyjson_mut_val *x, const yyjson_mut_val *y);
const char *jq_type(const yyjson_mut_val *v);
static inline bool jq_true(const yyjson_mut_val *v) { return v && !yyjson_mut_is_null((yyjson_mut_val *)(uintptr_t)v) && !yyjson_mut_is_false((yyjson_mut_val *)(uintptr_t)v); }
yyjson_mut_val *jq_text(struct jq_run *r, struct slice s);
yyjson_mut_val *jq_number(struct jq_run *r, double d);
/* Text as it is, anything else as JSON. */
int jq_tostring(struct jq_run *r, yyjson_mut_val *v, struct slice *ret);
/* [v...]: copies. */
yyjson_mut_val *jq_array(struct jq_run *r, yyjson_mut_val *const *v, size_t n);
/* Adds a copy. 0 or -ENOMEM. */
int jq_put(struct jq_run *r, yyjson_mut_val *obj, struct slice key, const yyjson_mut_val *v);
