/* SPDX-License-Identifier: Apache-2.0 */
/* slice, arena, buf, blob, map, env. */
#include "base/arena.h"
#include "base/blob.h"
#include "base/buf.h"
#include "base/env.h"
#include "base/list.h"
#include "base/map.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

START_TEST(slice_compares_by_bytes_then_length) {
	ck_assert_int_eq(slice_cmp(SLICE_LIT("a"), SLICE_LIT("a")), 0);
	ck_assert_int_lt(slice_cmp(SLICE_LIT("a"), SLICE_LIT("ab")), 0);
	ck_assert_int_gt(slice_cmp(SLICE_LIT("b"), SLICE_LIT("ab")), 0);
	ck_assert_int_lt(slice_cmp(SLICE_NULL, SLICE_LIT("a")), 0);
	ck_assert(slice_eq(SLICE_NULL, SLICE_LIT("")));
	ck_assert(slice_ieq(SLICE_LIT("BeArEr"), SLICE_LIT("bearer")));
	ck_assert(!slice_ieq(SLICE_LIT("bearer"), SLICE_LIT("bearers")));
}
END_TEST

START_TEST(slice_cut_splits_and_ends_with_null) {
	struct slice rest = SLICE_LIT("a,,b");
	ck_assert(slice_eqs(slice_cut(&rest, ','), "a"));
	ck_assert(slice_eqs(slice_cut(&rest, ','), ""));
	ck_assert_ptr_nonnull(rest.p);
	ck_assert(slice_eqs(slice_cut(&rest, ','), "b"));
	ck_assert_ptr_null(rest.p);
}
END_TEST

static const struct { const char *text; int r; int64_t v; } ints[] = {
	{ "0", 0, 0 }, { "-5", 0, -5 }, { "+7", 0, 7 }, { "", -EINVAL, 0 }, { "-", -EINVAL, 0 }, { "1x", -EINVAL, 0 }, { " 1", -EINVAL, 0 },
	{ "9223372036854775807", 0, INT64_MAX }, { "9223372036854775808", -ERANGE, 0 }, { "-9223372036854775808", 0, INT64_MIN },
	{ "-9223372036854775809", -ERANGE, 0 }, { "99999999999999999999999", -ERANGE, 0 },
};

START_TEST(integers_are_whole_and_in_range) {
	int64_t v = 42;
	int r = slice_int(slice_str(ints[_i].text), INT64_MIN, INT64_MAX, &v);
	ck_assert_int_eq(r, ints[_i].r);
	ck_assert_int_eq(v, r == 0 ? ints[_i].v : 42);
}
END_TEST

START_TEST(integer_outside_the_asked_range_is_refused) {
	int64_t v;
	ck_assert_int_eq(slice_int(SLICE_LIT("65536"), 0, 65535, &v), -ERANGE);
	ck_assert_int_eq(slice_int(SLICE_LIT("-1"), 0, 65535, &v), -ERANGE);
}
END_TEST

static int freed;
static void note_free(void *p) { freed = freed * 10 + *(int *)p; }

START_TEST(arena_runs_deferred_calls_last_first) {
	static int one = 1, two = 2;
	struct arena *a = arena_new(0);
	freed = 0;
	ck_assert_int_eq(arena_defer(a, note_free, &one), 0);
	ck_assert_int_eq(arena_defer(a, note_free, &two), 0);
	arena_free(a);
	ck_assert_int_eq(freed, 21);
}
END_TEST

START_TEST(arena_keeps_its_limit) {
	_cleanup_arena_ struct arena *a = arena_new(100000);
	ck_assert_ptr_null(arena_alloc(a, 100001));
	ck_assert_ptr_nonnull(arena_alloc(a, 60000));
	ck_assert_ptr_null(arena_alloc(a, 60000));
	ck_assert_ptr_nonnull(arena_alloc(a, 30000));
	ck_assert_ptr_null(arena_array(a, SIZE_MAX / 2, 3));
}
END_TEST

START_TEST(arena_pieces_are_aligned_and_apart) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	char *before = NULL;
	for (size_t n = 0; n < 300; n++) {
		char *p = arena_zalloc(a, n);
		ck_assert_uint_eq((uintptr_t)p % 16, 0);
		memset(p, (int)n, n);
		if (before) ck_assert_int_eq((unsigned char)before[0], (unsigned char)(n - 1));
		before = n ? p : NULL;
	}
	char *s = arena_printf(a, "%s-%d", "x", 7);
	ck_assert_str_eq(s, "x-7");
	char *grown = arena_realloc(a, s, 4, 100000);
	ck_assert_str_eq(grown, "x-7");
}
END_TEST

START_TEST(buf_error_sticks_and_nothing_is_cut) {
	_cleanup_buf_ struct buf b = BUF_INIT(8);
	ck_assert_int_eq(buf_puts(&b, "12345"), 0);
	ck_assert_int_eq(buf_puts(&b, "6789"), -E2BIG);
	ck_assert_int_eq(buf_puts(&b, "6"), -E2BIG);
	ck_assert(slice_eqs(buf_slice(&b), "12345"));
	ck_assert_ptr_null(buf_take(&b, NULL));
	buf_clear(&b);
	ck_assert_int_eq(buf_printf(&b, "%d", 12345678), 0);
	ck_assert_int_eq(buf_put_u64(&b, 1), -E2BIG);
}
END_TEST

