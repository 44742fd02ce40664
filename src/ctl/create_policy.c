/* SPDX-License-Identifier: Apache-2.0 */
/* create quota, poddisruptionbudget, priorityclass. */
#include "codec/labels.h"
#include "codec/quantity.h"
#include "ctl/create.h"
#include "ctl/dryrun.h"
#include "ctl/tree.h"
#include "ctl/write.h"

/* ---- quota ---- */

static int put_hard(struct ctl *c, yyjson_mut_doc *doc, const char *text) {
	for (struct slice rest = slice_str(text); rest.n;) {
		struct slice value = slice_cut(&rest, ','), name = slice_cut(&value, '=');
		struct quantity q;
		char out[QUANTITY_TEXT];
		const char *msg = NULL;
		if (!value.p || slice_chr(value, '=') >= 0)
			return ctl_fail(c, "Invalid argument syntax %.*s, expected <resource>=<value>", (int)(name.n + (value.p ? value.n + 1 : 0)), name.p);
		if (quantity_parse(value, &q, &msg) < 0) return ctl_fail(c, "%s", msg);
		quantity_format(q, out);
		tree_set(c, doc, tree_obj(c, doc, doc->root, "spec.hard"), ctl_text(c, name), tree_string(c, doc, q.verbatim ? ctl_text(c, value) : out));
	}
	return 0;
}

static int quota_run(struct ctl *c, const char *const *args, size_t n) {
	if (create_one_name(c, n)) return 1;
	yyjson_mut_doc *doc = create_object(c, "v1", "ResourceQuota", args[0], true);
	(void)tree_obj(c, doc, doc->root, "spec");
	(void)tree_obj(c, doc, doc->root, "status");
	if (put_hard(c, doc, flag_text(&c->flags, "hard"))) return 1;
	for (struct slice rest = slice_str(flag_text(&c->flags, "scopes")); rest.n;) {
		struct slice scope = slice_cut(&rest, ',');
		tree_append(c, tree_list(c, doc, doc->root, "spec.scopes"), tree_string(c, doc, ctl_text(c, scope)));
	}
	return create_finish(c, doc);
}

/* ---- budget ---- */

/* A number, or a percentage as text. */
static void put_amount(struct ctl *c, yyjson_mut_doc *doc, const char *name, const char *text) {
	int64_t v;
	yyjson_mut_val *spec = tree_obj(c, doc, doc->root, "spec");
	if (slice_int(slice_str(text), INT32_MIN, INT32_MAX, &v) == 0) (void)json_set_int(doc, spec, name, v);
	else tree_put(c, doc, spec, name, text);
}

static bool amount_ok(const char *text) {
	size_t n = strspn(text, "0123456789");
	return n && (!text[n] || !strcmp(text + n, "%"));
}

static int put_selector(struct ctl *c, yyjson_mut_doc *doc, const char *text) {
	static const char *const operators[] = { [LABELS_IN] = "In", [LABELS_NOT_IN] = "NotIn", [LABELS_EXISTS] = "Exists",
						 [LABELS_NOT_EXISTS] = "DoesNotExist", [LABELS_LT] = NULL };
	struct labels_selector s;
	const char *msg = NULL;
	if (labels_parse(c->a, slice_str(text), &s, &msg) < 0) return ctl_fail(c, "%s", msg ? msg : "out of memory");
	yyjson_mut_val *selector = tree_obj(c, doc, doc->root, "spec.selector");
	for (size_t i = 0; i < s.n; i++) {
		const struct labels_req *r = &s.reqs[i];
		const char *key = ctl_text(c, r->key);
		if (r->op == LABELS_EQUALS || r->op == LABELS_DOUBLE_EQUALS) {
			tree_set(c, doc, tree_obj(c, doc, selector, "matchLabels"), key, tree_string(c, doc, ctl_text(c, r->values[0])));
			continue;
		}
		if (!operators[r->op])
			return ctl_fail(c, "\"%s\" is not a valid label selector operator", r->op == LABELS_NOT_EQUALS ? "!=" : r->op == LABELS_GT ? "gt" : "lt");
		yyjson_mut_val *e = ctl_must(yyjson_mut_obj(doc));
		tree_put(c, doc, e, "key", key);
		tree_put(c, doc, e, "operator", operators[r->op]);
		for (size_t k = 0; k < r->n_values; k++) tree_append(c, tree_list(c, doc, e, "values"), tree_string(c, doc, ctl_text(c, r->values[k])));
		tree_append(c, tree_list(c, doc, selector, "matchExpressions"), e);
	}
	return 0;
}

