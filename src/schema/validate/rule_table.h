/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled validation rules. tools/schemac_rules.py turns schema/rules (text) into one constant instance of struct rule_tables;
 * eval.c walks it. Everything refers to everything by index, so running a rule looks no name up.
 * Thread rule: constant.
 */
#pragma once

#include "schema/schema.h"

/* Variables alive at once over all rules that are being applied. */
#define RULE_STACK_MAX 2048
/* Rules applied within rules. The tables nest less deeply, but for schemas within schemas. */
#define RULE_DEPTH_MAX 100
/* Segments that one statement adds to a path. */
#define RULE_PATH_MAX 12
#define RULE_ARGS_MAX 16
/* Complaints of one validation; more of them are not reported (a body of three megabytes can hold very many mistakes). */
#define RULE_ERRORS_MAX 10000

enum rule_op {
	RULE_NIL, RULE_TRUE, RULE_FALSE,
	RULE_INT,     /* a: ints */
	RULE_STR,     /* a: strings */
	RULE_SLOT,    /* a: variable */
	RULE_FN,      /* a: function, as a value */
	RULE_MEMBER,  /* a: expression, b: strings */
	RULE_INDEX,   /* a[b] */
	RULE_LIST,    /* n values at args[a] */
	RULE_STRUCT,  /* n names and values, alternating, at args[a] */
	RULE_CALL,    /* a: function, n arguments at args[b] */
	RULE_CALLVAR, /* a: expression giving the function */
	RULE_OPT,     /* a: option */
	RULE_MATCH,   /* a: expression, b: regexes */
	RULE_INSTR,   /* a in the n strings whose indexes are at args[b] */
	RULE_HERE,    /* the path that the rule is applied at */
	RULE_CLEAN,   /* no complaint since the innermost loop's turn, or the rule, began */
	RULE_PRESENT, RULE_ABSENT, RULE_EMPTY, RULE_NONEMPTY, RULE_LEN, RULE_NOT,
	RULE_OR, RULE_AND, RULE_EQ, RULE_NE, RULE_LT, RULE_LE, RULE_GT, RULE_GE, RULE_IN,
	RULE_ADD, RULE_SUB, RULE_MUL, RULE_DIV, RULE_MOD,
};

struct rule_expr {
	uint8_t op, n;
	uint16_t a, b;
};

/* Literal text, then the text of an expression. */
struct rule_part {
	uint16_t lit, expr;
};
struct rule_range {
	uint16_t first, n;
};

enum rule_segment_kind { RULE_SEG_NAME, RULE_SEG_INDEX, RULE_SEG_KEY, RULE_SEG_EXPR };
struct rule_segment {
	uint8_t kind;
	uint16_t ref; /* NAME: strings; else an expression */
};
struct rule_path {
	uint16_t first;
	uint8_t n;
	bool absolute;
};

enum rule_stmt_op {
	RULE_ST_IF,         /* expr; skip: statement behind the block */
	RULE_ST_EACH,       /* expr: list, map, set or string; slot: index or key, slot + 1: element */
	RULE_ST_CONTAINERS, /* expr: pod spec; slot: path of the container, slot + 1: the container */
	RULE_ST_LET,        /* slot = expr */
	RULE_ST_MARK,       /* adds expr to the set in slot */
	RULE_ST_PUT,        /* the set in slot leads from expr to the value of expression ref */
	RULE_ST_NEW,        /* empties the set in slot */
	RULE_ST_STOP,       /* leaves the rule */
	RULE_ST_APPLY,      /* ref: rule; n arguments at args[msg]; path */
	RULE_ST_WARN,       /* path, msg: template */
	RULE_ST_ERROR,      /* kind, path, expr: the bad value, msg: template, hint, ref: type name in strings */
};

/* How a missing value is written. */
enum { RULE_HINT_INT = 1, RULE_HINT_BOOL = 2, RULE_HINT_PTR = 4, RULE_HINT_LIST = 8 };

struct rule_stmt {
	uint8_t op, kind, hint, n;
	uint16_t skip, expr, slot, path, msg, ref;
};

struct rule {
	uint16_t first, end, slots;
	const char *name;
};

/* In the order of their names: entries are sorted by them, too. */
enum rule_entry_op { RULE_ON_CREATE, RULE_ON_UPDATE, RULE_ON_WARN };

/* The rules of an operation on a resource; its variables are the object, the old object, the request's group and whether the
 * resource is namespaced. */
struct rule_entry {
	const char *group, *resource, *sub;
	enum rule_entry_op op;
	struct rule body;
};

/* A byte automaton: state 0 is dead, 1 the start. `sticky`: it suffices that some prefix is accepted. */
struct rule_regex {
	const uint8_t *class_of, *next, *accept;
	uint16_t width;
	bool sticky;
};

struct rule_tables {
	const struct slice *strings;
	const int64_t *ints;
	const struct rule_expr *exprs;
	const uint16_t *args;
	const struct rule_part *parts;
	const struct rule_range *templates;
	const struct rule_segment *segments;
	const struct rule_path *paths;
	const struct rule_stmt *stmts;
	const struct rule *rules;
	const struct rule_regex *regexes;
	const struct rule_entry *entries; /* sorted by group, resource, sub, op */
	size_t n_entries, n_rules, n_unexpressed;
};
extern const struct rule_tables rule_tables;