START_TEST(buf_writes_and_consumes) {
	_cleanup_buf_ struct buf b = BUF_INIT(1000);
	buf_put_u64(&b, UINT64_MAX);
	buf_putc(&b, '/');
	buf_put_u64(&b, 0);
	ck_assert_str_eq(b.p, "18446744073709551615/0");
	buf_consume(&b, 20);
	ck_assert_str_eq(b.p, "/0");
	buf_consume(&b, 99);
	ck_assert_uint_eq(b.n, 0);
}
END_TEST

START_TEST(blob_counts_references) {
	struct blob *b = blob_new("abc", 3);
	ck_assert_ptr_eq(blob_ref(b), b);
	ck_assert_ptr_null(blob_unref(b));
	ck_assert(slice_eqs(blob_slice(b), "abc"));
	ck_assert_ptr_null(blob_unref(b));
	ck_assert_ptr_null(blob_unref(NULL));
}
END_TEST

START_TEST(map_agrees_with_an_array) {
	enum { N = 500 };
	static int values[N];
	bool in[N] = { 0 };
	struct map *m = map_new(N);
	uint64_t x = 88172645463325252u;
	for (int step = 0; step < 20000; step++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		unsigned i = (unsigned)(x % N);
		char key[16];
		int n = snprintf(key, sizeof(key), "key-%u", i);
		struct slice k = slice_make(key, (size_t)n);
		if (x & (1u << 20)) {
			ck_assert_int_eq(map_put(m, k, &values[i], NULL), in[i]);
			in[i] = true;
		} else {
			ck_assert_ptr_eq(map_del(m, k), in[i] ? &values[i] : NULL);
			in[i] = false;
		}
	}
	size_t want = 0, seen = 0, it = 0;
	for (unsigned i = 0; i < N; i++) {
		char key[16];
		int n = snprintf(key, sizeof(key), "key-%u", i);
		want += in[i];
		ck_assert_ptr_eq(map_get(m, slice_make(key, (size_t)n)), in[i] ? &values[i] : NULL);
	}
	while (map_next(m, &it, NULL, NULL)) seen++;
	ck_assert_uint_eq(map_count(m), want);
	ck_assert_uint_eq(seen, want);
	map_free(m, NULL);
}
END_TEST

START_TEST(map_keeps_its_limit) {
	int v = 1;
	struct map *m = map_new(2);
	ck_assert_int_eq(map_put(m, SLICE_LIT("a"), &v, NULL), 0);
	ck_assert_int_eq(map_put(m, SLICE_LIT("b"), &v, NULL), 0);
	ck_assert_int_eq(map_put(m, SLICE_LIT("c"), &v, NULL), -E2BIG);
	ck_assert_int_eq(map_put(m, SLICE_LIT("a"), &v, NULL), 1);
	map_free(m, NULL);
}
END_TEST

static int fixed_random(void *ctx, void *p, size_t n) {
	unsigned char *at = ctx;
	for (size_t i = 0; i < n; i++) ((unsigned char *)p)[i] = (*at)++;
	return 0;
}

START_TEST(generated_text_has_kubernetes_forms) {
	unsigned char state = 0xf0;
	struct env e = env_system;
	e.ctx = &state;
	e.random = fixed_random;
	char uuid[37], suffix[6];
	ck_assert_int_eq(env_uuid(&e, uuid), 0);
	ck_assert_str_eq(uuid, "f0f1f2f3-f4f5-46f7-b8f9-fafbfcfdfeff");
	ck_assert_int_eq(env_name_suffix(&env_system, suffix, 5), 0);
	ck_assert_uint_eq(strspn(suffix, "bcdfghjklmnpqrstvwxz2456789"), 5);
}
END_TEST

struct item { int v; struct list node; };

START_TEST(list_survives_removal_while_walking) {
	struct list head;
	struct item items[3] = { { .v = 1 }, { .v = 2 }, { .v = 3 } };
	int sum = 0;
	list_init(&head);
	for (int i = 0; i < 3; i++) list_add_tail(&head, &items[i].node);
	list_foreach(&head, pos) {
		struct item *it = list_entry(pos, struct item, node);
		if (it->v == 2) list_del(pos);
	}
	list_foreach(&head, pos) sum = sum * 10 + list_entry(pos, struct item, node)->v;
	ck_assert_int_eq(sum, 13);
}
END_TEST

int main(void) {
	Suite *s = suite_create("base");
	TCase *t = tcase_create("base");
	tcase_add_test(t, slice_compares_by_bytes_then_length);
	tcase_add_test(t, slice_cut_splits_and_ends_with_null);
	tcase_add_loop_test(t, integers_are_whole_and_in_range, 0, (int)ELEMENTSOF(ints));
	tcase_add_test(t, integer_outside_the_asked_range_is_refused);
	tcase_add_test(t, arena_runs_deferred_calls_last_first);
	tcase_add_test(t, arena_keeps_its_limit);
	tcase_add_test(t, arena_pieces_are_aligned_and_apart);
	tcase_add_test(t, buf_error_sticks_and_nothing_is_cut);
	tcase_add_test(t, buf_writes_and_consumes);
	tcase_add_test(t, blob_counts_references);
	tcase_add_test(t, map_agrees_with_an_array);
	tcase_add_test(t, map_keeps_its_limit);
	tcase_add_test(t, generated_text_has_kubernetes_forms);
	tcase_add_test(t, list_survives_removal_while_walking);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
