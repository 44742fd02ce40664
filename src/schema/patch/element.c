/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/patch/element.h"

#include <errno.h>

static yyjson_mut_val *loose(const yyjson_mut_val *v) { return (yyjson_mut_val *)(uintptr_t)v; }

/* ---- order ---- */

enum rank { RANK_NUMBER, RANK_STRING, RANK_BOOL, RANK_LIST, RANK_OBJECT, RANK_NULL };

static enum rank rank_of(const yyjson_mut_val *v) {
	switch (yyjson_mut_get_type(loose(v))) {
	case YYJSON_TYPE_NUM: return RANK_NUMBER;
	case YYJSON_TYPE_STR: return RANK_STRING;
	case YYJSON_TYPE_BOOL: return RANK_BOOL;
	case YYJSON_TYPE_ARR: return RANK_LIST;
	case YYJSON_TYPE_OBJ: return RANK_OBJECT;
	default: return RANK_NULL;
	}
}

static int number_cmp(yyjson_mut_val *a, yyjson_mut_val *b) {
	if (yyjson_mut_is_real(a) || yyjson_mut_is_real(b)) {
		double x = yyjson_mut_get_num(a), y = yyjson_mut_get_num(b);
		return (x > y) - (x < y);
	}
	bool neg_a = yyjson_mut_is_sint(a) && yyjson_mut_get_sint(a) < 0,
	     neg_b = yyjson_mut_is_sint(b) && yyjson_mut_get_sint(b) < 0;
	if (neg_a != neg_b) return neg_a ? -1 : 1;
	if (neg_a) return (yyjson_mut_get_sint(a) > yyjson_mut_get_sint(b)) - (yyjson_mut_get_sint(a) < yyjson_mut_get_sint(b));
	return (yyjson_mut_get_uint(a) > yyjson_mut_get_uint(b)) - (yyjson_mut_get_uint(a) < yyjson_mut_get_uint(b));
}

/* Elements of sets and keys are scalars; anything else only has to have some order. */
static int text_cmp(const yyjson_mut_val *a, const yyjson_mut_val *b) {
	_cleanup_buf_ struct buf x = BUF_INIT(1u << 20), y = BUF_INIT(1u << 20);
	json_write(&x, a);
	json_write(&y, b);
	return slice_cmp(buf_slice(&x), buf_slice(&y));
}

int element_value_cmp(const yyjson_mut_val *a, const yyjson_mut_val *b) {
	enum rank x = rank_of(a), y = rank_of(b);
	if (x != y) return x < y ? -1 : 1;
	switch (x) {
	case RANK_NUMBER: return number_cmp(loose(a), loose(b));
	case RANK_STRING: return slice_cmp(json_str(a), json_str(b));
	case RANK_BOOL: return (int)yyjson_mut_is_true(loose(a)) - (int)yyjson_mut_is_true(loose(b));
	case RANK_NULL: return 0;
	default: return text_cmp(a, b);
	}
}

static int keys_cmp(const struct element *a, const struct element *b) {
	for (size_t i = 0; i < a->n_keys && i < b->n_keys; i++) {
		int c = slice_cmp(a->keys[i].name, b->keys[i].name);
		if (!c) c = element_value_cmp(a->keys[i].value, b->keys[i].value);
		if (c) return c;
	}
	return (a->n_keys > b->n_keys) - (a->n_keys < b->n_keys);
}

int element_cmp(const struct element *a, const struct element *b) {
	if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
	switch (a->kind) {
	case ELEMENT_FIELD: return slice_cmp(a->name, b->name);
	case ELEMENT_KEY: return keys_cmp(a, b);
	case ELEMENT_VALUE: return element_value_cmp(a->value, b->value);
	default: return (a->index > b->index) - (a->index < b->index);
	}
}

void element_sort_keys(struct element_key *keys, size_t n) {
	for (size_t i = 1; i < n; i++) {
		struct element_key k = keys[i];
		size_t j = i;
		for (; j > 0 && slice_cmp(k.name, keys[j - 1].name) < 0; j--) keys[j] = keys[j - 1];
		keys[j] = k;
	}
}

