/* SPDX-License-Identifier: Apache-2.0 */
/* set env: NAME=VALUE, NAME-, --from a config map or secret, --list. */
#include "ctl/dryrun.h"
#include "ctl/file.h"
#include "ctl/modify.h"
#include "ctl/set.h"
#include "ctl/tree.h"
#include "ctl/write.h"

struct vars {
	struct ctl *c;
	yyjson_mut_doc *vars;   /* root: a list of EnvVar, the later one of a name wins */
	struct strings remove;
	size_t n_objects;
	const struct info *i;   /* the object at hand, and where its values go */
	yyjson_mut_doc *doc;
	bool found;
};

static yyjson_mut_val *new_var(struct vars *e, const char *name) {
	yyjson_mut_val *v = ctl_must(yyjson_mut_obj(e->vars));
	tree_put(e->c, e->vars, v, "name", ctl_printf(e->c, "%s%s", flag_text(&e->c->flags, "prefix"), name));
	tree_append(e->c, e->vars->root, v);
	return v;
}

static int take_pair(struct vars *e, const char *text) {
	const char *eq = strchr(text, '=');
	size_t n = strlen(text);
	if (!eq) {
		if (!n || text[n - 1] != '-') return ctl_fail(e->c, "environment variables must be of the form key=value and can only contain letters, numbers, and underscores");
		strings_add(e->c, &e->remove, ctl_text(e->c, slice_make(text, n - 1)));
		return 0;
	}
	yyjson_mut_val *v = new_var(e, ctl_text(e->c, slice_make(text, (size_t)(eq - text))));
	tree_put(e->c, e->vars, v, "value", eq + 1);
	return 0;
}

/* "-": lines of NAME=VALUE on standard input. */
static int take_stdin(struct vars *e) {
	struct slice text;
	int r = file_read_fd(e->c, e->c->in, &text);
	if (r < 0) return ctl_fail(e->c, "read STDIN: %s", file_error(r));
	while (text.p) {
		struct slice line = slice_cut(&text, '\n');
		if (slice_chr(line, '=') > 0 && take_pair(e, ctl_text(e->c, line))) return 1;
	}
	return 0;
}

static bool is_change(const char *arg) {
	size_t n = strlen(arg);
	return strchr(arg, '=') || (n && arg[n - 1] == '-');
}

static int split(struct vars *e, const char *const *args, size_t n) {
	const struct flag_value *more = flags_get(&e->c->flags, "env");
	bool begun = false;
	for (size_t i = 0; i < more->n; i++)
		if (take_pair(e, more->list[i])) return 1;
	for (size_t i = 0; i < n; i++) {
		begun = begun || is_change(args[i]);
		if (!begun) e->n_objects++;
		else if (!is_change(args[i]))
			return ctl_fail(e->c, "all resources must be specified before environment changes: %s",
					strings_join(e->c, &(struct strings){ e->c->flags.args, n, n }, " "));
		else if (!strcmp(args[i], "-") ? take_stdin(e) : take_pair(e, args[i])) return 1;
	}
	return 0;
}

/* ---- --from ---- */

