/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/fieldpath.h"

#include <errno.h>

static const char *skip_name(const char *p, const char *end) {
	while (p < end && *p != '.' && *p != '[' && *p != ',') p++;
	return p;
}

struct fieldpath fieldpath_parse(struct slice text, struct slice *rest) {
	struct fieldpath f = { .n = 0 };
	const char *p = text.p, *end = text.p + text.n;
	while (p < end && *p != ',' && f.n < FIELDPATH_STEPS_MAX) {
		const char *from = p;
		if (*p == '.') {
			p++;
		} else if (end - p > 2 && p[0] == '[' && p[1] == '"') {
			from = p += 2;
			while (p < end && *p != '"') p++;
			f.v[f.n++] = (struct fieldpath_step){ .name = slice_make(from, (size_t)(p - from)) };
			p += 2;
		} else if (*p == '[') {
			if (f.n) f.v[f.n - 1].each = true;
			while (p < end && *p++ != ']') continue; /* "[]", and "[0]" where only the first counts */
		} else {
			p = skip_name(p, end);
			f.v[f.n++] = (struct fieldpath_step){ .name = slice_make(from, (size_t)(p - from)) };
		}
	}
	if (rest) *rest = p < end && *p == ',' ? slice_make(p + 1, (size_t)(end - p - 1)) : SLICE_NULL;
	return f;
}

static yyjson_mut_val *present(yyjson_mut_val *v) { return v && yyjson_mut_is_null(v) ? NULL : v; }

static yyjson_mut_val *walk(yyjson_mut_val *v, const struct fieldpath *f, size_t from) {
	for (size_t i = from; v && i < f->n; i++) v = present(json_getn(v, f->v[i].name));
	return v;
}

yyjson_mut_val *fieldpath_get(const yyjson_mut_val *root, const char *path) {
	struct fieldpath f = fieldpath_parse(slice_str(path), NULL);
	return walk((yyjson_mut_val *)root, &f, 0);
}

yyjson_mut_val *fieldpath_get_bound(const yyjson_mut_val *root, const char *path, const struct fieldpath_bound *bound) {
	struct fieldpath f = fieldpath_parse(slice_str(path), NULL);
	yyjson_mut_val *v = (yyjson_mut_val *)root;
	size_t from = 0, lists = 0;
	for (size_t i = 0; i < f.n; i++) {
		if (!f.v[i].each || lists >= bound->n) continue;
		v = bound->elem[lists++];
		from = i + 1;
	}
	return walk(v, &f, from);
}

struct each {
	yyjson_mut_doc *doc;
	struct fieldpath f;
	struct fieldpath_bound bound;
	bool make_parents;
	fieldpath_fn *fn;
	void *ctx;
};

static int each_from(struct each *e, const struct schema_type *t, yyjson_mut_val *v, size_t i);

static int each_element(struct each *e, const struct schema_type *t, yyjson_mut_val *v, size_t i) {
	yyjson_mut_val *k, *x;
	size_t j, n;
	int r = 0;
	const struct schema_type *item = t ? t->item : NULL;
	if (e->bound.n == FIELDPATH_LISTS_MAX) return -E2BIG;
	size_t at = e->bound.n++;
	if (yyjson_mut_is_arr(v)) {
		yyjson_mut_arr_foreach(v, j, n, x) {
			e->bound.elem[at] = x;
			if ((r = each_from(e, item, x, i)) < 0) break;
		}
	} else if (yyjson_mut_is_obj(v)) {
		yyjson_mut_obj_foreach(v, j, n, k, x) {
			e->bound.elem[at] = x;
			if ((r = each_from(e, item, x, i)) < 0) break;
		}
	}
	e->bound.n--;
	return r;
}

/* A parent that is absent: made when asked for, or when it is a struct that Go always has. Those are attached only when
 * something came to be in them. */
static int each_missing(struct each *e, const struct schema_field *field, yyjson_mut_val *v, struct slice name, size_t i) {
	bool always = field && field->type->kind == SCHEMA_OBJECT && !(field->flags & FIELD_POINTER);
	if (!e->make_parents && !always) return 0;
	yyjson_mut_val *made = yyjson_mut_obj(e->doc);
	if (!made) return -ENOMEM;
	int r = each_from(e, field ? field->type : NULL, made, i + 1);
	if (r < 0 || yyjson_mut_obj_size(made) == 0) return r;
	return fieldpath_put(e->doc, v, name, made);
}

