/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of metadata.managedFields, decoded (managedfields package of apimachinery): one per manager, operation, version and
 * subresource; appliers have one whatever the version. Strings and times are borrowed. Thread rule: pure.
 */
#pragma once

#include "schema/patch/fieldset.h"

/* Update entries kept apart; the oldest ones beyond are united (capmanagers.go). */
#define MANAGERS_UPDATES_MAX 10
#define MANAGERS_ANCIENT "ancient-changes"

struct manager {
	struct slice name, version, subresource;
	bool applied;
	struct slice time;           /* RFC 3339, or SLICE_NULL */
	const struct fieldset *set;
};
struct managers {
	struct manager *v;
	size_t n, cap;
};

/* 0; -EBADMSG: not as entries have to be; -ENOMEM. `list` NULL: none. */
int managers_decode(struct fieldsets *f, const yyjson_mut_val *list, struct managers *ret);
/* The entry of that identity, or NULL. */
struct manager *managers_find(struct managers *m, const struct manager *who);
/* Finds or adds (with an empty set). NULL when out of memory. */
struct manager *managers_take(struct fieldsets *f, struct managers *m, const struct manager *who);
/* Drops entries without fields. */
void managers_drop_empty(struct managers *m);
/* Unites the oldest update entries beyond MANAGERS_UPDATES_MAX. 0 or -ENOMEM. */
int managers_cap(struct fieldsets *f, struct managers *m);
/* Sets (or, when there are none, removes) metadata.managedFields, sorted. 0 or -ENOMEM. */
int managers_encode(struct fieldsets *f, yyjson_mut_doc *doc, struct managers *m, yyjson_mut_val *meta);
