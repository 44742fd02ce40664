/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any answer to anything a client asks. Bytes: what is asked, the status, the length of pieces, which header comes along; then a line with
 * that header's value; the rest is the body, or what a stream brings. Everything has to end when the client is freed, told exactly once.
 */
#include "client/client.h"
#include "wire/websocket.h"

#include <errno.h>

#define TURNS 12
#define ANSWERS_MAX 4u

struct k8c_stream {
	struct k8c_stream_handler h;
	void *ctx;
	struct loop_timer *timer;
	bool closed;
};

struct exchange {
	struct k8c_transport_handler h;
	void *ctx;
	struct loop_timer *timer;
	char key[64];
	bool over;
};

static struct {
	struct k8c_client *client;
	int status;
	size_t step;
	const char *header;
	struct slice value, body;
	unsigned answers;
	int live, ends, starts;
} world;

static void feed(void (*on_data)(void *, struct k8c_bytes), void *ctx, const bool *over) {
	for (struct slice s = world.body; s.n && !*over;) {
		struct slice part = slice_upto(s, world.step);
		/* A copy of just that size, so that a read behind the end shows. */
		char *copy = malloc(part.n);
		if (!copy) abort();
		memcpy(copy, part.p, part.n);
		s = slice_from(s, part.n);
		on_data(ctx, (struct k8c_bytes){ copy, part.n });
		free(copy);
	}
}

/* ---- streams ---- */

static void stream_gone(void *arg) {
	struct k8c_stream *s = arg;
	world.live--;
	s->h.on_close(s->ctx);
	free(s);
}

static void stream_close(struct k8c_stream *s) {
	if (s->closed) return;
	s->closed = true;
	loop_timer_stop(s->timer);
	loop_timer_start(client_loop(world.client), 0, 0, stream_gone, s);
}

static void stream_bytes(void *arg) {
	struct k8c_stream *s = arg;
	s->timer = NULL;
	feed(s->h.on_data, s->ctx, &s->closed);
	if (!s->closed) s->h.on_end(s->ctx, 0);
	stream_close(s);
}

static void stream_attach(struct k8c_stream *s, const struct k8c_stream_handler *h, void *ctx) {
	s->h = *h;
	s->ctx = ctx;
	s->timer = loop_timer_start(client_loop(world.client), 0, 0, stream_bytes, s);
}

static int stream_write(struct k8c_stream *s, struct k8c_bytes bytes) { return s->closed ? -EPIPE : 0; }

/* ---- exchanges ---- */

static void end(struct exchange *x, int err) {
	world.live--;
	x->over = true;
	x->h.on_done(x->ctx, err, NULL);
}

static void switch_protocols(struct exchange *x) {
	struct k8c_stream *s = calloc(1, sizeof(*s));
	if (!s) abort();
	x->over = true;
	x->h.on_upgrade(x->ctx, s);
}

static void run(void *arg) {
	struct exchange *x = arg;
	char accept[WS_ACCEPT_SIZE] = "";
	x->timer = NULL;
	if (x->key[0]) ws_accept(slice_str(x->key), accept);
	struct k8c_header h[] = { { world.header, { world.value.p, world.value.n } }, { "sec-websocket-accept", { accept, strlen(accept) } } };
	if (world.answers++ >= ANSWERS_MAX) {
		end(x, -ECONNREFUSED);
	} else {
		bool upgrade = world.status == 101 && x->h.on_upgrade;
		x->h.on_head(x->ctx, world.status == 101 && !upgrade ? 200 : world.status, h, 2);
		if (!x->over && upgrade) switch_protocols(x);
		else if (!x->over) feed(x->h.on_data, x->ctx, &x->over);
		if (!x->over) end(x, 0);
	}
	free(x);
}

static int start(void *ctx, const struct k8c_transport_request *req, const struct k8c_transport_handler *h, void *hctx, void **ret) {
	struct exchange *x = calloc(1, sizeof(*x));
	if (!x) return -ENOMEM;
	*x = (struct exchange){ .h = *h, .ctx = hctx };
	for (size_t i = 0; i < req->n_headers; i++)
		if (!strcmp(req->headers[i].name, "sec-websocket-key"))
			memcpy(x->key, req->headers[i].value.p, req->headers[i].value.n < sizeof(x->key) ? req->headers[i].value.n : 0);
	x->timer = loop_timer_start(client_loop(world.client), 0, 0, run, x);
	world.live++;
	*ret = x;
	return 0;
}

static void cancel(void *ctx, void *call) {
	struct exchange *x = call;
	bool waiting = x->timer != NULL;
	loop_timer_stop(x->timer);
	end(x, -ECANCELED);
	if (waiting) free(x);
}

static void pause_call(void *ctx, void *call, bool on) {}

static const struct k8c_transport transport = { .size = sizeof(transport), .start = start, .cancel = cancel, .pause = pause_call,
						.stream_attach = stream_attach, .stream_write = stream_write, .stream_close = stream_close };

/* ---- what is asked ---- */

