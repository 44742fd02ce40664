/* SPDX-License-Identifier: Apache-2.0 */
/* Why nothing allows a request: what in the RBAC objects comes near it. */
#pragma once

#include "ctl/rbac.h"

#define NEAR_REASONS_MAX 50u

struct reasons {
	const char *v[NEAR_REASONS_MAX];
	size_t n, left_out;
};
/* Sentences, the likeliest mistake first. */
void access_near(struct ctl *c, const struct rbac *r, const struct ask *a, const struct identity *who, struct reasons *ret);
