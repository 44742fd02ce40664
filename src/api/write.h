/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One write of one object, from a tree to a committed version: managed fields, admission, strategy, validation, encoding,
 * transaction, and the retries that apiserver's registry makes (registry/generic/registry/store.go). create.c, update.c,
 * patch.c and subresources describe what they want; this carries it through and answers by `done`.
 */
#pragma once

#include "api/admit.h"

struct write {
	struct request *r;
	const struct schema_resource *res;
	const struct schema_subresource *sub;   /* NULL: main */
	struct slice ns, name;
	struct write_options opt;
	enum { WRITE_CREATE, WRITE_UPDATE } op;

	/* What the caller gives. transform makes the new tree (w->doc, w->obj) of one attempt: for updates w->old and w->cur
	 * are set, or NULL when the object does not exist and `upsert` is true (then the write becomes a create). */
	const struct status *(*transform)(struct write *w);
	bool upsert;
	bool (*may_retry)(struct write *w);     /* NULL: lost races are retried unless the tree named a revision */
	const struct schema_subresource *managed_as; /* subresource named in managedFields when it is not sub (scale) */
	/* Admission sees another kind than what is written (scale): shows fills w->ad's sub, doc, obj and old, takes brings what mutating
	 * plugins made of that into w->obj. Both or neither. */
	const struct status *(*shows)(struct write *w);
	const struct status *(*takes)(struct write *w);
	bool skip_admission, skip_validation;
	bool skip_prepare;                      /* what the transform made is what is stored: no strategy (bindings) */
	enum schema_field_mode mode;
	bool apply;                             /* server-side apply: managed fields are the transform's work */
	/* The end. Success: st NULL and either w->result (committed, or the unchanged current object) or, for dry runs,
	 * w->obj. w->created tells 201 from 200. */
	void (*done)(struct write *w, const struct status *st);
	void *ctx;

	/* One attempt's state. */
	struct store_snapshot *snap;
	struct store_obj *cur;                  /* borrowed from snap */
	yyjson_mut_doc *doc, *old_doc;
	yyjson_mut_val *obj;
	const yyjson_mut_val *old;
	uint64_t expect_rv;                     /* what the tree named; 0: nothing */
	bool created, deletes;                  /* deletes: the update removed the last finalizer of a terminating object */
	bool generated;                         /* the name came from generateName */
	unsigned tries, name_tries;
	char uid[37];                           /* of what is created; "" before */
	struct slice generate_base;
	struct admit ad;
	struct store_op ops[STORE_TXN_MAX];
	struct store_obj *result;               /* referenced by the request's arena */
};

/* Starts; done runs later or before the return. `w` lives in the request's arena. */
void write_start(struct write *w);
/* The usual end: 201 or 200 with the object, or the status. */
void write_answer(struct write *w, const struct status *st);
/* A new write for r's resource, subresource, namespace and name. NULL when out of memory. */
struct write *write_new(struct request *r);
