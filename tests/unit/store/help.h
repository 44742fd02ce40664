/* SPDX-License-Identifier: Apache-2.0 */
/* Short ways to use a store in tests: transactions that wait, an indexer for flat objects, temporary folders. */
#pragma once

#include "store/store.h"

#include <check.h>
#include <stdio.h>

struct outcome {
	int err;
	size_t failed;
	uint64_t rv;
	struct store_obj *obj[STORE_TXN_MAX]; /* references */
	size_t n;
};

void outcome_done(struct outcome *o);
#define _cleanup_outcome_ _cleanup_(outcome_done)

/* {"v":"<value>","labels":{"a":"<label>"},"rv":""} as the tests' objects are; label may be NULL. *ret_at: rv_at. */
struct blob *help_json(const char *value, const char *label, size_t *ret_at);
struct store_key help_key(const char *resource, const char *ns, const char *name);
struct store_op help_op(enum store_op_kind kind, struct store_key key, uint64_t expect, const char *value);
/* Runs a transaction and waits for it. The result of store_txn itself counts as err. */
struct outcome help_txn(struct store *s, const struct store_op *ops, size_t n);
/* One op; returns the new revision, or fails the test. */
uint64_t help_create(struct store *s, struct store_key key, const char *value);
uint64_t help_update(struct store *s, struct store_key key, uint64_t expect, const char *value);
uint64_t help_delete(struct store *s, struct store_key key, uint64_t expect);
/* One op; its error. */
int help_try(struct store *s, struct store_op op);
/* The value in an object, in a static buffer per thread. */
const char *help_value(const struct store_obj *o);
/* Label "a", and "v" as uid and as field "v"; half of the strings lie in the JSON, half are copies. */
int help_index(void *ctx, const struct store_key *key, struct slice json, const struct store_index_sink *sink);
struct store *help_open(const char *path);
/* A new folder under TMPDIR, removed at exit of the test's process by help_rmdir. */
char *help_dir(void);
void help_rmdir(char *dir);
/* dir "/" name, malloc'd. */
char *help_path(const char *dir, const char *name);
