/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/infos.h"
#include "ctl/manifest.h"
#include "ctl/session.h"
#include "ctl/tree.h"

const struct flag file_flags[] = {
	{ "filename", FLAG_LIST, NULL, 'f', NULL, "file, folder, URL or - (standard input); may be repeated" },
	{ "recursive", FLAG_BOOL, NULL, 'R', NULL, "folders with their folders" },
	{ 0 },
};
const struct flag select_flags[] = {
	{ "selector", FLAG_STRING, NULL, 'l', NULL, "label selector" },
	{ "field-selector", FLAG_STRING, NULL, 0, NULL, "field selector" },
	{ 0 },
};

void infos_add(struct ctl *c, struct infos *l, const struct info *i) {
	if (l->n == INFOS_MAX) return;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		l->v = ctl_must(arena_realloc(c->a, l->v, l->cap * sizeof(*l->v), cap * sizeof(*l->v)));
		l->cap = cap;
	}
	l->v[l->n++] = *i;
}

const char *info_what(struct ctl *c, const struct info *i, const char *verb) {
	return i->source ? ctl_printf(c, "error when %s %s", verb, ctl_quote(c, slice_str(i->source))) : NULL;
}

/* ---- files ---- */

struct reading {
	struct ctl *c;
	struct infos *l;
	unsigned flags;
};

static int unknown_kind(struct ctl *c, const struct info *i, const char *group, const char *version) {
	const yyjson_mut_val *root = i->doc->root;
	return ctl_fail(c, "resource mapping not found for name: \"%s\" namespace: \"%s\" from \"%s\": no matches for kind \"%s\" in version \"%s\"\n"
			   "ensure CRDs are installed first", text_at(root, "metadata.name"), text_at(root, "metadata.namespace"), i->source,
			text_at(root, "kind"), api_version_join(c, group, version));
}

static int place(struct ctl *c, struct info *i) {
	const char *mine = text_at(i->doc->root, "metadata.namespace"), *wanted = session_namespace(c);
	if (!wanted) return 1;
	if (i->r && !i->r->namespaced) {
		i->ns = "";
		return 0;
	}
	if (!*mine) {
		i->ns = wanted;
		tree_put(c, i->doc, i->doc->root, "metadata.namespace", wanted);
		return 0;
	}
	i->ns = mine;
	if (session_namespace_forced(c) && strcmp(mine, wanted) != 0)
		return ctl_fail(c, "the namespace from the provided object \"%s\" does not match the namespace \"%s\". You must pass "
				   "'--namespace=%s' to perform this operation.", mine, wanted, mine);
	return 0;
}

static int on_object(void *ctx, yyjson_mut_doc *doc, const char *source) {
	struct reading *r = ctx;
	struct ctl *c = r->c;
	const char *group, *version;
	struct info i = { .doc = doc, .source = source, .name = text_at(doc->root, "metadata.name") };
	api_version_split(c, text_at(doc->root, "apiVersion"), &group, &version);
	if (r->flags & PICK_LOCAL) {
		i.ns = text_at(doc->root, "metadata.namespace");
	} else {
		if (mapper_load(c)) return 1;
		i.r = mapper_kind(c, group, version, text_at(doc->root, "kind"));
		/* The others of the file are still looked at. */
		if (!i.r) return unknown_kind(c, &i, group, version), 0;
		if (place(c, &i)) return 0;
	}
	infos_add(c, r->l, &i);
	return 0;
}

int infos_files(struct ctl *c, unsigned flags, struct infos *ret) {
	struct reading r = { c, ret, flags };
	struct manifest_sink sink = { on_object, &r };
	const struct flag_value *files = flags_get(&c->flags, "filename");
	int bad = 0;
	for (size_t i = 0; i < files->n; i++) bad |= manifest_path(c, files->list[i], flag_on(&c->flags, "recursive"), &sink);
	ret->single = files->n == 1 && ret->n == 1;
	return bad;
}

/* ---- arguments ---- */

