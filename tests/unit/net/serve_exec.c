/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pretended API server with one pod, p, for kubectl: exec runs a "program" that copies its input to its output, then says
 * "done" on stderr and exits with 3; port-forward echoes. Both over SPDY/3.1, exec over WebSocket v5 too. The program takes a
 * moment to start, as containers' do: kubectl before v1.34 loses what comes together with the answer to its WebSocket request,
 * since it reads before it has made its streams ("Unknown stream id 2", kubernetes/kubernetes#131189).
 * serve_exec CERT KEY; prints its port; ends with its standard input.
 */
#include "net/server.h"
#include "wire/kube_channel.h"
#include "wire/spdy3.h"

#include <stdio.h>

#define OUT_MAX ((size_t)64 << 20)
#define START_MS 100
#define EXIT_STATUS \
	"{\"metadata\":{},\"status\":\"Failure\",\"message\":\"command terminated with non-zero exit code\"," \
	"\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\",\"message\":\"3\"}]}}"

enum { IN, OUT, ERR, STATUS, KINDS };

struct session {
	struct stream *stream;
	struct spdy *spdy;
	struct spdy_stream *of[KINDS]; /* exec; port-forward keeps none */
	int wanted, opened;
	bool forward, input, over;
	struct ws_reader *ws;
	const struct kube_protocol *protocol;
	struct loop_timer *start;
	struct buf out;
};

static void flush(struct session *s) {
	if (s->stream && s->out.n) stream_write(s->stream, buf_slice(&s->out));
	if (s->stream) buf_clear(&s->out);
}

/* ---- SPDY ---- */

static void spdy_exit(struct session *s) {
	if (s->of[OUT]) spdy_write(s->of[OUT], SLICE_NULL, true);
	if (s->of[ERR]) spdy_write(s->of[ERR], SLICE_LIT("done\n"), true);
	if (s->of[STATUS]) spdy_write(s->of[STATUS], SLICE_LIT(EXIT_STATUS), true);
	s->over = true;
}

static int kind_of(struct slice type) {
	static const char *const names[KINDS] = { "stdin", "stdout", "stderr", "error" };
	for (int i = 0; i < KINDS; i++)
		if (slice_eqs(type, names[i])) return i;
	return -1;
}

static void on_open(void *ctx, struct spdy_stream *st, const struct http_headers *h, bool fin) {
	struct session *s = ctx;
	spdy_reply(st, NULL);
	if (s->forward) return;
	int kind = kind_of(http_headers_get(h, "streamtype"));
	if (kind < 0) {
		spdy_reset(st, SPDY_REFUSED_STREAM);
		return;
	}
	s->of[kind] = st;
	if (++s->opened == s->wanted && !s->input) spdy_exit(s);
}

static void on_reply(void *ctx, struct spdy_stream *st, const struct http_headers *h) {}

static void on_data(void *ctx, struct spdy_stream *st, struct slice b) {
	struct session *s = ctx;
	if (s->forward) spdy_write(st, b, false);
	else if (st == s->of[IN] && s->of[OUT]) spdy_write(s->of[OUT], b, false);
}

static void on_fin(void *ctx, struct spdy_stream *st) {
	struct session *s = ctx;
	if (s->forward) spdy_write(st, SLICE_NULL, true);
	else if (st == s->of[IN]) spdy_exit(s);
}

static void on_spdy_close(void *ctx, struct spdy_stream *st, unsigned status) {
	struct session *s = ctx;
	for (int i = 0; i < KINDS; i++)
		if (s->of[i] == st) s->of[i] = NULL;
}

static const struct spdy_handler spdy_events = { on_open, on_reply, on_data, on_fin, on_spdy_close, NULL };

/* ---- WebSocket ---- */

static void ws_exit(struct session *s) {
	kube_channel_put(&s->out, s->protocol, KUBE_STDERR, SLICE_LIT("done\n"), NULL);
	kube_channel_put(&s->out, s->protocol, KUBE_ERROR, SLICE_LIT(EXIT_STATUS), NULL);
	ws_put_close(&s->out, WS_CLOSE_NORMAL, SLICE_NULL, NULL);
	s->over = true;
}

static void ws_start(void *arg) {
	struct session *s = arg;
	s->start = NULL;
	ws_exit(s);
	flush(s);
}

static int on_message(void *ctx, enum ws_opcode op, struct slice m) {
	struct session *s = ctx;
	unsigned channel;
	struct slice data;
	if (op == WS_PING) ws_put(&s->out, WS_PONG, m, NULL);
	if (op == WS_CLOSE) return -1;
	if (op != WS_BINARY) return 0;
	int r = kube_channel_split(s->protocol, m, NULL, &channel, &data);
	if (r == 0 && channel == KUBE_STDIN) kube_channel_put(&s->out, s->protocol, KUBE_STDOUT, data, NULL);
	if (r == 1 && channel == KUBE_STDIN) ws_exit(s);
	return r < 0 ? r : 0;
}

static const struct ws_handler ws_events = { on_message };

/* ---- the connection ---- */

static void stream_data(void *ctx, struct stream *st, struct slice b) {
	struct session *s = ctx;
	int r = s->spdy ? spdy_feed(s->spdy, b) : ws_feed(s->ws, b);
	flush(s);
	if (r < 0) stream_close(st);
}

static void stream_over(void *ctx, struct stream *st, int err) { stream_close(st); }

static void stream_gone(void *ctx) {
	struct session *s = ctx;
	loop_timer_stop(s->start);
	spdy_free(s->spdy);
	ws_reader_free(s->ws);
	buf_done(&s->out);
	free(s);
}

static const struct stream_handler stream_events = { stream_data, stream_over, NULL, stream_gone };

static bool asks_for(struct exchange *x, const char *what) { return slice_find(x->head.target, slice_str(what)) >= 0; }

static void start_spdy(struct exchange *x, struct session *s, struct http_headers *h) {
	s->wanted = 1 + asks_for(x, "stdin=true") + asks_for(x, "stdout=true") + asks_for(x, "stderr=true");
	http_headers_add(x->arena, h, SLICE_LIT("upgrade"), SLICE_LIT("SPDY/3.1"));
	http_headers_add(x->arena, h, SLICE_LIT("x-stream-protocol-version"), s->forward ? SLICE_LIT("portforward.k8s.io") : SLICE_LIT("v4.channel.k8s.io"));
	(void)spdy_new(true, &spdy_events, s, &s->out, &s->spdy);
}

static void start_ws(struct exchange *x, struct session *s, struct http_headers *h) {
	char accept[WS_ACCEPT_SIZE];
	s->protocol = kube_protocol_choose(&x->head.headers);
	ws_accept(http_headers_get(&x->head.headers, "sec-websocket-key"), accept);
	http_headers_add(x->arena, h, SLICE_LIT("upgrade"), SLICE_LIT("websocket"));
	http_headers_add(x->arena, h, SLICE_LIT("sec-websocket-accept"), slice_str(accept));
	http_headers_add(x->arena, h, SLICE_LIT("sec-websocket-protocol"), slice_str(s->protocol->name));
	s->ws = ws_reader_new(true, 0, &ws_events, s);
	if (!s->input) s->start = loop_timer_start(x->loop, START_MS, 0, ws_start, s);
}

static void respond(struct exchange *x, int status, const char *json) {
	struct http_headers h = { 0 };
	http_headers_add(x->arena, &h, SLICE_LIT("content-type"), SLICE_LIT("application/json"));
	struct body_part p = { NULL, slice_str(json) };
	exchange_respond(x, status, &h, &p, 1);
}

static void tunnel(struct exchange *x, bool forward) {
	bool ws = ws_is_request(&x->head);
	if (!x->can_upgrade || (ws && (forward || !kube_protocol_choose(&x->head.headers)))) {
		respond(x, 400, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"unable to upgrade\",\"code\":400}");
		return;
	}
	struct http_headers h = { 0 };
	struct session *s = calloc(1, sizeof(*s));
	s->out = BUF_INIT(OUT_MAX);
	s->forward = forward;
	s->input = asks_for(x, "stdin=true");
	http_headers_add(x->arena, &h, SLICE_LIT("connection"), SLICE_LIT("Upgrade"));
	if (ws) start_ws(x, s, &h);
	else start_spdy(x, s, &h);
	fprintf(stderr, "protocol %s\n", ws ? s->protocol->name : "SPDY/3.1");
	struct stream *st;
	exchange_upgrade(x, 101, &h, &stream_events, s, &st);
	if (!st) return;
	s->stream = st;
	flush(s);
}

static const struct {
	const char *path, *json;
} documents[] = {
	{ "/version", "{\"major\":\"1\",\"minor\":\"34\",\"gitVersion\":\"v1.34.0\"}" },
	{ "/api/v1", "{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\",\"resources\":[{\"name\":\"pods\",\"singularName\":\"pod\","
		     "\"namespaced\":true,\"kind\":\"Pod\",\"verbs\":[\"get\",\"list\"],\"shortNames\":[\"po\"]}]}" },
	{ "/api", "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"]}" },
	{ "/apis", "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[]}" },
	{ "/api/v1/namespaces/default/pods/p",
	  "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"p\",\"namespace\":\"default\"},\"spec\":{\"containers\":"
	  "[{\"name\":\"c\",\"image\":\"i\",\"ports\":[{\"containerPort\":80}]}]},\"status\":{\"phase\":\"Running\"}}" },
};

