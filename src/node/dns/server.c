/* SPDX-License-Identifier: Apache-2.0 */
#include "node/dns/server.h"
#include "base/limits.h"
#include "base/list.h"
#include "node/dns/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#define RCODE_SERVFAIL 2u
#define RCODE_REFUSED 5u

/* Where an answer goes: a UDP peer or a TCP connection (by its number, which may be gone by then). */
struct asker {
	struct sockaddr_in from;
	uint64_t connection; /* 0: UDP */
};

struct forward {
	struct list link;
	struct dns_server *s;
	struct asker asker;
	uint16_t id, theirs;      /* our id towards the resolver, the client's */
	unsigned tried;
	struct loop_timer *timer;
	size_t n;
	char query[];
};

struct connection {
	struct list link;
	struct dns_server *s;
	uv_tcp_t tcp;
	uint64_t number;
	struct buf in;
	struct loop_timer *idle;
	bool closing;
};

struct dns_server {
	struct dns_server_options o;
	char domain[256];
	uv_udp_t udp, upstream;
	uv_tcp_t tcp;
	unsigned open_handles;
	uint16_t port;
	char upstreams[DNS_UPSTREAMS_MAX][16];
	size_t n_upstreams, n_forwards, n_connections;
	struct list forwards, connections;
	uint64_t last_connection;
	bool freed;
	char packet[DNS_PACKET_MAX];
};

static void maybe_gone(struct dns_server *s) {
	if (s->freed && s->open_handles == 0 && s->n_connections == 0) free(s);
}

static void handle_closed(uv_handle_t *h) {
	struct dns_server *s = h->data;
	s->open_handles--;
	maybe_gone(s);
}

/* ---- sending ---- */

struct udp_send { uv_udp_send_t req; char bytes[]; };
static void udp_sent(uv_udp_send_t *req, int status k8c_unused) { free(CONTAINER_OF(req, struct udp_send, req)); }

static void udp_write(uv_udp_t *udp, const struct sockaddr_in *to, struct slice packet) {
	struct udp_send *w = malloc(sizeof(*w) + packet.n);
	if (!w) return;
	memcpy(w->bytes, packet.p, packet.n);
	uv_buf_t b = uv_buf_init(w->bytes, (unsigned)packet.n);
	if (uv_udp_send(&w->req, udp, &b, 1, (const struct sockaddr *)to, udp_sent) < 0) free(w);
}

struct tcp_write { uv_write_t req; char bytes[]; };
static void tcp_written(uv_write_t *req, int status k8c_unused) { free(CONTAINER_OF(req, struct tcp_write, req)); }

static void tcp_reply(struct connection *c, struct slice packet) {
	struct tcp_write *w = c->closing ? NULL : malloc(sizeof(*w) + packet.n + 2);
	if (!w) return;
	w->bytes[0] = (char)(packet.n >> 8);
	w->bytes[1] = (char)packet.n;
	memcpy(w->bytes + 2, packet.p, packet.n);
	uv_buf_t b = uv_buf_init(w->bytes, (unsigned)packet.n + 2);
	if (uv_write(&w->req, (uv_stream_t *)&c->tcp, &b, 1, tcp_written) < 0) free(w);
}

static void reply(struct dns_server *s, const struct asker *to, struct slice packet) {
	if (to->connection == 0) {
		udp_write(&s->udp, &to->from, packet);
		return;
	}
	list_foreach(&s->connections, pos) {
		struct connection *c = list_entry(pos, struct connection, link);
		if (c->number == to->connection) tcp_reply(c, packet);
	}
}

static void refuse(struct dns_server *s, const struct asker *to, struct slice query, unsigned rcode) {
	_cleanup_buf_ struct buf out = BUF_INIT(DNS_PACKET_MAX);
	if (dns_refuse(query, rcode, &out) == DNS_ANSWERED) reply(s, to, buf_slice(&out));
}

/* ---- forwarding ---- */

static void forward_end(struct forward *f) {
	list_del(&f->link);
	f->s->n_forwards--;
	if (f->timer) loop_timer_stop(f->timer);
	free(f);
}

static void forward_send(struct forward *f);

static void forward_late(void *arg) {
	struct forward *f = arg;
	f->timer = NULL;
	if (f->tried < f->s->n_upstreams) {
		forward_send(f);
		return;
	}
	memcpy(f->query, &f->theirs, 2);
	refuse(f->s, &f->asker, slice_make(f->query, f->n), RCODE_SERVFAIL);
	forward_end(f);
}

static void forward_send(struct forward *f) {
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(53) };
	inet_pton(AF_INET, f->s->upstreams[f->tried++], &to.sin_addr);
	udp_write(&f->s->upstream, &to, slice_make(f->query, f->n));
	f->timer = loop_timer_start(f->s->o.loop, DNS_FORWARD_MS, 0, forward_late, f);
	if (!f->timer) forward_end(f);
}

