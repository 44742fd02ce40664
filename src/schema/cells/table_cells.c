/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the Table form: built-in kinds by their cell programs, custom ones by the JSONPaths of their columns. */
#include "schema/cells/cells.h"
#include "schema/fieldpath.h"

#include "codec/jsonpath.h"

#include <errno.h>

typedef int cell_fn(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b);

static struct slice str_of(yyjson_mut_val *v) { return slice_make(yyjson_mut_get_str(v), yyjson_mut_get_len(v)); }
static const char *arg_of(const struct schema_cell *c) { return c->arg ? c->arg : ""; }

/* The value at the comma-separated path number i. */
static yyjson_mut_val *nth(const yyjson_mut_val *obj, const char *paths, size_t at) {
	struct slice rest = slice_str(paths);
	struct fieldpath f = { .n = 0 };
	for (size_t i = 0; i <= at; i++) f = fieldpath_parse(rest, &rest);
	yyjson_mut_val *v = (yyjson_mut_val *)obj;
	for (size_t i = 0; v && i < f.n; i++) {
		v = json_getn(v, f.v[i].name);
		if (f.v[i].each) v = yyjson_mut_arr_get_first(v);
	}
	return v && yyjson_mut_is_null(v) ? NULL : v;
}

/* "a[0].b" is written "a[].b" in a string cell: the first element counts. */
static int cell_op_string(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	struct slice s = json_str(nth(obj, c->path, 0));
	return s.n ? cell_str(b, s) : cell_cstr(b, arg_of(c));
}

static int cell_op_text(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	yyjson_mut_val *v = nth(obj, c->path, 0);
	if (!v) return cell_cstr(b, arg_of(c));
	if (yyjson_mut_is_str(v)) return cell_str(b, str_of(v));
	buf_putc(b, '"');
	json_write(b, v);
	return buf_putc(b, '"');
}

static int cell_op_int(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	yyjson_mut_val *v = nth(obj, c->path, 0);
	if (yyjson_mut_is_num(v)) return json_write(b, v);
	return c->arg ? cell_cstr(b, c->arg) : cell_int(b, 0);
}

static int cell_op_bool(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	yyjson_mut_val *v = nth(obj, c->path, 0);
	bool yes = yyjson_mut_is_bool(v) ? yyjson_mut_get_bool(v) : !strcmp(arg_of(c), "true");
	return buf_puts(b, yes ? "true" : "false");
}

static int cell_op_age(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	char age[CELL_AGE_MAX];
	if (c->arg && !json_path_str(obj, c->path).n) return cell_cstr(b, c->arg);
	cell_age(obj, c->path, now_sec, age);
	return cell_cstr(b, age);
}

static int cell_op_time(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	struct slice s = json_path_str(obj, c->path);
	return s.n ? cell_str(b, s) : buf_puts(b, "null");
}

static int cell_op_count(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	size_t commas = 0, n = 0;
	for (const char *p = c->path; *p; p++) commas += *p == ',';
	for (size_t i = 0; i <= commas; i++) {
		yyjson_mut_val *v = nth(obj, c->path, i);
		if (yyjson_mut_is_ctn(v)) n += yyjson_mut_get_len(v);
	}
	return buf_put_u64(b, n);
}

/* The list is at the path's front; what stands behind "[]" is in every element. */
static int cell_op_join(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	struct fieldpath f = fieldpath_parse(slice_str(c->path), NULL);
	yyjson_mut_val *list = (yyjson_mut_val *)obj, *x;
	size_t i, n, at = 0;
	for (; at < f.n; at++) {
		list = json_getn(list, f.v[at].name);
		if (f.v[at].each) break;
	}
	yyjson_mut_arr_foreach(list, i, n, x) {
		if (i) buf_putc(&text, ',');
		buf_put_slice(&text, json_str(at + 1 < f.n ? json_getn(x, f.v[at + 1].name) : x));
	}
	return cell_text(b, &text, arg_of(c));
}

static int cell_op_pair(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	buf_put_slice(&text, json_str(nth(obj, c->path, 0)));
	buf_putc(&text, '/');
	buf_put_slice(&text, json_str(nth(obj, c->path, 1)));
	return cell_text(b, &text, "");
}

static int cell_op_ratio(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	yyjson_mut_val *x = nth(obj, c->path, 0), *y = nth(obj, c->path, 1);
	buf_putc(b, '"');
	cell_int(b, x ? yyjson_mut_get_sint(x) : 0);
	buf_putc(b, '/');
	cell_int(b, y ? yyjson_mut_get_sint(y) : 0);
	return buf_putc(b, '"');
}

