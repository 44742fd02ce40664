/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/command.h"
#include "ctl/get_watch.h"
#include "ctl/sort.h"
#include "ctl/table.h"
#include "ctl/tree.h"

static const struct flag flags[] = {
	{ "all-namespaces", FLAG_BOOL, NULL, 'A', NULL, "objects of all namespaces" },
	{ "chunk-size", FLAG_INT, "500", 0, NULL, "objects to ask for at once; 0: all" },
	{ "ignore-not-found", FLAG_BOOL, NULL, 0, NULL, "an object that does not exist is no error" },
	{ "label-columns", FLAG_LIST, NULL, 'L', NULL, "labels to show as columns" },
	{ "no-headers", FLAG_BOOL, NULL, 0, NULL, "no line of headers" },
	{ "output-watch-events", FLAG_BOOL, NULL, 0, NULL, "what happened, in front of every change" },
	{ "raw", FLAG_STRING, NULL, 0, NULL, "print what the server answers at this path" },
	{ "server-print", FLAG_BOOL, "true", 0, NULL, "let the server choose the columns" },
	{ "show-kind", FLAG_BOOL, NULL, 0, NULL, "the kind in front of every name" },
	{ "show-labels", FLAG_BOOL, NULL, 0, NULL, "all labels as the last column" },
	{ "sort-by", FLAG_STRING, NULL, 0, NULL, "order of this field (JSONPath)" },
	{ "subresource", FLAG_STRING, NULL, 0, NULL, "this subresource of the objects" },
	{ "watch", FLAG_BOOL, NULL, 'w', NULL, "go on with what changes" },
	{ "watch-only", FLAG_BOOL, NULL, 0, NULL, "only what changes" },
	{ 0 },
};

/* ---- raw ---- */

static int get_raw(struct ctl *c) {
	struct slice rest = slice_str(flag_text(&c->flags, "raw")), path = slice_cut(&rest, '?');
	struct k8c_reply *r;
	if (!path.n || path.p[0] != '/') path = slice_str(ctl_printf(c, "/%.*s", SLICE_FMT(path)));
	struct call call = { .path = ctl_text(c, path), .query = rest.p ? ctl_text(c, rest) : NULL };
	int e = session_try(c, &call, &r);
	if (e == 1 && r->error.status == 404 && !*r->error.kind) {
		/* What a path that nothing answers says in its body is left out. */
		struct k8c_error err = r->error;
		err.message = "the server could not find the requested resource";
		return ctl_fail_api(c, &err, NULL);
	}
	if (e) return e == 1 ? ctl_fail_api(c, &r->error, NULL) : 1;
	sink_put(&c->out, slice_of(r->response.body));
	return 0;
}

/* ---- tables ---- */

static const char *table_query(struct ctl *c, const struct pick *p, const struct info *i, const char *cont) {
	struct buf q = BUF_INIT(65536);
	if (*flag_text(&c->flags, "sort-by")) query_add(&q, "includeObject", "Object");
	if (!i->name) {
		query_add(&q, "labelSelector", p->selector);
		query_add(&q, "fieldSelector", p->field_selector);
		if (p->chunk > 0) query_add(&q, "limit", ctl_printf(c, "%lld", (long long)p->chunk));
		query_add(&q, "continue", cont);
	}
	return ctl_take(c, &q).p;
}

/* One answer's rows; *cont is the next page's token. */
static int table_page(struct ctl *c, struct table *t, const struct pick *p, const struct info *i, char **cont) {
	struct call call = { .path = resource_path(c, i->r, i->ns, i->name, p->subresource), .query = table_query(c, p, i, *cont ? *cont : ""),
			     .accept = TABLE_ACCEPT };
	_cleanup_arena_ struct arena *page = ctl_must(arena_new(CTL_ARENA_MAX));
	const char *sort = flag_text(&c->flags, "sort-by");
	struct k8c_reply *reply = NULL;
	yyjson_mut_doc *doc;
	struct json_error err;
	int r = session_ask(c, &call, &reply);
	free(TAKE_PTR(*cont));
	if (r == 1 && !(reply->error.status == 404 && flag_on(&c->flags, "ignore-not-found"))) (void)info_refused(c, i, p, &reply->error);
	if (r == 0) {
		if (json_parse(page, slice_of(reply->response.body), &doc, &err) < 0) r = ctl_fail(c, "%s", err.msg);
		else if (!*sort || !sort_by(c, json_get(doc->root, "rows"), sort, "object")) table_add(c, t, doc->root, NULL);
		if (r == 0 && *text_at(doc->root, "metadata.continue")) *cont = strdup(text_at(doc->root, "metadata.continue"));
	}
	k8c_reply_free(reply);
	return r != 0;
}

static bool many_types(const struct infos *l) {
	for (size_t i = 1; i < l->n; i++)
		if (l->v[i].r != l->v[0].r) return true;
	return false;
}