static void forward(struct dns_server *s, const struct asker *asker, struct slice query) {
	struct forward *f = s->n_upstreams && s->n_forwards < DNS_FORWARDS_MAX && query.n >= 12 ? calloc(1, sizeof(*f) + query.n) : NULL;
	if (!f) {
		refuse(s, asker, query, s->n_upstreams ? RCODE_SERVFAIL : RCODE_REFUSED);
		return;
	}
	f->s = s;
	f->asker = *asker;
	f->n = query.n;
	memcpy(f->query, query.p, query.n);
	memcpy(&f->theirs, query.p, 2);
	(void)env_random(s->o.env, &f->id, sizeof(f->id));
	memcpy(f->query, &f->id, 2);
	list_init(&f->link);
	list_add_tail(&s->forwards, &f->link);
	s->n_forwards++;
	forward_send(f);
}

static bool from_upstream(const struct dns_server *s, const struct sockaddr *from) {
	char text[16] = "";
	if (from->sa_family != AF_INET || ((const struct sockaddr_in *)(const void *)from)->sin_port != htons(53)) return false;
	inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)from)->sin_addr, text, sizeof(text));
	for (size_t i = 0; i < s->n_upstreams; i++)
		if (strcmp(text, s->upstreams[i]) == 0) return true;
	return false;
}

static void on_upstream(uv_udp_t *h, ssize_t n, const uv_buf_t *b, const struct sockaddr *from, unsigned flags k8c_unused) {
	struct dns_server *s = h->data;
	uint16_t id;
	if (n < 12 || !from || !from_upstream(s, from)) return;
	memcpy(&id, b->base, 2);
	list_foreach(&s->forwards, pos) {
		struct forward *f = list_entry(pos, struct forward, link);
		if (f->id != id) continue;
		memcpy(b->base, &f->theirs, 2);
		reply(s, &f->asker, slice_make(b->base, (size_t)n));
		forward_end(f);
		return;
	}
}

/* ---- queries ---- */

static void query(struct dns_server *s, const struct asker *asker, struct slice packet) {
	_cleanup_arena_ struct arena *a = arena_new(MIB);
	_cleanup_buf_ struct buf out = BUF_INIT(DNS_PACKET_MAX);
	int r = a ? dns_answer(&s->o.zone, a, packet, asker->connection != 0, &out) : -ENOMEM;
	if (r == DNS_ANSWERED) reply(s, asker, buf_slice(&out));
	else if (r == DNS_FORWARD) forward(s, asker, packet);
	else if (r < 0) refuse(s, asker, packet, RCODE_SERVFAIL);
}

static void on_udp(uv_udp_t *h, ssize_t n, const uv_buf_t *b, const struct sockaddr *from, unsigned flags k8c_unused) {
	struct asker asker = { 0 };
	if (n <= 0 || !from || from->sa_family != AF_INET) return;
	memcpy(&asker.from, from, sizeof(asker.from));
	query(h->data, &asker, slice_make(b->base, (size_t)n));
}

static void udp_alloc(uv_handle_t *h, size_t want k8c_unused, uv_buf_t *b) {
	struct dns_server *s = h->data;
	*b = uv_buf_init(s->packet, sizeof(s->packet));
}

/* ---- TCP ---- */

static void connection_closed(uv_handle_t *h) {
	struct connection *c = h->data;
	struct dns_server *s = c->s;
	list_del(&c->link);
	buf_done(&c->in);
	free(c);
	s->n_connections--;
	maybe_gone(s);
}

static void connection_close(struct connection *c) {
	if (c->closing) return;
	c->closing = true;
	c->idle = loop_timer_stop(c->idle);
	uv_close((uv_handle_t *)&c->tcp, connection_closed);
}

static void connection_idle(void *arg) {
	struct connection *c = arg;
	c->idle = NULL;
	connection_close(c);
}

static void on_tcp(uv_stream_t *st, ssize_t n, const uv_buf_t *b) {
	struct connection *c = st->data;
	if (n < 0 || (n > 0 && buf_put(&c->in, b->base, (size_t)n) < 0)) {
		connection_close(c);
		return;
	}
	while (c->in.n >= 2 && !c->closing) {
		size_t want = ((size_t)(unsigned char)c->in.p[0] << 8) | (unsigned char)c->in.p[1];
		if (c->in.n < want + 2) break;
		struct asker asker = { .connection = c->number };
		query(c->s, &asker, slice_make(c->in.p + 2, want));
		buf_consume(&c->in, want + 2);
	}
	loop_timer_stop(c->idle);
	c->idle = c->closing ? NULL : loop_timer_start(c->s->o.loop, DNS_IDLE_MS, 0, connection_idle, c);
}

