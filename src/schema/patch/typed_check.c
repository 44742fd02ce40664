/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what a client wants to apply fits its schema, in structured-merge-diff's words. */
#include "schema/patch/golang_print.h"
#include "schema/patch/typed.h"

#include <stdio.h>

/* Bytes of all complaints. */
#define COMPLAINTS_MAX (64u * 1024u)
/* Complaints beyond these are left out. */
#define COMPLAINTS_COUNT_MAX 64

struct check {
	struct typed *w;
	struct buf all, path;
	size_t n;
};

static void complain(struct check *c, const char *fmt, const char *before, const yyjson_mut_val *shown, const char *after) {
	if (c->n++ >= COMPLAINTS_COUNT_MAX) return;
	buf_puts(&c->all, c->n == 1 ? "" : "\n");
	if (c->path.n) {
		buf_put_slice(&c->all, buf_slice(&c->path));
		buf_puts(&c->all, ": ");
	}
	buf_printf(&c->all, fmt, before);
	if (shown) golang_print(&c->all, shown);
	buf_puts(&c->all, after);
}

static void check(struct check *c, struct typed_ref r, yyjson_mut_val *v, unsigned depth);

static void check_at(struct check *c, const struct element *at, struct typed_ref r, yyjson_mut_val *v, unsigned depth) {
	size_t n = c->path.n;
	element_show(&c->path, at);
	check(c, r, v, depth + 1);
	c->path.n = n;
}

static void check_object(struct check *c, struct typed_ref r, yyjson_mut_val *v, unsigned depth) {
	const struct schema_type *t = r.type;
	yyjson_mut_val *k, *x;
	size_t i, n, mark;
	if (!yyjson_mut_is_obj(v)) {
		complain(c, "expected map, got %s", "&{", v, "}");
		return;
	}
	yyjson_mut_obj_foreach(v, i, n, k, x) {
		struct element at = { .kind = ELEMENT_FIELD, .name = json_str(k) };
		bool known =
			t->kind != SCHEMA_OBJECT || (t->flags & TYPE_PRESERVE_UNKNOWN) || schema_field_find(t, at.name, NULL);
		if (known) {
			check_at(c, &at, typed_member_ref(r, at.name), x, depth);
			continue;
		}
		mark = c->path.n;
		element_show(&c->path, &at);
		complain(c, "%s", "field not declared in schema", NULL, "");
		c->path.n = mark;
		return;
	}
}

static void complain_twins(struct check *c, const struct element *at) {
	_cleanup_buf_ struct buf b = BUF_INIT(COMPLAINTS_MAX);
	if (element_show(&b, at) == 0 && buf_putc(&b, '\0') == 0) complain(c, "duplicate entries for key %s", b.p, NULL, "");
}

/* Every second and later element of a name. */
static void check_twins(struct check *c, struct typed_ref r, yyjson_mut_val *v) {
	struct typed *w = c->w;
	size_t mark = w->parts.n, mid;
	typed_parts(w, r, TYPED_LIST, v, false, false);
	typed_sort(w, mark);
	for (size_t at = mark, end; at < w->parts.n; at = end) {
		end = typed_group(w, at, &mid);
		for (size_t i = at + 1; i < end; i++) complain_twins(c, &w->parts.v[i].at);
	}
	w->parts.n = mark;
}

static void check_list(struct check *c, struct typed_ref r, yyjson_mut_val *v, unsigned depth) {
	bool named = typed_shape_of(r, v, depth) == TYPED_LIST;
	yyjson_mut_val *x;
	int64_t i = 0;
	if (!yyjson_mut_is_arr(v)) {
		complain(c, "expected list, got %s", "&{", v, "}");
		return;
	}
	json_each(v, x) {
		struct element at = { .kind = ELEMENT_INDEX, .index = i };
		const char *why = NULL;
		if (named && !typed_element(c->w, r.type, x, &at, &why)) {
			char text[32];
			snprintf(text, sizeof(text), "element %lld: ", (long long)i);
			complain(c, "%s", text, NULL, why ? why : "");
			return;
		}
		check_at(c, &at, typed_item_ref(r), x, depth);
		i++;
	}
	if (named) check_twins(c, r, v);
}

