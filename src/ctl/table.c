/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/table.h"
#include "codec/duration.h"
#include "codec/timestamp.h"
#include "ctl/goprint.h"
#include "ctl/tree.h"

#include <ctype.h>

void table_init(struct ctl *c, struct table *t) {
	*t = (struct table){ .headers = !flag_on(&c->flags, "no-headers"), .show_labels = flag_on(&c->flags, "show-labels"),
			     .wide = !strcmp(flag_text(&c->flags, "output"), "wide"), .label_columns = flags_get(&c->flags, "label-columns") };
	tabs_init(&t->tabs, 6, 3, true);
}

void table_flush(struct ctl *c, struct table *t) {
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	(void)tabs_flush(&t->tabs, &b);
	if (b.err) (void)ctl_must(NULL);
	if (b.n && t->gap) sink_put(&c->out, SLICE_LIT("\n"));
	if (b.n) t->gap = false;
	sink_put(&c->out, buf_slice(&b));
	buf_done(&b);
}

void table_begin(struct ctl *c, struct table *t, const struct resource *r, bool with_namespace, bool with_kind) {
	if (t->r == r) return;
	table_flush(c, t);
	tabs_forget(&t->tabs);
	t->r = r;
	t->printed = false;
	t->columns.n = 0;
	t->with_namespace = with_namespace && r->namespaced;
	t->with_kind = with_kind;
}

/* A column's name: the server's, as cells are. */
static void upper(struct tabs *t, const char *s) {
	for (; *s; s++) {
		char c = (char)toupper((unsigned char)*s);
		escape_terminal(&t->text, slice_make(&c, 1));
	}
}

static void next_cell(struct tabs *t, size_t *n) {
	if ((*n)++) tabs_put(t, SLICE_LIT("\t"));
}

static void header(struct table *t) {
	size_t n = 0;
	if (t->event) next_cell(&t->tabs, &n), tabs_put(&t->tabs, SLICE_LIT("EVENT"));
	if (t->with_namespace) next_cell(&t->tabs, &n), tabs_put(&t->tabs, SLICE_LIT("NAMESPACE"));
	for (size_t i = 0; i < t->columns.n; i++)
		if (t->shown[i]) next_cell(&t->tabs, &n), upper(&t->tabs, t->columns.v[i]);
	for (size_t i = 0; i < t->label_columns->n; i++) {
		const char *slash = strrchr(t->label_columns->list[i], '/');
		next_cell(&t->tabs, &n), upper(&t->tabs, slash ? slash + 1 : t->label_columns->list[i]);
	}
	if (t->show_labels) next_cell(&t->tabs, &n), tabs_put(&t->tabs, SLICE_LIT("LABELS"));
	tabs_put(&t->tabs, SLICE_LIT("\n"));
}

/* Text up to its first line break, with dots in place of the rest. */
static void cell(struct tabs *t, const yyjson_mut_val *v) {
	if (!json_is_string(v)) {
		_cleanup_buf_ struct buf text = BUF_INIT(t->text.max);
		(void)goprint_v(&text, v);
		escape_terminal(&t->text, buf_slice(&text));
		return;
	}
	struct slice s = json_str(v);
	size_t n = 0;
	while (n < s.n && !strchr("\f\n\r", s.p[n] ? s.p[n] : 'x')) n++;
	escape_terminal(&t->text, slice_upto(s, n));
	if (n < s.n) tabs_put(t, SLICE_LIT("..."));
}

static void labels(struct ctl *c, struct tabs *t, const yyjson_mut_val *map) {
	struct strings list = { 0 };
	yyjson_mut_val *k, *v;
	size_t i, n;
	yyjson_mut_obj_foreach((yyjson_mut_val *)(uintptr_t)map, i, n, k, v) strings_add(c, &list, ctl_printf(c, "%s=%s", text_of(k), text_of(v)));
	strings_sort(&list);
	if (!list.n) tabs_put(t, SLICE_LIT("<none>"));
	for (i = 0; i < list.n; i++) {
		if (i) tabs_put(t, SLICE_LIT(","));
		escape_terminal(&t->text, slice_str(list.v[i]));
	}
}

