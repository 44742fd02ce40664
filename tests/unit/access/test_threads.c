/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that change while others read them: the published pointer, the feed from the store, access as a whole. */
#include "access/publish.h"
#include "world.h"

#include <pthread.h>
#include <sched.h>

#define READERS 4
#define ROUNDS 20000

struct value {
	int n, twice;
};

static _Atomic(int) alive;

static struct value *value_new(int n) {
	struct value *v = malloc(sizeof(*v));
	*v = (struct value){ n, 2 * n };
	atomic_fetch_add(&alive, 1);
	return v;
}

static void value_drop(void *p) {
	struct value *v = p;
	v->n = v->twice = -1;
	free(v);
	atomic_fetch_sub(&alive, 1);
}

struct shared {
	struct publish p;
	_Atomic(bool) stop;
	_Atomic(int) torn;
};

static void *read_values(void *arg) {
	struct shared *s = arg;
	int last = 0;
	while (!atomic_load(&s->stop)) {
		struct publish_slot *slot;
		struct value *v = publish_acquire(&s->p, &slot);
		if (v->twice != 2 * v->n || v->n < last) atomic_fetch_add(&s->torn, 1);
		last = v->n;
		publish_release(slot);
	}
	return NULL;
}

START_TEST(readers_never_see_a_freed_value) {
	struct shared *s = aligned_alloc(_Alignof(struct shared), sizeof(*s));
	pthread_t t[READERS];
	memset(s, 0, sizeof(*s));
	publish_init(&s->p, value_drop);
	ck_assert_int_eq(publish_set(&s->p, value_new(1)), 0);
	for (int i = 0; i < READERS; i++) ck_assert_int_eq(pthread_create(&t[i], NULL, read_values, s), 0);
	for (int i = 2; i < ROUNDS; i++) ck_assert_int_eq(publish_set(&s->p, value_new(i)), 0);
	atomic_store(&s->stop, true);
	for (int i = 0; i < READERS; i++) pthread_join(t[i], NULL);
	ck_assert_int_eq(atomic_load(&s->torn), 0);
	publish_done(&s->p);
	ck_assert_int_eq(atomic_load(&alive), 0);
	free(s);
}
END_TEST

START_TEST(a_held_value_survives_its_successor) {
	struct publish *p = aligned_alloc(_Alignof(struct publish), sizeof(*p));
	struct publish_slot *slot, *other;
	publish_init(p, value_drop);
	ck_assert_ptr_null(publish_acquire(p, &slot));
	publish_release(slot);
	ck_assert_int_eq(publish_set(p, value_new(1)), 0);
	struct value *v = publish_acquire(p, &slot);
	ck_assert_int_eq(publish_set(p, value_new(2)), 0);
	ck_assert_int_eq(publish_set(p, value_new(3)), 0);
	ck_assert_int_eq(v->n, 1);
	ck_assert_int_eq(atomic_load(&alive), 2); /* 2 went, 1 is held */
	ck_assert_int_eq(((struct value *)publish_acquire(p, &other))->n, 3);
	publish_release(other);
	publish_release(slot);
	ck_assert_int_eq(publish_set(p, value_new(4)), 0);
	ck_assert_int_eq(atomic_load(&alive), 1);
	publish_done(p);
	free(p);
}
END_TEST

#define RBAC "rbac.authorization.k8s.io/"

static struct access *access_on(struct world *w, struct loop *l) {
	struct access_options o = { .env = &w->env, .store = w->store, .sa_key_pem = w->sa.key_pem, .issuer = ISSUER, .loop = l };
	struct access *acc;
	const char *msg;
	ck_assert_msg(access_new(&o, &acc, &msg) == 0, "%s", msg);
	return acc;
}

static bool may_get_pods(struct access *acc, struct world *w, const char *user) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct access_user u = { .name = slice_str(user) };
	struct access_attrs at = world_ask(&u, "get", "", "pods", "a", "");
	const char *reason;
	return access_authorize(acc, a, &at, &reason) == 1;
}

/* Waits for the answer to come; the test's timeout ends it otherwise. */
static void wait_for(struct access *acc, struct world *w, const char *user, bool yes) {
	while (may_get_pods(acc, w, user) != yes) (void)sched_yield();
}

