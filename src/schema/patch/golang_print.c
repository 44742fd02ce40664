/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/patch/golang_print.h"

static void print(struct buf *b, const yyjson_mut_val *v, unsigned depth);

static int by_name(const void *a, const void *b) {
	yyjson_mut_val *const *x = a, *const *y = b;
	return slice_cmp(json_str(*x), json_str(*y));
}

static void print_map(struct buf *b, yyjson_mut_val *v, unsigned depth) {
	size_t n = yyjson_mut_obj_size(v), i = 0;
	yyjson_mut_val **keys = calloc(n + 1, sizeof(*keys)), *key;
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(v);
	while (keys && (key = yyjson_mut_obj_iter_next(&it))) keys[i++] = key;
	if (keys) qsort(keys, n, sizeof(*keys), by_name);
	buf_puts(b, "map[");
	for (i = 0; keys && i < n; i++) {
		if (i) buf_putc(b, ' ');
		buf_put_slice(b, json_str(keys[i]));
		buf_putc(b, ':');
		print(b, yyjson_mut_obj_iter_get_val(keys[i]), depth + 1);
	}
	buf_putc(b, ']');
	free(keys);
}

static void print_list(struct buf *b, const yyjson_mut_val *v, unsigned depth) {
	yyjson_mut_val *one;
	bool first = true;
	buf_putc(b, '[');
	json_each(v, one) {
		if (!first) buf_putc(b, ' ');
		first = false;
		print(b, one, depth + 1);
	}
	buf_putc(b, ']');
}

static void print(struct buf *b, const yyjson_mut_val *cv, unsigned depth) {
	yyjson_mut_val *v = (yyjson_mut_val *)(uintptr_t)cv;
	if (depth > GOLANG_PRINT_DEPTH) buf_puts(b, "...");
	else if (!v || yyjson_mut_is_null(v)) buf_puts(b, "<nil>");
	else if (yyjson_mut_is_obj(v)) print_map(b, v, depth);
	else if (yyjson_mut_is_arr(v)) print_list(b, v, depth);
	else if (yyjson_mut_is_str(v)) buf_put_slice(b, json_str(v));
	else json_write(b, v); /* numbers and booleans look the same in both */
}

int golang_print(struct buf *b, const yyjson_mut_val *v) {
	print(b, v, 0);
	return buf_err(b);
}
