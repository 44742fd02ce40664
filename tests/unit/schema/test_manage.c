/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/patch/manage.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>

#define NOW 1700000000 /* 2023-11-14T22:13:20Z */

struct scene {
	struct arena *a;
	const struct schema_type *type;
	struct manage m;
	yyjson_mut_val *live;
	struct manage_conflicts conflicts;
	const char *msg;
};

static struct scene scene(struct arena *a, const char *version, const char *kind) {
	struct scene s = { .a = a, .type = type_named(version, kind) };
	s.m = (struct manage){ .a = a, .doc = json_doc(a), .type = s.type, .version = slice_str(version), .now_sec = NOW };
	return s;
}

static void update(struct scene *s, const char *manager, const char *text) {
	yyjson_mut_val *obj = json_copy(s->m.doc, yyjson_mut_doc_get_root(decoded(s->a, s->type, text)));
	s->m.manager = slice_str(manager);
	ck_assert_int_eq(manage_update(&s->m, s->live, obj), 0);
	s->live = obj;
}

static int apply(struct scene *s, const char *manager, bool force, const char *text) {
	yyjson_mut_val *out, *patch = json_copy(s->m.doc, yyjson_mut_doc_get_root(parse(s->a, text)));
	s->m.manager = slice_str(manager);
	s->m.force = force;
	s->conflicts = (struct manage_conflicts){ 0 };
	int r = manage_apply(&s->m, s->live, patch, &out, &s->conflicts, &s->msg);
	if (r == 0) s->live = json_copy(s->m.doc, out);
	return r;
}

static const char *text_at(struct scene *s, const char *path) {
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 20);
	const yyjson_mut_val *v = json_path(s->live, path);
	if (!v) return "";
	json_write(&b, v);
	return text_of(s->a, &b);
}

/* What an entry's manager owns; "" when there is no such entry. */
static const char *owned(struct scene *s, const char *manager) {
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 20);
	yyjson_mut_val *e;
	json_each(json_path(s->live, "metadata.managedFields"), e)
		if (slice_eqs(json_path_str(e, "manager"), manager)) {
			json_write(&b, json_get(e, "fieldsV1"));
			return text_of(s->a, &b);
		}
	return "";
}

#define CM(rest) "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\",\"uid\":\"u\"}" rest "}"
#define APPLIED(rest) "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\"}" rest "}"

START_TEST(writers_take_what_they_change) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct scene s = scene(a, "v1", "ConfigMap");
	update(&s, "one", CM(",\"data\":{\"a\":\"1\",\"b\":\"2\"}"));
	ck_assert_str_eq(owned(&s, "one"), "{\"f:data\":{\".\":{},\"f:a\":{},\"f:b\":{}}}");
	update(&s, "two", CM(",\"data\":{\"a\":\"9\",\"b\":\"2\",\"c\":\"3\"}"));
	ck_assert_str_eq(owned(&s, "one"), "{\"f:data\":{\".\":{},\"f:b\":{}}}");
	ck_assert_str_eq(owned(&s, "two"), "{\"f:data\":{\"f:a\":{},\"f:c\":{}}}");
	update(&s, "three", CM(""));
	ck_assert_str_eq(text_at(&s, "metadata.managedFields"), "");
}
END_TEST

START_TEST(open_values_of_built_in_kinds_are_owned_as_one) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct scene s = scene(a, "apps/v1", "ControllerRevision");
	update(&s, "one", "{\"metadata\":{\"name\":\"r\"},\"data\":{\"a\":{\"b\":1}},\"revision\":1}");
	ck_assert_str_eq(owned(&s, "one"), "{\"f:data\":{},\"f:revision\":{}}");
	update(&s, "two", "{\"metadata\":{\"name\":\"r\"},\"data\":{\"a\":{\"b\":2}},\"revision\":1}");
	ck_assert_str_eq(owned(&s, "one"), "{\"f:revision\":{}}");
	ck_assert_str_eq(owned(&s, "two"), "{\"f:data\":{}}");
}
END_TEST

START_TEST(members_of_structs_belong_to_new_elements) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct scene s = scene(a, "v1", "Pod");
	update(&s, "one",
	       "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":80,"
	       "\"protocol\":\"TCP\"}]}]}}");
	ck_assert_str_eq(
		owned(&s, "one"),
		"{\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"c\\\"}\":{\".\":{},\"f:name\":{},\"f:ports\":{\".\":{},"
		"\"k:{\\\"containerPort\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\":{\".\":{},\"f:containerPort\":{},\"f:protocol\":{}"
		"}},"
		"\"f:resources\":{}}}}}");
}
END_TEST

