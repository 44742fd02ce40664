/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small server for tests and measurements: serve CERT KEY [loops] [option=value...]. Prints its port, serves until its
 * standard input ends, then stops and exits 0 (with leak detection, a leak of the server's fails the test that ran it).
 */
#include "base/blob.h"
#include "net/server.h"
#include "wire/websocket.h"

#include <stdio.h>

static struct slice read_file(const char *path) {
	FILE *f = fopen(path, "rb");
	if (!f) exit(2);
	static char text[4][64 * 1024];
	static size_t used;
	size_t n = fread(text[used], 1, sizeof(text[0]), f);
	fclose(f);
	return slice_make(text[used++], n);
}

static void respond_text(struct exchange *x, int status, struct slice body) {
	struct http_headers h = { 0 };
	http_headers_add(x->arena, &h, SLICE_LIT("content-type"), SLICE_LIT("text/plain"));
	struct body_part part = { NULL, body };
	exchange_respond(x, status, &h, &part, 1);
}

static struct blob *object; /* what GET /object answers, as an API object would: shared bytes */
static struct blob *big;

static void get_object(struct exchange *x) {
	struct http_headers h = { 0 };
	http_headers_append(x->arena, &h, SLICE_LIT("content-type"), SLICE_LIT("application/json"));
	struct body_part part = { blob_ref(object), blob_slice(object) };
	exchange_respond(x, 200, &h, &part, 1);
}

static void get_big(struct exchange *x) {
	struct body_part parts[3] = { { NULL, SLICE_LIT("begin\n") }, { blob_ref(big), blob_slice(big) }, { NULL, SLICE_LIT("end\n") } };
	exchange_respond(x, 200, NULL, parts, 3);
}

static void echo(struct exchange *x) {
	if (x->body_too_large) {
		respond_text(x, 413, SLICE_LIT("too large\n"));
		return;
	}
	respond_text(x, 200, x->body);
}

static void show(struct exchange *x) {
	char *text = arena_printf(x->arena, "%.*s %.*s authority=%.*s peer=%.*s cert=%zu tls=%d\n", SLICE_FMT(x->head.method),
		SLICE_FMT(x->head.target), SLICE_FMT(x->head.authority), SLICE_FMT(x->peer), x->peer_cert.n, x->is_tls);
	respond_text(x, 200, slice_str(text));
}

/* ---- answers that take time ---- */

struct ticker {
	struct exchange *x;
	struct loop_timer *timer;
	int n, max;
	bool due;
};

static void tick(void *arg) {
	struct ticker *t = arg;
	t->due = true;
	exchange_resume(t->x);
}

static int ticker_pull(void *ctx, struct buf *out, size_t room) {
	struct ticker *t = ctx;
	if (!t->due) return PULL_WAIT;
	t->due = false;
	buf_printf(out, "tick %d\n", t->n);
	return ++t->n == t->max ? PULL_END : PULL_WAIT;
}

static void ticker_close(void *ctx) {
	struct ticker *t = ctx;
	loop_timer_stop(t->timer);
	free(t);
}

static void ticks(struct exchange *x) {
	struct ticker *t = calloc(1, sizeof(*t));
	*t = (struct ticker){ .x = x, .max = slice_ends(x->head.target, SLICE_LIT("forever")) ? -1 : 3 };
	t->timer = loop_timer_start(x->loop, 20, 20, tick, t);
	exchange_respond_source(x, 200, NULL, -1, (struct body_source){ ticker_pull, ticker_close, t });
}

/* A watch in which nothing happens. */
static int wait_pull(void *ctx, struct buf *out, size_t room) { return PULL_WAIT; }

static void wait_for_ever(struct exchange *x) {
	exchange_respond_source(x, 200, NULL, -1, (struct body_source){ wait_pull, NULL, NULL });
}

static int pour_pull(void *ctx, struct buf *out, size_t room) {
	size_t *left = ctx;
	size_t n = *left < room ? *left : room;
	if (buf_reserve(out, n) < 0) return -ENOMEM;
	memset(out->p + out->n, 'x', n);
	out->n += n;
	*left -= n;
	return *left ? PULL_MORE : PULL_END;
}

static void pour(struct exchange *x) {
	size_t *left = arena_alloc(x->arena, sizeof(*left));
	*left = 5000000;
	exchange_respond_source(x, 200, NULL, slice_ends(x->head.target, SLICE_LIT("known")) ? 5000000 : -1,
		(struct body_source){ pour_pull, NULL, left });
}

static void later(void *arg) { respond_text(arg, 200, SLICE_LIT("later\n")); }

static void slow(struct exchange *x) { loop_timer_start(x->loop, 50, 0, later, x); }

/* ---- upgrade: an echo ---- */

static void up_data(void *ctx, struct stream *s, struct slice bytes) {
	if (stream_write(s, bytes) == 1) stream_pause(s);
}
static void up_drain(void *ctx, struct stream *s) { stream_unpause(s); }
static void up_end(void *ctx, struct stream *s, int err) {
	if (err == 0) stream_write(s, SLICE_LIT("bye\n"));
	stream_close(s);
}
static void up_close(void *ctx) {}
static const struct stream_handler up = { up_data, up_end, up_drain, up_close };

static void upgrade(struct exchange *x) {
	if (!x->can_upgrade) {
		respond_text(x, 426, SLICE_LIT("upgrade required\n"));
		return;
	}
	struct http_headers h = { 0 };
	http_headers_add(x->arena, &h, SLICE_LIT("connection"), SLICE_LIT("Upgrade"));
	http_headers_add(x->arena, &h, SLICE_LIT("upgrade"), http_headers_get(&x->head.headers, "upgrade"));
	struct stream *s;
	exchange_upgrade(x, 101, &h, &up, NULL, &s);
}

/* ---- a WebSocket: an echo of messages ---- */

struct socket {
	struct ws_reader *reader;
	struct stream *stream;
};

static int ws_message(void *ctx, enum ws_opcode op, struct slice p) {
	struct socket *w = ctx;
	_cleanup_buf_ struct buf out = BUF_INIT(4u << 20);
	if (op == WS_PONG) return 0;
	ws_put(&out, op == WS_PING ? WS_PONG : op, p, NULL);
	stream_write(w->stream, buf_slice(&out));
	return op == WS_CLOSE ? -1 : 0;
}
static const struct ws_handler ws_events = { ws_message };

static void ws_data(void *ctx, struct stream *s, struct slice bytes) {
	struct socket *w = ctx;
	int r = ws_feed(w->reader, bytes);
	if (r == 0) return;
	if (ws_close_code(w->reader)) {
		_cleanup_buf_ struct buf out = BUF_INIT(256);
		ws_put_close(&out, ws_close_code(w->reader), SLICE_NULL, NULL);
		stream_write(s, buf_slice(&out));
	}
	stream_close(s);
}
static void ws_end(void *ctx, struct stream *s, int err) { stream_close(s); }
static void ws_close(void *ctx) {
	struct socket *w = ctx;
	ws_reader_free(w->reader);
	free(w);
}
static const struct stream_handler ws_stream = { ws_data, ws_end, NULL, ws_close };

static void web_socket(struct exchange *x) {
	if (!x->can_upgrade || !ws_is_request(&x->head)) {
		respond_text(x, 400, SLICE_LIT("no WebSocket\n"));
		return;
	}
	char accept[WS_ACCEPT_SIZE];
	ws_accept(http_headers_get(&x->head.headers, "sec-websocket-key"), accept);
	struct http_headers h = { 0 };
	http_headers_add(x->arena, &h, SLICE_LIT("connection"), SLICE_LIT("Upgrade"));
	http_headers_add(x->arena, &h, SLICE_LIT("upgrade"), SLICE_LIT("websocket"));
	http_headers_add(x->arena, &h, SLICE_LIT("sec-websocket-accept"), slice_str(accept));
	struct socket *w = calloc(1, sizeof(*w));
	w->reader = ws_reader_new(true, 0, &ws_events, w);
	struct stream *s;
	exchange_upgrade(x, 101, &h, &ws_stream, w, &s);
	if (s) w->stream = s;
}

static const struct {
	const char *path;
	void (*fn)(struct exchange *);
} routes[] = { { "/object", get_object }, { "/big", get_big }, { "/echo", echo }, { "/ticks", ticks }, { "/pour", pour },
	{ "/slow", slow }, { "/upgrade", upgrade }, { "/websocket", web_socket }, { "/wait", wait_for_ever }, { "/", show } };

static void handle(void *ctx, struct exchange *x) {
	for (size_t i = 0; i < ELEMENTSOF(routes); i++)
		if (slice_starts(x->head.target, slice_str(routes[i].path))) {
			routes[i].fn(x);
			return;
		}
	respond_text(x, 404, SLICE_LIT("not found\n"));
}

static void set_option(struct net_server_options *o, const char *arg) {
	static const struct {
		const char *name;
		size_t offset;
	} names[] = { { "handshake_ms=", offsetof(struct net_server_options, handshake_ms) },
		{ "header_ms=", offsetof(struct net_server_options, header_ms) },
		{ "body_ms=", offsetof(struct net_server_options, body_ms) },
		{ "idle_ms=", offsetof(struct net_server_options, idle_ms) } };
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		struct slice s = slice_str(arg), name = slice_str(names[i].name);
		uint64_t v;
		if (slice_starts(s, name) && slice_uint(slice_from(s, name.n), UINT32_MAX, &v) == 0)
			*(uint32_t *)(void *)((char *)o + names[i].offset) = (uint32_t)v;
	}
}

