/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of rules. On update a rule that the old object broke already is not held against the new one: an option that allows
 * something is on when the old object, validated as if it were new, shows the fault the option is about.
 */
#include "schema/validate/function.h"

static const uint64_t on_create =
#define RULE_OPT(name, create) ((uint64_t)(create) << RULE_OPT_##name) |
#include "schema/validate/options.def"
#undef RULE_OPT
	0;

uint64_t rule_options(struct rule_scope *s) {
	return on_create;
}
