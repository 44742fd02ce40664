/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "api/stored.h"

#include <errno.h>

#define READY_MS 20000

void fixture_up(struct fixture *f) {
	const char *msg = NULL;
	*f = (struct fixture){ .a = arena_new(0) };
	ck_assert_int_eq(pki_make_ca(&env_system, "k8c-test-ca", 86400, &f->ca), 0);
	ck_assert_int_eq(pki_make_key(&f->sa), 0);
	struct store_options so = { .env = &env_system, .index = stored_index };
	ck_assert_int_eq(store_open(&so, &f->store, &msg), 0);
	for (size_t i = 0; i < 2; i++) ck_assert_int_eq(loop_start(i ? "api-1" : "api-0", &f->loops[i]), 0);
	ck_assert_int_eq(loop_start("access", &f->access_loop), 0);
	struct access_options ao = { .env = &env_system, .store = f->store, .client_ca_pem = f->ca.cert_pem, .sa_key_pem = f->sa.key_pem,
				     .issuer = "https://kubernetes.default.svc.cluster.local", .anonymous = true, .loop = f->access_loop };
	ck_assert_int_eq(access_new(&ao, &f->access, &msg), 0);
	struct api_options o = { .env = &env_system, .store = f->store, .access = f->access, .loops = f->loops, .n_loops = 2, .advertise = "192.0.2.1",
				 .port = 6443, .service_cidr = "10.96.0.0/16", .cluster_domain = "cluster.local", .node_port_min = 30000,
				 .node_port_max = 32767, .ca_pem = f->ca.cert_pem };
	ck_assert_int_eq(api_new(&o, &f->api, &msg), 0);
	for (int i = 0; i < READY_MS && !api_ready(f->api); i++) usleep(1000);
	ck_assert_msg(api_ready(f->api), "the bootstrap objects were not made");
}

void fixture_down(struct fixture *f) {
	api_drain(f->api, 5000);
	api_free(f->api);
	access_free(f->access);
	store_close(f->store);
	for (size_t i = 0; i < 2; i++) loop_stop(f->loops[i]);
	loop_stop(f->access_loop);
	pki_pair_done(&f->ca);
	pki_pair_done(&f->sa);
	arena_free(f->a);
}

/* ---- one call ---- */

struct waiting {
	struct fixture *f;
	struct loop *loop;
	struct answer out;
	struct buf body;
	bool done;
	size_t want_lines;
	struct api_local_call *call;
};

static void on_head(void *ctx, int status, const struct http_headers *h) {
	struct waiting *w = ctx;
	w->out.status = status;
	for (size_t i = 0; i < h->n; i++) http_headers_add(w->f->a, &w->out.headers, h->v[i].name, h->v[i].value);
}

static size_t lines(const struct buf *b) {
	size_t n = 0;
	for (size_t i = 0; i < b->n; i++) n += b->p[i] == '\n';
	return n;
}

static void on_data(void *ctx, struct slice bytes) {
	struct waiting *w = ctx;
	buf_put_slice(&w->body, bytes);
	if (w->want_lines && lines(&w->body) >= w->want_lines) loop_break(w->loop);
}

static void on_done(void *ctx, int err) {
	struct waiting *w = ctx;
	w->out.err = err;
	w->done = true;
	loop_break(w->loop);
}

static const struct api_local_handler handler = { on_head, on_data, on_done };

static struct slice quoted(struct fixture *f, const char *text) {
	char *s = arena_strdup(f->a, text ? text : "");
	for (char *p = s; *p; p++)
		if (*p == '\'') *p = '"';
	return slice_str(s);
}

static void start(struct waiting *w, const struct access_user *user, const char *method, const char *target, const char *body, const char *const *headers) {
	struct http_request_head head = { .version = HTTP_2, .method = slice_str(method), .target = slice_str(target) };
	for (size_t i = 0; headers && headers[i]; i += 2)
		http_headers_add(w->f->a, &head.headers, slice_str(headers[i]), slice_str(headers[i + 1]));
	ck_assert_int_eq(api_local_start(w->f->api, w->loop, user, &head, quoted(w->f, body), &handler, w, &w->call), 0);
}

struct answer fixture_call_as(struct fixture *f, const char *name, const char *groups, const char *method, const char *target, const char *body,
			      const char *const *headers) {
	struct waiting w = { .f = f, .body = BUF_INIT(512 * MIB) };
	struct slice g[8], rest = slice_str(groups);
	struct access_user user = { .name = slice_str(name), .groups = g };
	while (rest.n && user.n_groups < 8) g[user.n_groups++] = slice_cut(&rest, ' ');
	ck_assert_int_eq(loop_new(&w.loop), 0);
	start(&w, name ? &user : NULL, method, target, body, headers);
	while (!w.done) loop_run(w.loop, UV_RUN_ONCE);
	loop_free(w.loop);
	w.out.body = arena_slice_dup(f->a, buf_slice(&w.body));
	buf_done(&w.body);
	yyjson_mut_doc *doc;
	struct json_error e;
	if (json_parse(f->a, w.out.body, &doc, &e) == 0) w.out.json = yyjson_mut_doc_get_root(doc);
	return w.out;
}

struct answer fixture_call(struct fixture *f, const char *method, const char *target, const char *body, const char *const *headers) {
	return fixture_call_as(f, "admin", "system:masters system:authenticated", method, target, body, headers);
}

const char *answer_str(struct fixture *f, const struct answer *a, const char *path) {
	struct slice s = json_path_str(a->json, path);
	return s.p ? arena_slice_str(f->a, s) : "";
}

const char *answer_text(struct fixture *f, const struct answer *a) { return arena_slice_str(f->a, a->body); }
const char *answer_header(struct fixture *f, const struct answer *a, const char *name) {
	struct slice s = http_headers_get(&a->headers, name);
	return s.p ? arena_slice_str(f->a, s) : "";
}

size_t fixture_watch(struct fixture *f, const char *target, size_t events, void (*meanwhile)(struct fixture *f), struct slice *ret, size_t max) {
	static const struct slice groups[] = { SLICE_LIT("system:masters") };
	static const struct access_user admin = { .name = SLICE_LIT("admin"), .groups = groups, .n_groups = 1 };
	struct waiting w = { .f = f, .body = BUF_INIT(64 * MIB), .want_lines = events };
	ck_assert_int_eq(loop_new(&w.loop), 0);
	start(&w, &admin, "GET", target, NULL, NULL);
	while (!w.out.status && !w.done) loop_run(w.loop, UV_RUN_ONCE);
	if (meanwhile) meanwhile(f);
	while (!w.done && lines(&w.body) < events) loop_run(w.loop, UV_RUN_ONCE);
	if (!w.done) api_local_cancel(w.call);
	loop_run(w.loop, UV_RUN_NOWAIT);
	loop_free(w.loop);
	struct slice rest = arena_slice_dup(f->a, buf_slice(&w.body));
	buf_done(&w.body);
	size_t n = 0;
	while (rest.n && n < max) ret[n++] = slice_cut(&rest, '\n');
	return n;
}
