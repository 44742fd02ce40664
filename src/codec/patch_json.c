/* SPDX-License-Identifier: Apache-2.0 */
/* JSON patch (RFC 6902) as evanphx/json-patch v4 applies it, its error sentences included. */
#include "base/limits.h"
#include "codec/members.h"
#include "codec/patch.h"

#include <errno.h>
#include <stdio.h>

#define MISSING "missing value"
#define BAD_INDEX "invalid index referenced"

struct apply {
	struct arena *a;
	yyjson_mut_doc *doc;
	yyjson_mut_val *root;
	yyjson_mut_val **visited; /* objects gone into: sorted at the end */
	size_t n_visited, cap_visited;
	uint64_t steps;
	size_t copied;
	const char *msg;
};

/* ---- shape ---- */

static const char *type_name(yyjson_mut_val *v) {
	switch (yyjson_mut_get_type(v)) {
	case YYJSON_TYPE_OBJ: return "object";
	case YYJSON_TYPE_ARR: return "array";
	case YYJSON_TYPE_STR: return "string";
	case YYJSON_TYPE_BOOL: return "bool";
	default: return "number";
	}
}

static int shape_fault(struct arena *a, const char **ret_msg, yyjson_mut_val *v, const char *where) {
	const char *m = arena_printf(a, "json: cannot unmarshal %s into Go %s", type_name(v), where);
	if (ret_msg) *ret_msg = m;
	return m ? -EBADMSG : -ENOMEM;
}

static int check_op(struct arena *a, yyjson_mut_val *op, const char **ret_msg) {
	static const char *const fields[] = { "op", "path", "from" };
	if (yyjson_mut_is_null(op)) return 0;
	if (!yyjson_mut_is_obj(op)) return shape_fault(a, ret_msg, op, "value of type handlers.jsonPatchOp");
	for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
		yyjson_mut_val *v = json_get(op, fields[i]);
		if (!v || yyjson_mut_is_str(v) || yyjson_mut_is_null(v)) continue;
		const char *where = arena_printf(a, "struct field jsonPatchOp.%s of type string", fields[i]);
		return where ? shape_fault(a, ret_msg, v, where) : -ENOMEM;
	}
	return 0;
}

int patch_json_check(struct arena *a, const yyjson_mut_val *patch, const char **ret_msg) {
	yyjson_mut_val *p = (yyjson_mut_val *)(uintptr_t)patch, *op;
	size_t i, n;
	if (!yyjson_mut_is_arr(p)) return yyjson_mut_is_null(p) ? 0 : shape_fault(a, ret_msg, p, "value of type []handlers.jsonPatchOp");
	if (yyjson_mut_arr_size(p) > JSON_PATCH_OPS_MAX) {
		if (ret_msg)
			*ret_msg = arena_printf(a, "The allowed maximum operations in a JSON patch is %u, got %zu",
						JSON_PATCH_OPS_MAX, yyjson_mut_arr_size(p));
		return -E2BIG;
	}
	yyjson_mut_arr_foreach(p, i, n, op) {
		int r = check_op(a, op, ret_msg);
		if (r < 0) return r;
	}
	return 0;
}

/* ---- finding ---- */

static int fault(struct apply *p, const char *fmt, ...) k8c_printf(2, 3);
static int fault(struct apply *p, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	p->msg = arena_vprintf(p->a, fmt, ap);
	va_end(ap);
	return p->msg ? -EINVAL : -ENOMEM;
}

static int spend(struct apply *p, size_t n) {
	p->steps += n;
	return p->steps > PATCH_STEPS_MAX ? fault(p, "the patch takes more than %llu steps to apply", PATCH_STEPS_MAX) : 0;
}

/* "~1" is a slash, "~0" a tilde. */
static struct slice decode_key(struct apply *p, struct slice s) {
	if (slice_chr(s, '~') < 0) return s;
	char *out = arena_alloc(p->a, s.n + 1), *q = out;
	if (!out) return s;
	for (size_t i = 0; i < s.n; i++) {
		bool escape = s.p[i] == '~' && i + 1 < s.n && (s.p[i + 1] == '0' || s.p[i + 1] == '1');
		if (escape) *q++ = s.p[++i] == '0' ? '~' : '/';
		else *q++ = s.p[i];
	}
	return slice_make(out, (size_t)(q - out));
}

