/* SPDX-License-Identifier: Apache-2.0 */
/* One validation in progress, and what rule functions see of it. */
#pragma once

#include "schema/validate/path.h"
#include "schema/validate/rule_table.h"
#include "schema/validate/value.h"

struct rule_scope {
	struct arena *arena;
	struct schema_errors *errors;
	struct schema_warnings *warnings;   /* may be NULL */
	const struct schema_resource *resource;
	const struct schema_subresource *sub; /* NULL: the main resource */
	const yyjson_mut_val *object, *old; /* old: NULL on create */
	uint64_t options;                   /* bits of enum rule_option */
	struct rule_value *stack;           /* RULE_STACK_MAX variables */
	size_t top, depth;
	int err;                            /* 0 or -ENOMEM; sticks */
};

/* Runs the rules of an entry. 0 or -ENOMEM. */
int rule_run(struct rule_scope *s, const struct rule *body, const struct rule_value *args, size_t n_args);

/* Appends a complaint: `body` is the finished cause message. Sticks -ENOMEM in s->err. */
void rule_complain(struct rule_scope *s, unsigned kind, const char *field, const char *body);
/* Appends "field: text", or the bare text when there is no field. */
void rule_warn(struct rule_scope *s, struct slice field, struct slice text);
/* The cause message: kind's text, the value as `hint` and `shape` (type key, may be empty) say, and the detail. NULL: no memory. */
const char *rule_message(struct rule_scope *s, unsigned kind, const struct rule_value *value, unsigned hint,
	struct slice shape, struct slice detail);
/* The value as the internal Go type of that key would be marshalled; see shape.c. */
void rule_shape(struct slice key, const struct rule_value *v, struct buf *b);
