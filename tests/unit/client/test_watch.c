/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, watches, informers. */
#include "fake.h"

#define POD(name, rv)                                                                                                            \
	"{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"a\",\"uid\":\"u-" name "\",\"resourceVersion\":\"" rv              \
	"\",\"labels\":{\"app\":\"" name "\"}}}"
#define EV(type, obj) "{\"type\":\"" type "\",\"object\":" obj "}\n"
#define BOOKMARK(rv, more) EV("BOOKMARK", "{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"" rv "\"" more "}}")
#define INITIAL_END ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}"
#define GONE                                                                                                                     \
	EV("ERROR",                                                                                                              \
	   "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"too old resource version\",\"reason\":\"Expired\",\"code\":410}")

static struct buf journal = BUF_INIT(1 << 16);
static void note(const char *what, struct slice s) { buf_printf(&journal, "%s%.*s ", what, SLICE_FMT(s)); }
static void check_journal(const char *want) {
	buf_putc(&journal, 0);
	ck_assert_str_eq(journal.p, want);
	buf_clear(&journal);
}

/* ---- lists ---- */

struct listed { bool done; int err; char rv[16]; size_t items; };
static void on_item(void *ctx, struct k8c_bytes json) { note("", slice_of(json)); }
static void on_listed(void *ctx, const struct k8c_list_result *res, const struct k8c_error *err) {
	struct listed *l = ctx;
	l->done = true;
	l->err = err ? err->err : 0;
	if (res) snprintf(l->rv, sizeof(l->rv), "%s", res->resource_version);
	if (res) l->items = res->items;
}
static const struct k8c_list_handler list_handler = { on_item, on_listed };
static const struct k8c_op list_pods = { .size = sizeof(list_pods), .target = { .version = "v1", .resource = "pods" } };

START_TEST(pages_are_joined) {
	FAKE({ "GET", "/api/v1/pods?limit=500", 200,
	       "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"tok/en\"},\"items\":[{\"a\":[1,\"]}\\\"\"]},{}]}",
	       .piece = 1 },
	     { "GET", "/api/v1/pods?continue=tok%2Fen&limit=500", 200,
	       " {\"items\" : [ {\"b\":{}} ], \"metadata\":{\"resourceVersion\":\"9\"} } " });
	struct listed l = { 0 };
	ck_assert_int_eq(k8c_list_wait(fake.client, &list_pods, &list_handler, &l), 0);
	check_journal("{\"a\":[1,\"]}\\\"\"]} {} {\"b\":{}} ");
	ck_assert_str_eq(l.rv, "7");
	ck_assert_uint_eq(l.items, 3);
	fake_done();
}
END_TEST

START_TEST(broken_lists_are_told) {
	FAKE({ "GET", "/api/v1/pods", 200, "{\"items\":[{\"a\":1}," }, { "GET", "/api/v1/pods", 200, "[]" },
	     { "GET", "/api/v1/pods", 410, "{\"kind\":\"Status\",\"message\":\"expired\",\"reason\":\"Expired\",\"code\":410}" });
	struct listed l = { 0 };
	ck_assert_int_eq(k8c_list_wait(fake.client, &list_pods, &list_handler, &l), -EPROTO);
	ck_assert_int_eq(k8c_list_wait(fake.client, &list_pods, &list_handler, &l), -EPROTO);
	ck_assert_int_eq(k8c_list_wait(fake.client, &list_pods, &list_handler, &l), -ESTALE);
	buf_clear(&journal);
	fake_done();
}
END_TEST

START_TEST(a_list_of_empty_pages_without_end_is_given_up) {
	static const struct fake_answer page = { "GET", "/api/v1/pods", 200, "{\"metadata\":{\"continue\":\"again\"},\"items\":[]}" };
	struct listed l = { 0 };
	fake_setup(NULL, &page, 1);
	fake.endless = true;
	ck_assert_int_eq(k8c_list_wait(fake.client, &list_pods, &list_handler, &l), -EPROTO);
	buf_clear(&journal);
	fake_done();
}
END_TEST

/* ---- watches ---- */

struct watched { bool done; int err; };
static void on_event(void *ctx, const struct k8c_event *e) {
	static const char *const types[] = { "+", "~", "-", "b" };
	note(types[e->type], slice_of(e->resource_version));
}
static void on_watched(void *ctx, const struct k8c_error *err) {
	struct watched *w = ctx;
	w->done = true;
	w->err = err ? err->err : 0;
}
static const struct k8c_watch_handler watch_handler = { on_event, on_watched };