/* An index into a list of n elements (n + 1 places for `insert`); negative ones count from the end. */
static int find_index(struct apply *p, struct slice key, size_t n, bool insert, size_t *ret) {
	int64_t i, places = (int64_t)n + insert;
	if (slice_int(key, INT32_MIN, INT32_MAX, &i) < 0) {
		if (insert)
			return fault(p,
				     "value was not a proper array index: '%.*s': strconv.Atoi: parsing \"%.*s\": invalid syntax",
				     SLICE_FMT(key), SLICE_FMT(key));
		return fault(p, "strconv.Atoi: parsing \"%.*s\": invalid syntax", SLICE_FMT(key));
	}
	if (i >= places || i < -places) return fault(p, "Unable to access invalid index: %lld: " BAD_INDEX, (long long)i);
	*ret = (size_t)(i < 0 ? i + places : i);
	return 0;
}

static int get(struct apply *p, yyjson_mut_val *con, struct slice key, yyjson_mut_val **ret) {
	size_t i;
	int r = spend(p, unsafe_yyjson_get_len(con));
	if (r < 0) return r;
	if (yyjson_mut_is_arr(con)) {
		r = find_index(p, key, yyjson_mut_arr_size(con), false, &i);
		if (r == 0) *ret = yyjson_mut_arr_get(con, i);
		return r;
	}
	yyjson_mut_val *v = json_getn(con, key);
	if (!v) return fault(p, "unable to get nonexistent key: %.*s: " MISSING, SLICE_FMT(key));
	*ret = v;
	return 0;
}

static int visit(struct apply *p, yyjson_mut_val *con) {
	if (!yyjson_mut_is_obj(con)) return 0;
	if (p->n_visited && p->visited[p->n_visited - 1] == con) return 0;
	if (p->n_visited == p->cap_visited) {
		size_t cap = p->cap_visited ? p->cap_visited * 2 : 64;
		yyjson_mut_val **v = arena_realloc(p->a, p->visited, p->cap_visited * sizeof(*v), cap * sizeof(*v));
		if (!v) return -ENOMEM;
		p->visited = v;
		p->cap_visited = cap;
	}
	p->visited[p->n_visited++] = con;
	return 0;
}

/* The container that a path's last part is in: 0; -ENOENT when something on the way is missing or no container. What stands
 * before the first slash does not count. */
static int find_container(struct apply *p, struct slice path, yyjson_mut_val **ret, struct slice *ret_key) {
	struct slice rest = path;
	(void)slice_cut(&rest, '/');
	yyjson_mut_val *con = p->root;
	if (!rest.p || !unsafe_yyjson_is_ctn(con)) return -ENOENT;
	for (;;) {
		struct slice part = slice_cut(&rest, '/');
		int r = visit(p, con);
		if (r < 0) return r;
		if (!rest.p) {
			*ret = con;
			*ret_key = decode_key(p, part);
			return 0;
		}
		r = get(p, con, decode_key(p, part), &con);
		if (r < 0) return r == -ENOMEM || p->steps > PATCH_STEPS_MAX ? r : -ENOENT;
		if (!unsafe_yyjson_is_ctn(con)) return -ENOENT;
	}
}

/* ---- changing ---- */

static int put_member(struct apply *p, yyjson_mut_val *obj, struct slice key, yyjson_mut_val *v) {
	int r = spend(p, unsafe_yyjson_get_len(obj));
	if (r < 0) return r;
	return json_setn(p->doc, obj, key, v) ? 0 : -ENOMEM;
}

static int add_to(struct apply *p, yyjson_mut_val *con, struct slice key, yyjson_mut_val *v) {
	size_t i, n = unsafe_yyjson_get_len(con);
	if (!v) return -ENOMEM;
	if (yyjson_mut_is_obj(con)) return put_member(p, con, key, v);
	if (slice_eqs(key, "-")) return yyjson_mut_arr_append(con, v) ? 0 : -ENOMEM;
	int r = find_index(p, key, n, true, &i);
	if (r == 0) r = spend(p, i);
	if (r < 0) return r;
	return yyjson_mut_arr_insert(con, v, i) ? 0 : -ENOMEM;
}

static int set_in(struct apply *p, yyjson_mut_val *con, struct slice key, yyjson_mut_val *v) {
	size_t i;
	if (!v) return -ENOMEM;
	if (yyjson_mut_is_obj(con)) return put_member(p, con, key, v);
	int r = find_index(p, key, unsafe_yyjson_get_len(con), false, &i);
	if (r < 0) return r;
	return yyjson_mut_arr_replace(con, i, v) ? 0 : -ENOMEM;
}

