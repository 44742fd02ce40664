/* SPDX-License-Identifier: Apache-2.0 */
/* auth can-i and whoami. */
#include "ctl/auth.h"
#include "ctl/tabs.h"
#include "ctl/tree.h"

static const struct flag can_flags[] = {
	{ "all-namespaces", FLAG_BOOL, NULL, 'A', NULL, "in all namespaces" },
	{ "list", FLAG_BOOL, NULL, 0, NULL, "print everything that is allowed" },
	{ "no-headers", FLAG_BOOL, NULL, 0, NULL, "with --list: no line of headers" },
	{ "quiet", FLAG_BOOL, NULL, 'q', NULL, "only the exit code" },
	{ "subresource", FLAG_STRING, NULL, 0, NULL, "subresource, as log or scale" },
	{ 0 },
};

struct question {
	const char *verb, *url, *group, *resource, *name;
	const struct resource *r; /* NULL: unknown to the server, or "*" */
};

static const char *const resource_verbs[] = { "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "use", "bind",
					      "impersonate", "*", "approve", "sign", "escalate", "attest", NULL };
static const char *const url_verbs[] = { "get", "put", "post", "head", "options", "delete", "patch", "*", NULL };

static bool among(const char *const *list, const char *word) {
	for (; *list; list++)
		if (!strcmp(*list, word)) return true;
	return false;
}

static void find_resource(struct ctl *c, struct question *q, const char *arg) {
	struct slice rest = slice_str(arg), type = slice_cut(&rest, '/');
	const char *name = ctl_text(c, type);
	q->name = rest.p ? ctl_text(c, rest) : "";
	q->group = "";
	q->resource = name;
	if (!strcmp(name, "*")) return;
	q->r = mapper_find(c, name);
	if (q->r) {
		q->group = q->r->group;
		q->resource = q->r->name;
		return;
	}
	struct slice group = slice_str(ctl_lower(c, type)), plain = slice_cut(&group, '.');
	if (c->mapper_broken || !strcmp(name, "users") || !strcmp(name, "groups")) return;
	if (group.n) ctl_err(c, "Warning: the server doesn't have a resource type '%.*s' in group '%.*s'\n\n", SLICE_FMT(plain), SLICE_FMT(group));
	else ctl_err(c, "Warning: the server doesn't have a resource type '%.*s'\n\n", SLICE_FMT(plain));
}

static void warn_scope(struct ctl *c, const struct question *q) {
	if (flag_on(&c->flags, "all-namespaces") || !*q->resource) return;
	if (q->r && !q->r->namespaced) {
		if (*q->group) ctl_err(c, "Warning: resource '%s' is not namespace scoped in group '%s'\n\n", q->resource, q->group);
		else ctl_err(c, "Warning: resource '%s' is not namespace scoped\n\n", q->resource);
	}
	if (!among(resource_verbs, q->verb)) ctl_err(c, "Warning: verb '%s' is not a known verb\n\n", q->verb);
}

static int check(struct ctl *c, const char *const *args, size_t n, struct question *q) {
	const char *sub = flag_text(&c->flags, "subresource");
	if (n != 2)
		return ctl_fail(c, "you must specify two arguments: verb resource or verb resource/resourceName.\n"
				   "See 'kubectl auth can-i -h' for help and examples.");
	q->verb = args[0];
	if (args[1][0] == '/') {
		q->url = args[1];
		if (*sub) return ctl_fail(c, "--subresource can not be used with NonResourceURL");
		if (!among(url_verbs, q->verb)) ctl_err(c, "Warning: verb '%s' is not a known verb\n\n", q->verb);
	} else {
		find_resource(c, q, args[1]);
		if (c->mapper_broken) return 1;
		warn_scope(c, q);
	}
	return flag_on(&c->flags, "no-headers") ? ctl_fail(c, "--no-headers cannot be set without --list specified") : 0;
}

static yyjson_mut_doc *review(struct ctl *c, const struct question *q, const char *ns) {
	yyjson_mut_doc *doc = tree_new(c);
	const struct { const char *path, *value; } fields[] = {
		{ "spec.resourceAttributes.namespace", ns }, { "spec.resourceAttributes.verb", q->verb }, { "spec.resourceAttributes.group", q->group },
		{ "spec.resourceAttributes.resource", q->resource }, { "spec.resourceAttributes.subresource", flag_text(&c->flags, "subresource") },
		{ "spec.resourceAttributes.name", q->name },
	};
	tree_put(c, doc, doc->root, "apiVersion", "authorization.k8s.io/v1");
	tree_put(c, doc, doc->root, "kind", "SelfSubjectAccessReview");
	if (q->url) {
		tree_put(c, doc, doc->root, "spec.nonResourceAttributes.verb", q->verb);
		tree_put(c, doc, doc->root, "spec.nonResourceAttributes.path", q->url);
		return doc;
	}
	for (size_t i = 0; i < ELEMENTSOF(fields); i++)
		if (*fields[i].value) tree_put(c, doc, doc->root, fields[i].path, fields[i].value);
	return doc;
}

