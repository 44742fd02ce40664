/* SPDX-License-Identifier: Apache-2.0 */
/* Default rules: those of a type run in their order, then those of its members' types. */
#include "schema/condition.h"

#include <errno.h>

struct rule_run {
	yyjson_mut_doc *doc;
	yyjson_mut_val *obj;
	const struct schema_default_rule *rule;
};

static struct slice text_of(yyjson_mut_val *v) { return slice_make(yyjson_mut_get_str(v), yyjson_mut_get_len(v)); }

static bool applies(const struct schema_default_rule *rule, yyjson_mut_val *now) {
	switch (rule->when) {
	case DEFAULT_UNSET: return fieldpath_is_unset(now);
	case DEFAULT_ABSENT: return !now || yyjson_mut_is_null(now);
	case DEFAULT_EMPTY: return fieldpath_is_empty(now);
	case DEFAULT_MISSING: return !now;
	default: return true;
	}
}

static yyjson_mut_val *lowercase(yyjson_mut_doc *doc, yyjson_mut_val *v) {
	if (!yyjson_mut_is_str(v)) return NULL;
	struct slice s = text_of(v);
	yyjson_mut_val *copy = yyjson_mut_strncpy(doc, s.p, s.n);
	char *p = copy ? (char *)(uintptr_t)yyjson_mut_get_str(copy) : NULL;
	for (size_t i = 0; p && i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z') p[i] = (char)(p[i] + 32);
	return copy;
}

#define SUFFIXED_MAX 4096

static yyjson_mut_val *suffixed(yyjson_mut_doc *doc, yyjson_mut_val *v, const char *suffix) {
	_cleanup_buf_ struct buf b = BUF_INIT(SUFFIXED_MAX);
	if (!yyjson_mut_is_str(v)) return NULL;
	buf_put_slice(&b, text_of(v));
	buf_puts(&b, suffix);
	return buf_err(&b) ? NULL : yyjson_mut_strncpy(doc, b.p, b.n);
}

/* "list[member==true].other": a list with `other` of the first element whose `member` is true. */
static yyjson_mut_val *first_where(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *text) {
	const char *open = strchr(text, '['), *eq = strstr(text, "=="), *dot = strstr(text, "].");
	yyjson_mut_val *list = obj, *x;
	size_t i, n;
	if (!open || !eq || !dot) return NULL;
	struct fieldpath f = fieldpath_parse(slice_make(text, (size_t)(open - text)), NULL);
	for (i = 0; list && i < f.n; i++) list = json_getn(list, f.v[i].name);
	yyjson_mut_arr_foreach(list, i, n, x) {
		yyjson_mut_val *v = json_get(x, dot + 2);
		if (!yyjson_mut_is_true(json_getn(x, slice_make(open + 1, (size_t)(eq - open - 1)))) || !v) continue;
		yyjson_mut_val *one = yyjson_mut_arr(doc);
		if (one) yyjson_mut_arr_append(one, json_copy(doc, v));
		return one;
	}
	return NULL;
}

/* Members of the map `from` that `name` lacks. */
static int merge_keys(struct rule_run *run, yyjson_mut_val *parent, struct slice name, yyjson_mut_val *from) {
	yyjson_mut_val *to = json_getn(parent, name), *k, *v;
	size_t i, n;
	if (fieldpath_is_empty(from)) return 0;
	if (!yyjson_mut_is_obj(to)) {
		to = yyjson_mut_obj(run->doc);
		if (!to || fieldpath_put(run->doc, parent, name, to) < 0) return -ENOMEM;
	}
	yyjson_mut_obj_foreach(from, i, n, k, v) {
		if (!json_getn(to, text_of(k)) && fieldpath_put(run->doc, to, text_of(k), json_copy(run->doc, v)) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int apply(void *ctx, yyjson_mut_val *parent, struct slice name, const struct fieldpath_bound *bound) {
	struct rule_run *run = ctx;
	const struct schema_default_rule *rule = run->rule;
	yyjson_mut_val *v = NULL, *from = NULL;
	if (!applies(rule, json_getn(parent, name)) || !condition_all(rule->conds, rule->n_conds, run->obj, bound)) return 0;
	if (rule->action == DEFAULT_DELETE) return fieldpath_put(run->doc, parent, name, NULL);
	if (rule->action == DEFAULT_VALUE) {
		v = fieldpath_literal(run->doc, rule->value);
		return v ? fieldpath_put(run->doc, parent, name, v) : -ENOMEM;
	}
	if (rule->action != DEFAULT_FIRST_WHERE) from = fieldpath_get_bound(run->obj, rule->value, bound);
	switch (rule->action) {
	case DEFAULT_COPY: v = from ? json_copy(run->doc, from) : NULL; break;
	case DEFAULT_MERGE_KEYS: return merge_keys(run, parent, name, from);
	case DEFAULT_LOWERCASE: v = lowercase(run->doc, from); break;
	case DEFAULT_SUFFIXED: v = suffixed(run->doc, from, rule->arg); break;
	case DEFAULT_FIRST_WHERE: v = first_where(run->doc, run->obj, rule->value); break;
	}
	return v ? fieldpath_put(run->doc, parent, name, v) : 0;
}

static int run_rules(const struct schema_type *t, yyjson_mut_doc *doc, yyjson_mut_val *v) {
	for (size_t i = 0; i < t->n_defaults; i++) {
		struct rule_run run = { .doc = doc, .obj = v, .rule = t->defaults + i };
		int r = run.rule->action == DEFAULT_CALL
				? run.rule->call(doc, v)
				: fieldpath_each(t, doc, v, run.rule->path, run.rule->create_parents, apply, &run);
		if (r < 0) return r;
	}
	return 0;
}

static int fill(const struct schema_type *t, yyjson_mut_doc *doc, yyjson_mut_val *v);

/* A member; a struct that Go always has gets its defaults even when nobody wrote it. */
static int fill_member(const struct schema_field *f, yyjson_mut_doc *doc, yyjson_mut_val *obj) {
	if (!(f->type->flags & TYPE_HAS_DEFAULTS)) return 0;
	struct slice name = slice_make(f->name, f->name_len);
	yyjson_mut_val *v = json_getn(obj, name);
	if (v && !yyjson_mut_is_null(v)) return fill(f->type, doc, v);
	if (f->type->kind != SCHEMA_OBJECT || (f->flags & FIELD_POINTER)) return 0;
	if (!(v = yyjson_mut_obj(doc))) return -ENOMEM;
	int r = fill(f->type, doc, v);
	return r < 0 || yyjson_mut_obj_size(v) == 0 ? r : fieldpath_put(doc, obj, name, v);
}

static int fill_items(const struct schema_type *t, yyjson_mut_doc *doc, yyjson_mut_val *v) {
	yyjson_mut_val *k, *x;
	size_t i, n;
	int r = 0;
	if (yyjson_mut_is_arr(v)) {
		yyjson_mut_arr_foreach(v, i, n, x) {
			if ((r = fill(t->item, doc, x)) < 0) return r;
		}
	} else {
		yyjson_mut_obj_foreach(v, i, n, k, x) {
			if ((r = fill(t->item, doc, x)) < 0) return r;
		}
	}
	return r;
}

static int fill(const struct schema_type *t, yyjson_mut_doc *doc, yyjson_mut_val *v) {
	if (!(t->flags & TYPE_HAS_DEFAULTS) || !yyjson_mut_is_ctn(v)) return 0;
	int r = run_rules(t, doc, v);
	if (r < 0) return r;
	if (t->kind != SCHEMA_OBJECT) return t->item && (t->item->flags & TYPE_HAS_DEFAULTS) ? fill_items(t, doc, v) : 0;
	for (size_t i = 0; i < t->n_fields && r == 0; i++) r = fill_member(t->fields + i, doc, v);
	return r;
}

int schema_default(const struct schema_type *t, yyjson_mut_doc *doc, yyjson_mut_val *root) { return fill(t, doc, root); }
