/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/tree.h"
#include "codec/members.h"
#include "codec/yaml.h"

#include <errno.h>

struct stack {
	yyjson_mut_val **v;
	size_t n, cap;
};

static void push(struct ctl *c, struct stack *s, yyjson_mut_val *v) {
	if (!yyjson_mut_is_ctn(v)) return;
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		s->v = ctl_must(realloc(s->v, cap * sizeof(*s->v)));
		s->cap = cap;
	}
	s->v[s->n++] = v;
}

void tree_sort(struct ctl *c, yyjson_mut_val *root) {
	struct stack s = { 0 };
	push(c, &s, root);
	while (s.n) {
		yyjson_mut_val *v = s.v[--s.n], *k, *e;
		size_t i, n;
		if (yyjson_mut_is_arr(v)) {
			yyjson_mut_arr_foreach(v, i, n, e) push(c, &s, e);
			continue;
		}
		if (members_sort(v) < 0) (void)ctl_must(NULL);
		yyjson_mut_obj_foreach(v, i, n, k, e) push(c, &s, e);
	}
	free(s.v);
}

void tree_drop_nulls(struct ctl *c, yyjson_mut_val *root) {
	struct stack s = { 0 };
	push(c, &s, root);
	while (s.n) {
		yyjson_mut_val *v = s.v[--s.n], *k, *e;
		if (yyjson_mut_is_arr(v)) {
			json_each(v, e) push(c, &s, e);
			continue;
		}
		yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(v);
		while ((k = yyjson_mut_obj_iter_next(&it))) {
			e = yyjson_mut_obj_iter_get_val(k);
			if (yyjson_mut_is_null(e)) (void)yyjson_mut_obj_iter_remove(&it);
			else push(c, &s, e);
		}
	}
	free(s.v);
}

static void line(struct buf *b, size_t depth, size_t indent) {
	(void)buf_putc(b, '\n');
	for (size_t i = 0; i < depth * indent; i++) (void)buf_putc(b, ' ');
}

/* The end of a string literal that begins at t.p[i]. */
static size_t string_end(struct slice t, size_t i) {
	for (i++; i < t.n && t.p[i] != '"'; i++)
		if (t.p[i] == '\\') i++;
	return i < t.n ? i + 1 : t.n;
}

void tree_indent(struct buf *b, struct slice t, size_t indent) {
	size_t depth = 0;
	for (size_t i = 0; i < t.n; i++) {
		char ch = t.p[i];
		if (ch == '"') {
			size_t end = string_end(t, i);
			(void)buf_put(b, t.p + i, end - i);
			i = end - 1;
		} else if (ch == '{' || ch == '[') {
			(void)buf_putc(b, ch);
			if (i + 1 < t.n && (t.p[i + 1] == '}' || t.p[i + 1] == ']')) (void)buf_putc(b, t.p[++i]);
			else line(b, ++depth, indent);
		} else if (ch == '}' || ch == ']') {
			if (depth) depth--;
			line(b, depth, indent);
			(void)buf_putc(b, ch);
		} else if (ch == ',') {
			(void)buf_putc(b, ch);
			line(b, depth, indent);
		} else {
			(void)buf_put(b, ch == ':' ? ": " : &ch, ch == ':' ? 2 : 1);
		}
	}
}

yyjson_mut_doc *tree_new(struct ctl *c) {
	yyjson_mut_doc *doc = ctl_must(json_doc(c->a));
	doc->root = ctl_must(yyjson_mut_obj(doc));
	return doc;
}

yyjson_mut_doc *tree_copy(struct ctl *c, const yyjson_mut_val *root) {
	yyjson_mut_doc *doc = ctl_must(json_doc(c->a));
	doc->root = ctl_must(json_copy(doc, root));
	return doc;
}

struct slice tree_text(struct ctl *c, const yyjson_mut_val *v) {
	struct buf b = BUF_INIT(CTL_FILE_MAX);
	(void)json_write(&b, v);
	return ctl_take(c, &b);
}

const char *tree_str(struct ctl *c, const yyjson_mut_val *v, const char *path) {
	struct slice s = json_path_str(v, path);
	return s.n ? ctl_text(c, s) : "";
}

const char *text_of(const yyjson_mut_val *v) {
	const char *s = yyjson_mut_get_str((yyjson_mut_val *)(uintptr_t)v);
	return s ? s : "";
}
const char *text_at(const yyjson_mut_val *v, const char *path) { return text_of(json_path(v, path)); }

static yyjson_mut_val *parent_of(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *root, const char *path, const char **ret_last) {
	const char *dot = strrchr(path, '.');
	*ret_last = dot ? dot + 1 : path;
	return dot ? tree_obj(c, doc, root, arena_strndup(c->a, path, (size_t)(dot - path))) : root;
}

yyjson_mut_val *tree_obj(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *root, const char *path) {
	return ctl_must(json_ensure_obj(doc, root, path));
}

void tree_set(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *name, yyjson_mut_val *v) {
	(void)c;
	if (!json_set(doc, obj, name, ctl_must(v))) (void)ctl_must(NULL);
}

yyjson_mut_val *tree_string(struct ctl *c, yyjson_mut_doc *doc, const char *text) {
	return ctl_must(yyjson_mut_strcpy(doc, text));
}

void tree_put(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *root, const char *path, const char *value) {
	const char *last;
	yyjson_mut_val *obj = parent_of(c, doc, root, path, &last);
	tree_set(c, doc, obj, last, tree_string(c, doc, value));
}

yyjson_mut_val *tree_list(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *root, const char *path) {
	const char *last;
	yyjson_mut_val *obj = parent_of(c, doc, root, path, &last), *list = json_get(obj, last);
	if (yyjson_mut_is_arr(list)) return list;
	list = ctl_must(yyjson_mut_arr(doc));
	tree_set(c, doc, obj, last, list);
	return list;
}

void tree_append(struct ctl *c, yyjson_mut_val *list, yyjson_mut_val *v) {
	(void)c;
	if (!yyjson_mut_arr_append(list, ctl_must(v))) (void)ctl_must(NULL);
}

int tree_parse(struct ctl *c, struct slice text, yyjson_mut_doc **ret, const char **ret_msg) {
	struct json_error err;
	int r = json_parse(c->a, text, ret, &err);
	if (r == -ENOMEM) (void)ctl_must(NULL);
	if (r < 0) *ret_msg = err.msg;
	return r;
}

int tree_parse_yaml(struct ctl *c, struct slice text, yyjson_mut_doc **ret, const char **ret_msg) {
	struct yaml_error err;
	int r = yaml_parse(c->a, text, 0, ret, &err);
	if (r == -ENOMEM) (void)ctl_must(NULL);
	if (r < 0) *ret_msg = err.msg;
	return r;
}