static int remove_from(struct apply *p, yyjson_mut_val *con, struct slice key) {
	size_t i;
	int r = spend(p, unsafe_yyjson_get_len(con));
	if (r < 0) return r;
	if (yyjson_mut_is_obj(con)) {
		if (yyjson_mut_obj_remove_keyn(con, key.p ? key.p : "", key.n)) return 0;
		return fault(p, "Unable to remove nonexistent key: %.*s: " MISSING, SLICE_FMT(key));
	}
	r = find_index(p, key, unsafe_yyjson_get_len(con), false, &i);
	if (r == 0) yyjson_mut_arr_remove(con, i);
	return r;
}

/* ---- operations ---- */

struct op {
	struct slice path, from;
	const yyjson_mut_val *value; /* NULL: not given */
};

static yyjson_mut_val *value_copy(struct apply *p, const struct op *o) {
	return o->value ? json_copy(p->doc, o->value) : yyjson_mut_null(p->doc);
}

/* Puts `what` before the message that is set: upstream's errors.Wrapf. */
static int wrap(struct apply *p, int r, const char *what, struct slice path) {
	if (r != -EINVAL || p->steps > PATCH_STEPS_MAX) return r;
	return fault(p, "%s '%.*s': %s", what, SLICE_FMT(path), p->msg);
}

static int locate(struct apply *p, struct slice path, const char *missing, bool quoted, yyjson_mut_val **con, struct slice *key) {
	int r = find_container(p, path, con, key);
	if (r != -ENOENT) return r;
	return fault(p, quoted ? "%s: \"%.*s\": " MISSING : "%s: %.*s: " MISSING, missing, SLICE_FMT(path));
}

static int op_add(struct apply *p, const struct op *o) {
	yyjson_mut_val *con;
	struct slice key;
	int r = locate(p, o->path, "add operation does not apply: doc is missing path", true, &con, &key);
	return r < 0 ? r : wrap(p, add_to(p, con, key, value_copy(p, o)), "error in add for path:", o->path);
}

static int op_remove(struct apply *p, const struct op *o) {
	yyjson_mut_val *con;
	struct slice key;
	int r = locate(p, o->path, "remove operation does not apply: doc is missing path", true, &con, &key);
	return r < 0 ? r : wrap(p, remove_from(p, con, key), "error in remove for path:", o->path);
}

/* Of an object, a member that is not there is added: upstream checks the path's container only. */
static int op_replace(struct apply *p, const struct op *o) {
	yyjson_mut_val *con, *old;
	struct slice key;
	if (!o->path.n) {
		p->root = value_copy(p, o);
		return p->root ? visit(p, p->root) : -ENOMEM;
	}
	int r = locate(p, o->path, "replace operation does not apply: doc is missing path", false, &con, &key);
	if (r < 0) return r;
	if (yyjson_mut_is_obj(con)) return wrap(p, add_to(p, con, key, value_copy(p, o)), "error in replace for path:", o->path);
	r = get(p, con, key, &old);
	if (r == -EINVAL && p->steps <= PATCH_STEPS_MAX)
		return fault(p, "replace operation does not apply: doc is missing key: %.*s: " MISSING, SLICE_FMT(o->path));
	return r < 0 ? r : wrap(p, set_in(p, con, key, value_copy(p, o)), "error in remove for path:", o->path);
}

static int op_move(struct apply *p, const struct op *o) {
	yyjson_mut_val *con, *v = NULL;
	struct slice key;
	int r = locate(p, o->from, "move operation does not apply: doc is missing from path", false, &con, &key);
	if (r < 0) return r;
	r = get(p, con, key, &v);
	if (r == 0) r = remove_from(p, con, key);
	if (r < 0) return wrap(p, r, "error in move for path:", key);
	r = locate(p, o->path, "move operation does not apply: doc is missing destination path", false, &con, &key);
	return r < 0 ? r : wrap(p, add_to(p, con, key, v), "error in move for path:", o->path);
}

