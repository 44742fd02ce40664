/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of rules. On update a fault that the old object has already is not held against the new one: an option that allows
 * something is on when the old object, validated as if it were new, has fewer faults with it. Kubernetes asks the same of each
 * rule by hand (GetValidationOptionsFromPodSpecAndMeta and its like).
 */
#include "schema/validate/function.h"

#include <errno.h>

static const uint64_t on_create =
#define RULE_OPT(name, create) ((uint64_t)(create) << RULE_OPT_##name) |
#include "schema/validate/options.def"
#undef RULE_OPT
	0;

#define BIT(name) ((uint64_t)1 << RULE_OPT_##name)

static void set(uint64_t *options, uint64_t bit, bool on) {
	*options = on ? *options | bit : *options & ~bit;
}

uint64_t rule_options(const struct rule_scope *s) {
	uint64_t options = on_create;
	const yyjson_mut_val *old = s->old;
	if (!old) return options;
	/* What an update always allows, or only in some state of the old object. */
	const yyjson_mut_val *labels = json_path(old, "spec.template.metadata.labels");
	set(&options, BIT(allowInvalidServiceName) | BIT(skipValidateVolumeClaimTemplates), true);
	set(&options, BIT(requirePrefixedLabels), json_get(labels, "batch.kubernetes.io/job-name") && json_get(labels,
		"batch.kubernetes.io/controller-uid"));
	set(&options, BIT(allowMutableSchedulingDirectives), json_path_bool(old, "spec.suspend", false) && !json_path(old,
		"status.startTime"));
	return options;
}

/* Faults of the old object under these options. */
static size_t old_faults(const struct rule_scope *s, const struct rule *create, uint64_t options) {
	struct schema_errors errors = { 0 };
	struct rule_scope as_new = *s;
	as_new.errors = &errors;
	as_new.warnings = NULL;
	as_new.object = s->old;
	as_new.old = NULL;
	as_new.options = options;
	const struct rule_value args[] = { rv_node(s->old), RV_NONE, rv_lit(s->resource->group), rv_bool(s->resource->namespaced) };
	return rule_run(&as_new, create, args, ELEMENTSOF(args)) ? 0 : errors.n;
}

uint64_t rule_options_ratcheted(struct rule_scope *s, const struct rule *create) {
	uint64_t options = s->options;
	size_t faults = old_faults(s, create, options);
	for (unsigned i = 0; faults && i < RULE_OPT_COUNT; i++) {
		uint64_t bit = (uint64_t)1 << i;
		if (!(s->options & bit) && old_faults(s, create, s->options | bit) < faults) options |= bit;
	}
	return options;
}
