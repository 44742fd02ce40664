/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/kubeconf.h"
#include "codec/yaml.h"
#include "ctl/file.h"
#include "ctl/tree.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct { const char *list, *member; } kinds[] = {
	[KUBECONF_CLUSTER] = { "clusters", "cluster" },
	[KUBECONF_USER] = { "users", "user" },
	[KUBECONF_CONTEXT] = { "contexts", "context" },
};

const char *kubeconf_list_name(enum kubeconf_kind kind) { return kinds[kind].list; }
const char *kubeconf_member_name(enum kubeconf_kind kind) { return kinds[kind].member; }

/* ---- reading ---- */

static int add_file(struct ctl *c, struct kubeconf *k, const char *path) {
	struct slice text;
	const char *msg = NULL;
	if (k->n == KUBECONF_FILES_MAX) return ctl_fail(c, "more than %u kubeconfig files", KUBECONF_FILES_MAX);
	struct kubeconf_file *f = &k->v[k->n++];
	*f = (struct kubeconf_file){ .path = path };
	int r = file_read(c, path, &text);
	if (r < 0 && r != -ENOENT) return ctl_fail(c, "error loading config file \"%s\": open %s: %s", path, path, file_error(r));
	if (r == 0 && tree_parse_yaml(c, text, &f->doc, &msg) < 0) return ctl_fail(c, "error loading config file \"%s\": %s", path, msg);
	if (r < 0 || yyjson_mut_is_null(f->doc->root)) f->doc = tree_new(c);
	if (!yyjson_mut_is_obj(f->doc->root)) return ctl_fail(c, "error loading config file \"%s\": it holds no kubeconfig", path);
	return 0;
}

/* What is new goes to the first file that exists, else to the last. */
static void choose_default(struct kubeconf *k) {
	struct stat st;
	k->dflt = k->n - 1;
	for (size_t i = k->n; i-- > 0;)
		if (stat(k->v[i].path, &st) == 0) k->dflt = i;
}

int kubeconf_load(struct ctl *c, struct kubeconf *k) {
	const char *given = flag_text(&c->flags, "kubeconfig"), *list = getenv("KUBECONFIG"), *home = getenv("HOME");
	*k = (struct kubeconf){ 0 };
	if (*given) return add_file(c, k, given);
	for (struct slice rest = slice_str(list); rest.n;) {
		struct slice part = slice_cut(&rest, ':');
		if (part.n && add_file(c, k, ctl_text(c, part))) return 1;
	}
	if (!k->n && add_file(c, k, ctl_printf(c, "%s/.kube/config", home ? home : ""))) return 1;
	choose_default(k);
	return 0;
}

/* ---- entries ---- */

static yyjson_mut_val *entry(const struct kubeconf_file *f, enum kubeconf_kind kind, const char *name) {
	yyjson_mut_val *e;
	json_each(json_get(f->doc->root, kinds[kind].list), e) if (!strcmp(text_at(e, "name"), name)) return e;
	return NULL;
}

yyjson_mut_val *kubeconf_find(const struct kubeconf *k, enum kubeconf_kind kind, const char *name) {
	for (size_t i = 0; i < k->n; i++) {
		yyjson_mut_val *e = entry(&k->v[i], kind, name);
		if (e) return json_get(e, kinds[kind].member);
	}
	return NULL;
}

yyjson_mut_val *kubeconf_change(struct ctl *c, struct kubeconf *k, enum kubeconf_kind kind, const char *name, yyjson_mut_doc **ret_doc) {
	struct kubeconf_file *f = &k->v[k->dflt];
	yyjson_mut_val *e = NULL;
	for (size_t i = 0; i < k->n && !e; i++) {
		e = entry(&k->v[i], kind, name);
		if (e) f = &k->v[i];
	}
	f->changed = true;
	*ret_doc = f->doc;
	if (!e) {
		e = ctl_must(yyjson_mut_obj(f->doc));
		tree_put(c, f->doc, e, "name", name);
		tree_append(c, tree_list(c, f->doc, f->doc->root, kinds[kind].list), e);
	}
	return tree_obj(c, f->doc, e, kinds[kind].member);
}

