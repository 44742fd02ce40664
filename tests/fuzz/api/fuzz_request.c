/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request through the whole server, in this process: filters, decoding, admission, validation, the store, the answer. Lines of the
 * input are the method, the target, Accept, Content-Type and the user's name (empty: an administrator); the rest is the body.
 * It has to be answered, and not with a fault of the server's own.
 */
#include "../../unit/api/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The fixture's assertions, outside of Check's runner. */
void _mark_point(const char *file k8c_unused, int line k8c_unused) {}
void _ck_assert_failed(const char *file, int line, const char *expr, const char *msg k8c_unused, ...) {
	(void)fprintf(stderr, "%s:%d: %s\n", file, line, expr);
	abort();
}

/* Objects pile up: a new server after so many requests. */
#define REQUESTS_PER_SERVER 4000
/* Longer than anything a request may wait for (a revision that has not come yet: 3 s). */
#define ANSWER_MAX_MS 20000
#define BODY_KEPT_MAX (64u * 1024u * 1024u)

struct one {
	struct loop *loop;
	struct api_local_call *call;
	struct buf body;
	int status;
	bool done, late, endless;
};

static void on_head(void *ctx, int status, const struct http_headers *h k8c_unused) {
	struct one *o = ctx;
	o->status = status;
	if (o->endless) loop_break(o->loop);
}
static void on_data(void *ctx, struct slice bytes) {
	struct one *o = ctx;
	if (o->body.n < BODY_KEPT_MAX) (void)buf_put_slice(&o->body, bytes);
}
static void on_done(void *ctx, int err k8c_unused) {
	struct one *o = ctx;
	o->done = true;
	loop_break(o->loop);
}
static void on_late(void *ctx) {
	struct one *o = ctx;
	o->late = true;
	loop_break(o->loop);
}

static const struct api_local_handler handler = { on_head, on_data, on_done };

/* Faults: 500 with the reason InternalError, or with no text. Kubernetes answers 500 without a reason to some bad patches and to what
 * has no node; 503 and 504 are told to clients that ask too early. */
static void judge(struct arena *a, const struct one *o) {
	yyjson_mut_doc *doc;
	if (o->late || o->status == 501 || o->status == 502) abort();
	if (o->status != 500) return;
	if (json_parse(a, buf_slice(&o->body), &doc, NULL) < 0) abort();
	const yyjson_mut_val *st = yyjson_mut_doc_get_root(doc);
	if (slice_eqs(json_path_str(st, "reason"), "InternalError") || !json_path_str(st, "message").n) abort();
}

/* The loop that asks outlives the server: what is still on its way to a call that was cancelled arrives there. */
struct side { struct fixture f; struct loop *loop; };

static struct side *server(void) {
	static struct side s;
	static unsigned n;
	if (n++ % REQUESTS_PER_SERVER) return &s;
	if (s.f.api) fixture_down(&s.f);
	loop_free(s.loop);
	s.loop = NULL;
	fixture_up(&s.f);
	if (loop_new(&s.loop) < 0) abort();
	return &s;
}

static void ask(struct arena *a, struct side *s, const struct http_request_head *head, struct slice name, struct slice body) {
	static const struct slice masters[] = { SLICE_LIT("system:masters"), SLICE_LIT("system:authenticated") };
	struct access_user user = { .name = name.n ? name : SLICE_LIT("admin"), .groups = name.n ? masters + 1 : masters, .n_groups = name.n ? 1 : 2 };
	struct one o = { .loop = s->loop, .body = BUF_INIT(2 * BODY_KEPT_MAX), .endless = slice_find(head->target, SLICE_LIT("watch")) >= 0 };
	if (api_local_start(s->f.api, o.loop, &user, head, body, &handler, &o, &o.call) == 0) {
		struct loop_timer *late = loop_timer_start(o.loop, ANSWER_MAX_MS, 0, on_late, &o);
		while (!o.done && !o.late && !(o.endless && o.status)) loop_run(o.loop, UV_RUN_ONCE);
		(void)loop_timer_stop(late);
		if (!o.done) api_local_cancel(o.call);
		loop_run(o.loop, UV_RUN_NOWAIT);
		judge(a, &o);
	}
	buf_done(&o.body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena *a = arena_new(0);
	struct slice rest = slice_make(data, size);
	struct http_request_head head = { .version = HTTP_2, .method = slice_cut(&rest, '\n') };
	head.target = slice_cut(&rest, '\n');
	struct slice accept = slice_cut(&rest, '\n'), type = slice_cut(&rest, '\n'), name = slice_cut(&rest, '\n');
	/* What wire/ never lets through. */
	bool shaped = a && head.method.n && head.target.n && head.target.p[0] == '/';
	if (shaped && accept.n) shaped = http_headers_add(a, &head.headers, SLICE_LIT("accept"), accept) == 0;
	if (shaped && type.n) shaped = http_headers_add(a, &head.headers, SLICE_LIT("content-type"), type) == 0;
	if (shaped) ask(a, server(), &head, name, rest);
	arena_free(a);
	return 0;
}