static int op_copy(struct apply *p, const struct op *o) {
	yyjson_mut_val *con, *v = NULL;
	struct slice key;
	int r = locate(p, o->from, "copy operation does not apply: doc is missing from path", false, &con, &key);
	if (r < 0) return r;
	r = get(p, con, key, &v);
	if (r < 0) return wrap(p, r, "error in copy for from:", o->from);
	r = locate(p, o->path, "copy operation does not apply: doc is missing destination path", false, &con, &key);
	if (r < 0) return r;
	_cleanup_buf_ struct buf text = BUF_INIT(PATCH_COPY_BYTES_MAX + 1);
	json_write(&text, v);
	p->copied += text.err ? PATCH_COPY_BYTES_MAX + 1u : text.n;
	if (p->copied > PATCH_COPY_BYTES_MAX)
		return fault(p,
			     "Unable to complete the copy, the accumulated size increase of copy is %zu, exceeding the limit %u",
			     p->copied, PATCH_COPY_BYTES_MAX);
	r = add_to(p, con, key, json_copy(p->doc, v));
	if (r == -EINVAL && p->steps <= PATCH_STEPS_MAX) return fault(p, "error while adding value during copy: %s", p->msg);
	return r;
}

static bool is_null(const yyjson_mut_val *v) { return !v || yyjson_mut_is_null((yyjson_mut_val *)(uintptr_t)v); }

static int op_test(struct apply *p, const struct op *o) {
	yyjson_mut_val *con, *v = p->root;
	struct slice key;
	int r = 0;
	if (o->path.n) {
		r = locate(p, o->path, "test operation does not apply: is missing path", false, &con, &key);
		if (r < 0) return r;
		r = get(p, con, key, &v);
		/* A member that is not there equals null. */
		if (r == -EINVAL && yyjson_mut_is_obj(con) && p->steps <= PATCH_STEPS_MAX) v = NULL, r = 0;
		if (r < 0) return wrap(p, r, "error in test for path:", o->path);
	}
	if (is_null(v) ? is_null(o->value) : o->value && json_equal(v, o->value)) return 0;
	return fault(p, "testing path %.*s failed: test failed", SLICE_FMT(o->path));
}

static int apply_op(struct apply *p, const yyjson_mut_val *op) {
	static const struct { const char *name; int (*run)(struct apply *p, const struct op *o); } ops[] = {
		{ "add", op_add },   { "remove", op_remove }, { "replace", op_replace },
		{ "move", op_move }, { "test", op_test },     { "copy", op_copy },
	};
	struct slice kind = json_path_str(op, "op");
	struct op o = { json_path_str(op, "path"), json_path_str(op, "from"), json_get(op, "value") };
	bool needs_from = slice_eqs(kind, "move") || slice_eqs(kind, "copy");
	for (size_t i = 0; i < ELEMENTSOF(ops); i++) {
		if (!slice_eqs(kind, ops[i].name)) continue;
		if (needs_from && !o.from.p) return fault(p, "%s operation failed to decode from: " MISSING, ops[i].name);
		if (!needs_from && !o.path.p) return fault(p, "%s operation failed to decode path: " MISSING, ops[i].name);
		return ops[i].run(p, &o);
	}
	return fault(p, "Unexpected kind: %.*s", (int)(kind.p ? kind.n : 7), kind.p ? kind.p : "unknown");
}

static int by_address(const void *a, const void *b) {
	uintptr_t x = (uintptr_t)*(yyjson_mut_val *const *)a, y = (uintptr_t)*(yyjson_mut_val *const *)b;
	return (x > y) - (x < y);
}

static int sort_visited(struct apply *p) {
	if (p->n_visited) qsort(p->visited, p->n_visited, sizeof(*p->visited), by_address);
	for (size_t i = 0; i < p->n_visited; i++) {
		if (i && p->visited[i] == p->visited[i - 1]) continue;
		if (members_sort(p->visited[i]) < 0) return -ENOMEM;
	}
	return 0;
}

int patch_json(struct arena *a, yyjson_mut_doc *doc, yyjson_mut_val **target, const yyjson_mut_val *patch, const char **ret_msg) {
	struct apply p = { .a = a, .doc = doc, .root = *target };
	yyjson_mut_val *op, *list = (yyjson_mut_val *)(uintptr_t)patch;
	size_t i, n;
	int r = visit(&p, p.root);
	yyjson_mut_arr_foreach(list, i, n, op) {
		if (r == 0) r = apply_op(&p, op);
	}
	if (r == 0) r = sort_visited(&p);
	if (r == -EINVAL && ret_msg) *ret_msg = p.msg;
	if (r == 0) *target = p.root;
	return r;
}
