/* SPDX-License-Identifier: Apache-2.0 */
/* access token: whose a mounted token is, what it is bound to, how long it lives. */
#include "client/config.h"
#include "codec/base64.h"
#include "codec/timestamp.h"
#include "ctl/access.h"
#include "ctl/file.h"
#include "ctl/session.h"
#include "ctl/tree.h"

#define TOKEN_SIZE_MAX ((size_t)1024 * 1024)
/* When the kubelet asks for another one: after this part of the life, or this age. */
#define REFRESH_PERCENT 80
#define REFRESH_AGE (24 * 3600)

/* ---- reading ---- */

static int read_token(struct ctl *c, const char *const *args, size_t n, const char **ret_from, struct slice *ret) {
	const char *given = flag_text(&c->flags, "token"), *path = n ? args[0] : CONFIG_SERVICE_ACCOUNT_DIR "/token";
	*ret_from = *given && !n ? "--token" : path;
	*ret = slice_str(given);
	int r = *given && !n ? 0 : file_read(c, path, ret);
	if (r < 0) return ctl_fail(c, "open %s: %s", path, file_error(r));
	while (ret->n && (ret->p[ret->n - 1] == '\n' || ret->p[ret->n - 1] == ' ')) ret->n--;
	return ret->n > TOKEN_SIZE_MAX ? ctl_fail(c, "%s is too large for a token", *ret_from) : 0;
}

/* The claims; no signature is checked: that is the server's. */
static int read_claims(struct ctl *c, const char *from, struct slice token, yyjson_mut_doc **ret) {
	struct slice rest = token, head = slice_cut(&rest, '.'), body = slice_cut(&rest, '.'), json;
	const char *msg = "";
	if (!head.n || !body.n || !rest.p || base64_decode_new(c->a, BASE64_RAW_URL, body, &json) < 0 || tree_parse(c, json, ret, &msg) < 0 ||
	    !yyjson_mut_is_obj((*ret)->root))
		return ctl_fail(c, "%s holds no token of a service account: it is no JSON Web Token", from);
	return 0;
}

/* ---- telling ---- */

static void row(struct ctl *c, struct tabs *t, const char *name, const char *value) {
	const char *const cells[] = { name, value };
	access_row(c, t, cells, 2);
}

static const char *span(struct ctl *c, int64_t seconds) {
	static const struct { int64_t n; const char *unit; } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "m" }, { 1, "s" } };
	for (size_t i = 0; i < ELEMENTSOF(units); i++)
		if (seconds >= units[i].n * 2 || units[i].n == 1) return ctl_printf(c, "%lld%s", (long long)(seconds / units[i].n), units[i].unit);
	return "";
}

static void row_time(struct ctl *c, struct tabs *t, const char *name, int64_t at, int64_t now) {
	char text[TIMESTAMP_TEXT];
	if (!at) return;
	timestamp_format(at, text);
	row(c, t, name, at > now ? ctl_printf(c, "%s (in %s)", text, span(c, at - now)) : ctl_printf(c, "%s (%s ago)", text, span(c, now - at)));
}

static void row_bound(struct ctl *c, struct tabs *t, const yyjson_mut_val *claims) {
	static const struct { const char *member, *kind; } kinds[] = { { "pod", "Pod" }, { "secret", "Secret" }, { "node", "Node" } };
	const yyjson_mut_val *k8s = json_get(claims, "kubernetes.io");
	bool any = false;
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		const yyjson_mut_val *v = json_get(k8s, kinds[i].member);
		if (!v) continue;
		row(c, t, any ? "" : "Bound to", ctl_printf(c, "%s %s (uid %s)", kinds[i].kind, text_at(v, "name"), text_at(v, "uid")));
		any = true;
	}
	if (!any) row(c, t, "Bound to", "nothing: it lives until it expires");
}