START_TEST(twins_are_owned_whole) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct scene s = scene(a, "v1", "Pod");
	update(&s, "one",
	       "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"env\":[{\"name\":\"A\",\"value\":"
	       "\"1\"},{\"name\":\"A\",\"value\":\"2\"}]}]}}");
	ck_assert(strstr(owned(&s, "one"), "\"f:env\":{\".\":{},\"k:{\\\"name\\\":\\\"A\\\"}\":{}}") != NULL);
}
END_TEST

START_TEST(clients_may_reset_but_not_break) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct scene s = scene(a, "v1", "ConfigMap");
	update(&s, "one", CM(",\"data\":{\"a\":\"1\"}"));
	update(&s, "two",
	       "{\"metadata\":{\"name\":\"c\",\"uid\":\"u\",\"managedFields\":[{\"manager\":\"x\",\"operation\":\"Nonsense\"}]},"
	       "\"data\":{\"a\":\"1\"}}");
	ck_assert_str_eq(owned(&s, "one"), "{\"f:data\":{\".\":{},\"f:a\":{}}}");
	update(&s, "two", "{\"metadata\":{\"name\":\"c\",\"uid\":\"u\",\"managedFields\":[{}]},\"data\":{\"a\":\"2\"}}");
	ck_assert_str_eq(text_at(&s, "metadata.managedFields"), "");
	/* Untracked objects stay so under updates. */
	update(&s, "two", CM(",\"data\":{\"a\":\"3\"}"));
	ck_assert_str_eq(text_at(&s, "metadata.managedFields"), "");
	ck_assert_int_eq(apply(&s, "app", true, APPLIED(",\"data\":{\"b\":\"1\"}")), 0);
	ck_assert_str_eq(owned(&s, "before-first-apply"), "{\"f:data\":{\".\":{},\"f:a\":{}}}");
	ck_assert_str_eq(owned(&s, "app"), "{\"f:data\":{\"f:b\":{}}}");
}
END_TEST

START_TEST(old_updates_are_united) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct scene s = scene(a, "v1", "ConfigMap");
	char text[1024] = CM(",\"data\":{\"k\":\"v\"}"), name[16], data[512] = "\"k\":\"v\"";
	update(&s, "m", text);
	for (int i = 0; i < 12; i++) {
		size_t n = strlen(data);
		snprintf(data + n, sizeof(data) - n, ",\"k%02d\":\"v\"", i);
		snprintf(text, sizeof(text),
			 "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c\",\"uid\":\"u\"},\"data\":{%s}"
			 "}",
			 data);
		snprintf(name, sizeof(name), "m%02d", i);
		s.m.now_sec++;
		update(&s, arena_strdup(a, name), text);
	}
	ck_assert_uint_eq(json_size(json_path(s.live, "metadata.managedFields")), 10);
	ck_assert_str_eq(owned(&s, "ancient-changes"),
			 "{\"f:data\":{\".\":{},\"f:k\":{},\"f:k00\":{},\"f:k01\":{},\"f:k02\":{}}}");
}
END_TEST

START_TEST(a_write_cannot_own_what_is_reset) {
	static const char *const reset[] = { "status", NULL };
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct scene s = scene(a, "v1", "Pod");
	s.m.reset = reset;
	update(&s, "one", "{\"metadata\":{\"name\":\"p\",\"labels\":{\"a\":\"b\"}},\"status\":{\"message\":\"m\"}}");
	ck_assert_str_eq(owned(&s, "one"), "{\"f:metadata\":{\"f:labels\":{\".\":{},\"f:a\":{}}}}");
}
END_TEST

START_TEST(conflicts_force_and_giving_up) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct scene s = scene(a, "v1", "ConfigMap");
	ck_assert_int_eq(apply(&s, "alpha", false, APPLIED(",\"data\":{\"a\":\"1\",\"b\":\"2\"}")), 0);
	ck_assert_int_eq(apply(&s, "beta", false, APPLIED(",\"data\":{\"a\":\"2\"}")), -EBUSY);
	ck_assert_uint_eq(s.conflicts.n, 1);
	ck_assert_str_eq(s.conflicts.v[0].manager, "\"alpha\"");
	ck_assert_str_eq(s.conflicts.v[0].field, ".data.a");
	ck_assert_int_eq(apply(&s, "beta", true, APPLIED(",\"data\":{\"a\":\"2\"}")), 0);
	ck_assert_str_eq(owned(&s, "alpha"), "{\"f:data\":{\"f:b\":{}}}");
	ck_assert_int_eq(apply(&s, "alpha", false, APPLIED(",\"data\":{\"c\":\"3\"}")), 0);
	ck_assert_str_eq(text_at(&s, "data"), "{\"a\":\"2\",\"c\":\"3\"}");
	/* The same value is shared; who gives a shared field up leaves it. */
	ck_assert_int_eq(apply(&s, "alpha", false, APPLIED(",\"data\":{\"a\":\"2\"}")), 0);
	ck_assert_int_eq(apply(&s, "beta", false, APPLIED("")), 0);
	ck_assert_str_eq(text_at(&s, "data"), "{\"a\":\"2\"}");
	ck_assert_str_eq(owned(&s, "beta"), "");
}
END_TEST

