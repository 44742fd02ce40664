/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which requests a webhook's rules are about (apiserver's plugin/webhook/predicates/rules). Thread rule: pure.
 */
#pragma once

#include "codec/json.h"

/* What is being done to what. */
struct webhook_subject {
	const char *operation;              /* "CREATE", "UPDATE", "DELETE", "CONNECT" */
	struct slice group, version, resource, subresource;
	bool in_namespace;                  /* the object lies in a namespace, as namespaces themselves do not */
};

/* Does one of the rules (a list of RuleWithOperations, NULL: none) fit? */
bool webhook_rules_match(const yyjson_mut_val *rules, const struct webhook_subject *s);
/* Configurations of admission itself are never sent to webhooks: nobody could undo a broken one. */
bool webhook_exempts(struct slice group, struct slice resource);
