/* SPDX-License-Identifier: Apache-2.0 */
/* access explain: by what somebody may do something, or what is missing. */
#include "ctl/access.h"
#include "ctl/access_near.h"
#include "ctl/session.h"
#include "ctl/tree.h"

/* The server's own word: 1 yes, 0 no, -1 it does not tell (another identity than the caller's needs a right of its own). */
static int server_says(struct ctl *c, const struct ask *a, const struct identity *who, const char **ret_reason) {
	yyjson_mut_doc *doc = tree_new(c), *answer;
	struct k8c_reply *reply;
	const char *base = a->url ? "spec.nonResourceAttributes" : "spec.resourceAttributes";
	const struct { const char *name, *value; bool url; } fields[] = {
		{ "verb", a->verb, true }, { "path", a->url, true }, { "group", a->group, false }, { "resource", a->resource, false },
		{ "subresource", a->sub, false }, { "name", a->name, false }, { "namespace", a->ns, false },
	};
	*ret_reason = "";
	tree_put(c, doc, doc->root, "apiVersion", "authorization.k8s.io/v1");
	tree_put(c, doc, doc->root, "kind", "SubjectAccessReview");
	tree_put(c, doc, doc->root, "spec.user", who->user);
	for (size_t i = 0; i < who->groups.n; i++) tree_append(c, tree_list(c, doc, doc->root, "spec.groups"), tree_string(c, doc, who->groups.v[i]));
	for (size_t i = 0; i < ELEMENTSOF(fields); i++)
		if (fields[i].value && (fields[i].url || !a->url)) tree_put(c, doc, doc->root, ctl_printf(c, "%s.%s", base, fields[i].name), fields[i].value);
	struct call call = { .method = "POST", .path = "/apis/authorization.k8s.io/v1/subjectaccessreviews", .body = tree_text(c, doc->root) };
	if (session_try(c, &call, &reply) || session_parse(c, reply, &answer)) return -1;
	*ret_reason = text_at(answer->root, "status.reason");
	return json_path_bool(answer->root, "status.allowed", false);
}

static size_t granted(struct ctl *c, const struct rbac *r, const struct ask *a, const struct identity *who) {
	const struct infos *const lists[] = { &r->cluster_bindings, &r->bindings };
	size_t found = 0;
	for (size_t l = 0; l < ELEMENTSOF(lists); l++) {
		for (size_t i = 0; i < lists[l]->n; i++) {
			const struct info *b = &lists[l]->v[i];
			const yyjson_mut_val *s = binding_reaches(b, a) ? binding_subject(b, who) : NULL;
			if (!s || !role_allows(rbac_role_of(r, b), a)) continue;
			if (!found++) access_line(c, "%s may %s:", who->user, access_sentence(c, a));
			access_line(c, "  %s gives %s to %s.", rbac_name(c, b), rbac_ref_name(c, b), subject_name(c, s));
		}
	}
	return found;
}

static int refused(struct ctl *c, const struct rbac *r, const struct ask *a, const struct identity *who) {
	struct reasons reasons;
	access_line(c, "%s may not %s.", who->user, access_sentence(c, a));
	access_near(c, r, a, who, &reasons);
	for (size_t i = 0; i < reasons.n; i++) access_line(c, "  %s", reasons.v[i]);
	if (reasons.left_out) access_line(c, "  (and %zu more)", reasons.left_out);
	if (!reasons.n) access_line(c, "  Nothing comes near: no role allows it.");
	c->exit_code = 1;
	return 0;
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct ask a;
	struct identity who;
	struct rbac r;
	const char *reason;
	if (access_ask(c, args, n, &a) || access_identity(c, &who)) return 1;
	size_t faults = c->faults.n;
	int says = server_says(c, &a, &who, &reason);
	c->faults.n = faults;
	if (rbac_load(c, &r)) return 1;
	if (granted(c, &r, &a, &who)) {
		if (says == 0) ctl_err(c, "warning: the server refuses it all the same: %s\n", *reason ? reason : "it gives no reason");
		return 0;
	}
	if (says == 1 || strings_has(&who.groups, "system:masters")) {
		access_line(c, "%s may %s, but not by RBAC%s%s.", who.user, access_sentence(c, &a), *reason ? ": " : "", reason);
		return 0;
	}
	return refused(c, &r, &a, &who);
}

static const struct flag *const tables[] = { access_scope_flags, access_for_flags, NULL };
const struct command access_explain = { "explain", NULL, "VERB RESOURCE[/SUBRESOURCE] [NAME] [--for WHO]",
					"Why somebody may, or may not, do this", tables, run, NULL };