static const char *audiences(struct ctl *c, const yyjson_mut_val *claims) {
	struct strings s = { 0 };
	yyjson_mut_val *v, *aud = json_get(claims, "aud");
	if (yyjson_mut_is_str(aud)) return text_of(aud);
	json_each(aud, v) strings_add(c, &s, text_of(v));
	return strings_join(c, &s, ", ");
}

static void row_refresh(struct ctl *c, struct tabs *t, int64_t issued, int64_t ends, int64_t now) {
	int64_t life = (ends - issued) / 100 * REFRESH_PERCENT;
	if (issued && ends > issued) row_time(c, t, "Refreshed from", issued + (life < REFRESH_AGE ? life : REFRESH_AGE), now);
}

/* ---- checks ---- */

static void problem(struct ctl *c, const char *text) {
	ctl_err(c, "problem: %s\n", text);
	c->exit_code = 1;
}

static void check_times(struct ctl *c, const yyjson_mut_val *claims, int64_t now) {
	int64_t ends = json_path_int(claims, "exp", 0), begins = json_path_int(claims, "nbf", 0);
	if (!ends) problem(c, "the token never expires: it is one of a Secret, from before bound tokens");
	else if (ends <= now) problem(c, "the token has expired: is it read anew by the program, and refreshed by the node?");
	if (begins > now) problem(c, "the token is not valid yet: do the clocks agree?");
}

static void check_namespace(struct ctl *c, const yyjson_mut_val *claims) {
	struct slice text;
	const char *ns = text_at(json_get(claims, "kubernetes.io"), "namespace");
	if (file_read(c, CONFIG_SERVICE_ACCOUNT_DIR "/namespace", &text) == 0 && !slice_eqs(text, ns))
		problem(c, ctl_printf(c, "the mounted namespace is %s, the token's %s", ctl_quote(c, text), ctl_quote(c, slice_str(ns))));
}

/* Asked with the token itself, where this run uses it. */
static void ask_server(struct ctl *c, struct tabs *t) {
	yyjson_mut_doc *doc;
	struct k8c_reply *reply;
	struct call call = { .method = "POST", .path = "/apis/authentication.k8s.io/v1/selfsubjectreviews",
			     .body = SLICE_LIT("{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}") };
	int r = session_try(c, &call, &reply);
	if (r == 2) return;
	if (r == 0 && session_parse(c, reply, &doc) == 0) row(c, t, "The server says", text_at(doc->root, "status.userInfo.username"));
	if (r == 1) problem(c, ctl_printf(c, "the server does not take it: %s", reply->error.message));
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	const char *from;
	struct slice token;
	yyjson_mut_doc *doc;
	struct tabs t;
	if (n > 1) return ctl_usage(c, "one FILE at most");
	if (read_token(c, args, n, &from, &token) || read_claims(c, from, token, &doc)) return 1;
	const yyjson_mut_val *claims = doc->root;
	int64_t now = env_now_sec(c->env), issued = json_path_int(claims, "iat", 0), ends = json_path_int(claims, "exp", 0);
	bool mounted = !n && !*flag_text(&c->flags, "token");
	tabs_init(&t, 0, 3, false);
	row(c, &t, "Token", from);
	row(c, &t, "User", text_at(claims, "sub"));
	row_bound(c, &t, claims);
	row(c, &t, "Issuer", text_at(claims, "iss"));
	row(c, &t, "Audiences", audiences(c, claims));
	row_time(c, &t, "Issued", issued, now);
	row_refresh(c, &t, issued, ends, now);
	row_time(c, &t, "Warned of after", json_path_int(json_get(claims, "kubernetes.io"), "warnafter", 0), now);
	row_time(c, &t, "Expires", ends, now);
	check_times(c, claims, now);
	if (mounted) check_namespace(c, claims);
	if (!n && session_config(c) == 0 && (!mounted || k8c_config_is_in_cluster(c->cfg))) ask_server(c, &t);
	access_table(c, &t);
	return c->faults.n > 0;
}

static const struct flag *const tables[] = { NULL };
const struct command access_token = { "token", NULL, "[FILE]", "Whose the mounted token is, and how long it lives", tables, run, NULL };