#define TEMPLATE(containers)                                                                                                    \
	"{\"apiVersion\":\"v1\",\"kind\":\"PodTemplate\",\"metadata\":{\"name\":\"t\"},\"template\":{\"spec\":{\"containers\":" \
	"[" containers "]}}}"

static const char *names(struct scene *s) {
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 12);
	yyjson_mut_val *c;
	json_each(json_path(s->live, "template.spec.containers"), c) buf_put_slice(&b, json_path_str(c, "name"));
	return text_of(s->a, &b);
}

START_TEST(order_of_elements) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct scene s = scene(a, "v1", "PodTemplate");
	ck_assert_int_eq(apply(&s, "alpha", false, TEMPLATE("{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}")), 0);
	ck_assert_int_eq(apply(&s, "beta", false, TEMPLATE("{\"name\":\"c\"},{\"name\":\"x\"},{\"name\":\"a\"}")), 0);
	ck_assert_str_eq(names(&s), "bcxa");
	ck_assert_int_eq(apply(&s, "alpha", false, TEMPLATE("{\"name\":\"a\"}")), 0);
	ck_assert_str_eq(names(&s), "cxa");
}
END_TEST

START_TEST(what_does_not_fit) {
	static const struct { const char *patch, *why;
	} bad[] = {
		{ TEMPLATE("{\"name\":\"a\"},{\"name\":\"a\"}"),
		  ".template.spec.containers: duplicate entries for key [name=\"a\"]" },
		{ TEMPLATE("{\"name\":\"a\",\"nosuch\":1}"),
		  ".template.spec.containers[name=\"a\"].nosuch: field not declared in schema" },
		{ TEMPLATE("{\"name\":\"a\",\"tty\":\"x\"}"),
		  ".template.spec.containers[name=\"a\"].tty: expected boolean, got x" },
		{ "{\"template\":[\"a\"]}", ".template: expected map, got &{[a]}" },
		{ "{\"template\":{\"spec\":{\"containers\":5}},\"nosuch\":1}",
		  "errors:\n  .template.spec.containers: expected list, got &{5}\n  .nosuch: field not declared in schema" },
	};
	_cleanup_arena_ struct arena *a = arena_new(0);
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		struct scene s = scene(a, "v1", "PodTemplate");
		ck_assert_int_eq(apply(&s, "alpha", false, bad[i].patch), -EBADMSG);
		ck_assert_str_eq(s.msg, bad[i].why);
	}
}
END_TEST

START_TEST(zeros_of_the_client_count) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct scene s = scene(a, "v1", "Pod");
	ck_assert_int_eq(
		apply(&s, "alpha", false,
		      "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},\"spec\":{\"hostNetwork\":false}}"),
		0);
	ck_assert_str_eq(owned(&s, "alpha"), "{\"f:spec\":{\"f:hostNetwork\":{}}}");
}
END_TEST

START_TEST(times_alone_are_no_change) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct scene s = scene(a, "v1", "ConfigMap");
	update(&s, "one", CM(",\"data\":{\"a\":\"1\"}"));
	yyjson_mut_val *later = json_copy(s.m.doc, s.live), *other = json_copy(s.m.doc, s.live);
	ck_assert(json_set_str(s.m.doc, json_first(json_path(later, "metadata.managedFields")), "time",
			       SLICE_LIT("2030-01-01T00:00:00Z")));
	ck_assert(json_set_str(s.m.doc, json_first(json_path(other, "metadata.managedFields")), "time",
			       SLICE_LIT("2030-01-01T00:00:00Z")));
	ck_assert(json_set_str(s.m.doc, json_get(other, "data"), "a", SLICE_LIT("2")));
	ck_assert_int_eq(manage_settle(&s.m, s.live, later), 0);
	ck_assert_int_eq(manage_settle(&s.m, s.live, other), 0);
	ck_assert(
		slice_eqs(json_path_str(json_first(json_path(later, "metadata.managedFields")), "time"), "2023-11-14T22:13:20Z"));
	ck_assert(
		slice_eqs(json_path_str(json_first(json_path(other, "metadata.managedFields")), "time"), "2030-01-01T00:00:00Z"));
}
END_TEST

SUITE_MAIN("schema/manage", writers_take_what_they_change, open_values_of_built_in_kinds_are_owned_as_one, members_of_structs_belong_to_new_elements, twins_are_owned_whole,
	   clients_may_reset_but_not_break, old_updates_are_united, a_write_cannot_own_what_is_reset,
	   conflicts_force_and_giving_up, order_of_elements, what_does_not_fit, zeros_of_the_client_count,
	   times_alone_are_no_change)
