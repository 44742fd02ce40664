/* SPDX-License-Identifier: Apache-2.0 */
/* access: RBAC explained, from the client's side. */
#include "ctl/access.h"
#include "ctl/goprint.h"
#include "ctl/session.h"
#include "ctl/tree.h"

const struct flag access_scope_flags[] = { { "all-namespaces", FLAG_BOOL, NULL, 'A', NULL, "in all namespaces at once" }, { 0 } };
const struct flag access_for_flags[] = {
	{ "for", FLAG_STRING, NULL, 0, NULL, "who: a user's name, or NAMESPACE:NAME of a service account; without it you" },
	{ "for-group", FLAG_ARRAY, NULL, 0, NULL, "a group of --for; may be repeated" },
	{ 0 },
};

/* ---- what ---- */

int access_ask(struct ctl *c, const char *const *args, size_t n, struct ask *ret) {
	if (n < 2 || n > 3) return ctl_usage(c, "VERB and RESOURCE[/SUBRESOURCE] or /PATH are required, and NAME may follow");
	*ret = (struct ask){ .verb = args[0], .group = "", .resource = "", .sub = "", .name = n > 2 ? args[2] : "", .ns = "" };
	if (args[1][0] == '/') {
		ret->url = args[1];
		return n > 2 ? ctl_usage(c, "a path has no NAME") : 0;
	}
	struct slice sub = slice_str(args[1]), name = slice_cut(&sub, '/');
	const struct resource *r = mapper_resource(c, ctl_text(c, name));
	if (!r) return 1;
	ret->group = r->group;
	ret->resource = r->name;
	ret->namespaced = r->namespaced;
	if (sub.n) ret->sub = ctl_text(c, sub);
	if (!r->namespaced || flag_on(&c->flags, "all-namespaces")) return 0;
	ret->ns = session_namespace(c);
	return !ret->ns;
}

const char *access_sentence(struct ctl *c, const struct ask *a) {
	if (a->url) return ctl_printf(c, "%s %s", a->verb, a->url);
	const char *where = !a->namespaced ? "" : *a->ns ? ctl_printf(c, " in namespace %s", ctl_quote(c, slice_str(a->ns))) : " in all namespaces";
	return ctl_printf(c, "%s %s%s%s%s%s%s%s%s", a->verb, a->resource, *a->group ? "." : "", a->group, *a->sub ? "/" : "", a->sub, *a->name ? " " : "",
			  *a->name ? ctl_quote(c, slice_str(a->name)) : "", where);
}

/* ---- who ---- */

#define ACCOUNT_PREFIX "system:serviceaccount:"

static void account_of(struct ctl *c, struct identity *who) {
	struct slice rest = slice_str(who->user);
	if (!slice_starts(rest, SLICE_LIT(ACCOUNT_PREFIX))) return;
	rest = slice_from(rest, sizeof(ACCOUNT_PREFIX) - 1);
	struct slice ns = slice_cut(&rest, ':');
	if (!ns.n || !rest.n || slice_chr(rest, ':') >= 0) return;
	who->account_ns = ctl_text(c, ns);
	who->account = ctl_text(c, rest);
}

static int asked_identity(struct ctl *c, struct identity *who) {
	yyjson_mut_doc *doc;
	yyjson_mut_val *v;
	struct call call = { .method = "POST", .path = "/apis/authentication.k8s.io/v1/selfsubjectreviews",
			     .body = SLICE_LIT("{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}") };
	if (session_json(c, &call, &doc)) return 1;
	who->user = text_at(doc->root, "status.userInfo.username");
	json_each(json_path(doc->root, "status.userInfo.groups"), v) strings_add(c, &who->groups, text_of(v));
	account_of(c, who);
	return 0;
}

/* "NAMESPACE:NAME": one colon, and no user of the system's own. */
static bool is_account(const char *who) {
	struct slice name = slice_str(who), ns = slice_cut(&name, ':');
	return ns.n && name.n && slice_chr(name, ':') < 0 && !slice_eqs(ns, "system");
}

int access_identity(struct ctl *c, struct identity *ret) {
	const char *who = flag_text(&c->flags, "for");
	const struct flag_value *groups = flags_get(&c->flags, "for-group");
	*ret = (struct identity){ .user = is_account(who) ? ctl_printf(c, ACCOUNT_PREFIX "%s", who) : who };
	if (!*who) return groups->n ? ctl_usage(c, "--for-group needs --for") : asked_identity(c, ret);
	account_of(c, ret);
	for (size_t i = 0; i < groups->n; i++) strings_add(c, &ret->groups, groups->list[i]);
	if (ret->account) {
		strings_add(c, &ret->groups, "system:serviceaccounts");
		strings_add(c, &ret->groups, ctl_printf(c, "system:serviceaccounts:%s", ret->account_ns));
	}
	strings_add(c, &ret->groups, strcmp(ret->user, "system:anonymous") ? "system:authenticated" : "system:unauthenticated");
	return 0;
}

/* ---- output ---- */

void access_row(struct ctl *c, struct tabs *t, const char *const *cells, size_t n) {
	(void)c;
	for (size_t i = 0; i < n; i++) {
		escape_terminal(&t->text, slice_str(cells[i]));
		tabs_put(t, i + 1 < n ? SLICE_LIT("\t") : SLICE_LIT("\n"));
	}
}

void access_table(struct ctl *c, struct tabs *t) {
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	if (tabs_flush(t, &b) < 0) (void)ctl_must(NULL);
	sink_put(&c->out, ctl_take(c, &b));
	tabs_done(t);
}

void access_line(struct ctl *c, const char *fmt, ...) {
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	va_list ap;
	va_start(ap, fmt);
	char *text = ctl_must(arena_vprintf(c->a, fmt, ap));
	va_end(ap);
	escape_terminal(&b, slice_str(text));
	(void)buf_putc(&b, '\n');
	sink_put(&c->out, ctl_take(c, &b));
}

static const struct command *const subs[] = { &access_explain, &access_lint, &access_matrix, &access_suggest, &access_token, &access_who_can, NULL };
const struct command command_access = { "access", NULL, NULL, "Who may do what, and why not", NULL, NULL, subs };
