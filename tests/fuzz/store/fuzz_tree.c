/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as edits of a tree, against an array of keys: each byte pair is an operation and a key; some operations keep a root,
 * which has to look the same at the end.
 */
#include "store/obj.h"
#include "store/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYS 1024
#define KEPT 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct model { uint8_t there[KEYS]; };

static struct store_key key_of(unsigned i, char buf[8]) {
	snprintf(buf, 8, "%04u", i);
	return (struct store_key){ i & 512 ? SLICE_LIT("/pods") : SLICE_LIT("/po"), i & 256 ? SLICE_LIT("b") : SLICE_NULL, slice_make(buf, 4) };
}

static void must(bool ok) {
	if (!ok) abort();
}

static void check(const struct tree_node *root, const struct model *m) {
	uint64_t n = 0;
	for (unsigned i = 0; i < KEYS; i++) {
		char buf[8];
		struct store_key k = key_of(i, buf);
		must((tree_find(root, &k) != NULL) == m->there[i]);
		n += m->there[i];
	}
	must(tree_count(root) == n);
	struct tree_bound all = { { SLICE_LIT("/zzz"), SLICE_NULL, SLICE_NULL }, 1, 1 }, first = { { SLICE_NULL, SLICE_NULL, SLICE_NULL }, 1, -1 };
	must(tree_rank(root, &all) == n);
	void *stack[2 * TREE_DEPTH_MAX];
	int depth;
	struct store_obj *last = NULL, *o;
	for (tree_seek(root, &first, stack, &depth); (o = tree_step(stack, &depth)); last = o, n--) must(!last || tree_key_cmp(&last->key, &o->key) < 0);
	must(n == 0);
}

static void edit(struct tree *t, struct model *m, unsigned i, bool put) {
	char buf[8];
	struct store_key k = key_of(i, buf);
	struct store_obj *old = NULL;
	if (put) {
		_cleanup_obj_ struct store_obj *o = NULL;
		must(obj_new(NULL, NULL, &k, NULL, &o) == 0 && tree_put(t, o, &old) == 0);
	} else {
		must((tree_remove(t, &k, &old) == 0) == m->there[i]);
	}
	must((old != NULL) == m->there[i]);
	store_obj_unref(old);
	m->there[i] = put;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct model m = { 0 }, old[KEPT] = { 0 };
	struct tree_node *kept[KEPT] = { 0 };
	struct tree t = tree_edit(NULL);
	for (size_t at = 0; at + 2 < size && at < 30000; at += 3) {
		unsigned op = data[at] % 16, i = (data[at + 1] << 8 | data[at + 2]) % KEYS, n = 1 + data[at] / 16 * 8u;
		for (unsigned k = 0; op < 14 && k < n; k++) edit(&t, &m, (i + k) % KEYS, op < 8);
		if (op < 14) continue;
		struct tree_node *root = tree_take(&t);
		tree_node_unref(kept[i % KEPT]);
		kept[i % KEPT] = tree_node_ref(root);
		old[i % KEPT] = m;
		t = tree_edit(root);
		tree_node_unref(root);
	}
	check(t.root, &m);
	tree_done(&t);
	for (size_t i = 0; i < KEPT; i++) {
		if (kept[i]) check(kept[i], &old[i]);
		tree_node_unref(kept[i]);
	}
	return 0;
}
