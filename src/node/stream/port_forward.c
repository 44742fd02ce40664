/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /portForward: connections to ports inside a pod's network namespace, each a pair of SPDY/3.1 streams (data and error, matched by
 * requestID), carried by the upgraded connection itself (client-go before 1.31) or inside WebSocket messages (KEP-4006,
 * "SPDY/3.1+portforward.k8s.io").
 */
#include "base/list.h"
#include "node/proc.h"
#include "node/stream/endpoint.h"
#include "wire/spdy3.h"
#include "wire/websocket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>

#define PROTOCOL "portforward.k8s.io"
#define TUNNEL_PROTOCOL "SPDY/3.1+portforward.k8s.io"
#define FORWARDS_MAX 512u
#define OUT_MAX (16u * 1024u * 1024u)
#define READ_SIZE 32768u
#define QUEUE_HIGH (1024u * 1024u)

struct tunnel;

/* One connection into the pod. */
struct forward {
	struct list link;
	struct tunnel *t;
	struct spdy_stream *data, *error;
	char request_id[64];
	uint16_t port;
	uv_tcp_t tcp;
	uv_connect_t connect;
	bool tcp_open, connected, closing, dialling, local_end, peer_end;
	struct buf early;             /* came before the connection was there */
	int fd, err;                  /* of the worker thread that makes the socket */
};

struct tunnel {
	struct loop *loop;
	struct stream *stream;        /* NULL: gone */
	struct spdy *spdy;
	struct ws_reader *ws;         /* NULL: plain SPDY */
	struct buf out, framed;
	struct list forwards;
	size_t n_forwards;
	char netns[256];
	char chunk[READ_SIZE];
};

static void tunnel_release(struct tunnel *t) {
	if (t->stream || t->n_forwards) return;
	buf_done(&t->out);
	buf_done(&t->framed);
	ws_reader_free(t->ws);
	free(t);
}

/* SPDY frames go out as they are, or as one binary message. */
static void flush(struct tunnel *t) {
	if (!t->stream || t->out.n == 0) return;
	struct slice bytes = buf_slice(&t->out);
	if (t->ws) {
		buf_clear(&t->framed);
		ws_put(&t->framed, WS_BINARY, bytes, NULL);
		bytes = buf_slice(&t->framed);
	}
	int r = buf_err(&t->out) || buf_err(&t->framed) ? -EPIPE : stream_write(t->stream, bytes);
	buf_clear(&t->out);
	if (r < 0) stream_abort(t->stream);
	/* A client that does not read slows down what is read for it. */
	if (r == 1)
		list_foreach(&t->forwards, pos) {
			struct forward *f = list_entry(pos, struct forward, link);
			if (f->connected) uv_read_stop((uv_stream_t *)&f->tcp);
		}
}

/* ---- one connection ---- */

static void forward_free(struct forward *f) {
	struct tunnel *t = f->t;
	list_del(&f->link);
	buf_done(&f->early);
	free(f);
	t->n_forwards--;
	tunnel_release(t);
}

static void maybe_free(struct forward *f) {
	if (!f->tcp_open && !f->dialling && !f->data && !f->error) forward_free(f);
}

static void tcp_closed(uv_handle_t *h) {
	struct forward *f = h->data;
	f->tcp_open = false;
	maybe_free(f);
}

static void forward_close_tcp(struct forward *f) {
	if (!f->tcp_open || f->closing) return;
	f->closing = true;
	f->connected = false;
	uv_close((uv_handle_t *)&f->tcp, tcp_closed);
}

static void forward_end(struct forward *f) {
	struct spdy_stream *data = f->data, *error = f->error;
	if (error) (void)spdy_write(error, SLICE_NULL, true);
	if (data && !f->peer_end) (void)spdy_write(data, SLICE_NULL, true);
	f->peer_end = true;
	forward_close_tcp(f);
	flush(f->t);
}

static void forward_fail(struct forward *f, const char *what) {
	_cleanup_buf_ struct buf b = BUF_INIT(512);
	f->dialling = true; /* what follows may end both streams; not this function's ground */
	(void)buf_printf(&b, "error forwarding port %u to pod: %s", (unsigned)f->port, what);
	if (f->error) (void)spdy_write(f->error, buf_slice(&b), true);
	if (f->data) spdy_reset(f->data, SPDY_INTERNAL_ERROR);
	forward_close_tcp(f);
	flush(f->t);
	f->dialling = false;
	maybe_free(f);
}