static int add_type(struct ctl *c, const struct pick *p, const struct resource *r, const char *name, struct infos *ret) {
	const char *ns = session_namespace(c);
	if (!ns) return 1;
	if (name && r->namespaced && (p->flags & PICK_ALL_NAMESPACES))
		return ctl_fail(c, "a resource cannot be retrieved by name across all namespaces");
	struct info i = { .r = r, .name = name, .ns = r->namespaced && !(p->flags & PICK_ALL_NAMESPACES) ? ns : "" };
	infos_add(c, ret, &i);
	return 0;
}

static int types_of(struct ctl *c, const char *arg, const struct resource ***ret, size_t *ret_n) {
	const struct resource **v = NULL, **cat;
	size_t n = 0;
	for (struct slice rest = slice_str(arg); rest.p;) {
		const char *name = ctl_text(c, slice_cut(&rest, ','));
		size_t k = !strchr(name, '.') ? mapper_category(c, name, &cat) : 0;
		const struct resource *one = k ? NULL : mapper_resource(c, name);
		if (!k && !one) return 1;
		if (!k) {
			cat = &one;
			k = 1;
		}
		v = ctl_must(arena_realloc(c->a, v, n * sizeof(*v), (n + k) * sizeof(*v)));
		memcpy(v + n, cat, k * sizeof(*v));
		n += k;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

static int slash_args(struct ctl *c, const struct pick *p, struct infos *ret) {
	for (size_t i = 0; i < p->n; i++) {
		struct slice rest = slice_str(p->args[i]), type = slice_cut(&rest, '/');
		if (!rest.p)
			return ctl_fail(c, "there is no need to specify a resource type as a separate argument when passing arguments in resource/name "
					   "form (e.g. '%s get resource/<resource_name>' instead of '%s get resource resource/<resource_name>'", c->program, c->program);
		if (slice_chr(rest, '/') >= 0) return ctl_fail(c, "arguments in resource/name form may not have more than one slash");
		if (!type.n || !rest.n || slice_chr(type, ',') >= 0)
			return ctl_fail(c, "arguments in resource/name form must have a single resource and name");
		const struct resource *r = mapper_resource(c, ctl_text(c, type));
		if (!r || add_type(c, p, r, ctl_text(c, rest), ret)) return 1;
	}
	ret->single = p->n == 1;
	return 0;
}

int infos_args(struct ctl *c, const struct pick *p, struct infos *ret) {
	const struct resource **types;
	size_t n, with_slash = 0;
	bool selected = (p->selector && *p->selector) || (p->field_selector && *p->field_selector);
	for (size_t i = 0; i < p->n; i++) with_slash += strchr(p->args[i], '/') != NULL;
	if (with_slash && selected) return ctl_fail(c, "selectors and the all flag cannot be used when passing resource/name arguments");
	if (with_slash) return slash_args(c, p, ret);
	if (types_of(c, p->args[0], &types, &n)) return 1;
	if (p->n == 1 && !selected && !(p->flags & (PICK_TYPES | PICK_ALL)))
		return ctl_fail(c, "resource(s) were provided, but no name was specified");
	if (p->n > 1 && selected) return ctl_fail(c, "name cannot be provided when a selector is specified");
	if (p->n > 1 && (p->flags & PICK_ALL)) return ctl_fail(c, "name cannot be provided when a selector is specified");
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 1; k < p->n; k++)
			if (add_type(c, p, types[i], p->args[k], ret)) return 1;
		if (p->n == 1 && add_type(c, p, types[i], NULL, ret)) return 1;
	}
	ret->single = n == 1 && p->n == 2;
	return 0;
}

/* ---- reading ---- */

static bool namespace_missing(struct ctl *c, const char *ns, struct k8c_reply **ret) {
	if (!ns || !*ns || !strcmp(ns, "default")) return false;
	return session_try(c, &(struct call){ .path = ctl_printf(c, "/api/v1/namespaces/%s", ns) }, ret) == 1 && (*ret)->error.status == 404;
}