static void tcp_alloc(uv_handle_t *h, size_t want, uv_buf_t *b) {
	struct connection *c = h->data;
	udp_alloc((uv_handle_t *)&c->s->udp, want, b);
}

static void on_accept(uv_stream_t *st, int status) {
	struct dns_server *s = st->data;
	struct connection *c = status == 0 && s->n_connections < DNS_CONNECTIONS_MAX ? calloc(1, sizeof(*c)) : NULL;
	if (!c) return;
	*c = (struct connection){ .s = s, .number = ++s->last_connection, .in = BUF_INIT(2u * (DNS_PACKET_MAX + 2)) };
	list_init(&c->link);
	list_add_tail(&s->connections, &c->link);
	s->n_connections++;
	uv_tcp_init(loop_uv(s->o.loop), &c->tcp);
	c->tcp.data = c;
	c->idle = loop_timer_start(s->o.loop, DNS_IDLE_MS, 0, connection_idle, c);
	if (uv_accept(st, (uv_stream_t *)&c->tcp) < 0 || uv_read_start((uv_stream_t *)&c->tcp, tcp_alloc, on_tcp) < 0) connection_close(c);
}

/* ---- the whole ---- */

size_t dns_upstreams(struct slice text, const char *not_this, char ret[DNS_UPSTREAMS_MAX][16]) {
	size_t n = 0;
	while (text.p && n < DNS_UPSTREAMS_MAX) {
		struct slice line = slice_trim(slice_cut(&text, '\n'));
		struct in_addr ip;
		char address[16];
		if (!slice_starts(line, SLICE_LIT("nameserver"))) continue;
		line = slice_trim(slice_from(line, 10));
		if (line.n >= sizeof(address)) continue;
		snprintf(address, sizeof(address), "%.*s", SLICE_FMT(line));
		if (inet_pton(AF_INET, address, &ip) != 1 || strcmp(address, not_this) == 0) continue;
		memcpy(ret[n++], address, sizeof(address));
	}
	return n;
}

static int listen_on(struct dns_server *s, int udp_fd, int tcp_fd) {
	struct sockaddr_in any = { .sin_family = AF_INET };
	int r = uv_udp_open(&s->udp, udp_fd);
	if (r < 0) close(udp_fd);
	int r2 = uv_tcp_open(&s->tcp, tcp_fd);
	if (r2 < 0) close(tcp_fd);
	if (r == 0) r = r2;
	if (r == 0) r = uv_udp_bind(&s->upstream, (const struct sockaddr *)&any, 0);
	if (r == 0) r = uv_udp_recv_start(&s->udp, udp_alloc, on_udp);
	if (r == 0) r = uv_udp_recv_start(&s->upstream, udp_alloc, on_upstream);
	return r == 0 ? uv_listen((uv_stream_t *)&s->tcp, 64, on_accept) : r;
}

int dns_server_new(const struct dns_server_options *o, struct dns_server **ret) {
	int udp_fd, tcp_fd;
	uint16_t port = o->port;
	int r = dns_sockets(o->address, &port, &udp_fd, &tcp_fd);
	if (r < 0) return r;
	struct dns_server *s = calloc(1, sizeof(*s));
	if (!s || o->zone.domain.n >= sizeof(s->domain)) {
		close(udp_fd);
		close(tcp_fd);
		free(s);
		return s ? -EINVAL : -ENOMEM;
	}
	s->o = *o;
	s->port = port;
	memcpy(s->domain, o->zone.domain.p, o->zone.domain.n);
	s->o.zone.domain = slice_make(s->domain, o->zone.domain.n);
	s->n_upstreams = dns_upstreams(o->resolv_conf, o->address, s->upstreams);
	list_init(&s->forwards);
	list_init(&s->connections);
	uv_udp_init(loop_uv(o->loop), &s->udp);
	uv_udp_init(loop_uv(o->loop), &s->upstream);
	uv_tcp_init(loop_uv(o->loop), &s->tcp);
	s->udp.data = s->upstream.data = s->tcp.data = s;
	s->open_handles = 3;
	r = listen_on(s, udp_fd, tcp_fd);
	if (r < 0) dns_server_free(s);
	else *ret = s;
	return r;
}

uint16_t dns_server_port(const struct dns_server *s) { return s->port; }

void dns_server_free(struct dns_server *s) {
	if (!s) return;
	s->freed = true;
	list_foreach(&s->forwards, pos) forward_end(list_entry(pos, struct forward, link));
	list_foreach(&s->connections, pos) connection_close(list_entry(pos, struct connection, link));
	uv_close((uv_handle_t *)&s->udp, handle_closed);
	uv_close((uv_handle_t *)&s->upstream, handle_closed);
	uv_close((uv_handle_t *)&s->tcp, handle_closed);
}