bool kubeconf_remove(struct kubeconf *k, enum kubeconf_kind kind, const char *name) {
	bool found = false;
	for (size_t i = 0; i < k->n; i++) {
		yyjson_mut_arr_iter it = json_arr_iter(json_get(k->v[i].doc->root, kinds[kind].list));
		yyjson_mut_val *e;
		while ((e = yyjson_mut_arr_iter_next(&it))) {
			if (strcmp(text_at(e, "name"), name) != 0) continue;
			(void)yyjson_mut_arr_iter_remove(&it);
			found = k->v[i].changed = true;
		}
	}
	return found;
}

void kubeconf_rename(struct ctl *c, struct kubeconf *k, enum kubeconf_kind kind, const char *from, const char *to) {
	for (size_t i = 0; i < k->n; i++) {
		yyjson_mut_val *e = entry(&k->v[i], kind, from);
		if (!e) continue;
		tree_put(c, k->v[i].doc, e, "name", to);
		k->v[i].changed = true;
	}
}

struct strings kubeconf_names(struct ctl *c, const struct kubeconf *k, enum kubeconf_kind kind) {
	struct strings names = { 0 };
	yyjson_mut_val *e;
	for (size_t i = 0; i < k->n; i++) {
		json_each(json_get(k->v[i].doc->root, kinds[kind].list), e) {
			if (!strings_has(&names, text_at(e, "name"))) strings_add(c, &names, text_at(e, "name"));
		}
	}
	strings_sort(&names);
	return names;
}

static struct kubeconf_file *current_file(const struct kubeconf *k) {
	for (size_t i = 0; i < k->n; i++)
		if (*text_at(k->v[i].doc->root, "current-context")) return (struct kubeconf_file *)(uintptr_t)&k->v[i];
	return NULL;
}

const char *kubeconf_current(const struct kubeconf *k) {
	const struct kubeconf_file *f = current_file(k);
	return f ? text_at(f->doc->root, "current-context") : "";
}

void kubeconf_set_current(struct ctl *c, struct kubeconf *k, const char *name) {
	struct kubeconf_file *f = current_file(k);
	if (!f) f = &k->v[k->dflt];
	tree_put(c, f->doc, f->doc->root, "current-context", name);
	f->changed = true;
}

/* ---- the whole ---- */

/* What kubectl writes of every plugin, set or not. */
static void fill_exec(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *exec) {
	static const char *const lists[] = { "args", "env" };
	if (!exec) return;
	for (size_t i = 0; i < ELEMENTSOF(lists); i++)
		if (!json_get(exec, lists[i])) tree_set(c, doc, exec, lists[i], ctl_must(yyjson_mut_null(doc)));
	if (!json_get(exec, "provideClusterInfo")) tree_set(c, doc, exec, "provideClusterInfo", ctl_must(yyjson_mut_bool(doc, false)));
	if (!json_get(exec, "interactiveMode") && !strcmp(text_at(exec, "apiVersion"), "client.authentication.k8s.io/v1beta1"))
		tree_put(c, doc, exec, "interactiveMode", "IfAvailable");
}

static void fill_entry(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *e, enum kubeconf_kind kind) {
	static const struct { enum kubeconf_kind kind; const char *name; } always[] = {
		{ KUBECONF_CLUSTER, "server" }, { KUBECONF_CONTEXT, "cluster" }, { KUBECONF_CONTEXT, "user" },
	};
	yyjson_mut_val *v = tree_obj(c, doc, e, kinds[kind].member);
	for (size_t i = 0; i < ELEMENTSOF(always); i++)
		if (always[i].kind == kind && !json_get(v, always[i].name)) tree_put(c, doc, v, always[i].name, "");
	if (kind == KUBECONF_USER) fill_exec(c, doc, json_get(v, "exec"));
}