static void handle(void *ctx, struct exchange *x) {
	struct slice rest = x->head.target, path = slice_cut(&rest, '?');
	for (size_t i = 0; i < ELEMENTSOF(documents); i++)
		if (slice_eqs(path, documents[i].path)) {
			respond(x, 200, documents[i].json);
			return;
		}
	if (slice_ends(path, SLICE_LIT("/exec"))) tunnel(x, false);
	else if (slice_ends(path, SLICE_LIT("/portforward"))) tunnel(x, true);
	else respond(x, 404, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"NotFound\",\"code\":404}");
}

static struct slice read_file(const char *path, char *p, size_t size) {
	FILE *f = fopen(path, "rb");
	if (!f) exit(2);
	size_t n = fread(p, 1, size, f);
	fclose(f);
	return slice_make(p, n);
}

int main(int argc, char **argv) {
	static char cert[65536], key[65536];
	struct loop *l;
	struct net_server *s;
	if (argc != 3 || loop_start("serve", &l) < 0) return 2;
	struct net_server_options o = { .listen = "127.0.0.1:0", .cert_pem = read_file(argv[1], cert, sizeof(cert)),
		.key_pem = read_file(argv[2], key, sizeof(key)), .handler = handle };
	if (net_server_start(&l, 1, &o, &s) < 0) return 2;
	printf("%u\n", net_server_port(s));
	fflush(stdout);
	while (getchar() != EOF) {}
	net_server_stop(s);
	loop_stop(l);
	return 0;
}
