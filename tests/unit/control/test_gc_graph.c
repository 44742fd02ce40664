/* SPDX-License-Identifier: Apache-2.0 */
#include "control/gc/graph.h"

#include <check.h>
#include <stdlib.h>

static char seen[256];
static int kind_a, kind_b;

static void on_dirty(void *ctx k8c_unused, const struct gc_node *n) {
	strcat(seen, n->uid);
	strcat(seen, " ");
}

static void put(struct gc_graph *g, const char *uid, unsigned flags, uint64_t gen, const char *owner, bool blocks) {
	struct gc_owner w = { slice_str(owner ? owner : ""), blocks };
	struct gc_object o = { .uid = slice_str(uid), .ns = SLICE_LIT("n"), .name = slice_str(uid), .resource = &kind_a, .flags = flags, .gen = gen,
			       .owners = &w, .n_owners = owner ? 1 : 0 };
	seen[0] = 0;
	ck_assert_int_eq(gc_graph_put(g, &o), 0);
}

static void removed(struct gc_graph *g, const char *uid) {
	seen[0] = 0;
	gc_graph_remove(g, slice_str(uid));
}

START_TEST(objects_without_owners_leave_no_trace) {
	struct gc_graph *g = gc_graph_new(on_dirty, NULL);
	put(g, "x", 0, 1, NULL, false);
	ck_assert_uint_eq(gc_graph_count(g), 0);
	put(g, "x", GC_DELETING, 1, NULL, false);
	ck_assert_uint_eq(gc_graph_count(g), 0);
	put(g, "x", GC_DELETING | GC_ORPHAN, 1, NULL, false);
	ck_assert_uint_eq(gc_graph_count(g), 1);
	ck_assert_str_eq(seen, "x ");
	removed(g, "x");
	ck_assert_uint_eq(gc_graph_count(g), 0);
	gc_graph_free(g);
}
END_TEST

START_TEST(an_owner_nobody_has_confirmed_is_looked_for) {
	struct gc_graph *g = gc_graph_new(on_dirty, NULL);
	put(g, "child", 0, 1, "owner", false);
	ck_assert_str_eq(seen, "child ");
	gc_graph_confirm(g, SLICE_LIT("owner"));
	put(g, "child2", 0, 1, "owner", false);
	ck_assert_str_eq(seen, "");
	removed(g, "owner");
	ck_assert_str_eq(seen, "child child2 ");
	put(g, "child3", 0, 1, "owner", false);
	ck_assert_str_eq(seen, "child3 ");
	gc_graph_free(g);
}
END_TEST

START_TEST(a_waiting_owner_hears_of_its_dependents) {
	struct gc_graph *g = gc_graph_new(on_dirty, NULL);
	put(g, "child", 0, 1, "owner", true);
	put(g, "owner", GC_DELETING | GC_FOREGROUND, 1, NULL, false);
	ck_assert_str_eq(seen, "owner ");
	ck_assert(gc_node_blocked(gc_graph_find(g, SLICE_LIT("owner"))));
	put(g, "child", 0, 1, "owner", false);
	ck_assert_str_eq(seen, "owner ");
	ck_assert(!gc_node_blocked(gc_graph_find(g, SLICE_LIT("owner"))));
	removed(g, "child");
	ck_assert_str_eq(seen, "owner ");
	ck_assert_uint_eq(gc_graph_count(g), 1);
	gc_graph_free(g);
}
END_TEST

START_TEST(circles_and_self_owners_are_no_trouble) {
	struct gc_graph *g = gc_graph_new(on_dirty, NULL);
	put(g, "a", 0, 1, "b", true);
	put(g, "b", 0, 1, "a", true);
	put(g, "self", 0, 1, "self", true);
	ck_assert_str_eq(seen, "");
	removed(g, "a");
	ck_assert_str_eq(seen, "b ");
	removed(g, "b");
	removed(g, "self");
	ck_assert_uint_eq(gc_graph_count(g), 0);
	gc_graph_free(g);
}
END_TEST

START_TEST(a_list_that_does_not_show_an_object_ends_it) {
	struct gc_graph *g = gc_graph_new(on_dirty, NULL);
	put(g, "old", 0, 1, "owner", false);
	put(g, "new", 0, 2, "owner", false);
	gc_graph_doubt(g, &kind_b, 2);
	ck_assert_ptr_nonnull(gc_graph_find(g, SLICE_LIT("old")));
	seen[0] = 0;
	gc_graph_doubt(g, &kind_a, 2);
	ck_assert_ptr_null(gc_graph_find(g, SLICE_LIT("old")));
	ck_assert_str_eq(seen, "new ");
	gc_graph_free(g);
}
END_TEST

int main(void) {
	Suite *s = suite_create("gc graph");
	TCase *t = tcase_create("graph");
	tcase_add_test(t, objects_without_owners_leave_no_trace);
	tcase_add_test(t, an_owner_nobody_has_confirmed_is_looked_for);
	tcase_add_test(t, a_waiting_owner_hears_of_its_dependents);
	tcase_add_test(t, circles_and_self_owners_are_no_trouble);
	tcase_add_test(t, a_list_that_does_not_show_an_object_ends_it);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