static void alloc(uv_handle_t *h, size_t want k8c_unused, uv_buf_t *b) {
	struct forward *f = h->data;
	*b = uv_buf_init(f->t->chunk, sizeof(f->t->chunk));
}

static void on_read(uv_stream_t *st, ssize_t n, const uv_buf_t *b) {
	struct forward *f = st->data;
	if (n > 0 && f->data) {
		(void)spdy_write(f->data, slice_make(b->base, (size_t)n), false);
		flush(f->t);
	} else if (n < 0) {
		forward_end(f);
	}
}

struct tcp_write { uv_write_t req; char bytes[]; };
static void tcp_written(uv_write_t *req, int status k8c_unused) { free(CONTAINER_OF(req, struct tcp_write, req)); }

static void tcp_send(struct forward *f, struct slice bytes) {
	struct tcp_write *w = bytes.n ? malloc(sizeof(*w) + bytes.n) : NULL;
	if (!w) return;
	memcpy(w->bytes, bytes.p, bytes.n);
	uv_buf_t b = uv_buf_init(w->bytes, (unsigned)bytes.n);
	if (uv_write(&w->req, (uv_stream_t *)&f->tcp, &b, 1, tcp_written) < 0) free(w);
}

struct tcp_shutdown { uv_shutdown_t req; };
static void tcp_shut(uv_shutdown_t *req, int status k8c_unused) { free(CONTAINER_OF(req, struct tcp_shutdown, req)); }

static void tcp_end(struct forward *f) {
	struct tcp_shutdown *s = f->connected ? malloc(sizeof(*s)) : NULL;
	if (s && uv_shutdown(&s->req, (uv_stream_t *)&f->tcp, tcp_shut) < 0) free(s);
}

static void on_connected(uv_connect_t *req, int status) {
	struct forward *f = req->data;
	if (status < 0) {
		if (status != UV_ECANCELED) forward_fail(f, uv_strerror(status));
		return;
	}
	f->connected = true;
	tcp_send(f, buf_slice(&f->early));
	buf_clear(&f->early);
	if (f->local_end) tcp_end(f);
	(void)uv_read_start((uv_stream_t *)&f->tcp, alloc, on_read);
}

/* On a worker thread: a socket belongs to the network namespace of the thread that makes it. */
static void make_socket(void *arg) {
	struct forward *f = arg;
	f->fd = -1;
	f->err = 0;
	_cleanup_close_ int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int away = f->t->netns[0] ? open(f->t->netns, O_RDONLY | O_CLOEXEC) : -1;
	if (home < 0 || (f->t->netns[0] && (away < 0 || setns(away, CLONE_NEWNET) < 0))) {
		f->err = -errno;
		return;
	}
	f->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (f->fd < 0) f->err = -errno;
	/* A thread of the pool that cannot come home would serve others from within a pod. */
	if (f->t->netns[0] && setns(home, CLONE_NEWNET) < 0) abort();
}

static void socket_made(void *arg) {
	struct forward *f = arg;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(f->port) };
	f->dialling = false;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (!f->t->stream || !f->data) {
		if (f->fd >= 0) close(f->fd);
		maybe_free(f);
		return;
	}
	if (f->err) {
		forward_fail(f, strerror(-f->err));
		return;
	}
	uv_tcp_init(loop_uv(f->t->loop), &f->tcp);
	f->tcp.data = f;
	f->tcp_open = true;
	f->connect.data = f;
	int r = uv_tcp_open(&f->tcp, f->fd);
	if (r < 0) close(f->fd);
	if (r == 0) r = uv_tcp_connect(&f->connect, &f->tcp, (struct sockaddr *)&to, on_connected);
	if (r < 0) forward_fail(f, uv_strerror(r));
}

static void dial(struct forward *f) {
	f->dialling = true;
	if (work_run(f->t->loop, make_socket, socket_made, f) == 0) return;
	f->dialling = false;
	forward_fail(f, "out of memory");
}

/* ---- streams ---- */