static void row(struct ctl *c, struct table *t, const yyjson_mut_val *cells, const yyjson_mut_val *obj, const char *event) {
	const yyjson_mut_val *map = json_path(obj, "metadata.labels");
	yyjson_mut_val *v;
	size_t n = 0, i = 0;
	if (t->event) next_cell(&t->tabs, &n), tabs_printf(&t->tabs, "%s", event ? event : "ADDED");
	if (t->with_namespace) next_cell(&t->tabs, &n), escape_terminal(&t->tabs.text, json_path_str(obj, "metadata.namespace"));
	json_each(cells, v) {
		size_t at = i++;
		if (at >= t->columns.n || !t->shown[at]) continue;
		next_cell(&t->tabs, &n);
		if (at == 0 && t->with_kind) tabs_printf(&t->tabs, "%s/", resource_kind_name(c, t->r));
		cell(&t->tabs, v);
	}
	for (i = 0; i < t->label_columns->n; i++) {
		struct slice value = json_str(json_get(map, t->label_columns->list[i]));
		next_cell(&t->tabs, &n);
		escape_terminal(&t->tabs.text, value);
	}
	if (t->show_labels) next_cell(&t->tabs, &n), labels(c, &t->tabs, map);
	tabs_put(&t->tabs, SLICE_LIT("\n"));
	t->rows++;
}

/* True when these columns are others than the last Table's. */
static bool take_columns(struct ctl *c, struct table *t, const yyjson_mut_val *definitions) {
	yyjson_mut_val *v;
	size_t n = 0;
	bool same = json_size(definitions) == t->columns.n;
	json_each(definitions, v) same = same && n < t->columns.n && !strcmp(t->columns.v[n++], text_at(v, "name"));
	if (same || !json_size(definitions)) return false;
	t->columns.n = 0;
	json_each(definitions, v) {
		if (t->columns.n == TABLE_COLUMNS_MAX) break;
		t->shown[t->columns.n] = t->wide || json_path_int(v, "priority", 0) == 0;
		strings_add(c, &t->columns, ctl_printf(c, "%s", text_at(v, "name")));
	}
	return true;
}

/* NAME and AGE of a server that makes no Table. */
static void plain_row(struct ctl *c, struct table *t, yyjson_mut_val *obj, const char *event) {
	yyjson_mut_doc *doc = ctl_must(json_doc(c->a));
	yyjson_mut_val *cells = ctl_must(yyjson_mut_arr(doc));
	struct timestamp at;
	char age[DURATION_TEXT] = "<unknown>";
	if (timestamp_parse(c->a, json_path_str(obj, "metadata.creationTimestamp"), &at, NULL) == 0)
		duration_human((env_now_sec(c->env) - at.sec) * NSEC_PER_SEC, age);
	tree_append(c, cells, tree_string(c, doc, text_at(obj, "metadata.name")));
	tree_append(c, cells, tree_string(c, doc, age));
	row(c, t, cells, obj, event);
}

static void plain(struct ctl *c, struct table *t, const yyjson_mut_val *root, const char *event) {
	yyjson_mut_val *v, *items = json_get(root, "items");
	if (items && !json_size(items)) return;
	if (t->columns.n != 2) {
		t->columns.n = 0;
		strings_add(c, &t->columns, "Name");
		strings_add(c, &t->columns, "Age");
		t->shown[0] = t->shown[1] = true;
	}
	if (!t->printed && t->headers) header(t);
	t->printed = true;
	if (!items) plain_row(c, t, (yyjson_mut_val *)(uintptr_t)root, event);
	json_each(items, v) plain_row(c, t, v, event);
}

void table_add(struct ctl *c, struct table *t, const yyjson_mut_val *root, const char *event) {
	yyjson_mut_val *v;
	if (strcmp(text_at(root, "kind"), "Table") != 0) {
		plain(c, t, root, event);
		return;
	}
	if (take_columns(c, t, json_get(root, "columnDefinitions"))) t->printed = false;
	if (!json_size(json_get(root, "rows"))) return;
	if (!t->printed && t->headers) header(t);
	t->printed = true;
	json_each(json_get(root, "rows"), v) row(c, t, json_get(v, "cells"), json_get(v, "object"), event);
}
