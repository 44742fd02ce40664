/* SPDX-License-Identifier: Apache-2.0 */
/* What update.c and apply.c of the field managers share. */
#pragma once

#include "schema/patch/manage.h"
#include "schema/patch/managers.h"
#include "schema/patch/typed.h"

struct work {
	const struct manage *m;
	struct typed w;
	struct managers managers;
	const struct fieldset *reset;
	char now[40];
};

void manage_begin(struct work *x, const struct manage *m);
/* Fields no manager owns: identity and what the server keeps in metadata. */
const struct fieldset *manage_stripped(struct work *x, const struct fieldset *s);
/* A tree in an entry's version. 0, -ENOENT, -ENOMEM. */
int manage_in_version(struct work *x, struct slice version, const yyjson_mut_val *v, yyjson_mut_val **ret,
		      const struct schema_type **ret_type);
/* What the step from `old` to `now` changes, without what the write cannot change; versions other than the write's are
 * converted. -ENOENT: the version is gone. */
int manage_change(struct work *x, struct slice version, const yyjson_mut_val *old, const yyjson_mut_val *now,
		  struct typed_change *ret);
/* Everything a change touches. */
const struct fieldset *manage_touched(struct work *x, const struct typed_change *c);
/* Takes what changed off every entry but `self` (may be NULL); `c` is the change in the write's version. 0 or -ENOMEM. */
int manage_take(struct work *x, const struct manager *self, const struct typed_change *c, const yyjson_mut_val *old,
		const yyjson_mut_val *now);
/* Gives the fields to the write's manager of that name (an update), now. 0 or -ENOMEM. */
int manage_give(struct work *x, struct slice name, const struct fieldset *set);