int main(int argc, char **argv) {
	struct loop *loops[8];
	size_t n = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
	if (argc < 3 || n == 0 || n > ELEMENTSOF(loops)) return 2;
	struct net_server_options o = { .listen = "127.0.0.1:0", .cert_pem = read_file(argv[1]), .key_pem = read_file(argv[2]),
		.request_client_cert = true, .handler = handle };
	for (int i = 4; i < argc; i++) set_option(&o, argv[i]);
	char *text = malloc(16000000);
	memset(text, 'o', 16000000);
	object = blob_new(text, 3200);
	big = blob_new(text, 16000000);
	free(text);
	for (size_t i = 0; i < n; i++)
		if (loop_start("serve", &loops[i]) < 0) return 2;
	struct net_server *s = NULL;
	int r = net_server_start(loops, n, &o, &s);
	if (r < 0) fprintf(stderr, "start: %s\n", strerror(-r));
	else printf("%u\n", net_server_port(s));
	fflush(stdout);
	char line[64];
	while (r == 0 && fgets(line, sizeof(line), stdin))
		if (line[0] == 'd') net_server_drain(s);
	net_server_stop(s);
	for (size_t i = 0; i < n; i++) loop_stop(loops[i]);
	blob_unref(object);
	blob_unref(big);
	return r < 0;
}