static const char *var_name(struct ctl *c, const char *key) {
	char *name = ctl_printf(c, "%s", key);
	for (char *p = name; *p; p++) {
		if (*p >= 'a' && *p <= 'z') *p = (char)(*p - 32);
		else if (!((*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9'))) *p = '_';
	}
	if (strcmp(name, key) != 0) ctl_err(c, "Warning: key %s transferred to %s\n", key, name);
	return name;
}

static int take_from(struct vars *e) {
	const char *from = flag_text(&e->c->flags, "from");
	const struct flag_value *keys = flags_get(&e->c->flags, "keys");
	struct pick p = { .args = &from, .n = 1, .flags = PICK_FETCH | PICK_LATEST };
	struct infos l = { 0 };
	yyjson_mut_val *k, *value;
	size_t x, n;
	if (!*from) return 0;
	if (infos_pick(e->c, &p, &l) || e->c->faults.n) return 1;
	for (size_t i = 0; i < l.n; i++) {
		const yyjson_mut_val *root = l.v[i].doc->root;
		bool secret = !strcmp(text_at(root, "kind"), "Secret");
		if (!secret && strcmp(text_at(root, "kind"), "ConfigMap") != 0) return ctl_fail(e->c, "unsupported resource specified in --from");
		yyjson_mut_obj_foreach(json_get(root, "data"), x, n, k, value) {
			bool wanted = !keys->n;
			for (size_t w = 0; w < keys->n; w++) wanted = wanted || !strcmp(keys->list[w], text_of(k));
			if (!wanted) continue;
			yyjson_mut_val *v = new_var(e, var_name(e->c, text_of(k)));
			const char *ref = secret ? "valueFrom.secretKeyRef" : "valueFrom.configMapKeyRef";
			yyjson_mut_val *at = tree_obj(e->c, e->vars, v, ref);
			tree_put(e->c, e->vars, at, "key", text_of(k));
			tree_put(e->c, e->vars, at, "name", text_at(root, "metadata.name"));
		}
	}
	return 0;
}

/* ---- changing ---- */

static const yyjson_mut_val *newer(const struct vars *e, const char *name) {
	const yyjson_mut_val *found = NULL;
	yyjson_mut_val *v;
	json_each(e->vars->root, v) if (!strcmp(text_at(v, "name"), name)) found = v;
	return found;
}

static int check_overwrite(struct vars *e, const yyjson_mut_val *container) {
	yyjson_mut_val *v;
	json_each(json_get(container, "env"), v) {
		if (newer(e, text_at(v, "name")))
			return ctl_fail_text(e->c, ctl_printf(e->c, "error: %s/%s '%s' already has a value (%s), and --overwrite is false\n", e->i->r->name, e->i->name,
							      text_at(v, "name"), text_at(v, "value")));
	}
	return 0;
}

static void put_vars(struct vars *e, yyjson_mut_val *container) {
	yyjson_mut_val *v, *list = ctl_must(yyjson_mut_arr(e->doc));
	struct strings seen = { 0 };
	json_each(json_get(container, "env"), v) {
		const char *name = text_at(v, "name");
		const yyjson_mut_val *with = newer(e, name);
		if (strings_has(&e->remove, name) || (with && strings_has(&seen, name))) continue;
		tree_append(e->c, list, ctl_must(json_copy(e->doc, with ? with : v)));
		if (with) strings_add(e->c, &seen, name);
	}
	json_each(e->vars->root, v) {
		const char *name = text_at(v, "name");
		if (strings_has(&e->remove, name) || strings_has(&seen, name)) continue;
		tree_append(e->c, list, ctl_must(json_copy(e->doc, newer(e, name))));
		strings_add(e->c, &seen, name);
	}
	if (json_size(list)) tree_set(e->c, e->doc, container, "env", list);
	else (void)json_del(container, "env");
}

static const char *source(struct ctl *c, const yyjson_mut_val *from) {
	static const struct { const char *name, *text, *first, *second; } kinds[] = {
		{ "configMapKeyRef", "configmap %s, key %s", "name", "key" }, { "secretKeyRef", "secret %s, key %s", "name", "key" },
		{ "fieldRef", "field path %s", "fieldPath", NULL },
	};
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		const yyjson_mut_val *v = json_get(from, kinds[i].name);
		if (v && kinds[i].second) return ctl_printf(c, kinds[i].text, text_at(v, kinds[i].first), text_at(v, kinds[i].second));
		if (v) return ctl_printf(c, kinds[i].text, text_at(v, kinds[i].first));
	}
	const yyjson_mut_val *res = json_get(from, "resourceFieldRef");
	const char *container = text_at(res, "containerName");
	if (!res) return "invalid valueFrom";
	return ctl_printf(c, "resource field %s%s%s", *container ? container : "", *container ? "/" : "", text_at(res, "resource"));
}

static void list(struct vars *e, const yyjson_mut_val *container) {
	yyjson_mut_val *v;
	ctl_out(e->c, "# %s %s, container %s\n", text_at(e->doc->root, "kind"), e->i->name, text_at(container, "name"));
	json_each(json_get(container, "env"), v) {
		const yyjson_mut_val *from = json_get(v, "valueFrom");
		if (from) ctl_out(e->c, "# %s from %s\n", text_at(v, "name"), source(e->c, from));
		else ctl_out(e->c, "%s=%s\n", text_at(v, "name"), text_at(v, "value"));
	}
}

static int one_container(yyjson_mut_val *container, void *ctx) {
	struct vars *e = ctx;
	if (!modify_matches(flag_text(&e->c->flags, "containers"), text_at(container, "name"))) return 0;
	e->found = true;
	if (!flag_on(&e->c->flags, "overwrite") && check_overwrite(e, container)) return 1;
	put_vars(e, container);
	if (flag_on(&e->c->flags, "list")) list(e, container);
	return 0;
}

static int change(struct ctl *c, const struct info *i, yyjson_mut_doc *doc, void *ctx) {
	struct vars *e = ctx;
	yyjson_mut_val *spec = modify_pod_spec(doc->root);
	if (!spec) return set_no_pod(c, i);
	e->i = i;
	e->doc = doc;
	e->found = false;
	int r = modify_containers(spec, one_container, e);
	if (!r && !e->found)
		ctl_err(c, "Warning: %s/%s does not have any containers matching \"%s\"\n", text_at(doc->root, "kind"), i->name, flag_text(&c->flags, "containers"));
	return r;
}

static int check(struct ctl *c, const struct vars *e) {
	if (flag_on(&c->flags, "local") && dryrun_mode(c) == DRYRUN_SERVER)
		return ctl_fail(c, "cannot specify --local and --dry-run=server - did you mean --dry-run=client?");
	if (!e->n_objects && !flags_get(&c->flags, "filename")->n)
		return ctl_fail(c, "one or more resources must be specified as <resource> <name> or <resource>/<name>");
	if (flag_on(&c->flags, "list") && *flag_text(&c->flags, "output")) return ctl_fail(c, "--list and --output may not be specified together");
	if (flags_get(&c->flags, "keys")->n && !*flag_text(&c->flags, "from"))
		return ctl_fail(c, "when specifying --keys, a configmap or secret must be provided with --from");
	return 0;
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct vars e = { .c = c, .vars = ctl_must(json_doc(c->a)) };
	struct infos l = { 0 };
	struct printer *p;
	struct modify m = { .change = change, .ctx = &e, .done = "env updated", .failed = "failed to patch env update to pod template:", .plain = true };
	e.vars->root = ctl_must(yyjson_mut_arr(e.vars));
	if (flag_on(&c->flags, "all") && *flag_text(&c->flags, "selector")) return ctl_fail(c, "cannot set --all and --selector at the same time");
	if (split(&e, args, n) || dryrun_check(c) || printer_new(c, 0, &p) || check(c, &e) || take_from(&e) || set_pick(c, args, e.n_objects, &l)) return 1;
	if (!flag_on(&c->flags, "list")) return modify_all(c, p, &l, &m);
	for (size_t i = 0; i < l.n; i++) (void)change(c, &l.v[i], tree_copy(c, l.v[i].doc->root), &e);
	return c->faults.n > 0;
}

static const struct flag flags[] = {
	{ "containers", FLAG_STRING, "*", 'c', NULL, "which containers; * and ? stand for others" },
	{ "env", FLAG_ARRAY, NULL, 'e', NULL, "NAME=VALUE; may be repeated" },
	{ "from", FLAG_STRING, NULL, 0, NULL, "config map or secret whose keys become variables" },
	{ "keys", FLAG_LIST, NULL, 0, NULL, "with --from: only these keys" },
	{ "list", FLAG_BOOL, NULL, 0, NULL, "print the variables" },
	{ "overwrite", FLAG_BOOL, "true", 0, NULL, "replace variables that are set" },
	{ "prefix", FLAG_STRING, NULL, 0, NULL, "put in front of every name" },
	{ 0 },
};
static const struct flag *const tables[] = { flags, set_flags, dryrun_flags, print_flags, file_flags, NULL };
const struct command set_env = { "env", NULL, "(-f FILE | TYPE NAME) NAME=VALUE | NAME- ...", "Set environment variables of containers", tables, run, NULL };
