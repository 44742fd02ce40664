/* SPDX-License-Identifier: Apache-2.0 */
/* set image, resources, serviceaccount, selector; set env is in set_env.c. */
#include "ctl/set.h"
#include "codec/labels.h"
#include "codec/quantity.h"
#include "ctl/dryrun.h"
#include "ctl/modify.h"
#include "ctl/tree.h"
#include "ctl/write.h"

const struct flag set_flags[] = {
	{ "all", FLAG_BOOL, NULL, 0, NULL, "all objects of the types" },
	{ "local", FLAG_BOOL, NULL, 0, NULL, "change what -f says and print it; no server" },
	{ "selector", FLAG_STRING, NULL, 'l', NULL, "label selector" },
	FLAG_MANAGER("kubectl-set"),
	{ 0 },
};

int set_pick(struct ctl *c, const char *const *args, size_t n, struct infos *ret) {
	bool local = flag_on(&c->flags, "local");
	struct pick p = write_pick(c, args, n, PICK_FETCH | (local ? PICK_LOCAL : PICK_LATEST));
	return infos_pick(c, &p, ret) && !ret->n;
}

int set_no_pod(struct ctl *c, const struct info *i) {
	return ctl_fail(c, "%s/%s the object is not a pod or does not have a pod template: %s", i->r ? i->r->name : ctl_lower(c, json_path_str(i->doc->root, "kind")),
			i->name, text_at(i->doc->root, "kind"));
}

static int check_common(struct ctl *c, size_t n_objects) {
	if (dryrun_check(c)) return 1;
	if (flag_on(&c->flags, "all") && *flag_text(&c->flags, "selector")) return ctl_fail(c, "cannot set --all and --selector at the same time");
	if (!n_objects && !flags_get(&c->flags, "filename")->n)
		return ctl_fail(c, "one or more resources must be specified as <resource> <name> or <resource>/<name>");
	if (flag_on(&c->flags, "local") && dryrun_mode(c) == DRYRUN_SERVER)
		return ctl_fail(c, "cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
	return 0;
}

/* ---- image ---- */

struct images {
	struct ctl *c;
	struct strings names, images; /* parallel */
	yyjson_mut_doc *doc;
	const char *name, *image;
	bool found;
};

static int set_image(yyjson_mut_val *container, void *ctx) {
	struct images *s = ctx;
	if (strcmp(s->name, "*") != 0 && strcmp(s->name, text_at(container, "name")) != 0) return 0;
	s->found = true;
	tree_put(s->c, s->doc, container, "image", s->image);
	return 0;
}

static int change_image(struct ctl *c, const struct info *i, yyjson_mut_doc *doc, void *ctx) {
	struct images *s = ctx;
	yyjson_mut_val *spec = modify_pod_spec(doc->root);
	if (!spec) return set_no_pod(c, i);
	s->doc = doc;
	for (size_t k = 0; k < s->names.n; k++) {
		s->name = s->names.v[k];
		s->image = s->images.v[k];
		s->found = false;
		(void)modify_containers(spec, set_image, s);
		if (!s->found) (void)ctl_fail_text(c, ctl_printf(c, "error: unable to find container named \"%s\"", s->name));
	}
	return 0;
}

static int image_run(struct ctl *c, const char *const *args, size_t n) {
	struct images s = { .c = c };
	struct infos l = { 0 };
	struct printer *p;
	size_t objects = 0;
	bool any = false;
	for (size_t i = 0; i < n; i++) {
		const char *eq = strchr(args[i], '=');
		if (!eq && s.names.n) return ctl_fail(c, "all resources must be specified before image changes: %s", args[i]);
		if (!eq) {
			objects++;
			continue;
		}
		if (eq == args[i] || !eq[1]) return ctl_fail(c, "invalid image format: %s", args[i]);
		strings_add(c, &s.names, ctl_text(c, slice_make(args[i], (size_t)(eq - args[i]))));
		strings_add(c, &s.images, eq + 1);
		any = any || !strncmp(args[i], "*=", 2);
	}
	if (printer_new(c, 0, &p) || dryrun_check(c) || set_pick(c, args, objects, &l) || check_common(c, objects)) return 1;
	if (!s.names.n) return ctl_fail(c, "at least one image update is required");
	if (s.names.n > 1 && any) return ctl_fail(c, "all containers are already specified by *, but saw more than one container_name=container_image pairs");
	return modify_all(c, p, &l, &(struct modify){ .change = change_image, .ctx = &s, .done = "image updated", .plain = true,
						      .failed = "failed to patch image update to pod template:" });
}

/* ---- resources ---- */

struct amounts {
	struct ctl *c;
	yyjson_mut_doc *doc;
	const char *pattern;
	bool found;
};

static int put_amounts(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *to, const char *text) {
	for (struct slice rest = slice_str(text); rest.n;) {
		struct slice value = slice_cut(&rest, ','), name = slice_cut(&value, '=');
		struct quantity q;
		char out[QUANTITY_TEXT];
		const char *msg = NULL;
		if (!value.p) return ctl_fail(c, "Invalid argument syntax %.*s, expected <resource>=<value>", SLICE_FMT(name));
		if (quantity_parse(value, &q, &msg) < 0) return ctl_fail(c, "%s", msg);
		quantity_format(q, out);
		tree_set(c, doc, to, ctl_text(c, name), tree_string(c, doc, q.verbatim ? ctl_text(c, value) : out));
	}
	return 0;
}

static int set_resources(yyjson_mut_val *container, void *ctx) {
	static const char *const kinds[] = { "limits", "requests" };
	struct amounts *s = ctx;
	if (!modify_matches(s->pattern, text_at(container, "name"))) return 0;
	s->found = true;
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		const char *text = flag_text(&s->c->flags, kinds[i]);
		if (*text && put_amounts(s->c, s->doc, tree_obj(s->c, s->doc, container, ctl_printf(s->c, "resources.%s", kinds[i])), text)) return 1;
	}
	return 0;
}

