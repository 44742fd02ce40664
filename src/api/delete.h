/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deletion of one object as the generic registry does it (registry/generic/registry/store.go Delete, rest/delete.go):
 * preconditions, admission, grace, finalizers of garbage collection, and the answer.
 */
#pragma once

#include "api/admit.h"

struct deletion {
	struct request *r;
	const struct schema_resource *res;
	struct slice ns, name;
	struct delete_options opt;
	/* The end: st, or the object as it was left (result) or was last (result, deleted). */
	void (*done)(struct deletion *d, const struct status *st);
	void *ctx;

	struct store_snapshot *snap;
	struct store_obj *cur;            /* borrowed from snap */
	yyjson_mut_doc *doc;
	yyjson_mut_val *obj;              /* the state being changed */
	struct admit ad;
	struct store_obj *result;         /* referenced until the arena goes */
	bool deleted;                     /* the object is gone (or would be) */
	bool marked;                      /* deletionTimestamp was written; result is that state */
	bool pending;                     /* an earlier deletion is still under way: nothing was done */
	unsigned tries;
};

/* `d` in the request's arena, with r, res, ns, name, opt, done set. done runs later or before the return. */
void deletion_start(struct deletion *d);
/* NULL: out of memory. */
struct deletion *deletion_new(struct request *r);
/* DeleteOptions of the body or the query. */
const struct status *deletion_options(struct request *r, struct delete_options *ret);
/* The usual answer: the object, or a Status. */
void deletion_answer(struct deletion *d, const struct status *st);
