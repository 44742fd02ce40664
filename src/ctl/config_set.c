/* SPDX-License-Identifier: Apache-2.0 */
/* config set, unset, set-cluster, set-context, set-credentials. */
#include "codec/base64.h"
#include "ctl/config.h"
#include "ctl/file.h"
#include "ctl/kubeconf.h"
#include "ctl/tree.h"

#include <unistd.h>

/* ---- one property by its path ---- */

enum type { T_TEXT, T_BOOL, T_DATA };
static const struct property {
	enum kubeconf_kind kind;
	const char *name;
	enum type type;
} properties[] = {
	{ KUBECONF_CLUSTER, "certificate-authority", T_TEXT }, { KUBECONF_CLUSTER, "certificate-authority-data", T_DATA },
	{ KUBECONF_CLUSTER, "disable-compression", T_BOOL }, { KUBECONF_CLUSTER, "insecure-skip-tls-verify", T_BOOL },
	{ KUBECONF_CLUSTER, "proxy-url", T_TEXT }, { KUBECONF_CLUSTER, "server", T_TEXT }, { KUBECONF_CLUSTER, "tls-server-name", T_TEXT },
	{ KUBECONF_CONTEXT, "cluster", T_TEXT }, { KUBECONF_CONTEXT, "namespace", T_TEXT }, { KUBECONF_CONTEXT, "user", T_TEXT },
	{ KUBECONF_USER, "as", T_TEXT }, { KUBECONF_USER, "as-uid", T_TEXT }, { KUBECONF_USER, "client-certificate", T_TEXT },
	{ KUBECONF_USER, "client-certificate-data", T_DATA }, { KUBECONF_USER, "client-key", T_TEXT }, { KUBECONF_USER, "client-key-data", T_DATA },
	{ KUBECONF_USER, "password", T_TEXT }, { KUBECONF_USER, "token", T_TEXT }, { KUBECONF_USER, "tokenFile", T_TEXT },
	{ KUBECONF_USER, "username", T_TEXT },
};

struct place {
	bool current;           /* current-context */
	enum kubeconf_kind kind;
	const char *name;
	const struct property *property; /* NULL: the whole entry */
};

static bool kind_of(struct slice word, enum kubeconf_kind *ret) {
	for (enum kubeconf_kind k = KUBECONF_CLUSTER; k <= KUBECONF_CONTEXT; k++) {
		if (!slice_eqs(word, kubeconf_list_name(k))) continue;
		*ret = k;
		return true;
	}
	return false;
}

/* "clusters.NAME.PROPERTY": names may have dots, properties have none. */
static int place_of(struct ctl *c, const char *path, struct place *ret) {
	struct slice rest = slice_str(path), head = slice_cut(&rest, '.');
	*ret = (struct place){ .current = !strcmp(path, "current-context") };
	if (ret->current) return 0;
	if (!kind_of(head, &ret->kind) || !rest.n) return ctl_fail(c, "unable to parse %s after [] at api.Config", path);
	ret->name = ctl_text(c, rest);
	const char *dot = strrchr(ret->name, '.');
	for (size_t i = 0; dot && i < ELEMENTSOF(properties); i++) {
		if (properties[i].kind != ret->kind || strcmp(properties[i].name, dot + 1) != 0) continue;
		ret->property = &properties[i];
		ret->name = ctl_text(c, slice_make(ret->name, (size_t)(dot - ret->name)));
		break;
	}
	return 0;
}

/* *ret NULL: the property goes. */
static int value_of(struct ctl *c, yyjson_mut_doc *doc, const struct property *p, const char *text, yyjson_mut_val **ret) {
	struct buf b = BUF_INIT(CTL_FILE_MAX);
	struct slice plain;
	*ret = tree_string(c, doc, text);
	if (p->type == T_BOOL) {
		bool yes = !strcmp(text, "true"), no = !strcmp(text, "false");
		if (!yes && !no) return ctl_fail(c, "strconv.ParseBool: parsing %s: invalid syntax", ctl_quote(c, slice_str(text)));
		*ret = yes ? ctl_must(yyjson_mut_bool(doc, true)) : NULL;
	} else if (p->type == T_DATA && flag_on(&c->flags, "set-raw-bytes")) {
		(void)base64_encode(&b, BASE64_STD, slice_str(text));
		*ret = tree_string(c, doc, ctl_take(c, &b).p);
	} else if (p->type == T_DATA && base64_decode_new(c->a, BASE64_STD, slice_str(text), &plain) < 0) {
		return ctl_fail(c, "error decoding input value: illegal base64 data");
	}
	return 0;
}

