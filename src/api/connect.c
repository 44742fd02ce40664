/* SPDX-License-Identifier: Apache-2.0 */
#include "api/connect.h"

#include "api/admit.h"
#include "api/internal.h"

/* ---- options ---- */

enum form { BOOL, WORD, WORDS, NUMBERS, REST };
static const struct { const char *kinds[3]; const char *name; enum form form; } fields[] = {
	{ { "PodExecOptions", "PodAttachOptions" }, "stdin", BOOL },
	{ { "PodExecOptions", "PodAttachOptions" }, "stdout", BOOL },
	{ { "PodExecOptions", "PodAttachOptions" }, "stderr", BOOL },
	{ { "PodExecOptions", "PodAttachOptions" }, "tty", BOOL },
	{ { "PodExecOptions", "PodAttachOptions" }, "container", WORD },
	{ { "PodExecOptions" }, "command", WORDS },
	{ { "PodPortForwardOptions" }, "ports", NUMBERS },
	{ { "PodProxyOptions", "ServiceProxyOptions", "NodeProxyOptions" }, "path", REST },
};

static bool has_field(size_t i, const char *kind) {
	for (size_t k = 0; k < ELEMENTSOF(fields[i].kinds); k++)
		if (fields[i].kinds[k] && !strcmp(fields[i].kinds[k], kind)) return true;
	return false;
}

/* A list member: a number where one is meant. NULL: left out, or no memory. */
static yyjson_mut_val *item(yyjson_mut_doc *doc, enum form form, struct slice text) {
	int64_t n;
	if (form == WORDS) return yyjson_mut_strncpy(doc, text.p ? text.p : "", text.n);
	return slice_int(text, INT32_MIN, INT32_MAX, &n) == 0 ? yyjson_mut_sint(doc, n) : NULL;
}

/* "ports=80,443" and "ports=80&ports=443" are the same. */
static bool put_list(yyjson_mut_doc *doc, yyjson_mut_val *o, size_t i, const struct query *q) {
	yyjson_mut_val *list = yyjson_mut_arr(doc), *v;
	struct slice text;
	if (!list) return false;
	for (size_t it = 0; query_next(q, fields[i].name, &it, &text);) {
		struct slice rest = text;
		do {
			struct slice one = fields[i].form == NUMBERS ? slice_cut(&rest, ',') : rest;
			if ((v = item(doc, fields[i].form, one))) yyjson_mut_arr_append(list, v);
		} while (fields[i].form == NUMBERS && rest.p);
	}
	return !json_size(list) || json_set(doc, o, fields[i].name, list);
}

static bool put_field(yyjson_mut_doc *doc, yyjson_mut_val *o, size_t i, const struct query *q, struct slice path) {
	struct slice word = fields[i].form == REST ? path : query_get(q, fields[i].name);
	switch (fields[i].form) {
	case BOOL: return !query_bool(q, fields[i].name, false) || json_set_bool(doc, o, fields[i].name, true);
	case WORD:
	case REST: return !word.n || json_set_str(doc, o, fields[i].name, word);
	case WORDS:
	case NUMBERS: return put_list(doc, o, i, q);
	}
	return false;
}

yyjson_mut_doc *connect_options(struct arena *a, const struct schema_subresource *sub, const struct query *q, struct slice path) {
	yyjson_mut_doc *doc = json_doc(a);
	yyjson_mut_val *o = doc ? yyjson_mut_obj(doc) : NULL;
	bool ok = o && json_set_str(doc, o, "kind", slice_str(sub->kind)) && json_set_str(doc, o, "apiVersion", SLICE_LIT("v1"));
	for (size_t i = 0; ok && i < ELEMENTSOF(fields); i++)
		if (has_field(i, sub->kind)) ok = put_field(doc, o, i, q, path);
	if (!ok) return NULL;
	yyjson_mut_doc_set_root(doc, o);
	return doc;
}

/* ---- admission ---- */

struct connection {
	struct admit ad;
	void (*then)(struct request *r);
};

static void admitted(struct admit *ad, const struct status *st) {
	struct connection *c = ad->ctx;
	if (st) request_status(ad->r, st);
	else c->then(ad->r);
}

static void mutated(struct admit *ad, const struct status *st) {
	ad->done = admitted;
	if (st) admitted(ad, st);
	else admit_run(ad, true);
}

/* What stands behind ".../proxy" in the URL. */
static struct slice path_behind(const struct request *r) {
	const char *mark = arena_printf(r->a, "/%.*s/%.*s", SLICE_FMT(r->info.name), SLICE_FMT(r->info.subresource));
	ptrdiff_t at = mark ? slice_find(r->info.path, slice_str(mark)) : -1;
	return at < 0 ? SLICE_NULL : slice_from(r->info.path, (size_t)at + strlen(mark));
}

static void drop(void *snap) { store_snapshot_unref(snap); }

void connect_admit(struct request *r, void (*then)(struct request *r)) {
	struct connection *c = arena_new_of(r->a, struct connection);
	struct store_snapshot *snap = c ? store_snapshot(r->api->store) : NULL;
	yyjson_mut_doc *doc = snap && arena_defer(r->a, drop, snap) == 0 ? connect_options(r->a, r->sub, &r->query, path_behind(r)) : NULL;
	if (!doc) {
		request_status(r, status_no_memory());
		return;
	}
	c->then = then;
	c->ad = (struct admit){ .r = r, .op = ADMIT_CONNECT, .res = r->res, .sub = r->sub, .ns = r->info.ns, .name = r->info.name, .doc = doc,
				.obj = yyjson_mut_doc_get_root(doc), .snap = snap, .done = mutated, .ctx = c };
	admit_run(&c->ad, false);
}
