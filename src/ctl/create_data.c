/* SPDX-License-Identifier: Apache-2.0 */
/* create configmap and create secret generic: literals, files, folders. */
#include "codec/base64.h"
#include "codec/utf8.h"
#include "ctl/create.h"
#include "ctl/dryrun.h"
#include "ctl/file.h"
#include "ctl/tree.h"
#include "ctl/write.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

struct data {
	struct ctl *c;
	yyjson_mut_doc *doc;
	bool secret;
	struct strings keys;
};

static const char *key_fault(const char *key) {
	if (!*key || strlen(key) > 253) return "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
	for (const char *p = key; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-_.", *p)))
			return "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
			       "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
	return NULL;
}

static int put(struct data *d, const char *key, struct slice value) {
	struct ctl *c = d->c;
	const char *bad = key_fault(key);
	bool binary = d->secret || !utf8_valid(value);
	if (bad) return ctl_fail(c, "%s is not valid key name for a %s: %s", ctl_quote(c, slice_str(key)), d->secret ? "Secret" : "ConfigMap", bad);
	if (strings_has(&d->keys, key))
		return ctl_fail(c, d->secret ? "cannot add key %s, another key by that name already exists" :
					       "cannot add key \"%s\", another key by that name already exists in Data for ConfigMap \"%s\"", key,
				text_at(d->doc->root, "metadata.name"));
	strings_add(c, &d->keys, key);
	struct buf b = BUF_INIT(CTL_FILE_MAX);
	if (binary) (void)base64_encode(&b, BASE64_STD, value);
	else (void)buf_put_slice(&b, value);
	struct slice text = ctl_take(c, &b);
	yyjson_mut_val *map = tree_obj(c, d->doc, d->doc->root, d->secret || !binary ? "data" : "binaryData");
	tree_set(c, d->doc, map, key, ctl_must(yyjson_mut_strncpy(d->doc, text.p, text.n)));
	return 0;
}

static int put_file(struct data *d, const char *key, const char *path) {
	struct slice text;
	int r = file_read(d->c, path, &text);
	return r < 0 ? ctl_fail(d->c, "error reading %s: %s", path, file_error(r)) : put(d, key, text);
}

static int put_folder(struct data *d, const char *path) {
	struct dirent **v;
	int r = 0, n = scandir(path, &v, NULL, alphasort);
	if (n < 0) return ctl_fail(d->c, "error listing files in %s: %s", path, file_error(-errno));
	for (int i = 0; i < n; i++) {
		struct stat st;
		const char *file = ctl_printf(d->c, "%s/%s", path, v[i]->d_name), *key = ctl_printf(d->c, "%s", v[i]->d_name);
		free(v[i]);
		if (!r && lstat(file, &st) == 0 && S_ISREG(st.st_mode)) r = put_file(d, key, file);
	}
	free(v);
	return r;
}

static int from_file(struct data *d, const char *arg) {
	const char *eq = strchr(arg, '='), *path = eq ? eq + 1 : arg, *slash = strrchr(path, '/');
	struct stat st;
	if (eq == arg) return ctl_fail(d->c, "key name for file path %s missing", path);
	if (eq && !*path) return ctl_fail(d->c, "file path for key name %.*s missing", (int)(eq - arg), arg);
	if (stat(path, &st) < 0) return ctl_fail(d->c, "error reading %s: %s", path, file_error(-errno));
	if (S_ISDIR(st.st_mode) && eq) return ctl_fail(d->c, "cannot give a key name for a directory path");
	if (S_ISDIR(st.st_mode)) return put_folder(d, path);
	return put_file(d, eq ? ctl_text(d->c, slice_make(arg, (size_t)(eq - arg))) : slash ? slash + 1 : path, path);
}

static int from_literal(struct data *d, const char *arg) {
	const char *eq = strchr(arg, '=');
	if (!eq || eq == arg) return ctl_fail(d->c, "invalid literal source %s, expected key=value", arg);
	struct slice value = slice_str(eq + 1);
	if (value.n >= 2 && (value.p[0] == '"' || value.p[0] == '\'') && value.p[value.n - 1] == value.p[0]) value = slice_make(value.p + 1, value.n - 2);
	return put(d, ctl_text(d->c, slice_make(arg, (size_t)(eq - arg))), value);
}

static int fill(struct data *d) {
	const struct flag_value *files = flags_get(&d->c->flags, "from-file"), *literals = flags_get(&d->c->flags, "from-literal");
	for (size_t i = 0; i < files->n; i++)
		if (from_file(d, files->list[i])) return 1;
	for (size_t i = 0; i < literals->n; i++)
		if (from_literal(d, literals->list[i])) return 1;
	return 0;
}

static int configmap_run(struct ctl *c, const char *const *args, size_t n) {
	if (create_one_name(c, n)) return 1;
	struct data d = { c, create_object(c, "v1", "ConfigMap", args[0], true), false, { 0 } };
	return fill(&d) ? 1 : create_finish(c, d.doc);
}

static int generic_run(struct ctl *c, const char *const *args, size_t n) {
	const char *type = flag_text(&c->flags, "type");
	if (create_one_name(c, n)) return 1;
	struct data d = { c, create_object(c, "v1", "Secret", args[0], true), true, { 0 } };
	if (*type) tree_put(c, d.doc, d.doc->root, "type", type);
	return fill(&d) ? 1 : create_finish(c, d.doc);
}

static const struct flag source_flags[] = {
	{ "from-file", FLAG_LIST, NULL, 0, NULL, "[KEY=]FILE or a folder" },
	{ "from-literal", FLAG_ARRAY, NULL, 0, NULL, "KEY=VALUE" },
	{ 0 },
};
static const struct flag type_flags[] = { { "type", FLAG_STRING, NULL, 0, NULL, "the secret's type" }, { 0 } };
static const struct flag *const tables[] = { source_flags, create_flags, validate_flags, dryrun_flags, print_flags, NULL };
static const struct flag *const secret_tables[] = { source_flags, type_flags, create_flags, validate_flags, dryrun_flags, print_flags, NULL };
/* ---- tls and docker-registry ---- */

static int tls_run(struct ctl *c, const char *const *args, size_t n) {
	static const struct { const char *flag, *key; } parts[] = { { "cert", "tls.crt" }, { "key", "tls.key" } };
	if (create_one_name(c, n)) return 1;
	if (!*flag_text(&c->flags, "cert") || !*flag_text(&c->flags, "key")) return ctl_fail(c, "key and cert must be specified");
	struct data d = { c, create_object(c, "v1", "Secret", args[0], true), true, { 0 } };
	tree_put(c, d.doc, d.doc->root, "type", "kubernetes.io/tls");
	for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
		const char *path = flag_text(&c->flags, parts[i].flag);
		struct slice text;
		int r = file_read(c, path, &text);
		if (r < 0) return ctl_fail(c, "Cannot read file %s, open %s: %s", path, path, file_error(r));
		if (put(&d, parts[i].key, text)) return 1;
	}
	return create_finish(c, d.doc);
}

