/* SPDX-License-Identifier: Apache-2.0 */
/* version, api-resources, api-versions, cluster-info. */
#include "codec/yaml.h"
#include "ctl/command.h"
#include "ctl/tabs.h"
#include "ctl/tree.h"

#include <errno.h>

/* The kubectl whose behaviour this program has. */
#define CLIENT_MAJOR "1"
#define CLIENT_MINOR "34"
#define CLIENT_VERSION "v1.34.0"

static const struct flag version_flags[] = {
	{ "client", FLAG_BOOL, NULL, 0, NULL, "this program's version only" },
	{ "output", FLAG_STRING, NULL, 'o', NULL, "json or yaml" },
	{ 0 },
};

static void print_tree(struct ctl *c, yyjson_mut_val *v, bool yaml) {
	struct buf b = BUF_INIT(CTL_FILE_MAX);
	if (yaml) (void)yaml_write(&b, v);
	else (void)json_write_pretty(&b, v);
	if (!yaml) (void)buf_putc(&b, '\n');
	sink_put(&c->out, ctl_take(c, &b));
}

static int version_run(struct ctl *c, const char *const *args, size_t n) {
	const char *output = flag_text(&c->flags, "output");
	bool yaml = !strcmp(output, "yaml"), json = !strcmp(output, "json"), client = flag_on(&c->flags, "client");
	yyjson_mut_doc *server = NULL, *doc = tree_new(c);
	if (n) return ctl_fail(c, "extra arguments: [%s]", args[0]);
	if (*output && !yaml && !json) return ctl_fail(c, "--output must be 'yaml' or 'json'");
	int r = client ? 0 : session_json(c, &(struct call){ .path = "/version" }, &server);
	if (!*output) {
		ctl_out(c, "Client Version: " CLIENT_VERSION "\n");
		if (server) ctl_out(c, "Server Version: %s\n", text_at(server->root, "gitVersion"));
		return r;
	}
	tree_put(c, doc, doc->root, "clientVersion.major", CLIENT_MAJOR);
	tree_put(c, doc, doc->root, "clientVersion.minor", CLIENT_MINOR);
	tree_put(c, doc, doc->root, "clientVersion.gitVersion", CLIENT_VERSION);
	tree_put(c, doc, doc->root, "clientVersion.compiler", "gcc");
	tree_put(c, doc, doc->root, "clientVersion.platform", "linux/amd64");
	if (server) tree_set(c, doc, doc->root, "serverVersion", ctl_must(json_copy(doc, server->root)));
	print_tree(c, doc->root, yaml);
	return r;
}

static const struct flag *const version_tables[] = { version_flags, NULL };
const struct command command_version = { "version", NULL, "[--client]", "Print the client and server version", version_tables, version_run, NULL };

/* ---- api-versions ---- */

static int api_versions_run(struct ctl *c, const char *const *args, size_t n) {
	if (n) return ctl_usage(c, "unexpected arguments: [%s]", args[0]);
	if (mapper_load(c)) return 1;
	strings_sort(&c->mapper->group_versions);
	for (size_t i = 0; i < c->mapper->group_versions.n; i++) ctl_out(c, "%s\n", c->mapper->group_versions.v[i]);
	return 0;
}
const struct command command_api_versions = { "api-versions", NULL, NULL, "Print the API versions the server serves", NULL, api_versions_run, NULL };

/* ---- api-resources ---- */

static const struct flag resources_flags[] = {
	{ "api-group", FLAG_STRING, NULL, 0, NULL, "only this group" },
	{ "cached", FLAG_BOOL, NULL, 0, NULL, "accepted for compatibility; nothing is cached" },
	{ "categories", FLAG_LIST, NULL, 0, NULL, "only those of these categories" },
	{ "namespaced", FLAG_BOOL, "true", 0, NULL, "only namespaced ones, or (false) only the others" },
	{ "no-headers", FLAG_BOOL, NULL, 0, NULL, "no line of headers" },
	{ "output", FLAG_STRING, NULL, 'o', NULL, "wide or name" },
	{ "sort-by", FLAG_STRING, NULL, 0, NULL, "name or kind" },
	{ "verbs", FLAG_LIST, NULL, 0, NULL, "only those that know these verbs" },
	{ 0 },
};