static int set_run(struct ctl *c, const char *const *args, size_t n) {
	struct kubeconf k;
	struct place p;
	yyjson_mut_doc *doc;
	yyjson_mut_val *v;
	if (n != 2) return ctl_fail(c, "Unexpected args: [%s]", strings_join(c, &(struct strings){ c->flags.args, n, n }, " "));
	if (!*args[1]) return ctl_fail(c, "you cannot use set to unset a property");
	if (!*args[0]) return ctl_fail(c, "you must specify a property");
	if (kubeconf_load(c, &k) || place_of(c, args[0], &p)) return 1;
	if (!p.current && !p.property) return ctl_fail(c, "unable to parse one or more field values of %s", args[0]);
	if (p.current) {
		kubeconf_set_current(c, &k, args[1]);
	} else {
		yyjson_mut_val *obj = kubeconf_change(c, &k, p.kind, p.name, &doc);
		if (value_of(c, doc, p.property, args[1], &v)) return 1;
		if (v) tree_set(c, doc, obj, p.property->name, v);
		else (void)json_del(obj, p.property->name);
	}
	if (kubeconf_save(c, &k)) return 1;
	ctl_out(c, "Property %s set.\n", ctl_quote(c, slice_str(args[0])));
	return 0;
}

static int unset_run(struct ctl *c, const char *const *args, size_t n) {
	struct kubeconf k;
	struct place p;
	yyjson_mut_doc *doc;
	if (n != 1) return ctl_fail(c, "Unexpected args: [%s]", strings_join(c, &(struct strings){ c->flags.args, n, n }, " "));
	if (!*args[0]) return ctl_fail(c, "you must specify a property");
	if (kubeconf_load(c, &k) || place_of(c, args[0], &p)) return 1;
	if (p.current) kubeconf_set_current(c, &k, "");
	else if (!p.property) (void)kubeconf_remove(&k, p.kind, p.name);
	else if (!kubeconf_find(&k, p.kind, p.name)) return ctl_fail(c, "current map key `%s` is invalid", p.name);
	else (void)json_del(kubeconf_change(c, &k, p.kind, p.name, &doc), p.property->name);
	if (kubeconf_save(c, &k)) return 1;
	ctl_out(c, "Property %s unset.\n", ctl_quote(c, slice_str(args[0])));
	return 0;
}

/* ---- entries by flags ---- */

static void put_given(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *v, const char *flag, const char *name) {
	if (!flag_given(&c->flags, flag)) return;
	if (*flag_text(&c->flags, flag)) tree_put(c, doc, v, name, flag_text(&c->flags, flag));
	else (void)json_del(v, name);
}

static const char *absolute(struct ctl *c, const char *path) {
	_cleanup_free_ char *dir = *path == '/' ? NULL : getcwd(NULL, 0);
	return dir ? ctl_printf(c, "%s/%s", dir, path) : path;
}

/* A path below the file's own folder is written relative to it. */
static const char *relative(struct ctl *c, const struct kubeconf *k, const char *path) {
	const char *file = absolute(c, kubeconf_path(k)), *slash = strrchr(file, '/');
	size_t n = (size_t)(slash - file) + 1;
	return !strncmp(path, file, n) ? path + n : path;
}

/* --certificate-authority and the like: a path, or with `embed` the contents. 0 or 1 with a fault noted. */
static int put_file(struct ctl *c, const struct kubeconf *k, yyjson_mut_doc *doc, yyjson_mut_val *v, const char *name, bool embed) {
	struct buf b = BUF_INIT(CTL_FILE_MAX);
	struct slice text;
	const char *path = flag_text(&c->flags, name), *data = ctl_printf(c, "%s-data", name);
	if (!flag_given(&c->flags, name)) return 0;
	if (!embed) {
		if (*path) tree_put(c, doc, v, name, relative(c, k, absolute(c, path)));
		else (void)json_del(v, name);
		(void)json_del(v, data);
		return 0;
	}
	int r = file_read(c, path, &text);
	if (r < 0) return ctl_fail(c, "could not stat %s file %s: stat %s: %s", name, path, path, file_error(r));
	(void)base64_encode(&b, BASE64_STD, text);
	tree_put(c, doc, v, data, ctl_take(c, &b).p);
	(void)json_del(v, name);
	return 0;
}

static int one_name(struct ctl *c, size_t n) {
	if (n == 1) return 0;
	return ctl_fail(c, "Unexpected args: [%s]", strings_join(c, &(struct strings){ c->flags.args, n, n }, " "));
}

