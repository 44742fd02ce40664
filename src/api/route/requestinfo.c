/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route/requestinfo.h"

#include "api/limits.h"
#include "codec/percent.h"

#include <ctype.h>
#include <errno.h>

static const struct { const char *method, *verb; } verbs[] = {
	{ "POST", "create" }, { "GET", "get" }, { "HEAD", "get" }, { "PUT", "update" }, { "PATCH", "patch" }, { "DELETE", "delete" },
};
/* Subresources of a namespace: /namespaces/<x>/<one of these> is about the namespace itself. */
static const char *const namespace_subresources[] = { "status", "finalize" };

bool path_segment_valid(struct slice name) {
	return !slice_eqs(name, ".") && !slice_eqs(name, "..") && slice_chr(name, '/') < 0 && slice_chr(name, '%') < 0;
}

/* Splits at slashes, outer slashes dropped, inner empty parts kept (Go's strings.Split after strings.Trim). */
static int split_path(struct arena *a, struct slice path, const struct slice **ret, size_t *ret_n) {
	while (path.n && path.p[0] == '/') path = slice_from(path, 1);
	while (path.n && path.p[path.n - 1] == '/') path.n--;
	size_t n = 0;
	struct slice *v = arena_array(a, PATH_PARTS_MAX, sizeof(*v));
	if (!v) return -ENOMEM;
	while (path.n && n < PATH_PARTS_MAX) {
		ptrdiff_t at = slice_chr(path, '/');
		v[n++] = at < 0 ? path : slice_upto(path, (size_t)at);
		path = at < 0 ? SLICE_NULL : slice_from(path, (size_t)at + 1);
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

static struct slice lower(struct arena *a, struct slice s) {
	char *p = arena_strndup(a, s.p ? s.p : "", s.n);
	for (size_t i = 0; p && i < s.n; i++) p[i] = (char)tolower((unsigned char)p[i]);
	return slice_make(p, p ? s.n : 0);
}

static struct slice resource_verb(struct slice method) {
	for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
		if (slice_eqs(method, verbs[i].method)) return slice_str(verbs[i].verb);
	return SLICE_LIT("");
}

static bool is_namespace_subresource(struct slice s) {
	for (size_t i = 0; i < ELEMENTSOF(namespace_subresources); i++)
		if (slice_eqs(s, namespace_subresources[i])) return true;
	return false;
}

/* The part behind the version: [watch|proxy] [namespaces/<ns>] resource [name [subresource ...]]. */
static void take_resource(struct request_info *i, const struct slice *p, size_t n) {
	if (n && (slice_eqs(p[0], "watch") || slice_eqs(p[0], "proxy"))) {
		i->legacy_watch = slice_eqs(p[0], "watch");
		i->legacy_proxy = !i->legacy_watch;
		i->verb = p[0];
		p++, n--;
	}
	if (n && slice_eqs(p[0], "namespaces") && n > 1) {
		i->ns = p[1];
		if (n > 2 && !is_namespace_subresource(p[2])) p += 2, n -= 2;
	}
	i->parts = p;
	i->n_parts = n;
	if (n > 0) i->resource = p[0];
	if (n > 1) i->name = p[1];
	if (n > 2 && !i->legacy_proxy) i->subresource = p[2];
}

static void settle_verb(struct arena *a, struct request_info *i, const struct query *q) {
	bool collection = slice_empty(i->name);
	if (collection && slice_eqs(i->verb, "get")) i->verb = query_bool(q, "watch", false) ? SLICE_LIT("watch") : SLICE_LIT("list");
	if (collection && slice_eqs(i->verb, "delete")) i->verb = SLICE_LIT("deletecollection");
	bool selects = slice_eqs(i->verb, "list") || slice_eqs(i->verb, "watch") || slice_eqs(i->verb, "deletecollection");
	if (selects && collection) i->name = request_info_selector_name(a, query_get(q, "fieldSelector"));
}

struct slice request_info_selector_name(struct arena *a, struct slice sel) {
	struct slice name = SLICE_NULL, key = SLICE_LIT("metadata.name=");
	while (sel.n) {
		struct slice term = slice_trim(slice_cut(&sel, ','));
		if (!slice_starts(term, key)) continue;
		name = slice_from(term, key.n);
		if (name.n && name.p[0] == '=') name = slice_from(name, 1);
		break;
	}
	return slice_empty(name) || slice_chr(name, '\\') >= 0 || !path_segment_valid(name) ? SLICE_NULL : name;
}

int request_info_parse(struct arena *a, struct slice method, struct slice raw_path, const struct query *q, struct request_info *ret) {
	struct request_info i = { .verb = lower(a, method) };
	const struct slice *p;
	size_t n;
	int err = percent_decode_path(a, raw_path, &i.path, NULL);
	if (!err) err = split_path(a, i.path, &p, &n);
	if (err) return err;
	bool core = n >= 3 && slice_eqs(p[0], "api"), grouped = n >= 4 && slice_eqs(p[0], "apis");
	if (core || grouped) {
		i.is_resource = true;
		i.group = core ? SLICE_NULL : p[1];
		i.version = p[core ? 1 : 2];
		i.verb = resource_verb(method);
		take_resource(&i, p + (core ? 2 : 3), n - (core ? 2 : 3));
		settle_verb(a, &i, q);
	}
	*ret = i;
	return 0;
}