/* ---- text ---- */

static int parse_keys(struct arena *a, const yyjson_mut_val *v, struct element *ret) {
	size_t n = json_size(v), i = 0, max, at;
	if (!yyjson_mut_is_obj(loose(v)) || n > ELEMENT_KEYS_MAX) return -EBADMSG;
	struct element_key *keys = arena_array(a, n + 1, sizeof(*keys));
	yyjson_mut_val *k, *x;
	if (!keys) return -ENOMEM;
	yyjson_mut_obj_foreach(loose(v), at, max, k, x) keys[i++] = (struct element_key){ .name = json_str(k), .value = x };
	element_sort_keys(keys, n);
	*ret = (struct element){ .kind = ELEMENT_KEY, .n_keys = (uint8_t)n, .keys = keys };
	return 0;
}

static int parse_json(struct arena *a, struct slice text, yyjson_mut_val **ret) {
	yyjson_mut_doc *doc;
	struct json_error e;
	int err = json_parse(a, text, &doc, &e);
	if (!err) *ret = yyjson_mut_doc_get_root(doc);
	return err;
}

int element_parse(struct arena *a, struct slice text, struct element *ret) {
	yyjson_mut_val *v;
	int err;
	if (text.n < 2 || text.p[1] != ':') return -EBADMSG;
	struct slice rest = slice_from(text, 2);
	switch (text.p[0]) {
	case 'f':
		*ret = (struct element){ .kind = ELEMENT_FIELD, .name = rest.p ? rest : SLICE_LIT("") };
		return 0;
	case 'v':
		if ((err = parse_json(a, rest, &v)) < 0) return err;
		*ret = (struct element){ .kind = ELEMENT_VALUE, .value = v };
		return 0;
	case 'k': return (err = parse_json(a, rest, &v)) < 0 ? err : parse_keys(a, v, ret);
	case 'i':
		*ret = (struct element){ .kind = ELEMENT_INDEX };
		return slice_int(rest, INT32_MIN, INT32_MAX, &ret->index) < 0 ? -EBADMSG : 0;
	default: return -ENOENT;
	}
}

int element_write(struct buf *b, const struct element *e) {
	static const char *const prefixes[] = {
		[ELEMENT_FIELD] = "f:", [ELEMENT_KEY] = "k:", [ELEMENT_VALUE] = "v:", [ELEMENT_INDEX] = "i:"
	};
	buf_puts(b, prefixes[e->kind]);
	switch (e->kind) {
	case ELEMENT_FIELD: return buf_put_slice(b, e->name);
	case ELEMENT_VALUE: return json_write(b, e->value);
	case ELEMENT_INDEX: return buf_printf(b, "%lld", (long long)e->index);
	default: break;
	}
	for (size_t i = 0; i < e->n_keys; i++) {
		buf_putc(b, i ? ',' : '{');
		json_write_string(b, e->keys[i].name);
		buf_putc(b, ':');
		json_write(b, e->keys[i].value);
	}
	return buf_puts(b, e->n_keys ? "}" : "{}");
}

static int show_value(struct buf *b, const yyjson_mut_val *v) { return json_write(b, v); }

int element_show(struct buf *b, const struct element *e) {
	switch (e->kind) {
	case ELEMENT_FIELD: return buf_putc(b, '.'), buf_put_slice(b, e->name);
	case ELEMENT_VALUE: return buf_puts(b, "[="), show_value(b, e->value), buf_putc(b, ']');
	case ELEMENT_INDEX: return buf_printf(b, "[%lld]", (long long)e->index);
	default: break;
	}
	for (size_t i = 0; i < e->n_keys; i++) {
		buf_putc(b, i ? ',' : '[');
		buf_put_slice(b, e->keys[i].name);
		buf_putc(b, '=');
		show_value(b, e->keys[i].value);
	}
	return buf_puts(b, e->n_keys ? "]" : "[]");
}
