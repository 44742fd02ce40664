/* SPDX-License-Identifier: Apache-2.0 */
/* Makes access_user values: groups and extras grow in the arena. */
#pragma once

#include "access/access.h"

/* A user under construction. Strings are borrowed: they have to live as long as the arena. */
struct user_builder {
	struct arena *a;
	struct slice name, uid;
	struct slice *groups;
	size_t n_groups, cap_groups;
	struct access_extra *extra;
	size_t n_extra, cap_extra;
	bool failed; /* out of memory, or too many groups */
};

void user_builder_init(struct user_builder *b, struct arena *a, struct slice name, struct slice uid);
void user_add_group(struct user_builder *b, struct slice group);
bool user_has_group(const struct user_builder *b, const char *group);
/* Adds a value under `key`, after those already there. Keys stay sorted, as Kubernetes prints them. */
void user_add_extra(struct user_builder *b, struct slice key, struct slice value);
/* Adds the group system:authenticated unless the user is anonymous or names one of the two groups already. */
void user_add_authenticated(struct user_builder *b);
/* 0 with the user in the arena, or -ENOMEM. */
int user_build(struct user_builder *b, struct access_user **ret);
/* A copy with all its strings in `a`. NULL when out of memory. */
struct access_user *user_copy(struct arena *a, const struct access_user *u);