static int cell_op_labels(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	struct cell_set keys = { .n = 0 };
	yyjson_mut_val *map = nth(obj, c->path, 0), *k, *v;
	size_t i, n;
	yyjson_mut_obj_foreach(map, i, n, k, v) cell_set_add(&keys, str_of(k));
	for (i = 0; i < keys.n; i++) {
		cell_join(&text, ",", keys.v[i]);
		buf_putc(&text, '=');
		buf_put_slice(&text, json_str(json_getn(map, keys.v[i])));
	}
	return cell_text(b, &text, "<none>");
}

static int cell_op_selector(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	bool ok = cell_selector(&text, nth(obj, c->path, 0));
	return ok ? cell_text(b, &text, "<none>") : cell_cstr(b, "<error>");
}

static int cell_op_call(const struct schema_cell *c, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	return c->call(obj, now_sec, b);
}

static cell_fn *const ops[] = {
	[CELL_STRING] = cell_op_string, [CELL_TEXT] = cell_op_text,     [CELL_INT] = cell_op_int,
	[CELL_BOOL] = cell_op_bool,     [CELL_AGE] = cell_op_age,       [CELL_TIME] = cell_op_time,
	[CELL_COUNT] = cell_op_count,   [CELL_JOIN] = cell_op_join,     [CELL_PAIR] = cell_op_pair,
	[CELL_RATIO] = cell_op_ratio,   [CELL_LABELS] = cell_op_labels, [CELL_SELECTOR] = cell_op_selector,
	[CELL_CALL] = cell_op_call,
};

/* The first value that a custom column's path finds, as its type. */
static int custom_cell(struct arena *a, const struct schema_column *col, const yyjson_mut_val *obj, int64_t now_sec,
		       struct buf *b) {
	struct jsonpath *p = NULL;
	const yyjson_mut_val **found = NULL;
	const char *msg = NULL;
	size_t n = 0;
	char age[CELL_AGE_MAX];
	if (jsonpath_parse_relaxed(a, slice_str(col->json_path), &p, &msg) < 0) return buf_puts(b, "null");
	if (jsonpath_find(p, a, obj, JSONPATH_ALLOW_MISSING, &found, &n, &msg) < 0 || !n) return buf_puts(b, "null");
	const yyjson_mut_val *v = found[0];
	struct slice s = json_str(v);
	if (!strcmp(col->type, "date")) {
		yyjson_mut_val *holder = NULL;
		yyjson_mut_doc *doc = json_doc(a);
		if (!doc || !(holder = yyjson_mut_obj(doc)) || !json_set_str(doc, holder, "t", s)) return b->err = -ENOMEM;
		int64_t t;
		if (!cell_time(holder, "t", &t)) return cell_cstr(b, "<invalid>");
		cell_age(holder, "t", now_sec, age);
		return cell_cstr(b, age);
	}
	if (strcmp(col->type, "string") || yyjson_mut_is_str((yyjson_mut_val *)v)) return json_write(b, v);
	_cleanup_buf_ struct buf json = BUF_INIT(CELL_TEXT_MAX);
	json_write(&json, v);
	return cell_text(b, &json, "");
}

static int custom_cells(const struct schema_resource *r, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	if (!a) return b->err = -ENOMEM;
	for (size_t i = 0; i < r->n_columns; i++) {
		if (i) buf_putc(b, ',');
		if (r->columns[i].json_path) custom_cell(a, r->columns + i, obj, now_sec, b);
		else if (!strcmp(r->columns[i].name, "Name")) cell_path(b, obj, "metadata.name", "");
		else cell_op_time(&(struct schema_cell){ .path = "metadata.creationTimestamp" }, obj, now_sec, b);
	}
	return buf_err(b);
}

int schema_table_cells(const struct schema_resource *r, const yyjson_mut_val *obj, int64_t now_sec, struct buf *b) {
	const struct schema_resource_more *more = schema_resource_more(r);
	buf_putc(b, '[');
	if (!more) custom_cells(r, obj, now_sec, b);
	for (size_t i = 0; more && i < more->n_cells; i++) {
		if (i) buf_putc(b, ',');
		ops[more->cells[i].op](more->cells + i, obj, now_sec, b);
	}
	return buf_putc(b, ']');
}