static int budget_run(struct ctl *c, const char *const *args, size_t n) {
	static const char *const counts[] = { "currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods" };
	const char *min = flag_text(&c->flags, "min-available"), *max = flag_text(&c->flags, "max-unavailable"), *selector = flag_text(&c->flags, "selector");
	if (create_one_name(c, n)) return 1;
	if (!*selector) return ctl_fail(c, "a selector must be specified");
	if (!*max && !*min) return ctl_fail(c, "one of min-available or max-unavailable must be specified");
	if (*min && *max) return ctl_fail(c, "min-available and max-unavailable cannot be both specified");
	if (*min && !amount_ok(min)) return ctl_fail(c, "invalid format specified for min-available");
	if (*max && !amount_ok(max)) return ctl_fail(c, "invalid format specified for max-unavailable");
	yyjson_mut_doc *doc = create_object(c, "policy/v1", "PodDisruptionBudget", args[0], true);
	put_amount(c, doc, *min ? "minAvailable" : "maxUnavailable", *min ? min : max);
	if (put_selector(c, doc, selector)) return 1;
	for (size_t i = 0; i < ELEMENTSOF(counts); i++) (void)json_set_int(doc, tree_obj(c, doc, doc->root, "status"), counts[i], 0);
	return create_finish(c, doc);
}

/* ---- priority class ---- */

static int priority_run(struct ctl *c, const char *const *args, size_t n) {
	const char *description = flag_text(&c->flags, "description");
	if (create_one_name(c, n)) return 1;
	yyjson_mut_doc *doc = create_object(c, "scheduling.k8s.io/v1", "PriorityClass", args[0], false);
	if (*description) tree_put(c, doc, doc->root, "description", description);
	if (flag_on(&c->flags, "global-default")) tree_set(c, doc, doc->root, "globalDefault", ctl_must(yyjson_mut_bool(doc, true)));
	tree_put(c, doc, doc->root, "preemptionPolicy", flag_text(&c->flags, "preemption-policy"));
	(void)json_set_int(doc, doc->root, "value", flag_int(&c->flags, "value"));
	return create_finish(c, doc);
}

static const struct flag quota_flags[] = {
	{ "hard", FLAG_STRING, NULL, 0, NULL, "RESOURCE=AMOUNT,..." },
	{ "scopes", FLAG_STRING, NULL, 0, NULL, "which pods it is about" },
	{ 0 },
};
static const struct flag budget_flags[] = {
	{ "max-unavailable", FLAG_STRING, NULL, 0, NULL, "how many may be away, a number or a percentage" },
	{ "min-available", FLAG_STRING, NULL, 0, NULL, "how many have to be there" },
	{ "selector", FLAG_STRING, NULL, 0, NULL, "label selector of the pods" },
	{ 0 },
};
static const struct flag priority_flags[] = {
	{ "description", FLAG_STRING, NULL, 0, NULL, "when to use it" },
	{ "global-default", FLAG_BOOL, NULL, 0, NULL, "for pods that name no class" },
	{ "preemption-policy", FLAG_STRING, "PreemptLowerPriority", 0, NULL, "PreemptLowerPriority or Never" },
	{ "value", FLAG_INT, "0", 0, NULL, "the priority" },
	{ 0 },
};
#define COMMON create_flags, validate_flags, dryrun_flags, print_flags, NULL
static const struct flag *const quota_tables[] = { quota_flags, COMMON };
static const struct flag *const budget_tables[] = { budget_flags, COMMON };
static const struct flag *const priority_tables[] = { priority_flags, COMMON };
const struct command create_quota = { "quota", "resourcequota", "NAME [--hard=key=value,...] [--scopes=...]", "Create a quota", quota_tables, quota_run, NULL };
const struct command create_poddisruptionbudget = { "poddisruptionbudget", "pdb", "NAME --selector=SELECTOR --min-available=N", "Create a pod disruption budget",
						    budget_tables, budget_run, NULL };
const struct command create_priorityclass = { "priorityclass", "pc", "NAME --value=VALUE", "Create a priority class", priority_tables, priority_run, NULL };
