/* SPDX-License-Identifier: Apache-2.0 */
#include "api/duplicates.h"

#include "api/limits.h"
#include "base/map.h"

#include <errno.h>

#define COMPLAINTS_MAX 100u

struct frame {
	yyjson_mut_val *v, *at;   /* the container, and its current member's key (objects) or element (arrays) */
	size_t i, n;              /* members done, members in all */
	size_t path;              /* length of the path that leads to the container */
	struct map *seen;
};
struct walk {
	struct arena *a;
	struct frame *stack;
	size_t depth, cap;
	struct buf path;
	const char **found;
	size_t n_found;
};

static int push(struct walk *w, yyjson_mut_val *v) {
	bool obj = yyjson_mut_is_obj(v);
	if (!obj && !yyjson_mut_is_arr(v)) return 0;
	size_t n = obj ? yyjson_mut_obj_size(v) : yyjson_mut_arr_size(v);
	if (!n) return 0;
	if (w->depth == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 32;
		struct frame *s = realloc(w->stack, cap * sizeof(*s));
		if (!s) return -ENOMEM;
		w->stack = s;
		w->cap = cap;
	}
	struct frame f = { .v = v, .n = n, .path = w->path.n, .seen = obj ? map_new(SIZE_MAX) : NULL };
	if (obj && !f.seen) return -ENOMEM;
	/* The containers are circular lists that point at their last member. */
	f.at = obj ? ((yyjson_mut_val *)v->uni.ptr)->next->next : ((yyjson_mut_val *)v->uni.ptr)->next;
	w->stack[w->depth++] = f;
	return 0;
}

static int complain(struct walk *w, const char *fmt) {
	const char *s = w->n_found < COMPLAINTS_MAX ? arena_printf(w->a, fmt, SLICE_FMT(buf_slice(&w->path))) : NULL;
	if (w->n_found >= COMPLAINTS_MAX) return 0;
	if (!s) return -ENOMEM;
	w->found[w->n_found++] = s;
	return 0;
}

static void put_key(struct walk *w, struct slice key) {
	if (w->path.n) buf_putc(&w->path, '.');
	buf_put_slice(&w->path, key);
}

static int visit_member(struct walk *w, struct frame *f, yyjson_mut_val *key) {
	put_key(w, json_str(key));
	int err = map_put(f->seen, json_str(key), key, NULL);
	return err == 1 ? complain(w, "duplicate field \"%.*s\"") : err;
}

/* Moves on by one member. */
static int step(struct walk *w) {
	struct frame *f = &w->stack[w->depth - 1];
	w->path.n = f->path;
	if (f->i == f->n) {
		map_free(f->seen, NULL);
		w->depth--;
		return 0;
	}
	yyjson_mut_val *at = f->at;
	int err = 0;
	if (f->seen) {
		err = visit_member(w, f, at);
		f->at = at->next->next;
		at = at->next;
	} else {
		buf_printf(&w->path, "[%zu]", f->i);
		f->at = at->next;
	}
	f->i++;
	return err ? err : push(w, at);
}

static int check_operations(struct walk *w, const yyjson_mut_val *root) {
	static const char *const known[] = { "op", "path", "from", "value" };
	size_t i, max, k, kmax;
	yyjson_mut_val *op, *key, *val;
	int err = 0;
	yyjson_mut_arr_foreach((yyjson_mut_val *)(uintptr_t)root, i, max, op) {
		yyjson_mut_obj_foreach(op, k, kmax, key, val) {
			bool ok = false;
			for (size_t n = 0; n < ELEMENTSOF(known); n++) ok |= slice_eqs(json_str(key), known[n]);
			if (ok) continue;
			buf_clear(&w->path);
			buf_printf(&w->path, "[%zu].", i);
			buf_put_slice(&w->path, json_str(key));
			err = err ? err : complain(w, "json patch unknown field \"%.*s\"");
		}
	}
	buf_clear(&w->path);
	return err;
}

int duplicates_find(struct arena *a, const yyjson_mut_val *root, bool operations, const char ***ret, size_t *ret_n) {
	struct walk w = { .a = a, .path = BUF_INIT(REQUEST_BODY_MAX), .found = arena_array(a, COMPLAINTS_MAX, sizeof(char *)) };
	int err = w.found ? 0 : -ENOMEM;
	if (!err && operations) err = check_operations(&w, root);
	if (!err) err = push(&w, (yyjson_mut_val *)(uintptr_t)root);
	while (!err && w.depth) err = step(&w);
	while (w.depth) map_free(w.stack[--w.depth].seen, NULL);
	free(w.stack);
	buf_done(&w.path);
	*ret = w.found;
	*ret_n = w.n_found;
	return err;
}
