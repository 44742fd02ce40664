/* SPDX-License-Identifier: Apache-2.0 */
/* The members of an object as an array, sorted by name: for walks that would otherwise be quadratic. */
#pragma once

#include "codec/json.h"

struct member {
	yyjson_mut_val *key, *val;
	size_t order;
};

struct members {
	struct member *v;
	size_t n;
};

/* Sorted by the bytes of the names; of duplicates the last remains. Anything but an object has none. 0 or -ENOMEM. */
int members_sorted(const yyjson_mut_val *obj, struct members *ret);
void members_done(struct members *m);
/* Puts an object's members into that order. 0 or -ENOMEM. */
int members_sort(yyjson_mut_val *obj);