static struct forward *forward_for(struct tunnel *t, struct slice id, uint16_t port) {
	list_foreach(&t->forwards, pos) {
		struct forward *f = list_entry(pos, struct forward, link);
		if (slice_eqs(id, f->request_id)) return f;
	}
	struct forward *f = t->n_forwards < FORWARDS_MAX && id.n < sizeof(f->request_id) ? calloc(1, sizeof(*f)) : NULL;
	if (!f) return NULL;
	*f = (struct forward){ .t = t, .port = port, .early = BUF_INIT(QUEUE_HIGH) };
	memcpy(f->request_id, id.p, id.n);
	list_init(&f->link);
	list_add_tail(&t->forwards, &f->link);
	t->n_forwards++;
	return f;
}

static void on_open(void *ctx, struct spdy_stream *st, const struct http_headers *h, bool fin k8c_unused) {
	struct tunnel *t = ctx;
	struct slice type = http_headers_get(h, "streamtype"), id = http_headers_get(h, "requestid");
	uint64_t port;
	bool error = slice_eqs(type, "error");
	/* Old clients send no requestID: their streams come in pairs, error first. */
	if (slice_empty(id)) {
		uint32_t n = spdy_stream_id(st);
		char text[16];
		int len = snprintf(text, sizeof(text), "#%u", error ? n : n - 2);
		id = slice_make(text, (size_t)len);
	}
	struct forward *f = slice_uint(http_headers_get(h, "port"), 65535, &port) == 0 && port > 0 && (error || slice_eqs(type, "data")) ? forward_for(t, id, (uint16_t)port) : NULL;
	if (!f || (error ? f->error : f->data)) {
		spdy_reset(st, SPDY_REFUSED_STREAM);
		return;
	}
	*(error ? &f->error : &f->data) = st;
	spdy_stream_set_user(st, f);
	(void)spdy_reply(st, NULL);
	if (f->error && f->data) dial(f);
}

static void on_stream_data(void *ctx k8c_unused, struct spdy_stream *st, struct slice bytes) {
	struct forward *f = spdy_stream_user(st);
	if (!f || st != f->data) return;
	if (f->connected) tcp_send(f, bytes);
	else if (!f->closing && buf_put_slice(&f->early, bytes) < 0) forward_close_tcp(f);
}

static void on_fin(void *ctx k8c_unused, struct spdy_stream *st) {
	struct forward *f = spdy_stream_user(st);
	if (!f || st != f->data) return;
	f->local_end = true;
	tcp_end(f);
}

static void on_stream_close(void *ctx k8c_unused, struct spdy_stream *st, unsigned status k8c_unused) {
	struct forward *f = spdy_stream_user(st);
	if (!f) return;
	if (st == f->data) {
		f->data = NULL;
		forward_close_tcp(f);
	} else {
		f->error = NULL;
	}
	maybe_free(f);
}

static const struct spdy_handler spdy_events = { .on_open = on_open, .on_data = on_stream_data, .on_fin = on_fin, .on_close = on_stream_close };

/* ---- the connection ---- */

static int on_message(void *ctx, enum ws_opcode op, struct slice payload) {
	struct tunnel *t = ctx;
	if (op == WS_BINARY) return spdy_feed(t->spdy, payload);
	if (op == WS_PING || op == WS_CLOSE) {
		buf_clear(&t->framed);
		if (op == WS_PING) ws_put(&t->framed, WS_PONG, payload, NULL);
		else ws_put_close(&t->framed, WS_CLOSE_NORMAL, SLICE_NULL, NULL);
		if (t->stream) (void)stream_write(t->stream, buf_slice(&t->framed));
		if (op == WS_CLOSE && t->stream) stream_close(t->stream);
	}
	return 0;
}

static const struct ws_handler ws_events = { on_message };

static void on_data(void *ctx, struct stream *s, struct slice bytes) {
	struct tunnel *t = ctx;
	int r = t->ws ? ws_feed(t->ws, bytes) : spdy_feed(t->spdy, bytes);
	if (r < 0 && t->stream) stream_abort(s);
	else flush(t);
}

static void on_end(void *ctx k8c_unused, struct stream *s, int err) {
	if (err < 0) stream_abort(s);
	else stream_close(s);
}