int info_refused(struct ctl *c, const struct info *i, const struct pick *p, const struct k8c_error *e) {
	struct k8c_reply *reply;
	if (i->name) return ctl_fail_api(c, e->status == 404 && namespace_missing(c, i->ns, &reply) ? &reply->error : e, NULL);
	if (e->status != 400 && e->status != 404) return ctl_fail_api(c, e, NULL);
	const char *what = ctl_printf(c, "%s/%s, Resource=%s", i->r->group, i->r->version, i->r->name);
	if ((!p->selector || !*p->selector) && (!p->field_selector || !*p->field_selector))
		return ctl_fail_api(c, e, ctl_printf(c, "Unable to list \"%s\"", what));
	return ctl_fail_api(c, e, ctl_printf(c, "Unable to find \"%s\" that match label selector %s, field selector %s", what,
					     ctl_quote(c, slice_str(p->selector)), ctl_quote(c, slice_str(p->field_selector))));
}

int info_fetch(struct ctl *c, struct info *i, bool must, const char *sub) {
	struct k8c_reply *reply;
	struct call call = { .path = resource_path(c, i->r, i->ns, i->name, sub) };
	int r = session_try(c, &call, &reply);
	if (r == 1 && reply->error.status == 404 && !must) return 2;
	if (r == 1) (void)info_refused(c, i, NULL, &reply->error);
	if (r) return r == 1 && reply->error.status == 404 ? 2 : 1;
	return session_parse(c, reply, &i->doc);
}

static void fill_type(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *v, const struct resource *r) {
	if (!json_get(v, "kind")) tree_put(c, doc, v, "kind", r->kind);
	if (!json_get(v, "apiVersion")) tree_put(c, doc, v, "apiVersion", api_version_join(c, r->group, r->version));
}

static int list_page(struct ctl *c, const struct info *type, const struct pick *p, const char **cont, struct infos *ret) {
	struct buf q = BUF_INIT(65536);
	yyjson_mut_doc *doc;
	yyjson_mut_val *v;
	query_add(&q, "labelSelector", p->selector);
	query_add(&q, "fieldSelector", p->field_selector);
	if (p->chunk > 0) query_add(&q, "limit", ctl_printf(c, "%lld", (long long)p->chunk));
	query_add(&q, "continue", *cont);
	struct call call = { .path = resource_path(c, type->r, type->ns, NULL, NULL), .query = ctl_take(c, &q).p };
	struct k8c_reply *reply;
	int r = session_try(c, &call, &reply);
	if (r == 1) return info_refused(c, type, p, &reply->error);
	if (r || session_parse(c, reply, &doc)) return 1;
	json_each(json_get(doc->root, "items"), v) {
		fill_type(c, doc, v, type->r);
		struct info i = { .r = type->r, .ns = text_at(v, "metadata.namespace"), .name = text_at(v, "metadata.name") };
		i.doc = ctl_must(json_doc(c->a));
		i.doc->root = v;
		infos_add(c, ret, &i);
	}
	*cont = text_at(doc->root, "metadata.continue");
	return 0;
}

int info_list(struct ctl *c, const struct info *type, const struct pick *p, struct infos *ret) {
	const char *cont = "";
	do {
		if (list_page(c, type, p, &cont, ret)) return 1;
	} while (*cont);
	return 0;
}

static int read_args(struct ctl *c, const struct pick *p, const struct infos *named, struct infos *ret) {
	for (size_t i = 0; i < named->n; i++) {
		struct info one = named->v[i];
		if (!one.name) (void)info_list(c, &one, p, ret);
		else if (!(p->flags & PICK_FETCH) || info_fetch(c, &one, true, p->subresource) == 0) infos_add(c, ret, &one);
	}
	return 0;
}

int infos_pick(struct ctl *c, const struct pick *p, struct infos *ret) {
	struct infos files = { 0 }, named = { 0 };
	bool have_files = flags_have(&c->flags, "filename") && flags_get(&c->flags, "filename")->n > 0;
	if (have_files && p->n) return ctl_fail(c, "when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well");
	if (have_files) {
		int bad = infos_files(c, p->flags, &files);
		ret->single = files.single;
		for (size_t i = 0; i < files.n; i++) {
			struct info one = files.v[i];
			if (!(p->flags & PICK_LATEST) || (p->flags & PICK_LOCAL) || info_fetch(c, &one, true, p->subresource) == 0) infos_add(c, ret, &one);
		}
		return bad;
	}
	if (!p->n) return ctl_fail(c, "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n"
				      "   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");
	if (infos_args(c, p, &named)) return 1;
	ret->single = named.single;
	return read_args(c, p, &named, ret);
}
