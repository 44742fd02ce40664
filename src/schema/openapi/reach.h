/* SPDX-License-Identifier: Apache-2.0 */
/* Every named type that some types reach, each once. */
#pragma once

#include "base/map.h"
#include "schema/table.h"

#define REACH_TYPES_MAX 2000u

struct reach {
	const struct schema_type *v[REACH_TYPES_MAX]; /* in order of discovery */
	size_t n;
	struct map *seen;
};

/* 0 or -ENOMEM. */
int reach_init(struct reach *r);
void reach_done(struct reach *r);
/* Adds a type (NULL: nothing) and all that it reaches. 0, -ENOMEM or -E2BIG. */
int reach_add(struct reach *r, const struct schema_type *t);
/* Does a type stand in the document under a name of its own? */
bool reach_is_named(const struct schema_type *t);