static int cluster_run(struct ctl *c, const char *const *args, size_t n) {
	struct kubeconf k;
	yyjson_mut_doc *doc;
	bool embed = flag_on(&c->flags, "embed-certs"), insecure = flag_on(&c->flags, "insecure-skip-tls-verify");
	const char *ca = flag_text(&c->flags, "certificate-authority");
	if (one_name(c, n)) return 1;
	if (!*args[0]) return ctl_fail(c, "you must specify a non-empty cluster name");
	if (insecure && *ca) return ctl_fail(c, "you cannot specify a certificate authority and insecure mode at the same time");
	if (embed && !*ca) return ctl_fail(c, "you must specify a --certificate-authority to embed");
	if (kubeconf_load(c, &k)) return 1;
	yyjson_mut_val *v = kubeconf_change(c, &k, KUBECONF_CLUSTER, args[0], &doc);
	if (flag_given(&c->flags, "server")) (void)json_del(v, "tls-server-name");
	put_given(c, doc, v, "server", "server");
	put_given(c, doc, v, "tls-server-name", "tls-server-name");
	put_given(c, doc, v, "proxy-url", "proxy-url");
	if (flag_given(&c->flags, "insecure-skip-tls-verify") || *ca) (void)json_del(v, "insecure-skip-tls-verify");
	if (insecure) {
		tree_set(c, doc, v, "insecure-skip-tls-verify", ctl_must(yyjson_mut_bool(doc, true)));
		(void)json_del(v, "certificate-authority");
		(void)json_del(v, "certificate-authority-data");
	}
	if (put_file(c, &k, doc, v, "certificate-authority", embed) || kubeconf_save(c, &k)) return 1;
	ctl_out(c, "Cluster %s set.\n", ctl_quote(c, slice_str(args[0])));
	return 0;
}

static int context_run(struct ctl *c, const char *const *args, size_t n) {
	struct kubeconf k;
	yyjson_mut_doc *doc;
	bool current = flag_on(&c->flags, "current");
	if (n > 1) return one_name(c, n);
	const char *name = n ? args[0] : "";
	if (!*name && !current) return ctl_fail(c, "you must specify a non-empty context name or --current");
	if (*name && current) return ctl_fail(c, "you cannot specify both a context name and --current");
	if (kubeconf_load(c, &k)) return 1;
	if (current) name = kubeconf_current(&k);
	if (!*name) return ctl_fail(c, "no current context is set");
	bool exists = kubeconf_find(&k, KUBECONF_CONTEXT, name) != NULL;
	yyjson_mut_val *v = kubeconf_change(c, &k, KUBECONF_CONTEXT, name, &doc);
	put_given(c, doc, v, "cluster", "cluster");
	put_given(c, doc, v, "user", "user");
	put_given(c, doc, v, "namespace", "namespace");
	if (kubeconf_save(c, &k)) return 1;
	ctl_out(c, "Context %s %s.\n", ctl_quote(c, slice_str(name)), exists ? "modified" : "created");
	return 0;
}

/* ---- credentials ---- */

static void put_exec_env(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *exec, const char *pair) {
	struct slice rest = slice_str(pair), name = slice_cut(&rest, '=');
	yyjson_mut_val *e, *list = tree_list(c, doc, exec, "env");
	json_each(list, e) {
		if (!slice_eq(json_path_str(e, "name"), name)) continue;
		tree_put(c, doc, e, "value", ctl_text(c, rest));
		return;
	}
	e = ctl_must(yyjson_mut_obj(doc));
	tree_put(c, doc, e, "name", ctl_text(c, name));
	tree_put(c, doc, e, "value", ctl_text(c, rest));
	tree_append(c, list, e);
}

static void put_exec(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *v) {
	const struct flag_value *args = flags_get(&c->flags, "exec-arg"), *env = flags_get(&c->flags, "exec-env");
	if (flag_given(&c->flags, "exec-command")) {
		(void)json_del(tree_obj(c, doc, v, "exec"), "args");
		tree_put(c, doc, v, "exec.command", flag_text(&c->flags, "exec-command"));
	}
	yyjson_mut_val *exec = json_get(v, "exec");
	if (!exec) return;
	put_given(c, doc, exec, "exec-api-version", "apiVersion");
	put_given(c, doc, exec, "exec-interactive-mode", "interactiveMode");
	if (args->n) (void)json_del(exec, "args");
	for (size_t i = 0; i < args->n; i++) tree_append(c, tree_list(c, doc, exec, "args"), tree_string(c, doc, args->list[i]));
	for (size_t i = 0; i < env->n; i++) put_exec_env(c, doc, exec, env->list[i]);
	if (flag_given(&c->flags, "exec-provide-cluster-info"))
		tree_set(c, doc, exec, "provideClusterInfo", ctl_must(yyjson_mut_bool(doc, flag_on(&c->flags, "exec-provide-cluster-info"))));
}

