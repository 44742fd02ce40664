/* SPDX-License-Identifier: Apache-2.0 */
/* create ingress: --rule host/path=service:port[,tls[=secret]]. */
#include "ctl/create.h"
#include "ctl/dryrun.h"
#include "ctl/tree.h"
#include "ctl/write.h"

struct rule {
	struct slice host, path, service, port, secret;
	bool tls;
};

static bool word(struct slice s, const char *more) {
	for (size_t i = 0; i < s.n; i++) {
		char ch = s.p[i];
		bool alnum = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_';
		if (!alnum && !strchr(more, ch)) return false;
	}
	return true;
}

static bool parse_rule(const char *text, struct rule *r) {
	struct slice tls = slice_str(text), rest = slice_cut(&tls, ',');
	ptrdiff_t slash = slice_chr(rest, '/'), eq = -1;
	for (size_t i = rest.n; i-- > 0 && eq < 0;)
		if (rest.p[i] == '=') eq = (ptrdiff_t)i;
	if (slash < 0 || eq < slash) return false;
	*r = (struct rule){ .host = slice_upto(rest, (size_t)slash), .path = slice_make(rest.p + slash, (size_t)(eq - slash)) };
	struct slice backend = slice_from(rest, (size_t)eq + 1);
	r->service = slice_cut(&backend, ':');
	r->port = backend;
	struct slice secret = tls, key = slice_cut(&secret, '=');
	r->tls = slice_eqs(key, "tls");
	r->secret = secret;
	return word(r->host, "*-.") && r->service.n && word(r->service, "-") && r->port.n && word(r->port, "-");
}

static yyjson_mut_val *backend_of(struct ctl *c, yyjson_mut_doc *doc, struct slice service, struct slice port) {
	yyjson_mut_val *v = ctl_must(yyjson_mut_obj(doc));
	int64_t number;
	tree_put(c, doc, v, "service.name", ctl_text(c, service));
	if (slice_int(port, INT32_MIN, INT32_MAX, &number) == 0) (void)json_set_int(doc, tree_obj(c, doc, v, "service.port"), "number", number);
	else tree_put(c, doc, v, "service.port.name", ctl_text(c, port));
	return v;
}

static void add_path(struct ctl *c, yyjson_mut_doc *doc, const struct rule *r) {
	yyjson_mut_val *e, *to = NULL, *path = ctl_must(yyjson_mut_obj(doc)), *rules = tree_list(c, doc, doc->root, "spec.rules");
	bool prefix = slice_ends(r->path, SLICE_LIT("*"));
	json_each(rules, e) if (slice_eq(json_path_str(e, "host"), r->host)) to = e;
	if (!to) {
		to = ctl_must(yyjson_mut_obj(doc));
		if (r->host.n) tree_put(c, doc, to, "host", ctl_text(c, r->host));
		tree_append(c, rules, to);
	}
	tree_set(c, doc, path, "backend", backend_of(c, doc, r->service, r->port));
	tree_put(c, doc, path, "path", ctl_text(c, slice_upto(r->path, r->path.n - prefix)));
	tree_put(c, doc, path, "pathType", prefix ? "Prefix" : "Exact");
	tree_append(c, tree_list(c, doc, to, "http.paths"), path);
}

/* A host is in one entry only. */
static bool has_host(const yyjson_mut_val *list, struct slice host) {
	yyjson_mut_val *e, *h;
	json_each(list, e) json_each(json_get(e, "hosts"), h) if (slice_eq(json_str(h), host)) return true;
	return false;
}

static void add_tls(struct ctl *c, yyjson_mut_doc *doc, const struct rule *r) {
	yyjson_mut_val *e, *to = NULL;
	if ((!r->host.n && !r->secret.n) || has_host(json_path(doc->root, "spec.tls"), r->host)) return;
	yyjson_mut_val *list = tree_list(c, doc, doc->root, "spec.tls");
	json_each(list, e) if (slice_eq(json_path_str(e, "secretName"), r->secret)) to = e;
	if (!to) {
		to = ctl_must(yyjson_mut_obj(doc));
		if (r->secret.n) tree_put(c, doc, to, "secretName", ctl_text(c, r->secret));
		tree_append(c, list, to);
	}
	if (r->host.n) tree_append(c, tree_list(c, doc, to, "hosts"), tree_string(c, doc, ctl_text(c, r->host)));
}

static int put_annotations(struct ctl *c, yyjson_mut_doc *doc) {
	const struct flag_value *list = flags_get(&c->flags, "annotation");
	for (size_t i = 0; i < list->n; i++) {
		struct slice value = slice_str(list->list[i]), key = slice_cut(&value, '=');
		if (!value.p) return ctl_fail(c, "annotation %s is invalid and should be in format key=[value]", list->list[i]);
		tree_set(c, doc, tree_obj(c, doc, doc->root, "metadata.annotations"), ctl_text(c, key), tree_string(c, doc, ctl_text(c, value)));
	}
	return 0;
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	const struct flag_value *rules = flags_get(&c->flags, "rule");
	const char *dflt = flag_text(&c->flags, "default-backend"), *class = flag_text(&c->flags, "class");
	struct slice port = slice_str(dflt), service = slice_cut(&port, ':');
	struct rule r;
	if (create_one_name(c, n)) return 1;
	if (!*dflt && !rules->n)
		return ctl_fail(c, "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of "
				   "rules (which catch specific paths)");
	yyjson_mut_doc *doc = create_object(c, "networking.k8s.io/v1", "Ingress", args[0], true);
	if (*class) tree_put(c, doc, doc->root, "spec.ingressClassName", class);
	for (size_t i = 0; i < rules->n; i++) {
		if (!parse_rule(rules->list[i], &r))
			return ctl_fail(c, "rule %s is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]", rules->list[i]);
		add_path(c, doc, &r);
		if (r.tls) add_tls(c, doc, &r);
	}
	if (put_annotations(c, doc)) return 1;
	if (*dflt && (!port.p || slice_chr(port, ':') >= 0)) return ctl_fail(c, "default-backend should be in format servicename:serviceport");
	if (*dflt) tree_set(c, doc, tree_obj(c, doc, doc->root, "spec"), "defaultBackend", backend_of(c, doc, service, port));
	(void)tree_obj(c, doc, doc->root, "status.loadBalancer");
	return create_finish(c, doc);
}

static const struct flag flags[] = {
	{ "annotation", FLAG_ARRAY, NULL, 0, NULL, "KEY=VALUE; may be repeated" },
	{ "class", FLAG_STRING, NULL, 0, NULL, "ingress class" },
	{ "default-backend", FLAG_STRING, NULL, 0, NULL, "SERVICE:PORT for everything else" },
	{ "rule", FLAG_ARRAY, NULL, 0, NULL, "HOST/PATH=SERVICE:PORT[,tls[=SECRET]]; may be repeated" },
	{ 0 },
};
static const struct flag *const tables[] = { flags, create_flags, validate_flags, dryrun_flags, print_flags, NULL };
const struct command create_ingress = { "ingress", "ing", "NAME --rule=HOST/PATH=SERVICE:PORT[,tls[=SECRET]]", "Create an ingress", tables, run, NULL };
