/* SPDX-License-Identifier: Apache-2.0 */
/* JSON merge patch (RFC 7396). */
#include "codec/json_stack.h"
#include "codec/members.h"
#include "codec/patch.h"

/* What is left to do: merge b into a (objects), or, with b NULL, prune nulls out of a. */
struct job { struct json_stack st; yyjson_mut_doc *doc; };

static int push(struct job *j, yyjson_mut_val *a, const yyjson_mut_val *b) {
	return json_stack_push(&j->st, (struct json_frame){ a, b, 0 });
}

/* Drops the null members of an object (sorting it) and visits what it and lists contain. */
static int prune(struct job *j, yyjson_mut_val *v) {
	yyjson_mut_val *e;
	size_t i, n;
	int r = 0;
	if (yyjson_mut_is_arr(v)) {
		yyjson_mut_arr_foreach(v, i, n, e) {
			if (unsafe_yyjson_is_ctn(e) && (r = push(j, e, NULL)) < 0) return r;
		}
		return 0;
	}
	_cleanup_(members_done) struct members m = { 0 };
	if (members_sorted(v, &m) < 0) return -ENOMEM;
	yyjson_mut_obj_clear(v);
	for (i = 0; i < m.n && r == 0; i++) {
		if (yyjson_mut_is_null(m.v[i].val)) continue;
		yyjson_mut_obj_add(v, m.v[i].key, m.v[i].val);
		if (unsafe_yyjson_is_ctn(m.v[i].val)) r = push(j, m.v[i].val, NULL);
	}
	return r;
}

/* A patch's value as it goes into the document. `pruned`: without null members. */
static yyjson_mut_val *copy_in(struct job *j, const yyjson_mut_val *v, bool pruned) {
	yyjson_mut_val *c = json_copy(j->doc, v);
	if (c && pruned && unsafe_yyjson_is_ctn(c) && push(j, c, NULL) < 0) return NULL;
	return c;
}

/* The value a member has after the patch; NULL when out of memory. */
static yyjson_mut_val *merged_value(struct job *j, yyjson_mut_val *cur, yyjson_mut_val *patch) {
	bool both = yyjson_mut_is_obj(cur) && yyjson_mut_is_obj(patch);
	if (both) return push(j, cur, patch) < 0 ? NULL : cur;
	return copy_in(j, patch, !yyjson_mut_is_obj(cur));
}

static int merge_object(struct job *j, yyjson_mut_val *t, const yyjson_mut_val *patch) {
	_cleanup_(members_done) struct members have = { 0 }, want = { 0 };
	if (members_sorted(t, &have) < 0 || members_sorted(patch, &want) < 0) return -ENOMEM;
	yyjson_mut_obj_clear(t);
	for (size_t i = 0, k = 0; i < have.n || k < want.n;) {
		int c = i == have.n ? 1 : k == want.n ? -1 : slice_cmp(json_str(have.v[i].key), json_str(want.v[k].key));
		if (c < 0) {
			yyjson_mut_obj_add(t, have.v[i].key, have.v[i].val);
			i++;
			continue;
		}
		struct member *old = c == 0 ? &have.v[i++] : NULL, *new = &want.v[k++];
		if (yyjson_mut_is_null(new->val)) continue;
		yyjson_mut_val *val = merged_value(j, old ? old->val : NULL, new->val);
		yyjson_mut_val *key = old ? old->key : json_copy(j->doc, new->key);
		if (!val || !key) return -ENOMEM;
		yyjson_mut_obj_add(t, key, val);
	}
	return 0;
}

static void job_done(struct job *j) { json_stack_done(&j->st); }

int patch_merge(yyjson_mut_doc *doc, yyjson_mut_val **target, const yyjson_mut_val *patch) {
	_cleanup_(job_done) struct job j = { .doc = doc };
	json_stack_init(&j.st);
	yyjson_mut_val *p = (yyjson_mut_val *)(uintptr_t)patch, *root = *target;
	if (yyjson_mut_is_obj(p) && !yyjson_mut_is_obj(root)) root = yyjson_mut_obj(doc);
	root = root || !yyjson_mut_is_obj(p) ? merged_value(&j, root, p) : NULL;
	int r = root ? 0 : -ENOMEM;
	while (r == 0 && j.st.n) {
		struct json_frame f = j.st.v[--j.st.n];
		yyjson_mut_val *a = (yyjson_mut_val *)(uintptr_t)f.a;
		r = f.b ? merge_object(&j, a, f.b) : prune(&j, a);
	}
	if (r == 0) *target = root;
	return r;
}