static int check_credentials(struct ctl *c) {
	bool token = *flag_text(&c->flags, "token") != 0, basic = *flag_text(&c->flags, "username") || *flag_text(&c->flags, "password");
	const char *mode = flag_text(&c->flags, "exec-interactive-mode");
	if (token && basic)
		return ctl_fail(c, "you cannot specify more than one authentication method at the same time: --token, --username/--password");
	if (flag_on(&c->flags, "embed-certs") && !*flag_text(&c->flags, "client-certificate") && !*flag_text(&c->flags, "client-key"))
		return ctl_fail(c, "you must specify a --client-certificate or --client-key to embed");
	if (flag_given(&c->flags, "exec-interactive-mode") && strcmp(mode, "IfAvailable") != 0 && strcmp(mode, "Never") != 0 && strcmp(mode, "Always") != 0)
		return ctl_fail(c, "invalid interactive mode type, can be only IfAvailable, Never, Always");
	return 0;
}

static int credentials_run(struct ctl *c, const char *const *args, size_t n) {
	struct kubeconf k;
	yyjson_mut_doc *doc;
	bool embed = flag_on(&c->flags, "embed-certs");
	if (n != 1) return ctl_fail(c, "unexpected args: [%s]", strings_join(c, &(struct strings){ c->flags.args, n, n }, " "));
	if (!*args[0]) return ctl_fail(c, "you must specify a non-empty user name");
	if (check_credentials(c) || kubeconf_load(c, &k)) return 1;
	yyjson_mut_val *v = kubeconf_change(c, &k, KUBECONF_USER, args[0], &doc);
	if (put_file(c, &k, doc, v, "client-certificate", embed) || put_file(c, &k, doc, v, "client-key", embed)) return 1;
	bool token = *flag_text(&c->flags, "token") != 0, basic = *flag_text(&c->flags, "username") || *flag_text(&c->flags, "password");
	if (basic) (void)json_del(v, "token");
	if (token) {
		(void)json_del(v, "username");
		(void)json_del(v, "password");
	}
	put_given(c, doc, v, "token", "token");
	put_given(c, doc, v, "username", "username");
	put_given(c, doc, v, "password", "password");
	put_exec(c, doc, v);
	if (kubeconf_save(c, &k)) return 1;
	ctl_out(c, "User %s set.\n", ctl_quote(c, slice_str(args[0])));
	return 0;
}

static const struct flag set_flags[] = { { "set-raw-bytes", FLAG_BOOL, NULL, 0, NULL, "data is given as it is, not as base64" }, { 0 } };
static const struct flag embed_flag[] = { { "embed-certs", FLAG_BOOL, NULL, 0, NULL, "put the files' contents into the configuration" }, { 0 } };
static const struct flag cluster_flags[] = { { "proxy-url", FLAG_STRING, NULL, 0, NULL, "proxy to go through" }, { 0 } };
static const struct flag context_flags[] = { { "current", FLAG_BOOL, NULL, 0, NULL, "the current context" }, { 0 } };
static const struct flag credentials_flags[] = {
	{ "exec-api-version", FLAG_STRING, NULL, 0, NULL, "API version of the plugin" },
	{ "exec-arg", FLAG_LIST, NULL, 0, NULL, "argument of the plugin; may be repeated" },
	{ "exec-command", FLAG_STRING, NULL, 0, NULL, "the plugin" },
	{ "exec-env", FLAG_ARRAY, NULL, 0, NULL, "NAME=VALUE for the plugin; may be repeated" },
	{ "exec-interactive-mode", FLAG_STRING, NULL, 0, NULL, "IfAvailable, Never or Always" },
	{ "exec-provide-cluster-info", FLAG_BOOL, NULL, 0, NULL, "tell the plugin about the cluster" },
	{ "password", FLAG_STRING, NULL, 0, NULL, "password" },
	{ "username", FLAG_STRING, NULL, 0, NULL, "user name" },
	{ 0 },
};
static const struct flag *const set_tables[] = { set_flags, NULL };
static const struct flag *const cluster_tables[] = { embed_flag, cluster_flags, NULL };
static const struct flag *const context_tables[] = { context_flags, NULL };
static const struct flag *const credentials_tables[] = { embed_flag, credentials_flags, NULL };
const struct command config_set = { "set", NULL, "PROPERTY VALUE", "Set one property", set_tables, set_run, NULL };
const struct command config_unset = { "unset", NULL, "PROPERTY", "Unset one property", NULL, unset_run, NULL };
const struct command config_set_cluster = { "set-cluster", NULL, "NAME [--server=URL] [--certificate-authority=FILE]", "Set a cluster", cluster_tables,
					    cluster_run, NULL };
const struct command config_set_context = { "set-context", NULL, "[NAME | --current] [--cluster=NAME] [--user=NAME] [--namespace=NAME]", "Set a context",
					    context_tables, context_run, NULL };
const struct command config_set_credentials = { "set-credentials", NULL, "NAME [--token=TOKEN] [--client-certificate=FILE] ...", "Set a user",
						credentials_tables, credentials_run, NULL };