START_TEST(watch_resumes_behind_the_last_revision) {
	FAKE({ "GET", "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=5&", 200, EV("ADDED", POD("x", "6")),
	       .open = true },
	     { "GET", "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=8&", 200, EV("MODIFIED", POD("x", "9")),
	       .open = true, .piece = 7 });
	struct watched w = { 0 };
	struct k8c_call *call;
	struct k8c_watch_options o = { .size = sizeof(o), .target = { .version = "v1", .resource = "pods" }, .resource_version = "5" };
	ck_assert_int_eq(k8c_watch_start(fake.client, &o, &watch_handler, &w, &call), 0);
	settle();
	check_journal("+6 ");
	fake_feed(BOOKMARK("8", ""));
	fake_close(-ECONNRESET);
	settle();
	check_journal("~9 ");
	ck_assert(!w.done);
	fake_feed(GONE);
	ck_assert(w.done && w.err == -ESTALE);
	fake_done();
}
END_TEST

START_TEST(a_watch_does_not_wait_for_a_dead_server_for_ever) {
	FAKE({ "GET", "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=3", 200, "", .open = true },
	     { "GET", "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=5&timeoutSeconds=3", 200, "", .open = true });
	struct watched w = { 0 };
	struct k8c_watch_options o = { .size = sizeof(o), .target = { .version = "v1", .resource = "pods" }, .resource_version = "5",
				       .timeout_seconds = 3 };
	k8c_watch_start(fake.client, &o, &watch_handler, &w, NULL);
	settle();
	ck_assert(fake.req[0].timeout_ms > 3000 && fake.req[0].timeout_ms <= 60000);
	fake_close(-ETIMEDOUT);
	for (int i = 0; i < 100 && !fake.opened; i++) k8c_client_run_once(fake.client, 50);
	ck_assert(fake.opened && !w.done);
	fake_done();
}
END_TEST

START_TEST(events_may_come_in_any_pieces) {
	FAKE({ "GET", "/api/v1/pods", 200, EV("ADDED", POD("x", "6")) EV("DELETED", POD("x", "7")), .piece = 1 });
	struct watched w = { 0 };
	struct k8c_watch_options o = {
		.size = sizeof(o), .target = { .version = "v1", .resource = "pods" }, .resource_version = "5", .once = true
	};
	k8c_watch_start(fake.client, &o, &watch_handler, &w, NULL);
	run_until(&w.done);
	ck_assert_int_eq(w.err, 0);
	check_journal("+6 -7 ");
	fake_done();
}
END_TEST

START_TEST(refused_watches_end) {
	FAKE({ "GET", "/api/v1/pods", 403, "" });
	struct watched w = { 0 };
	struct k8c_watch_options o = { .size = sizeof(o), .target = { .version = "v1", .resource = "pods" }, .resource_version = "5" };
	k8c_watch_start(fake.client, &o, &watch_handler, &w, NULL);
	run_until(&w.done);
	ck_assert_int_eq(w.err, -EPERM);
	fake_done();
}
END_TEST

/* ---- informers ---- */

static void i_add(void *ctx, struct k8c_object *o) { note("+", slice_of(k8c_object_name(o))); }
static void i_update(void *ctx, struct k8c_object *old, struct k8c_object *o) {
	note("~", slice_of(k8c_object_resource_version(old)));
	note(">", slice_of(k8c_object_resource_version(o)));
}
static void i_delete(void *ctx, struct k8c_object *o) { note("-", slice_of(k8c_object_name(o))); }
static void i_synced(void *ctx) { note("synced", SLICE_NULL); }
static void i_error(void *ctx, const struct k8c_error *err) { note("error", SLICE_NULL); }
static const struct k8c_informer_handler informer_handler = { i_add, i_update, i_delete, i_synced, i_error };

static void app_values(void *ctx, struct k8c_object *o, void (*emit)(void *sink, struct k8c_bytes value), void *sink) {
	emit(sink, bytes_of(json_path_str(k8c_object_value(o), "metadata.labels.app")));
}
static const struct k8c_index app_index = { "app", app_values, NULL };

static struct k8c_informer *informer(bool no_watch_list) {
	struct k8c_informer *i;
	struct k8c_informer_options o = { .size = sizeof(o),
					  .target = { .version = "v1", .resource = "pods" },
					  .indexes = &app_index,
					  .n_indexes = 1,
					  .no_watch_list = no_watch_list };
	ck_assert_int_eq(k8c_informer_new(fake.client, &o, &i), 0);
	ck_assert_int_eq(k8c_informer_add_handler(i, &informer_handler, NULL), 0);
	ck_assert_int_eq(k8c_informer_start(i), 0);
	return i;
}
static struct k8c_bytes B(const char *s) { return (struct k8c_bytes){ s, strlen(s) }; }

