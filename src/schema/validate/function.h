/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that rules call, by index. functions.def names them, with the least and the largest number of arguments; the
 * compiler of rules reads the same file. A function that finds fault returns a list of texts, or one text, or nil: as the
 * Kubernetes function of the same name returns messages or an error.
 */
#pragma once

#include "schema/validate/scope.h"

typedef struct rule_value rule_fn(struct rule_scope *s, const struct rule_value *a, unsigned n);

#define RULE_FN(name, lo, hi) rule_fn rule_fn_##name;
#include "schema/validate/functions.def"
#undef RULE_FN
extern rule_fn *const rule_functions[];
/* Head of a function's definition: scope s, n arguments a. */
#define RULE_DEF(name) struct rule_value rule_fn_##name(struct rule_scope *s, const struct rule_value *a, unsigned n)

enum rule_option {
#define RULE_OPT(name, create) RULE_OPT_##name,
#include "schema/validate/options.def"
#undef RULE_OPT
	RULE_OPT_COUNT,
};

/* Options of a create, or of an update as far as the old object's state decides them. */
uint64_t rule_options(const struct rule_scope *s);
/* The options of s, and what else the old object's own faults allow; `create`: the rules of creating it. */
uint64_t rule_options_ratcheted(struct rule_scope *s, const struct rule *create);

/* Whether the whole text (or, for regexes without an end, the beginning of it) matches. */
bool rule_match(unsigned regex, struct slice text);

/* The text of any value, in the arena. */
struct slice rule_text(struct rule_scope *s, const struct rule_value *v);

/* Collects messages: a list that grows in the arena. */
struct rule_list {
	struct rule_scope *s;
	struct rule_value *v;
	size_t n, cap;
};
#define RULE_LIST(scope) ((struct rule_list){ .s = (scope) })
void rule_list_add(struct rule_list *l, struct rule_value v);
void rule_list_addf(struct rule_list *l, const char *fmt, ...) k8c_printf(2, 3);
static inline struct rule_value rule_list_done(const struct rule_list *l) { return rv_list(l->v, l->n); }
/* A formatted text as a value. */
struct rule_value rule_textf(struct rule_scope *s, const char *fmt, ...) k8c_printf(2, 3);