/* The file that docker login writes, with members in the order of Go's structure. */
static const char *docker_config(struct ctl *c) {
	const char *user = flag_text(&c->flags, "docker-username"), *password = flag_text(&c->flags, "docker-password"),
		   *email = flag_text(&c->flags, "docker-email");
	struct buf auth = BUF_INIT(65536);
	yyjson_mut_doc *doc = tree_new(c);
	yyjson_mut_val *entry = ctl_must(yyjson_mut_obj(doc));
	if (*user) tree_put(c, doc, entry, "username", user);
	if (*password) tree_put(c, doc, entry, "password", password);
	if (*email) tree_put(c, doc, entry, "email", email);
	(void)base64_encode(&auth, BASE64_STD, slice_str(ctl_printf(c, "%s:%s", user, password)));
	tree_put(c, doc, entry, "auth", ctl_take(c, &auth).p);
	tree_set(c, doc, tree_obj(c, doc, doc->root, "auths"), flag_text(&c->flags, "docker-server"), entry);
	return tree_text(c, doc->root).p;
}

static int docker_run(struct ctl *c, const char *const *args, size_t n) {
	static const char *const needed[] = { "docker-username", "docker-password", "docker-server" };
	bool files = flags_get(&c->flags, "from-file")->n > 0;
	if (create_one_name(c, n)) return 1;
	for (size_t i = 0; i < ELEMENTSOF(needed) && !files; i++)
		if (!*flag_text(&c->flags, needed[i]))
			return ctl_fail(c, "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required");
	struct data d = { c, create_object(c, "v1", "Secret", args[0], true), true, { 0 } };
	tree_put(c, d.doc, d.doc->root, "type", "kubernetes.io/dockerconfigjson");
	if (files ? fill(&d) : put(&d, ".dockerconfigjson", slice_str(docker_config(c)))) return 1;
	return create_finish(c, d.doc);
}

static const struct flag tls_flags[] = {
	{ "cert", FLAG_STRING, NULL, 0, NULL, "file with the certificate (PEM)" },
	{ "key", FLAG_STRING, NULL, 0, NULL, "file with its key (PEM)" },
	{ 0 },
};
static const struct flag docker_flags[] = {
	{ "docker-email", FLAG_STRING, NULL, 0, NULL, "email address" },
	{ "docker-password", FLAG_STRING, NULL, 0, NULL, "password" },
	{ "docker-server", FLAG_STRING, "https://index.docker.io/v1/", 0, NULL, "the registry" },
	{ "docker-username", FLAG_STRING, NULL, 0, NULL, "user name" },
	{ 0 },
};
static const struct flag *const tls_tables[] = { tls_flags, create_flags, validate_flags, dryrun_flags, print_flags, NULL };
static const struct flag *const docker_tables[] = { docker_flags, source_flags, create_flags, validate_flags, dryrun_flags, print_flags, NULL };
static const struct command tls = { "tls", NULL, "NAME --cert=FILE --key=FILE", "Create a secret of a certificate and its key", tls_tables, tls_run, NULL };
static const struct command docker = { "docker-registry", NULL, "NAME --docker-username=USER --docker-password=PASSWORD", "Create a secret for a registry",
				       docker_tables, docker_run, NULL };
static const struct command generic = { "generic", NULL, "NAME", "Create a secret from literals, files or folders", secret_tables, generic_run, NULL };
static const struct command *const secrets[] = { &docker, &generic, &tls, NULL };
const struct command create_configmap = { "configmap", "cm", "NAME", "Create a config map from literals, files or folders", tables, configmap_run, NULL };
const struct command create_secret = { "secret", NULL, "TYPE NAME", "Create a secret", NULL, NULL, secrets };
