/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/patch/fieldset.h"

#include <errno.h>

/* ---- collecting ---- */

void fieldset_add(struct fieldsets *f, struct fieldset_stack *s, const struct element *at, bool member,
		  const struct fieldset *below) {
	if (f->no_memory || (!member && !below)) return;
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct fieldset_item *v = arena_realloc(f->a, s->v, s->cap * sizeof(*v), cap * sizeof(*v));
		if (!v) {
			f->no_memory = true;
			return;
		}
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n++] = (struct fieldset_item){ .at = *at, .member = member, .below = below };
}

static int item_cmp(const void *a, const void *b) {
	return element_cmp(&((const struct fieldset_item *)a)->at, &((const struct fieldset_item *)b)->at);
}

/* Most nodes come sorted. The number of items left behind uniting equal ones. */
static size_t settle(struct fieldsets *f, struct fieldset_item *v, size_t n) {
	bool sorted = true, twins = false;
	for (size_t i = 1; i < n && sorted; i++) {
		int c = item_cmp(v + i - 1, v + i);
		sorted = c <= 0;
		twins |= c == 0;
	}
	if (sorted && !twins) return n;
	if (!sorted) qsort(v, n, sizeof(*v), item_cmp);
	size_t m = 0;
	for (size_t i = 0; i < n; i++) {
		if (m && item_cmp(v + m - 1, v + i) == 0) {
			v[m - 1].member |= v[i].member;
			v[m - 1].below = fieldset_union(f, v[m - 1].below, v[i].below);
		} else {
			v[m++] = v[i];
		}
	}
	return m;
}

static const struct fieldset *freeze(struct fieldsets *f, const struct fieldset_item *v, size_t n) {
	if (n == 0 || f->no_memory) return NULL;
	struct fieldset *s = arena_alloc(f->a, sizeof(*s) + n * sizeof(*v));
	if (!s) {
		f->no_memory = true;
		return NULL;
	}
	struct fieldset_item *copy = (struct fieldset_item *)(void *)(s + 1);
	memcpy(copy, v, n * sizeof(*v));
	*s = (struct fieldset){ .n = n, .v = copy };
	return s;
}

const struct fieldset *fieldset_end(struct fieldsets *f, struct fieldset_stack *s, size_t mark) {
	if (s->n <= mark) return NULL;
	size_t n = settle(f, s->v + mark, s->n - mark);
	s->n = mark;
	return freeze(f, s->v + mark, n);
}

/* ---- algebra ---- */

enum op { OP_UNION, OP_INTERSECTION, OP_DIFFERENCE, OP_WITHOUT };

static const struct fieldset *combine(struct fieldsets *f, enum op op, const struct fieldset *a, const struct fieldset *b);

/* What becomes of an element that both have. */
static struct fieldset_item joined(struct fieldsets *f, enum op op, const struct fieldset_item *x,
				   const struct fieldset_item *y) {
	struct fieldset_item out = { .at = x->at };
	if (op == OP_WITHOUT && y->member) return out;
	out.member = op == OP_UNION          ? x->member || y->member
		     : op == OP_INTERSECTION ? x->member && y->member
					     : x->member && !y->member;
	out.below = combine(f, op, x->below, y->below);
	return out;
}

static size_t merge(struct fieldsets *f, enum op op, const struct fieldset *a, const struct fieldset *b,
		    struct fieldset_item *out) {
	size_t i = 0, j = 0, n = 0;
	while (i < a->n || j < b->n) {
		int c = i == a->n ? 1 : j == b->n ? -1 : element_cmp(&a->v[i].at, &b->v[j].at);
		struct fieldset_item x = { 0 };
		if (c == 0) x = joined(f, op, &a->v[i++], &b->v[j++]);
		else if (c < 0) x = op == OP_INTERSECTION ? x : a->v[i], i++;
		else x = op == OP_UNION ? b->v[j] : x, j++;
		if (x.member || x.below) out[n++] = x;
	}
	return n;
}

/* Depth is bounded: no set is deeper than FIELDSET_DEPTH_MAX. */
static const struct fieldset *combine(struct fieldsets *f, enum op op, const struct fieldset *a, const struct fieldset *b) {
	if (!a) return op == OP_UNION ? b : NULL;
	if (!b) return op == OP_INTERSECTION ? NULL : a;
	if (a == b && (op == OP_UNION || op == OP_INTERSECTION)) return a;
	size_t cap = op == OP_UNION ? a->n + b->n : a->n;
	struct fieldset_item *out = arena_array(f->a, cap, sizeof(*out));
	if (!out) {
		f->no_memory = true;
		return NULL;
	}
	size_t n = merge(f, op, a, b, out);
	if (n == 0) return NULL;
	struct fieldset *s = arena_new_of(f->a, struct fieldset);
	if (!s) {
		f->no_memory = true;
		return NULL;
	}
	*s = (struct fieldset){ .n = n, .v = out };
	return s;
}

const struct fieldset *fieldset_union(struct fieldsets *f, const struct fieldset *a, const struct fieldset *b) {
	return combine(f, OP_UNION, a, b);
}
const struct fieldset *fieldset_intersection(struct fieldsets *f, const struct fieldset *a, const struct fieldset *b) {
	return combine(f, OP_INTERSECTION, a, b);
}
const struct fieldset *fieldset_difference(struct fieldsets *f, const struct fieldset *a, const struct fieldset *b) {
	return combine(f, OP_DIFFERENCE, a, b);
}
const struct fieldset *fieldset_without(struct fieldsets *f, const struct fieldset *a, const struct fieldset *b) {
	return combine(f, OP_WITHOUT, a, b);
}

const struct fieldset_item *fieldset_find(const struct fieldset *s, const struct element *at) {
	size_t lo = 0, hi = s ? s->n : 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = element_cmp(at, &s->v[mid].at);
		if (c == 0) return s->v + mid;
		if (c < 0) hi = mid;
		else lo = mid + 1;
	}
	return NULL;
}

static const struct fieldset *of_path(struct fieldsets *f, struct slice path) {
	struct slice rest = path, name = slice_cut(&rest, '.');
	const struct fieldset *below = rest.n ? of_path(f, rest) : NULL;
	struct fieldset_item item = { .at = { .kind = ELEMENT_FIELD, .name = name }, .member = !below, .below = below };
	return freeze(f, &item, 1);
}

const struct fieldset *fieldset_of_paths(struct fieldsets *f, const char *const *paths) {
	const struct fieldset *s = NULL;
	for (; paths && *paths; paths++) s = fieldset_union(f, s, of_path(f, slice_str(*paths)));
	return s;
}

/* ---- walking ---- */

struct walk {
	const struct element *path[FIELDSET_DEPTH_MAX + 1];
	fieldset_fn *fn;
	void *ctx;
};

static void each(struct walk *w, const struct fieldset *s, size_t depth) {
	if (depth > FIELDSET_DEPTH_MAX) return;
	for (size_t i = 0; i < s->n; i++) {
		w->path[depth] = &s->v[i].at;
		if (s->v[i].member) w->fn(w->ctx, w->path, depth + 1);
	}
	for (size_t i = 0; i < s->n; i++) {
		w->path[depth] = &s->v[i].at;
		if (s->v[i].below) each(w, s->v[i].below, depth + 1);
	}
}

void fieldset_each(const struct fieldset *s, fieldset_fn *fn, void *ctx) {
	struct walk w = { .fn = fn, .ctx = ctx };
	if (s) each(&w, s, 0);
}