static int change_resources(struct ctl *c, const struct info *i, yyjson_mut_doc *doc, void *ctx) {
	struct amounts *s = ctx;
	yyjson_mut_val *spec = modify_pod_spec(doc->root);
	if (!spec) return set_no_pod(c, i);
	s->doc = doc;
	s->found = false;
	if (modify_containers(spec, set_resources, s)) return 1;
	return s->found ? 0 : ctl_fail_text(c, ctl_printf(c, "error: unable to find container named %s", s->pattern));
}

static int resources_run(struct ctl *c, const char *const *args, size_t n) {
	struct amounts s = { .c = c, .pattern = flag_text(&c->flags, "containers") };
	struct infos l = { 0 };
	struct printer *p;
	yyjson_mut_doc *probe = tree_new(c);
	if (printer_new(c, 0, &p) || dryrun_check(c) || set_pick(c, args, n, &l)) return 1;
	if (check_common(c, n)) return 1;
	if (!*flag_text(&c->flags, "limits") && !*flag_text(&c->flags, "requests"))
		return ctl_fail(c, "you must specify an update to requests or limits (in the form of --requests/--limits)");
	if (put_amounts(c, probe, probe->root, flag_text(&c->flags, "limits")) || put_amounts(c, probe, probe->root, flag_text(&c->flags, "requests"))) return 1;
	return modify_all(c, p, &l, &(struct modify){ .change = change_resources, .ctx = &s, .done = "resource requirements updated", .plain = true,
						      .failed = "failed to patch resources update to pod template" });
}

/* ---- service account ---- */

static int change_account(struct ctl *c, const struct info *i, yyjson_mut_doc *doc, void *ctx) {
	yyjson_mut_val *spec = modify_pod_spec(doc->root);
	if (!spec) return set_no_pod(c, i);
	tree_put(c, doc, spec, "serviceAccountName", ctx);
	return 0;
}

static int account_run(struct ctl *c, const char *const *args, size_t n) {
	struct infos l = { 0 };
	struct printer *p;
	if (printer_new(c, 0, &p) || dryrun_check(c)) return 1;
	if (!n) return ctl_fail(c, "serviceaccount is required");
	if (set_pick(c, args, n - 1, &l)) return 1;
	return modify_all(c, p, &l, &(struct modify){ .change = change_account, .ctx = (void *)(uintptr_t)args[n - 1], .done = "serviceaccount updated",
						      .unchanged = "serviceaccount updated", .failed = "failed to patch ServiceAccountName", .plain = true });
}

/* ---- selector ---- */

static int change_selector(struct ctl *c, const struct info *i, yyjson_mut_doc *doc, void *ctx) {
	const char *text = ctx;
	if (strcmp(text_at(doc->root, "kind"), "Service") != 0)
		return ctl_fail(c, "setting a selector is only supported for Services");
	(void)i;
	(void)json_del(tree_obj(c, doc, doc->root, "spec"), "selector");
	for (struct slice rest = slice_str(text); rest.n;) {
		struct slice value = slice_cut(&rest, ','), key = slice_cut(&value, '=');
		if (value.n && value.p[0] == '=') value = slice_from(value, 1);
		if (!value.p) return ctl_fail(c, "couldn't parse the selector string \"%s\"", text);
		tree_set(c, doc, tree_obj(c, doc, doc->root, "spec.selector"), ctl_text(c, slice_trim(key)), tree_string(c, doc, ctl_text(c, slice_trim(value))));
	}
	return 0;
}

static int selector_run(struct ctl *c, const char *const *args, size_t n) {
	struct infos l = { 0 };
	struct printer *p;
	if (printer_new(c, 0, &p) || dryrun_check(c)) return 1;
	if (n < 2) return ctl_fail(c, "one selector is required");
	if (set_pick(c, args, n - 1, &l)) return 1;
	return modify_all(c, p, &l, &(struct modify){ .change = change_selector, .ctx = (void *)(uintptr_t)args[n - 1], .done = "selector updated",
						      .unchanged = "selector updated" });
}

static const struct flag resources_flags[] = {
	{ "containers", FLAG_STRING, "*", 'c', NULL, "which containers; * and ? stand for others" },
	{ "limits", FLAG_STRING, NULL, 0, NULL, "RESOURCE=AMOUNT,..." },
	{ "requests", FLAG_STRING, NULL, 0, NULL, "RESOURCE=AMOUNT,..." },
	{ 0 },
};
#define COMMON set_flags, dryrun_flags, print_flags, file_flags, NULL
static const struct flag *const tables[] = { COMMON };
static const struct flag *const resources_tables[] = { resources_flags, COMMON };
static const struct command image = { "image", NULL, "(-f FILE | TYPE NAME) CONTAINER=IMAGE ...", "Set images of containers", tables, image_run, NULL };
static const struct command resources = { "resources", NULL, "(-f FILE | TYPE NAME) --limits=... --requests=...", "Set resources of containers",
					  resources_tables, resources_run, NULL };
static const struct command account = { "serviceaccount", "sa", "(-f FILE | TYPE NAME) SERVICE_ACCOUNT", "Set the service account", tables, account_run, NULL };
static const struct command selector = { "selector", NULL, "(-f FILE | TYPE NAME) SELECTOR", "Set a service's selector", tables, selector_run, NULL };
static const struct command *const subs[] = { &set_env, &image, &resources, &selector, &account, NULL };
const struct command command_set = { "set", NULL, "SUBCOMMAND", "Set parts of objects", NULL, NULL, subs };