START_TEST(the_feed_follows_the_store) {
	_cleanup_world_ struct world *w = world_new();
	struct loop *l;
	ck_assert_int_eq(loop_start("rbac", &l), 0);
	struct access *acc = access_on(w, l);
	ck_assert(!may_get_pods(acc, w, "ann"));
	world_put(w, RBAC "roles", "a", "r", "u", "", ",'rules':[{'verbs':['get'],'apiGroups':[''],'resources':['pods']}]");
	world_put(w, RBAC "rolebindings", "a", "b", "u", "",
		  ",'subjects':[{'kind':'User','name':'ann'}],'roleRef':{'kind':'Role','name':'r'}");
	wait_for(acc, w, "ann", true);
	uint64_t g = access_generation(acc);
	world_put(w, "/configmaps", "a", "c", "u", "", ""); /* not its business */
	world_del(w, RBAC "rolebindings", "a", "b");
	wait_for(acc, w, "ann", false);
	/* The number follows the rules, never the other way round. */
	while (access_generation(acc) <= g) (void)sched_yield();
	access_free(acc);
	loop_stop(l);
}
END_TEST

/* A start writes seventy roles: each was a compilation of all of them. */
START_TEST(held_rules_are_compiled_once_when_let_go) {
	_cleanup_world_ struct world *w = world_new();
	struct loop *l;
	ck_assert_int_eq(loop_start("rbac", &l), 0);
	struct access *acc = access_on(w, l);
	uint64_t g = access_generation(acc);
	access_hold(acc, true);
	world_put(w, RBAC "roles", "a", "r", "u", "", ",'rules':[{'verbs':['get'],'apiGroups':[''],'resources':['pods']}]");
	world_put(w, RBAC "rolebindings", "a", "b", "u", "",
		  ",'subjects':[{'kind':'User','name':'ann'}],'roleRef':{'kind':'Role','name':'r'}");
	ck_assert(!may_get_pods(acc, w, "ann"));
	ck_assert_uint_eq(access_generation(acc), g);
	access_hold(acc, false);
	ck_assert_int_eq(access_rebuild(acc), 0);
	ck_assert(may_get_pods(acc, w, "ann"));
	world_del(w, RBAC "rolebindings", "a", "b");
	wait_for(acc, w, "ann", false);
	access_free(acc);
	loop_stop(l);
}
END_TEST

struct asking {
	struct access *acc;
	struct world *w;
	struct slice token;
	_Atomic(bool) stop;
	_Atomic(int) wrong, asked;
};

static void *ask(void *arg) {
	struct asking *k = arg;
	while (!atomic_load(&k->stop)) {
		_cleanup_arena_ struct arena *a = arena_new(0);
		struct access_credentials c = { .authorization = slice_str(arena_printf(a, "Bearer %.*s", SLICE_FMT(k->token))) };
		struct access_user *u;
		const char *warning, *reason;
		if (access_authenticate(k->acc, a, &c, &u, &warning) != 0) atomic_fetch_add(&k->wrong, 1);
		struct access_attrs at = world_ask(u, "get", "", "/version", "", "");
		if (access_authorize(k->acc, a, &at, &reason) != 1) atomic_fetch_add(&k->wrong, 1);
		atomic_fetch_add(&k->asked, 1);
	}
	return NULL;
}

START_TEST(questions_are_answered_while_rules_change) {
	_cleanup_world_ struct world *w = world_new();
	struct loop *l;
	pthread_t t[READERS];
	struct asking k = { .w = w };
	struct access_token_spec s = {
		.ns = SLICE_LIT("default"), .sa_name = SLICE_LIT("bob"), .sa_uid = SLICE_LIT("u"), .seconds = 600
	};
	struct slice jti;
	world_put(w, "/serviceaccounts", "default", "bob", "u", "", "");
	ck_assert_int_eq(loop_start("rbac", &l), 0);
	k.acc = access_on(w, l);
	ck_assert_int_eq(access_token_sign(k.acc, w->a, &s, &k.token, &jti), 0);
	for (int i = 0; i < READERS; i++) ck_assert_int_eq(pthread_create(&t[i], NULL, ask, &k), 0);
	for (int i = 0; i < 60; i++)
		world_put(w, RBAC "roles", "a", arena_printf(w->a, "r%d", i), "u", "", ",'rules':[]");
	while (atomic_load(&k.asked) < 100) (void)sched_yield();
	atomic_store(&k.stop, true);
	for (int i = 0; i < READERS; i++) pthread_join(t[i], NULL);
	ck_assert_int_eq(atomic_load(&k.wrong), 0);
	access_free(k.acc);
	loop_stop(l);
}
END_TEST

int main(void) {
	Suite *s = suite_create("access/threads");
	TCase *t = tcase_create("threads");
	tcase_set_timeout(t, 240);
	tcase_add_test(t, readers_never_see_a_freed_value);
	tcase_add_test(t, a_held_value_survives_its_successor);
	tcase_add_test(t, the_feed_follows_the_store);
	tcase_add_test(t, held_rules_are_compiled_once_when_let_go);
	tcase_add_test(t, questions_are_answered_while_rules_change);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