static yyjson_mut_val *sorted(struct ctl *c, yyjson_mut_doc *doc, const struct kubeconf *k, enum kubeconf_kind kind) {
	struct strings names = kubeconf_names(c, k, kind);
	if (!names.n) return ctl_must(yyjson_mut_null(doc));
	yyjson_mut_val *list = ctl_must(yyjson_mut_arr(doc));
	for (size_t i = 0; i < names.n; i++) {
		yyjson_mut_val *e = NULL;
		for (size_t f = 0; f < k->n && !e; f++) e = entry(&k->v[f], kind, names.v[i]);
		e = ctl_must(json_copy(doc, e));
		fill_entry(c, doc, e, kind);
		tree_append(c, list, e);
	}
	return list;
}

/* One configuration of what `k` holds, written as clientcmd does. */
static yyjson_mut_doc *compose(struct ctl *c, const struct kubeconf *k) {
	yyjson_mut_doc *doc = tree_new(c);
	const yyjson_mut_val *first = k->v[0].doc->root, *extensions = json_get(first, "extensions"), *preferences = json_get(first, "preferences");
	tree_put(c, doc, doc->root, "apiVersion", "v1");
	tree_put(c, doc, doc->root, "kind", "Config");
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) tree_set(c, doc, doc->root, kinds[i].list, sorted(c, doc, k, (enum kubeconf_kind)i));
	tree_put(c, doc, doc->root, "current-context", kubeconf_current(k));
	if (extensions) tree_set(c, doc, doc->root, "extensions", ctl_must(json_copy(doc, extensions)));
	if (preferences && !yyjson_mut_is_null((yyjson_mut_val *)(uintptr_t)preferences))
		tree_set(c, doc, doc->root, "preferences", ctl_must(json_copy(doc, preferences)));
	else (void)tree_obj(c, doc, doc->root, "preferences");
	tree_sort(c, doc->root);
	return doc;
}

static void make_absolute(struct ctl *c, const struct kubeconf_file *f, enum kubeconf_kind kind) {
	static const char *const paths[] = { "certificate-authority", "client-certificate", "client-key", "tokenFile" };
	_cleanup_free_ char *dir = *f->path == '/' ? NULL : getcwd(NULL, 0);
	const char *path = dir ? ctl_printf(c, "%s/%s", dir, f->path) : f->path, *slash = strrchr(path, '/');
	yyjson_mut_val *e;
	json_each(json_get(f->doc->root, kinds[kind].list), e) {
		yyjson_mut_val *v = json_get(e, kinds[kind].member);
		for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
			const char *file = text_at(v, paths[i]);
			if (*file && *file != '/') tree_put(c, f->doc, v, paths[i], ctl_printf(c, "%.*s/%s", (int)(slash - path), path, file));
		}
	}
}

yyjson_mut_doc *kubeconf_merged(struct ctl *c, const struct kubeconf *k, bool absolute) {
	for (size_t i = 0; i < k->n && absolute; i++) {
		make_absolute(c, &k->v[i], KUBECONF_CLUSTER);
		make_absolute(c, &k->v[i], KUBECONF_USER);
	}
	return compose(c, k);
}

static int save(struct ctl *c, const struct kubeconf_file *f) {
	struct kubeconf one = { .v = { *f }, .n = 1 };
	struct buf b = BUF_INIT(CTL_FILE_MAX);
	const char *slash = strrchr(f->path, '/');
	if (slash && slash != f->path) (void)mkdir(ctl_text(c, slice_make(f->path, (size_t)(slash - f->path))), 0755);
	(void)yaml_write(&b, compose(c, &one)->root);
	int r = file_write(f->path, ctl_take(c, &b), 0600);
	return r < 0 ? ctl_fail(c, "open %s: %s", f->path, file_error(r)) : 0;
}

int kubeconf_save(struct ctl *c, struct kubeconf *k) {
	for (size_t i = 0; i < k->n; i++)
		if (k->v[i].changed && save(c, &k->v[i])) return 1;
	return 0;
}
