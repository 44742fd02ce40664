/* SPDX-License-Identifier: Apache-2.0 */
/* access who-can: every subject that a binding allows it. */
#include "ctl/access.h"
#include "ctl/tree.h"

static bool add(struct ctl *c, struct tabs *t, const struct info *binding) {
	yyjson_mut_val *s;
	bool any = false;
	json_each(json_get(binding->doc->root, "subjects"), s) {
		const char *ns = text_at(s, "namespace");
		const char *const cells[] = { text_at(s, "kind"), *ns ? ctl_printf(c, "%s/%s", ns, text_at(s, "name")) : text_at(s, "name"),
					      rbac_name(c, binding), rbac_ref_name(c, binding) };
		access_row(c, t, cells, ELEMENTSOF(cells));
		any = true;
	}
	return any;
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	static const char *const head[] = { "KIND", "SUBJECT", "BINDING", "ROLE" };
	struct ask a;
	struct rbac r;
	struct tabs t;
	bool any = false;
	if (access_ask(c, args, n, &a) || rbac_load(c, &r)) return 1;
	const struct infos *const lists[] = { &r.cluster_bindings, &r.bindings };
	tabs_init(&t, 0, 3, false);
	access_row(c, &t, head, ELEMENTSOF(head));
	for (size_t i = 0; i < ELEMENTSOF(lists); i++)
		for (size_t k = 0; k < lists[i]->n; k++)
			if (binding_reaches(&lists[i]->v[k], &a) && role_allows(rbac_role_of(&r, &lists[i]->v[k]), &a)) any |= add(c, &t, &lists[i]->v[k]);
	if (any) access_table(c, &t);
	else tabs_done(&t);
	if (!any) ctl_err(c, "No binding allows anybody to %s.\n", access_sentence(c, &a));
	ctl_err(c, "The group system:masters may do everything without a binding.\n");
	return 0;
}

static const struct flag *const tables[] = { access_scope_flags, NULL };
const struct command access_who_can = { "who-can", NULL, "VERB RESOURCE[/SUBRESOURCE] [NAME]", "Who may do this", tables, run, NULL };
