/* SPDX-License-Identifier: Apache-2.0 */
/* What a JSONPath template is made of: shared by its parser and its evaluator. */
#pragma once

#include "codec/jsonpath.h"

enum jsonpath_type { JP_TEXT, JP_FIELD, JP_ARRAY, JP_FILTER, JP_WILDCARD, JP_RECURSIVE, JP_UNION, JP_LITERAL, JP_WORD };

struct jsonpath_list {
	struct jsonpath_node *v;
	size_t n, cap;
};

struct jsonpath_bound { bool known, derived; int64_t value; };

struct jsonpath_node {
	enum jsonpath_type type;
	struct slice text;                /* FIELD: name; WORD: range, end, ...; FILTER: operator, "exists" */
	yyjson_mut_val *value;            /* TEXT, LITERAL */
	struct jsonpath_bound bound[3];   /* ARRAY */
	struct jsonpath_list *lists;      /* FILTER: left, right; UNION: alternatives */
	size_t n_lists;
};

/* An action `{...}`, or text between actions (one TEXT node). */
struct jsonpath_part {
	struct jsonpath_list list;
	bool range, end;
};

struct jsonpath {
	struct jsonpath_part *v;
	size_t n, cap;
};