START_TEST(informer_by_watch_list) {
	FAKE({ "GET", "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=true", 200,
	       EV("ADDED", POD("x", "1")) EV("ADDED", POD("y", "2")), .open = true });
	struct k8c_informer *i = informer(false);
	settle();
	check_journal("+x +y ");
	ck_assert(!k8c_informer_synced(i));
	fake_feed(BOOKMARK("3", INITIAL_END));
	check_journal("synced ");
	ck_assert(k8c_informer_synced(i) && k8c_informer_count(i) == 2);
	fake_feed(EV("MODIFIED", POD("x", "4")) EV("DELETED", POD("y", "5")));
	check_journal("~1 >4 -y ");
	size_t it = 0;
	struct k8c_object *o = k8c_informer_index_next(i, "app", B("x"), &it);
	ck_assert(o && o == k8c_informer_get(i, B("a"), B("x")) && !k8c_informer_index_next(i, "app", B("x"), &it));
	it = 0;
	ck_assert_ptr_null(k8c_informer_index_next(i, "app", B("y"), &it));
	it = 0;
	ck_assert_ptr_eq(k8c_informer_index_next(i, "namespace", B("a"), &it), o);
	/* A handler that comes late is told what is there. */
	ck_assert_int_eq(k8c_informer_add_handler(i, &informer_handler, NULL), 0);
	settle();
	check_journal("+x synced ");
	k8c_informer_free(i);
	fake_done();
}
END_TEST

START_TEST(informer_falls_back_to_list_and_watch) {
	FAKE({ "GET", "/api/v1/pods?watch=true", 422, "" },
	     { "GET", "/api/v1/pods?limit=500", 200,
	       "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" POD("x",
														      "1") "]}" },
	     { "GET", "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=7&", 200, "", .open = true });
	struct k8c_informer *i = informer(false);
	for (int n = 0; n < 100 && !k8c_informer_synced(i); n++) k8c_client_run_once(fake.client, 50);
	settle();
	check_journal("+x synced ");
	ck_assert(slice_starts(slice_of(k8c_object_json(k8c_informer_get(i, B("a"), B("x")))),
			       SLICE_LIT("{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":")));
	k8c_informer_free(i);
	fake_done();
}
END_TEST

START_TEST(lost_history_is_listed_again) {
	FAKE({ "GET", "/api/v1/pods?limit=500", 200,
	       "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[" POD("x", "1") "," POD(
		       "y", "2") "," POD("z", "3") "]}" },
	     { "GET", "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=7&", 200, GONE },
	     { "GET", "/api/v1/pods?limit=500", 200,
	       "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"20\"},\"items\":[" POD("x", "1") "," POD("y",
														   "12") "]}" },
	     { "GET", "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=20&", 200, "", .open = true });
	struct k8c_informer *i = informer(true);
	for (int n = 0; n < 100 && !fake.opened; n++) k8c_client_run_once(fake.client, 50);
	check_journal("+x +y +z synced error ~2 >12 -z ");
	ck_assert_uint_eq(k8c_informer_count(i), 2);
	k8c_informer_free(i);
	fake_done();
}
END_TEST

START_TEST(informer_can_be_freed_at_any_time) {
	FAKE({ "GET", "/api/v1/pods?watch=true", 200, EV("ADDED", POD("x", "1")), .open = true });
	struct k8c_informer *i = informer(false);
	k8c_informer_free(i);
	i = informer(false);
	settle();
	k8c_informer_free(i);
	buf_done(&journal);
	fake_done();
}
END_TEST

static void add(TCase *t) {
	tcase_add_test(t, pages_are_joined);
	tcase_add_test(t, broken_lists_are_told);
	tcase_add_test(t, a_list_of_empty_pages_without_end_is_given_up);
	tcase_add_test(t, a_watch_does_not_wait_for_a_dead_server_for_ever);
	tcase_add_test(t, watch_resumes_behind_the_last_revision);
	tcase_add_test(t, events_may_come_in_any_pieces);
	tcase_add_test(t, refused_watches_end);
	tcase_add_test(t, informer_by_watch_list);
	tcase_add_test(t, informer_falls_back_to_list_and_watch);
	tcase_add_test(t, lost_history_is_listed_again);
	tcase_add_test(t, informer_can_be_freed_at_any_time);
}
CLIENT_MAIN("watch", add)
