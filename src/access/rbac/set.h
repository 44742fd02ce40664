/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All RBAC objects of one revision, compiled: who is bound to what, found by user name and by group. Immutable and counted;
 * made by rbac_compile, used by authorisers on any thread.
 */
#pragma once

#include "access/rbac/rule.h"
#include "base/map.h"

#include <stdatomic.h>

struct rbac_role {
	const struct rbac_rule *rules;
	size_t n;
};

enum rbac_subject_kind { RBAC_USER, RBAC_GROUP, RBAC_ACCOUNT };

struct rbac_subject {
	enum rbac_subject_kind kind;
	struct slice name, ns; /* ns: of accounts, the binding's when left out */
};

struct rbac_binding {
	uint32_t order;        /* cluster bindings by name, then role bindings by namespace and name */
	struct slice name, ns; /* ns is empty for cluster bindings */
	struct slice role_kind, role_name;
	const struct rbac_role *role; /* NULL: it does not exist, see `missing` */
	const char *missing;   /* the text about that, or NULL */
	const struct rbac_subject *subjects;
	size_t n_subjects;
};

/* One binding as seen from one of its subjects. */
struct rbac_grant {
	const struct rbac_binding *binding;
	uint32_t subject;
};

/* All that a user or a group is bound to: cluster bindings first, then by namespace. */
struct rbac_holder {
	struct rbac_grant *grants;
	size_t n, n_cluster, cap;
};

struct rbac_set {
	atomic_int refs;
	uint64_t generation, rv;
	struct arena *arena;
	struct map *users, *groups; /* name to struct rbac_holder */
	struct map *roles;          /* "/name" of cluster roles, "ns/name" of roles, to struct rbac_role */
};

/* Compiles a snapshot. The set has one reference. 0 or -ENOMEM. Objects that cannot be read grant nothing. */
int rbac_compile(const struct store_snapshot *sn, uint64_t generation, struct rbac_set **ret);
struct rbac_set *rbac_set_ref(struct rbac_set *s);
/* The set in force, held until the arena is freed. NULL when out of memory. */
struct access;
const struct rbac_set *rbac_set_hold(struct access *acc, struct arena *a);
/* NULL is allowed. Returns NULL. */
struct rbac_set *rbac_set_unref(struct rbac_set *s);
/* For publish_init and arena_defer. */
void rbac_set_drop(void *s);

/* Calls fn for every grant of the user (its name's, then its groups') that holds in `ns` (empty: cluster bindings only), in no
 * binding twice per holder. Stops when fn returns false. */
void rbac_each_grant(const struct rbac_set *s, const struct access_user *u, struct slice ns,
		     bool (*fn)(void *ctx, const struct rbac_grant *g), void *ctx);
/* The same for all of the user's grants, whatever their namespace. */
void rbac_each_grant_anywhere(const struct rbac_set *s, const struct access_user *u, bool (*fn)(void *ctx, const struct rbac_grant *g),
			      void *ctx);
/* Does the subject mean this user? */
bool rbac_subject_is(const struct rbac_subject *s, const struct access_user *u);
/* Appends e.g. `ClusterRoleBinding "b" of ClusterRole "r" to Group "g"`. */
void rbac_grant_describe(struct buf *b, const struct rbac_grant *g);