static const char *go_word(yyjson_mut_val *v) {
	switch (yyjson_mut_get_type(v)) {
	case YYJSON_TYPE_STR: return "string";
	case YYJSON_TYPE_BOOL: return "bool";
	case YYJSON_TYPE_ARR: return "[]interface {}";
	case YYJSON_TYPE_OBJ: return "map[string]interface {}";
	default: return "int64";
	}
}

/* Go's %#v of the values that JSON can bring. */
static void complain_go(struct check *c, const char *what, yyjson_mut_val *v) {
	if (yyjson_mut_is_ctn(v)) complain(c, what, go_word(v), NULL, "");
	else complain(c, what, "", v, "");
}

static bool is_text(const struct schema_type *t) {
	return t->kind == SCHEMA_STRING || t->kind == SCHEMA_BYTES ||
	       (t->kind == SCHEMA_SPECIAL && (t->special == SPECIAL_TIME || t->special == SPECIAL_MICRO_TIME));
}

static void check_scalar(struct check *c, const struct schema_type *t, yyjson_mut_val *v) {
	if (t->kind == SCHEMA_BOOL && !yyjson_mut_is_bool(v)) complain(c, "%s", "expected boolean, got ", v, "");
	else if ((t->kind == SCHEMA_INT32 || t->kind == SCHEMA_INT64 || t->kind == SCHEMA_DOUBLE) && !yyjson_mut_is_num(v))
		complain(c, "expected numeric (int or float), got %s", go_word(v), NULL, "");
	else if (is_text(t) && !yyjson_mut_is_str(v)) complain_go(c, "expected string, got %s", v);
	else if (t->kind == SCHEMA_SPECIAL && (t->special == SPECIAL_QUANTITY || t->special == SPECIAL_INT_OR_STRING) &&
		 yyjson_mut_is_ctn(v))
		complain(c, "%s", "expected any scalar, got ", v, "");
}

/* Null fits everywhere. */
static void check(struct check *c, struct typed_ref r, yyjson_mut_val *v, unsigned depth) {
	const struct schema_type *t = r.type;
	if (!t || yyjson_mut_is_null(v) || depth > SCHEMA_DEPTH_MAX) return;
	if (t->kind == SCHEMA_OBJECT || t->kind == SCHEMA_MAP) check_object(c, r, v, depth);
	else if (t->kind == SCHEMA_LIST) check_list(c, r, v, depth);
	else check_scalar(c, t, v);
}

static const char *listed(struct check *c) {
	_cleanup_buf_ struct buf b = BUF_INIT(2 * COMPLAINTS_MAX);
	struct slice rest = buf_slice(&c->all);
	if (c->n == 1) return arena_strndup(c->w->sets.a, rest.p, rest.n);
	buf_puts(&b, "errors:");
	while (rest.n) {
		buf_puts(&b, "\n  ");
		buf_put_slice(&b, slice_cut(&rest, '\n'));
	}
	return buf_err(&b) ? NULL : arena_strndup(c->w->sets.a, b.p, b.n);
}

const char *typed_complaints(struct typed *w, const struct schema_type *t, yyjson_mut_val *v) {
	struct check c = { .w = w, .all = BUF_INIT(COMPLAINTS_MAX), .path = BUF_INIT(COMPLAINTS_MAX) };
	check(&c, (struct typed_ref){ .type = t }, v, 0);
	const char *text = c.n ? listed(&c) : NULL;
	if (c.n && !text) text = "the object does not fit its schema";
	buf_done(&c.all);
	buf_done(&c.path);
	return text;
}
