/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/sort.h"
#include "codec/jsonpath.h"
#include "codec/quantity.h"
#include "ctl/tree.h"

#include <ctype.h>
#include <errno.h>

struct entry {
	yyjson_mut_val *v;
	const yyjson_mut_val *key;
	size_t order;
};

static size_t digits(struct slice s) {
	size_t n = 0;
	while (n < s.n && isdigit((unsigned char)s.p[n])) n++;
	return n;
}

/* Runs of digits compare as numbers (facette/natsort, as kubectl's sorter does). */
static int natural(struct slice a, struct slice b) {
	while (a.n && b.n) {
		size_t da = digits(a), db = digits(b);
		if (da && db) {
			struct slice na = slice_upto(a, da), nb = slice_upto(b, db);
			while (na.n > 1 && na.p[0] == '0') na = slice_from(na, 1);
			while (nb.n > 1 && nb.p[0] == '0') nb = slice_from(nb, 1);
			if (na.n != nb.n) return na.n < nb.n ? -1 : 1;
			int r = slice_cmp(na, nb);
			if (r) return r;
			a = slice_from(a, da);
			b = slice_from(b, db);
			continue;
		}
		if (a.p[0] != b.p[0]) return (unsigned char)a.p[0] < (unsigned char)b.p[0] ? -1 : 1;
		a = slice_from(a, 1);
		b = slice_from(b, 1);
	}
	return (a.n > 0) - (b.n > 0);
}

static int compare_text(struct slice a, struct slice b) {
	struct quantity qa, qb;
	if (quantity_parse(a, &qa, NULL) == 0 && quantity_parse(b, &qb, NULL) == 0) return quantity_cmp(qa, qb);
	return natural(a, b);
}

static int compare_values(const yyjson_mut_val *ca, const yyjson_mut_val *cb) {
	yyjson_mut_val *a = (yyjson_mut_val *)(uintptr_t)ca, *b = (yyjson_mut_val *)(uintptr_t)cb;
	if (!a || !b) return (a != NULL) - (b != NULL);
	if (yyjson_mut_is_str(a) && yyjson_mut_is_str(b)) return compare_text(json_str(a), json_str(b));
	if (yyjson_mut_is_num(a) && yyjson_mut_is_num(b)) {
		double x = yyjson_mut_get_num(a), y = yyjson_mut_get_num(b);
		return (x > y) - (x < y);
	}
	if (yyjson_mut_is_bool(a) && yyjson_mut_is_bool(b)) return (int)yyjson_mut_get_bool(a) - (int)yyjson_mut_get_bool(b);
	return 0;
}

static int by_key(const void *pa, const void *pb) {
	const struct entry *a = pa, *b = pb;
	int r = compare_values(a->key, b->key);
	return r ? r : (a->order > b->order) - (a->order < b->order);
}

int sort_by(struct ctl *c, yyjson_mut_val *list, const char *text, const char *at) {
	struct jsonpath *path;
	const char *msg = NULL;
	size_t n = json_size(list), k = 0, found = 0;
	yyjson_mut_val *v;
	int r = jsonpath_parse_relaxed(c->a, slice_str(text), &path, &msg);
	if (r < 0) return ctl_fail(c, "%s", msg ? msg : strerror(-r));
	struct entry *e = ctl_array(c, n, sizeof(*e));
	json_each(list, v) {
		const yyjson_mut_val **values;
		size_t m = 0;
		r = jsonpath_find(path, c->a, at ? json_get(v, at) : v, JSONPATH_ALLOW_MISSING, &values, &m, &msg);
		e[k] = (struct entry){ v, r == 0 && m ? values[0] : NULL, k };
		found += e[k++].key != NULL;
	}
	if (n && !found) return ctl_fail(c, "couldn't find any field with path \"%s\" in the list of objects", *text == '{' ? text :
					 ctl_printf(c, "{%s%s}", *text == '.' ? "" : ".", text));
	qsort(e, n, sizeof(*e), by_key);
	(void)yyjson_mut_arr_clear(list);
	for (size_t i = 0; i < n; i++) tree_append(c, list, e[i].v);
	return 0;
}