static void on_drain(void *ctx, struct stream *s k8c_unused) {
	struct tunnel *t = ctx;
	list_foreach(&t->forwards, pos) {
		struct forward *f = list_entry(pos, struct forward, link);
		if (f->connected) (void)uv_read_start((uv_stream_t *)&f->tcp, alloc, on_read);
	}
}

static void on_close(void *ctx) {
	struct tunnel *t = ctx;
	t->stream = NULL;
	t->n_forwards++; /* held until the streams are gone */
	t->spdy = spdy_free(t->spdy);
	t->n_forwards--;
	tunnel_release(t);
}

static const struct stream_handler stream_events = { on_data, on_end, on_drain, on_close };

/* ---- the request ---- */

static bool offers(const struct http_headers *h, const char *name, const char *what) {
	struct slice list;
	size_t it = 0;
	while (http_headers_next(h, name, &it, &list))
		while (list.p)
			if (slice_eqs(slice_trim(slice_cut(&list, ',')), what)) return true;
	return false;
}

static void add(struct arena *a, struct http_headers *h, const char *name, const char *value) { (void)http_headers_add(a, h, slice_str(name), slice_str(value)); }

/* NULL, or why this request cannot be served. */
static const char *answer_headers(struct endpoint *e, bool websocket, struct http_headers *answer) {
	struct arena *a = e->x->arena;
	const struct http_headers *h = &e->x->head.headers;
	if (websocket) {
		char *accept = arena_alloc(a, WS_ACCEPT_SIZE);
		if (!offers(h, "sec-websocket-protocol", TUNNEL_PROTOCOL)) return "port-forward over WebSocket needs the subprotocol " TUNNEL_PROTOCOL;
		if (!accept) return "out of memory";
		ws_accept(http_headers_get(h, "sec-websocket-key"), accept);
		add(a, answer, "upgrade", "websocket");
		add(a, answer, "sec-websocket-accept", accept);
		add(a, answer, "sec-websocket-protocol", TUNNEL_PROTOCOL);
	} else {
		if (!slice_ieq(http_headers_get(h, "upgrade"), SLICE_LIT("SPDY/3.1"))) return "unable to upgrade: unable to find Upgrade: SPDY/3.1 or websocket";
		if (!slice_empty(http_headers_get(h, "x-stream-protocol-version")) && !offers(h, "x-stream-protocol-version", PROTOCOL))
			return "unable to negotiate protocol: client does not support " PROTOCOL;
		add(a, answer, "upgrade", "SPDY/3.1");
		add(a, answer, "x-stream-protocol-version", PROTOCOL);
	}
	add(a, answer, "connection", "Upgrade");
	return NULL;
}

static struct tunnel *tunnel_make(struct endpoint *e, const char *netns, bool websocket) {
	struct tunnel *t = calloc(1, sizeof(*t));
	if (!t || strlen(netns) >= sizeof(t->netns)) {
		free(t);
		return NULL;
	}
	t->loop = e->loop;
	t->out = BUF_INIT(OUT_MAX);
	t->framed = BUF_INIT(OUT_MAX + 64);
	list_init(&t->forwards);
	memcpy(t->netns, netns, strlen(netns) + 1);
	if (websocket) t->ws = ws_reader_new(true, 0, &ws_events, t);
	if ((websocket && !t->ws) || spdy_new(true, &spdy_events, t, &t->out, &t->spdy) < 0) {
		ws_reader_free(t->ws);
		free(t);
		return NULL;
	}
	return t;
}

void endpoint_port_forward(struct endpoint *e) {
	const char *netns = node_agent_netns(e->agent, e->ns, e->pod), *why;
	struct http_headers answer = { 0 };
	bool websocket = ws_is_request(&e->x->head);
	if (!netns) {
		endpoint_refuse(e, 404, "the pod is not running here");
		return;
	}
	why = e->x->can_upgrade ? answer_headers(e, websocket, &answer) : "Upgrade request required";
	struct tunnel *t = why ? NULL : tunnel_make(e, netns, websocket);
	if (!t) {
		endpoint_refuse(e, why ? 400 : 500, why ? why : "out of memory");
		return;
	}
	struct stream *stream;
	exchange_upgrade(e->x, 101, &answer, &stream_events, t, &stream);
	if (stream) t->stream = stream;
}