static void ended(void) { world.ends++; }
static void on_bytes(void *ctx, struct k8c_bytes b) {}
static void on_done(void *ctx, const struct k8c_response *res, const struct k8c_error *err) { ended(); }
static void on_listed(void *ctx, const struct k8c_list_result *res, const struct k8c_error *err) { ended(); }
static void on_event(void *ctx, const struct k8c_event *e) {}
static void on_over(void *ctx, const struct k8c_error *err) { ended(); }
static void on_exit_(void *ctx, int code, const struct k8c_error *err) { ended(); }
static void on_open(void *ctx) {}
static void nothing(void *ctx) {}
static int change(void *ctx, struct yyjson_mut_doc *doc, struct yyjson_mut_val *root) { return 0; }
static int check(void *ctx, const struct yyjson_mut_val *root) { return 0; }
static void on_object(void *ctx, struct k8c_object *o) { (void)k8c_object_value(o); }
static void on_warning(void *ctx, const char *text) { (void)strlen(text); }

static const struct k8c_target pod = { .version = "v1", .resource = "pods", .ns = "n", .name = "p" };
static const struct k8c_target pods = { .version = "v1", .resource = "pods", .ns = "n" };

static void count(int r) { world.starts += r == 0; }

static void get(void) {
	const struct k8c_request_handler h = { .on_done = on_done };
	struct k8c_op op = { .size = sizeof(op), .verb = K8C_GET, .target = pod };
	count(k8c_op_start(world.client, &op, &h, NULL, NULL));
}
static void list(void) {
	const struct k8c_list_handler h = { on_bytes, on_listed };
	struct k8c_op op = { .size = sizeof(op), .verb = K8C_LIST, .target = pods };
	count(k8c_list_start(world.client, &op, &h, NULL, NULL));
}
static void watch(void) {
	const struct k8c_watch_handler h = { on_event, on_over };
	struct k8c_watch_options o = { .size = sizeof(o), .target = pods, .resource_version = "1", .bookmarks = true };
	count(k8c_watch_start(world.client, &o, &h, NULL, NULL));
}
static void update(void) {
	const struct k8c_update_handler h = { change, on_done };
	count(k8c_update_start(world.client, &pod, &h, NULL, NULL));
}
static void wait_for(void) {
	const struct k8c_wait_handler h = { check, on_over };
	count(k8c_wait_start(world.client, &pod, 0, &h, NULL, NULL));
}
static void exec(void) {
	static const char *const command[] = { "true", NULL };
	const struct k8c_exec_handler h = { NULL, on_bytes, on_bytes, NULL, on_exit_ };
	struct k8c_exec_options o = { .size = sizeof(o), .ns = "n", .pod = "p", .command = command, .out = true };
	struct k8c_exec *e;
	count(k8c_exec_start(world.client, &o, &h, NULL, &e));
}
static void forward(void) {
	const struct k8c_forward_handler h = { on_open, on_bytes, NULL, on_over };
	struct k8c_forward *f;
	count(k8c_forward_start(world.client, "n", "p", 80, &h, NULL, &f));
}
static void (*const asked[])(void) = { get, list, watch, update, wait_for, exec, forward, NULL, NULL };

static void turns(void) {
	for (int i = 0; i < TURNS; i++) k8c_client_run_once(world.client, 0);
}

static void informer(void) {
	const struct k8c_informer_handler h = { .on_add = on_object, .on_delete = on_object };
	struct k8c_informer_options o = { .size = sizeof(o), .target = pods };
	struct k8c_informer *i;
	if (k8c_informer_new(world.client, &o, &i) < 0) return;
	if (k8c_informer_add_handler(i, &h, NULL) == 0 && k8c_informer_start(i) == 0) turns();
	k8c_informer_free(i);
}

static void election(void) {
	const struct k8c_election_handler h = { nothing, nothing, NULL };
	struct k8c_election_options o = { .size = sizeof(o), .ns = "n", .name = "l", .identity = "me" };
	struct k8c_election *e;
	if (k8c_election_start(world.client, &o, &h, NULL, &e) < 0) return;
	turns();
	k8c_election_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const int statuses[] = { 200, 200, 101, 400, 401, 409, 410, 422, 429, 500, 503 };
	static const char *const headers[] = { "sec-websocket-protocol", "warning", "retry-after", "content-type" };
	if (size < 4) return 0;
	struct slice rest = slice_make(data + 4, size - 4), value = slice_cut(&rest, '\n');
	memset(&world, 0, sizeof(world));
	world.status = statuses[data[1] % ELEMENTSOF(statuses)];
	world.step = (size_t)data[2] + 1;
	world.header = headers[data[3] % ELEMENTSOF(headers)];
	world.value = value;
	world.body = rest;
	struct k8c_client_options o = { .size = sizeof(o), .transport = &transport, .retries = UINT32_MAX, .max_body = 1u << 16, .on_warning = on_warning };
	if (k8c_client_new(NULL, &o, &world.client, NULL) < 0) return 0;
	size_t what = data[0] % ELEMENTSOF(asked);
	if (asked[what]) asked[what]();
	else if (what == ELEMENTSOF(asked) - 1) election();
	else informer();
	turns();
	k8c_client_free(world.client);
	if (world.live || world.ends != world.starts) abort();
	return 0;
}
