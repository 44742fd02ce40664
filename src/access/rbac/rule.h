/* SPDX-License-Identifier: Apache-2.0 */
/* One PolicyRule made ready for quick matching (pkg/apis/rbac/v1/evaluation_helpers.go). Immutable. */
#pragma once

#include "access/access.h"

#include <yyjson.h>

struct rbac_rule {
	struct access_rule api;   /* as written */
	uint32_t verbs;           /* bits of rbac_verb_bit; RBAC_VERB_OTHER set: look at the strings too */
	bool all_groups, all_resources, all_urls;
};

#define RBAC_VERB_ANY UINT32_MAX
#define RBAC_VERB_OTHER (1u << 31)
/* A bit for each verb in common use, RBAC_VERB_OTHER for the rest. */
uint32_t rbac_verb_bit(struct slice verb);

/* A request, looked at once for all the rules it is held against. */
struct rbac_request {
	const struct access_attrs *at;
	uint32_t verb;
};
struct rbac_request rbac_request_of(const struct access_attrs *at);

bool rbac_rule_allows(const struct rbac_rule *r, const struct rbac_request *q);
/* From API form; `api` is not copied. */
void rbac_rule_init(struct rbac_rule *r, const struct access_rule *api);
/* The "rules" of a stored Role or ClusterRole, strings copied into the arena. Members of the wrong type are passed over, as
 * nothing that was validated has any. 0 or -ENOMEM. */
int rbac_rules_read(struct arena *a, yyjson_val *rules, struct rbac_rule **ret, size_t *ret_n);
