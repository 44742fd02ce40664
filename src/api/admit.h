/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admission: what plugins see and may do. A plugin is one file in admit/ with one `const struct admit_plugin`; the table in
 * admit/table.c gives the order (mutating phase first, all of it, then the validating phase). Thread rule: a plugin runs on
 * the loop that owns the request and keeps no state of its own.
 */
#pragma once

#include "api/request.h"

enum admit_op { ADMIT_CREATE = 1, ADMIT_UPDATE = 2, ADMIT_DELETE = 4, ADMIT_CONNECT = 8 };

struct admit {
	struct request *r;                    /* user, arena, api, warnings, r->now */
	enum admit_op op;
	const struct schema_resource *res;
	const struct schema_subresource *sub; /* NULL: the main resource */
	struct slice ns, name;                /* name is empty for a create with generateName */
	/* Of obj; values made here may be linked into obj. A plugin may put another document with another obj in their place. */
	yyjson_mut_doc *doc;
	yyjson_mut_val *obj;                  /* typed, defaulted, in the served version; NULL for DELETE; CONNECT: the options */
	const yyjson_mut_val *old;            /* UPDATE, DELETE: the stored state; else NULL */
	const struct store_snapshot *snap;    /* newest state when the attempt began */
	bool dry_run;
	const struct delete_options *delete_options; /* DELETE: what was asked for; else NULL */
	/* A webhook changed the object: the mutating phase runs once more, `reinvoking`, so that the others see that. */
	bool reinvoke, reinvoking;
	void *webhooks;                       /* what mutating webhooks have done so far (admit/mutating_webhook.c) */
	/* The write's own. A plugin that waits keeps what it needs in plugin_state, which is NULL when it is first called. */
	size_t at;
	bool validating;
	void *plugin_state;
	struct store_op also[8];
	size_t n_also;
	void (*done)(struct admit *ad, const struct status *st);
	void *ctx;
};

enum { ADMIT_OK = 0, ADMIT_DENY = 1, ADMIT_WAIT = 2 };

struct admit_plugin {
	const char *name;
	unsigned ops;                         /* enum admit_op */
	/* Quick filter, may be NULL (everything). */
	bool (*handles)(const struct admit *ad);
	/* ADMIT_OK; ADMIT_DENY with *ret_st; ADMIT_WAIT: the plugin calls admit_again(ad) later, which calls this function
	 * anew. Either may be NULL. */
	int (*mutate)(struct admit *ad, const struct status **ret_st);
	int (*validate)(struct admit *ad, const struct status **ret_st);
};

/* In order; NULL-terminated (admit/table.c). */
extern const struct admit_plugin *const admit_plugins[];

/* Runs a phase: all plugins' mutate (or validate), then done(ad, NULL) or done(ad, status), perhaps before the return. */
void admit_run(struct admit *ad, bool validating);
/* A waiting plugin goes on. From the loop's thread, while the request is alive (request_after, request_wait). */
void admit_again(struct admit *ad);
/* Something that has to be written (or to hold) in the same transaction, e.g. a quota's usage. When it does not hold, the
 * whole write is tried again from the start with a new snapshot. 0 or -E2BIG. The op's blob is consumed. */
int admit_also(struct admit *ad, const struct store_op *op);

/* 403 `<resource> "<name>" is forbidden: <why>`, name falling back to generateName, then "Unknown" (admission.NewForbidden). */
const struct status *admit_forbidden(struct admit *ad, const char *fmt, ...) k8c_printf(2, 3);
/* Is it this group's resource, main (sub NULL) or the named subresource? */
bool admit_is(const struct admit *ad, const char *group, const char *resource, const char *sub);
/* A stored object of another kind as a tree (its storage version), NULL when absent. In the request's arena. */
yyjson_mut_val *admit_get(const struct admit *ad, const char *group, const char *resource, struct slice ns, struct slice name);
