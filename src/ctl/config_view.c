/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/base64.h"
#include "codec/yaml.h"
#include "ctl/config.h"
#include "ctl/file.h"
#include "ctl/kubeconf.h"
#include "ctl/tree.h"

static const struct flag flags[] = {
	{ "flatten", FLAG_BOOL, NULL, 0, NULL, "put the contents of files into the output" },
	{ "merge", FLAG_BOOL, "true", 0, NULL, "all files as one" },
	{ "minify", FLAG_BOOL, NULL, 0, NULL, "only what the current context uses" },
	{ "raw", FLAG_BOOL, NULL, 0, NULL, "show secrets and certificates" },
	{ 0 },
};

static const struct { enum kubeconf_kind kind; const char *name, *shown; } hidden[] = {
	{ KUBECONF_CLUSTER, "certificate-authority-data", "DATA+OMITTED" },
	{ KUBECONF_USER, "client-certificate-data", "DATA+OMITTED" },
	{ KUBECONF_USER, "client-key-data", "DATA+OMITTED" },
	{ KUBECONF_USER, "token", "REDACTED" },
	{ KUBECONF_USER, "password", "REDACTED" },
};
static const struct { enum kubeconf_kind kind; const char *file, *data; } files[] = {
	{ KUBECONF_USER, "client-certificate", "client-certificate-data" },
	{ KUBECONF_USER, "client-key", "client-key-data" },
	{ KUBECONF_CLUSTER, "certificate-authority", "certificate-authority-data" },
};

static void hide(struct ctl *c, yyjson_mut_doc *doc) {
	for (size_t i = 0; i < ELEMENTSOF(hidden); i++) {
		yyjson_mut_val *e;
		json_each(json_get(doc->root, kubeconf_list_name(hidden[i].kind)), e) {
			yyjson_mut_val *v = json_get(e, kubeconf_member_name(hidden[i].kind));
			if (*text_at(v, hidden[i].name)) tree_put(c, doc, v, hidden[i].name, hidden[i].shown);
		}
	}
}

static int flatten_one(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *v, const char *file, const char *data) {
	struct buf b = BUF_INIT(CTL_FILE_MAX);
	struct slice text;
	const char *path = text_at(v, file);
	if (!*path) return 0;
	int r = *text_at(v, data) ? 0 : file_read(c, path, &text);
	if (r < 0) return ctl_fail(c, "open %s: %s", path, file_error(r));
	if (!*text_at(v, data)) {
		(void)base64_encode(&b, BASE64_STD, text);
		tree_put(c, doc, v, data, ctl_take(c, &b).p);
	}
	(void)json_del(v, file);
	return 0;
}

static int flatten(struct ctl *c, yyjson_mut_doc *doc) {
	for (size_t i = 0; i < ELEMENTSOF(files); i++) {
		yyjson_mut_val *e;
		json_each(json_get(doc->root, kubeconf_list_name(files[i].kind)), e) {
			if (flatten_one(c, doc, json_get(e, kubeconf_member_name(files[i].kind)), files[i].file, files[i].data)) return 1;
		}
	}
	return 0;
}

static yyjson_mut_val *named(const yyjson_mut_doc *doc, enum kubeconf_kind kind, const char *name) {
	yyjson_mut_val *e;
	json_each(json_get(doc->root, kubeconf_list_name(kind)), e) if (!strcmp(text_at(e, "name"), name)) return e;
	return NULL;
}

static void keep_only(struct ctl *c, yyjson_mut_doc *doc, enum kubeconf_kind kind, yyjson_mut_val *e) {
	yyjson_mut_val *list = e ? ctl_must(yyjson_mut_arr(doc)) : ctl_must(yyjson_mut_null(doc));
	if (e) tree_append(c, list, ctl_must(json_copy(doc, e)));
	tree_set(c, doc, doc->root, kubeconf_list_name(kind), list);
}

static int minify(struct ctl *c, yyjson_mut_doc *doc) {
	const char *given = flag_text(&c->flags, "context"), *current = *given ? given : text_at(doc->root, "current-context");
	yyjson_mut_val *context = named(doc, KUBECONF_CONTEXT, current);
	if (!*current) return ctl_fail(c, "current-context must exist in order to minify");
	if (!context) return ctl_fail(c, "cannot locate context %s", current);
	const char *cluster = text_at(context, "context.cluster"), *user = text_at(context, "context.user");
	yyjson_mut_val *clusters = named(doc, KUBECONF_CLUSTER, cluster), *users = named(doc, KUBECONF_USER, user);
	if (*cluster && !clusters) return ctl_fail(c, "cannot locate cluster %s", cluster);
	if (*user && !users) return ctl_fail(c, "cannot locate user %s", user);
	tree_put(c, doc, doc->root, "current-context", current);
	keep_only(c, doc, KUBECONF_CONTEXT, context);
	keep_only(c, doc, KUBECONF_CLUSTER, clusters);
	keep_only(c, doc, KUBECONF_USER, users);
	return 0;
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct kubeconf k;
	struct printer *p;
	if (n) return ctl_usage(c, "unexpected arguments: [%s]", strings_join(c, &(struct strings){ c->flags.args, n, n }, " "));
	(void)args;
	if (printer_new(c, 0, &p)) return 1;
	if (!flag_on(&c->flags, "merge") && !*flag_text(&c->flags, "kubeconfig")) return ctl_fail(c, "if merge==false a precise file must be specified");
	if (kubeconf_load(c, &k)) return 1;
	yyjson_mut_doc *doc = kubeconf_merged(c, &k, flag_on(&c->flags, "flatten"));
	if (flag_on(&c->flags, "minify") && minify(c, doc)) return 1;
	if (flag_on(&c->flags, "flatten") ? flatten(c, doc) : 0) return 1;
	if (!flag_on(&c->flags, "flatten") && !flag_on(&c->flags, "raw")) hide(c, doc);
	if (p) return printer_print(c, p, doc->root);
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	tree_sort(c, doc->root);
	(void)yaml_write(&b, doc->root);
	sink_put(&c->out, ctl_take(c, &b));
	return 0;
}

static const struct flag *const tables[] = { flags, print_flags, NULL };
const struct command config_view = { "view", NULL, "[flags]", "Print what kubeconfig files say", tables, run, NULL };