static int get_table(struct ctl *c, const struct pick *p, const struct infos *l) {
	struct table t;
	bool all = p->flags & PICK_ALL_NAMESPACES, namespaced = !all;
	bool kinds = many_types(l) || flag_on(&c->flags, "show-kind");
	size_t faults = c->faults.n;
	uint64_t begun = c->out.written;
	table_init(c, &t);
	for (size_t i = 0; i < l->n; i++) {
		const struct resource *before = t.r;
		char *cont = NULL;
		table_begin(c, &t, l->v[i].r, all, kinds);
		if (before && before != t.r && c->out.written > begun && t.headers) t.gap = true;
		namespaced = namespaced && l->v[i].r->namespaced;
		do {
			if (table_page(c, &t, p, &l->v[i], &cont)) break;
		} while (cont);
	}
	table_flush(c, &t);
	tabs_done(&t.tabs);
	if (c->out.written == begun && c->faults.n == faults && !flag_on(&c->flags, "ignore-not-found")) {
		if (namespaced) ctl_err(c, "No resources found in %s namespace.\n", session_namespace(c));
		else ctl_err(c, "No resources found\n");
	}
	return c->faults.n > faults;
}

/* ---- objects ---- */

static int read_objects(struct ctl *c, const struct pick *p, const struct infos *l, struct infos *ret) {
	bool quiet = flag_on(&c->flags, "ignore-not-found");
	for (size_t i = 0; i < l->n; i++) {
		struct info one = l->v[i];
		size_t faults = c->faults.n;
		if (!one.name) (void)info_list(c, &one, p, ret);
		else if (info_fetch(c, &one, !quiet, p->subresource) == 0) infos_add(c, ret, &one);
		else if (quiet && c->faults.n > faults && c->faults.v[c->faults.n - 1].err == -2) c->faults.n = faults;
	}
	return 0;
}

static yyjson_mut_val *list_of(struct ctl *c, const struct infos *l) {
	yyjson_mut_doc *doc = tree_new(c);
	tree_put(c, doc, doc->root, "apiVersion", "v1");
	yyjson_mut_val *items = tree_list(c, doc, doc->root, "items");
	tree_put(c, doc, doc->root, "kind", "List");
	tree_put(c, doc, doc->root, "metadata.resourceVersion", "");
	for (size_t i = 0; i < l->n; i++) tree_append(c, items, l->v[i].doc->root);
	return doc->root;
}

static int get_objects(struct ctl *c, struct printer *printer, const struct pick *p, const struct infos *l) {
	struct infos found = { 0 };
	const char *sort = flag_text(&c->flags, "sort-by");
	int r = read_objects(c, p, l, &found);
	if (r || (l->single && c->faults.n)) return 1;
	if (!found.n && flag_on(&c->flags, "ignore-not-found")) return c->faults.n > 0;
	yyjson_mut_val *obj = l->single && found.n == 1 ? found.v[0].doc->root : list_of(c, &found);
	if (*sort && json_get(obj, "items") && sort_by(c, json_get(obj, "items"), sort, NULL)) return 1;
	r = printer_print(c, printer, obj);
	printer_finish(c, printer);
	return r;
}

/* ---- the command ---- */

static int check(struct ctl *c, const struct pick *p) {
	if (p->n || flags_get(&c->flags, "filename")->n) return 0;
	ctl_err(c, "You must specify the type of resource to get. Use \"%s api-resources\" for a complete list of supported resources.\n\n", c->program);
	return ctl_usage(c, "Required resource not specified.\nUse \"%s explain <resource>\" for a detailed description of that "
			    "resource (e.g. %s explain pods).", c->program, c->program);
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct printer *printer;
	struct infos l = { 0 };
	bool watch = flag_on(&c->flags, "watch") || flag_on(&c->flags, "watch-only");
	struct pick p = { .args = args, .n = n, .flags = PICK_TYPES | (flag_on(&c->flags, "all-namespaces") ? PICK_ALL_NAMESPACES : 0),
			  .selector = flag_text(&c->flags, "selector"), .field_selector = flag_text(&c->flags, "field-selector"),
			  .chunk = flag_int(&c->flags, "chunk-size") };
	if (*flag_text(&c->flags, "subresource")) p.subresource = flag_text(&c->flags, "subresource");
	if (*flag_text(&c->flags, "raw")) {
		if (n) return ctl_fail(c, "arguments may not be passed when --raw is specified");
		return get_raw(c);
	}
	if (flag_on(&c->flags, "output-watch-events") && !watch)
		return ctl_fail(c, "--output-watch-events option can only be used with --watch or --watch-only");
	if (check(c, &p) || printer_new(c, PRINTER_COLUMNS | PRINTER_WIDE, &printer)) return 1;
	bool files = flags_get(&c->flags, "filename")->n > 0;
	if (files && n) return ctl_fail(c, "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well");
	int bad = files ? infos_files(c, 0, &l) : infos_args(c, &p, &l);
	if (bad && !l.n) return 1;
	if (watch) return get_watch(c, printer, &p, &l);
	return printer ? get_objects(c, printer, &p, &l) : get_table(c, &p, &l);
}

static const struct flag *const tables[] = { flags, print_flags, file_flags, select_flags, NULL };
const struct command command_get = { "get", NULL, "(TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE/NAME ...) [flags]",
				     "Display one or many resources", tables, run, NULL };