static bool wanted(struct ctl *c, const struct resource *r) {
	const struct flag_value *verbs = flags_get(&c->flags, "verbs"), *cats = flags_get(&c->flags, "categories");
	if (!r->preferred || !r->verbs.n) return false;
	if (flag_given(&c->flags, "api-group") && strcmp(flag_text(&c->flags, "api-group"), r->group) != 0) return false;
	if (flag_given(&c->flags, "namespaced") && flag_on(&c->flags, "namespaced") != r->namespaced) return false;
	for (size_t i = 0; i < verbs->n; i++)
		if (!resource_can(r, verbs->list[i])) return false;
	for (size_t i = 0; i < cats->n; i++)
		if (!strings_has(&r->categories, cats->list[i])) return false;
	return true;
}

static int by_group_name(const void *pa, const void *pb) {
	const struct resource *a = *(const struct resource *const *)pa, *b = *(const struct resource *const *)pb;
	int r = strcmp(a->group, b->group);
	return r ? r : strcmp(a->name, b->name);
}
static int by_name(const void *pa, const void *pb) {
	const struct resource *a = *(const struct resource *const *)pa, *b = *(const struct resource *const *)pb;
	int r = strcmp(a->name, b->name);
	return r ? r : strcmp(a->group, b->group);
}
static int by_kind(const void *pa, const void *pb) {
	const struct resource *a = *(const struct resource *const *)pa, *b = *(const struct resource *const *)pb;
	int r = strcmp(a->kind, b->kind);
	return r ? r : by_group_name(pa, pb);
}

static void print_resource(struct ctl *c, struct tabs *t, const struct resource *r, bool wide) {
	struct strings verbs = r->verbs;
	tabs_printf(t, "%s\t%s\t%s\t%s\t%s", r->name, strings_join(c, &r->shorts, ","), api_version_join(c, r->group, r->version),
		    r->namespaced ? "true" : "false", r->kind);
	if (wide) tabs_printf(t, "\t%s\t%s", strings_join(c, &verbs, ","), strings_join(c, &r->categories, ","));
	tabs_put(t, SLICE_LIT("\n"));
}

static int api_resources_run(struct ctl *c, const char *const *args, size_t n) {
	const char *output = flag_text(&c->flags, "output"), *sort = flag_text(&c->flags, "sort-by");
	bool wide = !strcmp(output, "wide"), name = !strcmp(output, "name");
	struct tabs t;
	size_t k = 0;
	if (n) return ctl_usage(c, "unexpected arguments: [%s]", args[0]);
	if (*output && !wide && !name) return ctl_fail(c, "--output %s is not available", output);
	if (*sort && strcmp(sort, "name") != 0 && strcmp(sort, "kind") != 0) return ctl_fail(c, "--sort-by accepts only name or kind");
	if (mapper_load(c)) return 1;
	const struct resource **v = ctl_array(c, c->mapper->n, sizeof(const struct resource *));
	for (size_t i = 0; i < c->mapper->n; i++)
		if (wanted(c, &c->mapper->v[i])) v[k++] = &c->mapper->v[i];
	qsort(v, k, sizeof(*v), !strcmp(sort, "name") ? by_name : !strcmp(sort, "kind") ? by_kind : by_group_name);
	tabs_init(&t, 6, 3, true);
	if (!name && !flag_on(&c->flags, "no-headers"))
		tabs_printf(&t, "NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND%s\n", wide ? "\tVERBS\tCATEGORIES" : "");
	for (size_t i = 0; i < k; i++) {
		if (name) tabs_printf(&t, "%s\n", resource_qualified(c, v[i]));
		else print_resource(c, &t, v[i], wide);
	}
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	(void)tabs_flush(&t, &b);
	tabs_done(&t);
	sink_put(&c->out, ctl_take(c, &b));
	return 0;
}

static const struct flag *const resources_tables[] = { resources_flags, NULL };
const struct command command_api_resources = { "api-resources", NULL, "[flags]", "Print the API resources the server serves", resources_tables,
					       api_resources_run, NULL };
