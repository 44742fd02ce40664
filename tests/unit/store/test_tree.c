/* SPDX-License-Identifier: Apache-2.0 */
/* The tree against a sorted array: edits, snapshots that must not move, scans, counts. */
#include "help.h"
#include "store/obj.h"
#include "store/tree.h"

#include <errno.h>
#include <string.h>

#define RESOURCES 4
#define SPACES 3
#define NAMES 400
#define KEYS (RESOURCES * SPACES * NAMES)
#define OLD 12

/* Key i in tree order; a model is one revision number per key, 0 for absent. */
struct model { uint64_t rv[KEYS]; };

static struct store_key key_of(size_t i, char buf[16]) {
	static const char *const resource[RESOURCES] = { "/nodes", "/pods", "apps/deployments", "apps/deployments.x" };
	static const char *const space[SPACES] = { "a", "a.b", "b" };
	snprintf(buf, 16, "n%06zu", i % NAMES);
	return help_key(resource[i / (SPACES * NAMES)], space[i / NAMES % SPACES], buf);
}

static struct store_obj *obj_of(size_t i, uint64_t rv) {
	char buf[16];
	struct store_key k = key_of(i, buf);
	struct store_obj *o;
	ck_assert_int_eq(obj_new(NULL, NULL, &k, NULL, &o), 0);
	o->rv = rv;
	return o;
}

static uint64_t seed = 88172645463325252u;
static uint64_t rnd(uint64_t below) {
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static size_t model_count(const struct model *m, size_t from, size_t to) {
	size_t n = 0;
	for (; from < to; from++) n += m->rv[from] != 0;
	return n;
}

static void same(const struct tree_node *root, const struct model *m) {
	struct tree_bound b = { { SLICE_LIT(""), SLICE_NULL, SLICE_NULL }, 1, -1 };
	void *stack[2 * TREE_DEPTH_MAX];
	int depth;
	size_t i = 0;
	tree_seek(root, &b, stack, &depth);
	for (struct store_obj *o; (o = tree_step(stack, &depth)); i++) {
		while (i < KEYS && !m->rv[i]) i++;
		char buf[16];
		struct store_key k = key_of(i, buf);
		ck_assert_int_eq(tree_key_cmp(&k, &o->key), 0);
		ck_assert_uint_eq(o->rv, m->rv[i]);
	}
	while (i < KEYS && !m->rv[i]) i++;
	ck_assert_uint_eq(i, KEYS);
	ck_assert_uint_eq(tree_count(root), model_count(m, 0, KEYS));
}

static void same_ranks(const struct tree_node *root, const struct model *m) {
	for (int n = 0; n < 20; n++) {
		size_t i = rnd(KEYS);
		char buf[16];
		struct store_key k = key_of(i, buf);
		struct tree_bound at = { k, 3, 0 }, behind = { k, 3, 1 }, space = { k, 2, -1 }, resource = { k, 1, 1 };
		ck_assert_uint_eq(tree_rank(root, &at), model_count(m, 0, i));
		ck_assert_uint_eq(tree_rank(root, &behind), model_count(m, 0, i + 1));
		ck_assert_uint_eq(tree_rank(root, &space), model_count(m, 0, i / NAMES * NAMES));
		ck_assert_uint_eq(tree_rank(root, &resource), model_count(m, 0, (i / (SPACES * NAMES) + 1) * SPACES * NAMES));
	}
}

/* One random edit of key i in both. Phases favour growth, then shrinking. */
static void edit(struct tree *t, struct model *m, size_t i, uint64_t rv, bool grow) {
	struct store_obj *old = NULL;
	char buf[16];
	struct store_key k = key_of(i, buf);
	if (rnd(10) < (grow ? 8u : 3u)) {
		_cleanup_obj_ struct store_obj *o = obj_of(i, rv);
		ck_assert_int_eq(tree_put(t, o, &old), 0);
		ck_assert_uint_eq(old ? old->rv : 0, m->rv[i]);
		m->rv[i] = rv;
	} else {
		ck_assert_int_eq(tree_remove(t, &k, &old), m->rv[i] ? 0 : -ENOENT);
		m->rv[i] = 0;
	}
	store_obj_unref(old);
	struct store_obj *now = tree_find(t->root, &k);
	ck_assert_uint_eq(now ? now->rv : 0, m->rv[i]);
}

START_TEST(random_edits_match_a_sorted_array) {
	static struct model m, old[OLD];
	struct tree_node *root = NULL, *old_root[OLD] = { 0 };
	memset(&m, 0, sizeof(m));
	uint64_t rv = 1;
	for (int batch = 0; batch < 2200; batch++) {
		struct tree t = tree_edit(root);
		bool grow = batch / 300 % 2 == 0;
		for (uint64_t n = 1 + rnd(100); n; n--) edit(&t, &m, rnd(4) ? rnd(KEYS) : rv % KEYS, rv, grow), rv++;
		tree_node_unref(root);
		root = tree_take(&t);
		if (batch % 50 == 0) {
			size_t at = rnd(OLD);
			if (old_root[at]) same(old_root[at], &old[at]); /* nothing done since has touched it */
			tree_node_unref(old_root[at]);
			old_root[at] = tree_node_ref(root);
			old[at] = m;
			same(root, &m);
			same_ranks(root, &m);
		}
	}
	ck_assert_uint_gt(rv, 100000);
	for (size_t i = 0; i < OLD; i++) {
		if (old_root[i]) same(old_root[i], &old[i]);
		tree_node_unref(old_root[i]);
	}
	tree_node_unref(root);
}
END_TEST

START_TEST(a_dropped_edit_changes_nothing) {
	static struct model m;
	struct tree t = tree_edit(NULL);
	memset(&m, 0, sizeof(m));
	for (size_t i = 0; i < 3000; i++) edit(&t, &m, i, i + 1, true);
	struct tree_node *root = tree_take(&t);
	static struct model copy;
	copy = m;
	t = tree_edit(root);
	for (size_t i = 0; i < 3000; i++) edit(&t, &copy, rnd(KEYS), i + 10000, false);
	tree_done(&t);
	same(root, &m);
	tree_node_unref(root);
}
END_TEST

START_TEST(ordered_insertion_fills_leaves_and_emptying_frees_all) {
	struct tree t = tree_edit(NULL);
	struct store_obj *old;
	for (size_t i = 0; i < KEYS; i++) {
		_cleanup_obj_ struct store_obj *o = obj_of(i, i + 1);
		ck_assert_int_eq(tree_put(&t, o, &old), 0);
	}
	ck_assert_uint_eq(tree_count(t.root), KEYS);
	for (size_t i = 0; i < KEYS; i++) {
		char buf[16];
		struct store_key k = key_of(i, buf);
		ck_assert_int_eq(tree_remove(&t, &k, &old), 0);
		store_obj_unref(old);
	}
	ck_assert_ptr_null(t.root);
	tree_done(&t);
}
END_TEST

int main(void) {
	Suite *suite = suite_create("store tree");
	TCase *tc = tcase_create("tree");
	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, random_edits_match_a_sorted_array);
	tcase_add_test(tc, a_dropped_edit_changes_nothing);
	tcase_add_test(tc, ordered_insertion_fills_leaves_and_emptying_frees_all);
	suite_add_tcase(suite, tc);
	SRunner *r = srunner_create(suite);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