static int ask(struct ctl *c, const struct question *q) {
	yyjson_mut_doc *answer;
	const char *ns = flag_on(&c->flags, "all-namespaces") ? "" : session_namespace(c);
	if (!ns || session_json(c, &(struct call){ .method = "POST", .path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
						    .body = tree_text(c, review(c, q, ns)->root) }, &answer))
		return 1;
	bool allowed = json_path_bool(answer->root, "status.allowed", false), quiet = flag_on(&c->flags, "quiet");
	const char *reason = text_at(answer->root, "status.reason"), *error = text_at(answer->root, "status.evaluationError");
	c->exit_code = allowed ? 0 : 1;
	if (quiet) return c->exit_code;
	if (allowed) ctl_out(c, "yes\n");
	else ctl_out(c, "no%s%s%s%s\n", *reason ? " - " : "", reason, *error ? " - " : "", error);
	return c->exit_code;
}

static int can_run(struct ctl *c, const char *const *args, size_t n) {
	struct question q = { .group = "", .resource = "", .name = "" };
	if (!flag_on(&c->flags, "list")) return check(c, args, n, &q) || ask(c, &q);
	if (n) return ctl_fail(c, "list option must be specified with no arguments");
	if (flag_on(&c->flags, "quiet") || flag_on(&c->flags, "all-namespaces") || *flag_text(&c->flags, "subresource"))
		return ctl_fail(c, "list option can't be specified with neither quiet, all-namespaces nor subresource options");
	return auth_list_rules(c);
}

/* ---- whoami ---- */

static void print_user(struct ctl *c, const yyjson_mut_val *user) {
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	struct strings lines = { 0 };
	yyjson_mut_val *k, *v, *e;
	struct tabs t;
	size_t i, n;
	tabs_init(&t, 6, 3, true);
	tabs_printf(&t, "ATTRIBUTE\tVALUE\n");
	if (*text_at(user, "username")) tabs_printf(&t, "Username\t%s\n", text_at(user, "username"));
	if (*text_at(user, "uid")) tabs_printf(&t, "UID\t%s\n", text_at(user, "uid"));
	struct strings groups = { 0 };
	json_each(json_get(user, "groups"), e) strings_add(c, &groups, text_of(e));
	if (groups.n) tabs_printf(&t, "Groups\t[%s]\n", strings_join(c, &groups, " "));
	yyjson_mut_obj_foreach(json_get(user, "extra"), i, n, k, v) {
		struct strings values = { 0 };
		json_each(v, e) strings_add(c, &values, text_of(e));
		strings_add(c, &lines, ctl_printf(c, "Extra: %s\t[%s]\n", text_of(k), strings_join(c, &values, " ")));
	}
	strings_sort(&lines);
	for (i = 0; i < lines.n; i++) tabs_printf(&t, "%s", lines.v[i]);
	(void)tabs_flush(&t, &b);
	tabs_done(&t);
	sink_put(&c->out, ctl_take(c, &b));
}

static int whoami_run(struct ctl *c, const char *const *args, size_t n) {
	static const char body[] = "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}";
	struct printer *p;
	struct k8c_reply *reply;
	yyjson_mut_doc *doc;
	(void)args;
	(void)n;
	if (printer_new(c, 0, &p)) return 1;
	int r = session_try(c, &(struct call){ .method = "POST", .path = "/apis/authentication.k8s.io/v1/selfsubjectreviews",
					       .body = slice_str(body) }, &reply);
	if (r == 1 && reply->error.status == 404) return ctl_fail(c, "the selfsubjectreviews API is not enabled in the cluster");
	if (r == 1 && reply->error.status == 403)
		return ctl_fail(c, "the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it");
	if (r == 1) return ctl_fail_api(c, &reply->error, NULL);
	if (r || session_parse(c, reply, &doc)) return 1;
	if (p) return printer_print(c, p, doc->root);
	print_user(c, json_path(doc->root, "status.userInfo"));
	return 0;
}

static const struct flag *const can_tables[] = { can_flags, NULL };
static const struct flag *const whoami_tables[] = { print_flags, NULL };
const struct command auth_can_i = { "can-i", NULL, "VERB [TYPE | TYPE/NAME | NONRESOURCEURL]", "Ask whether something is allowed", can_tables, can_run,
				    NULL };
const struct command auth_whoami = { "whoami", NULL, NULL, "Print who you are", whoami_tables, whoami_run, NULL };
static const struct command *const subs[] = { &auth_can_i, &auth_whoami, NULL };
const struct command command_auth = { "auth", NULL, "SUBCOMMAND", "Who you are and what you may", NULL, NULL, subs };
