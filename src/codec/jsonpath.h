/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kubectl's JSONPath templates (client-go/util/jsonpath): text and {expressions} with fields, wildcards, subscripts, slices,
 * unions, filters, recursive descent, quoted text, {range}...{end}. Also the bare paths of CRD columns and --sort-by.
 * A parsed template lives in its arena, does not change, and may be run any number of times.
 */
#pragma once

#include "codec/json.h"

struct jsonpath;

/* Nodes of one template; values one evaluation may visit (recursive descent on hostile trees). */
#define JSONPATH_NODES_MAX 4096u
#define JSONPATH_NESTING_MAX 64u
#define JSONPATH_VISITS_MAX 4000000u

/* 0; -EBADMSG with *ret_msg (client-go's text, in the arena: "unclosed action", "unterminated filter", ...); -E2BIG; -ENOMEM. */
int jsonpath_parse(struct arena *a, struct slice text, struct jsonpath **ret, const char **ret_msg);
/* Accepts "x.y", ".x.y", "{x.y}", "{.x.y}" and makes "{.x.y}" of them (kubectl's RelaxedJSONPathExpression), then parses.
 * -EBADMSG: `unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`. */
int jsonpath_parse_relaxed(struct arena *a, struct slice text, struct jsonpath **ret, const char **ret_msg);

enum { JSONPATH_ALLOW_MISSING = 1 }; /* absent fields give nothing instead of an error */
/* Runs the template on a value and appends the text. 0; -EBADMSG: *ret_msg in `a` ("x is not found", "array index out of
 * bounds: index 3, length 1", ...); -E2BIG; -ENOMEM; b->err. */
int jsonpath_print(const struct jsonpath *p, struct arena *a, const yyjson_mut_val *root, unsigned flags, struct buf *b,
		   const char **ret_msg);
/* The values the first expression finds, in order (borrowed from the tree or made in `a`). */
int jsonpath_find(const struct jsonpath *p, struct arena *a, const yyjson_mut_val *root, unsigned flags,
		  const yyjson_mut_val ***ret, size_t *ret_n, const char **ret_msg);
/* One value as a template prints it (Go's %v for scalars, JSON for objects and lists). */
int jsonpath_text(struct buf *b, const yyjson_mut_val *v);