static int each_from(struct each *e, const struct schema_type *t, yyjson_mut_val *v, size_t i) {
	if (!yyjson_mut_is_obj(v)) return 0;
	struct fieldpath_step *s = e->f.v + i;
	bool last = i + 1 == e->f.n;
	if (last && !s->each) return e->fn(e->ctx, v, s->name, &e->bound);
	const struct schema_field *field = t && t->kind == SCHEMA_OBJECT ? schema_field_find(t, s->name, NULL) : NULL;
	yyjson_mut_val *next = present(json_getn(v, s->name));
	if (s->each) return next ? each_element(e, field ? field->type : NULL, next, i + 1) : 0;
	if (next) return each_from(e, field ? field->type : NULL, next, i + 1);
	return each_missing(e, field, v, s->name, i);
}

int fieldpath_each(const struct schema_type *t, yyjson_mut_doc *doc, yyjson_mut_val *root, const char *path, bool make_parents,
		   fieldpath_fn *fn, void *ctx) {
	struct each e = {
		.doc = doc, .f = fieldpath_parse(slice_str(path), NULL), .make_parents = make_parents, .fn = fn, .ctx = ctx
	};
	return e.f.n ? each_from(&e, t, root, 0) : 0;
}

static yyjson_mut_val *parsed_literal(yyjson_mut_doc *doc, const char *text) {
	yyjson_doc *d = yyjson_read(text, strlen(text), 0);
	yyjson_mut_val *v = d ? yyjson_val_mut_copy(doc, yyjson_doc_get_root(d)) : NULL;
	yyjson_doc_free(d);
	return v;
}

yyjson_mut_val *fieldpath_literal(yyjson_mut_doc *doc, const char *text) {
	struct slice s = slice_str(text);
	int64_t n;
	if (slice_eqs(s, "{}")) return yyjson_mut_obj(doc);
	if (slice_eqs(s, "true") || slice_eqs(s, "false")) return yyjson_mut_bool(doc, text[0] == 't');
	if (s.n >= 2 && s.p[0] == '"' && slice_chr(s, '\\') < 0) return yyjson_mut_strn(doc, s.p + 1, s.n - 2);
	if (slice_int(s, 0, INT64_MAX, &n) == 0) return yyjson_mut_uint(doc, (uint64_t)n);
	return parsed_literal(doc, text);
}

int fieldpath_put(yyjson_mut_doc *doc, yyjson_mut_val *obj, struct slice name, yyjson_mut_val *v) {
	yyjson_mut_obj_iter it;
	yyjson_mut_val *k;
	yyjson_mut_obj_iter_init(obj, &it);
	while ((k = yyjson_mut_obj_iter_next(&it))) {
		if (!slice_eq(slice_make(yyjson_mut_get_str(k), yyjson_mut_get_len(k)), name)) continue;
		yyjson_mut_obj_iter_remove(&it);
		break;
	}
	if (!v) return 0;
	k = yyjson_mut_strncpy(doc, name.p, name.n);
	return k && yyjson_mut_obj_add(obj, k, v) ? 0 : -ENOMEM;
}

bool fieldpath_is_empty(const yyjson_mut_val *cv) {
	yyjson_mut_val *v = (yyjson_mut_val *)cv;
	if (!v || yyjson_mut_is_null(v)) return true;
	return (yyjson_mut_is_str(v) || yyjson_mut_is_ctn(v)) && yyjson_mut_get_len(v) == 0;
}

bool fieldpath_is_unset(const yyjson_mut_val *cv) {
	yyjson_mut_val *v = (yyjson_mut_val *)cv;
	if (!v || yyjson_mut_is_null(v) || yyjson_mut_is_false(v)) return true;
	if (yyjson_mut_is_str(v)) return yyjson_mut_get_len(v) == 0;
	return yyjson_mut_is_num(v) && yyjson_mut_get_num(v) == 0;
}
