/* SPDX-License-Identifier: Apache-2.0 */
#include "net/conn.h"
#include "net/net_limits.h"
#include "net/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>

enum conn_state {
	CONN_CONNECTING,
	CONN_SNIFFING, /* the first bytes decide whether this is TLS at all */
	CONN_HANDSHAKING,
	CONN_OPEN,
	CONN_BROKEN,    /* on_end(err) is or will be given; the owner has to close */
	CONN_FLUSHING,  /* conn_close: the queue is being sent */
	CONN_LINGERING, /* FIN sent, the peer's is awaited */
	CONN_CLOSED,
};

struct conn {
	uv_tcp_t tcp; /* data: the conn, as in every handle */
	uv_timer_t timer;
	uv_connect_t connect;
	uv_write_t write;
	uv_shutdown_t shutdown;
	struct loop *loop;
	struct conn_scratch *scratch;
	const struct conn_events *ev;
	void *ctx;
	struct tls *tls;
	SSL_CTX *tls_ctx; /* until the handshake starts */
	char *name;       /* the same */
	struct buf out, sending;
	struct buf held_cipher, held_plain; /* what a paused owner has not taken */
	struct blob *cert;
	uint64_t due;
	int err; /* why it broke, for on_end */
	int write_err; /* writing failed; what the peer said before may still be read */
	char why[160];
	enum conn_state state;
	unsigned corks, handles, pins;
	bool paused, reading, eof, eof_told, writing, was_full, kicked;
	char peer[INET6_ADDRSTRLEN + 10];
};

struct conn_scratch {
	struct buf out;
	char plain[TLS_RECORD_MAX];
	char raw[CONN_READ_SIZE];
};

struct conn_scratch *conn_scratch_new(void) {
	struct conn_scratch *s = malloc(sizeof(*s));
	if (s) s->out = BUF_INIT(CONN_QUEUE_MAX);
	return s;
}

struct conn_scratch *conn_scratch_free(struct conn_scratch *s) {
	if (s) buf_done(&s->out);
	free(s);
	return NULL;
}

struct buf *conn_scratch_out(struct conn_scratch *s) {
	if (s->out.cap > 4 * CONN_QUEUE_HIGH) buf_done(&s->out);
	buf_clear(&s->out);
	return &s->out;
}

struct loop *conn_loop(struct conn *c) { return c->loop; }
struct conn_scratch *conn_scratch_of(struct conn *c) { return c->scratch; }
struct slice conn_alpn(const struct conn *c) { return c->tls ? tls_alpn(c->tls) : SLICE_NULL; }
bool conn_is_tls(const struct conn *c) { return c->tls != NULL; }
struct slice conn_peer(const struct conn *c) { return slice_str(c->peer); }
size_t conn_queued(const struct conn *c) { return c->out.n + c->sending.n; }
bool conn_full(const struct conn *c) { return conn_queued(c) >= CONN_QUEUE_HIGH; }

struct blob *conn_peer_cert(struct conn *c) {
	if (!c->cert && c->tls) c->cert = tls_peer_cert(c->tls);
	return c->cert;
}

void conn_set_events(struct conn *c, const struct conn_events *ev, void *ctx) {
	c->ev = ev;
	c->ctx = ctx;
}

static void flush(struct conn *c);
static void read_start(struct conn *c);
static void read_stop(struct conn *c);
static void kick_later(struct conn *c);

/* ---- the end ---- */

static void release(struct conn *c) {
	if (c->handles || c->pins) return;
	tls_free(c->tls);
	SSL_CTX_free(c->tls_ctx);
	buf_done(&c->out);
	buf_done(&c->sending);
	buf_done(&c->held_cipher);
	buf_done(&c->held_plain);
	blob_unref(c->cert);
	free(c->name);
	const struct conn_events *ev = c->ev;
	void *ctx = c->ctx;
	free(c);
	if (ev->on_close) ev->on_close(ctx);
}

static void on_handle_closed(uv_handle_t *h) {
	struct conn *c = h->data;
	c->handles--;
	release(c);
}

void conn_abort(struct conn *c) {
	if (c->state == CONN_CLOSED) return;
	c->state = CONN_CLOSED;
	uv_close((uv_handle_t *)&c->tcp, on_handle_closed);
	uv_close((uv_handle_t *)&c->timer, on_handle_closed);
}

/* The connection broke. The owner hears of it from the loop, never from inside its own conn_write, and has to close; while
 * it closes by itself nobody has to know. */
static void broken(struct conn *c, int err, const char *msg) {
	if (c->state >= CONN_FLUSHING) {
		conn_abort(c);
		return;
	}
	if (c->state == CONN_BROKEN) return;
	c->state = CONN_BROKEN;
	c->due = 0;
	c->err = err;
	snprintf(c->why, sizeof(c->why), "%s", msg);
	read_stop(c);
	kick_later(c);
}

static void on_shutdown(uv_shutdown_t *req, int status) {
	struct conn *c = req->data;
	if (status < 0 || c->eof) conn_abort(c);
}

/* Everything is sent: FIN, then wait for the peer's, so that unread input does not turn into a reset that eats our last bytes. */
static void linger(struct conn *c) {
	if (c->state != CONN_FLUSHING || c->writing || c->out.n) return;
	c->state = CONN_LINGERING;
	c->shutdown.data = c;
	conn_deadline(c, CONN_LINGER_MS);
	if (uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown) < 0) {
		conn_abort(c);
		return;
	}
	read_start(c);
}

void conn_close(struct conn *c) {
	if (c->state == CONN_BROKEN || c->state < CONN_OPEN) conn_abort(c);
	if (c->state >= CONN_FLUSHING) return;
	if (c->tls) tls_close_notify(c->tls);
	c->state = CONN_FLUSHING;
	buf_done(&c->held_cipher);
	buf_done(&c->held_plain);
	conn_deadline(c, CONN_FLUSH_MS);
	if (c->corks == 0) flush(c);
	linger(c);
}

/* ---- the deadline ---- */

static void on_timer(uv_timer_t *t) {
	struct conn *c = t->data;
	if (!c->due) return;
	uint64_t now = uv_now(t->loop);
	if (now < c->due) {
		uv_timer_start(t, on_timer, c->due - now, 0);
		return;
	}
	c->due = 0;
	if (c->state >= CONN_FLUSHING) {
		conn_abort(c);
	} else if (c->state < CONN_OPEN) {
		broken(c, -ETIMEDOUT, c->state == CONN_CONNECTING ? "connect timed out" : "TLS handshake timed out");
	} else if (c->state == CONN_OPEN) {
		conn_cork(c);
		c->ev->on_timeout(c->ctx);
		conn_uncork(c);
	}
}

void conn_deadline(struct conn *c, uint64_t ms) {
	uv_loop_t *uv = loop_uv(c->loop);
	if (c->state == CONN_CLOSED) return;
	c->due = ms ? uv_now(uv) + ms : 0;
	/* A timer that fires too early starts again for the rest; only a shorter deadline has to touch it. */
	if (ms && (!uv_is_active((uv_handle_t *)&c->timer) || uv_timer_get_due_in(&c->timer) > ms))
		uv_timer_start(&c->timer, on_timer, ms, 0);
}

/* ---- writing ---- */

/* The peer takes no more. What it sent before (an early refusal, say) is worth reading; that ends by itself. */
static void write_failed(struct conn *c, int err) {
	buf_done(&c->out);
	if (c->state == CONN_OPEN && c->reading && !c->eof) c->write_err = err;
	else broken(c, err, uv_strerror(err));
}

static void on_written(uv_write_t *req, int status) {
	struct conn *c = req->data;
	c->writing = false;
	buf_done(&c->sending);
	if (c->state == CONN_CLOSED) return;
	if (status < 0) {
		write_failed(c, status);
		return;
	}
	conn_cork(c);
	if (c->was_full && c->state == CONN_OPEN && conn_queued(c) < CONN_QUEUE_LOW) {
		c->was_full = false;
		if (c->ev->on_writable) c->ev->on_writable(c->ctx);
	}
	conn_uncork(c);
	linger(c);
}

/* Small answers leave at once; a queue that ran full goes through the loop, so that one fast reader of a long answer does not
 * keep the others waiting. */
static void flush(struct conn *c) {
	if (c->writing || c->out.n == 0 || c->state == CONN_CLOSED || c->state == CONN_BROKEN) return;
	size_t sent = 0;
	if (!c->was_full) {
		uv_buf_t b = uv_buf_init(c->out.p, (unsigned)c->out.n);
		int r = uv_try_write((uv_stream_t *)&c->tcp, &b, 1);
		if (r < 0 && r != UV_EAGAIN) {
			write_failed(c, r);
			return;
		}
		sent = r > 0 ? (size_t)r : 0;
	}
	if (sent == c->out.n) {
		buf_done(&c->out);
		return;
	}
	c->sending = c->out;
	c->out = BUF_INIT(CONN_QUEUE_MAX);
	uv_buf_t b = uv_buf_init(c->sending.p + sent, (unsigned)(c->sending.n - sent));
	c->write.data = c;
	c->writing = true;
	int r = uv_write(&c->write, (uv_stream_t *)&c->tcp, &b, 1, on_written);
	if (r < 0) {
		c->writing = false;
		write_failed(c, r);
	}
}

void conn_cork(struct conn *c) { c->corks++; }

void conn_uncork(struct conn *c) {
	if (--c->corks) return;
	flush(c);
	linger(c);
}

int conn_write(struct conn *c, struct slice plain) {
	if (c->state != CONN_OPEN || c->write_err) return -EPIPE;
	if (plain.n) {
		int r = c->tls ? tls_write(c->tls, plain) : buf_put_slice(&c->out, plain);
		if (r < 0) {
			broken(c, r == -E2BIG ? -ENOBUFS : r, "too many bytes wait for the peer");
			return -EPIPE;
		}
	}
	if (conn_full(c)) c->was_full = true;
	if (c->corks == 0) flush(c);
	return c->was_full;
}

/* ---- reading ---- */

/* Something earlier has not been delivered yet: what comes now has to queue behind it. */
static bool must_wait(const struct conn *c) { return c->paused || c->held_plain.n || c->held_cipher.n; }

static void tell_eof(struct conn *c) {
	if (!c->eof || c->eof_told || must_wait(c) || c->state != CONN_OPEN) return;
	if (c->write_err) {
		broken(c, c->write_err, uv_strerror(c->write_err));
		return;
	}
	c->eof_told = true;
	c->ev->on_end(c->ctx, 0, "");
}

/* Keeps what a paused owner cannot take now. */
static void hold(struct conn *c, struct buf *b, struct slice bytes) {
	if (bytes.n && buf_put_slice(b, bytes) < 0) broken(c, -ENOBUFS, "too many bytes held back");
}

static void open_now(struct conn *c) {
	c->state = CONN_OPEN;
	c->due = 0;
	c->ev->on_ready(c->ctx);
}

static int handshake(struct conn *c) {
	int r = tls_handshake(c->tls);
	if (r < 0) {
		flush(c); /* the alert says why */
		broken(c, r, tls_error(c->tls));
		return r;
	}
	if (r == 1) open_now(c);
	return r;
}

static void read_tls(struct conn *c, struct slice bytes) {
	tls_feed(c->tls, bytes);
	if (c->state == CONN_HANDSHAKING && handshake(c) <= 0) return;
	while (c->state == CONN_OPEN && !must_wait(c)) {
		ssize_t n = tls_read(c->tls, c->scratch->plain, sizeof(c->scratch->plain));
		if (n == 0) return;
		if (n == -ENODATA) {
			c->eof = true;
			return;
		}
		if (n < 0) {
			broken(c, (int)n, tls_error(c->tls));
			return;
		}
		c->ev->on_data(c->ctx, slice_make(c->scratch->plain, (size_t)n));
	}
	struct slice rest = tls_unread(c->tls);
	if (c->state == CONN_OPEN) hold(c, &c->held_cipher, rest);
}

/* The first bytes of requests people send to an HTTPS port by mistake (crypto/tls looks for the same kind of thing). */
static bool looks_like_http(struct slice first) {
	static const char *const starts[] = { "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET", "PATCH" };
	for (size_t i = 0; i < ELEMENTSOF(starts); i++)
		if (slice_starts(first, slice_str(starts[i]))) return true;
	return false;
}

#define PLAIN_HTTP_ANSWER "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"

static void answer_plain(struct conn *c) {
	buf_puts(&c->out, PLAIN_HTTP_ANSWER);
	c->tls = tls_free(c->tls);
	c->state = CONN_OPEN;
	conn_close(c);
}

static void sniff(struct conn *c, struct slice bytes) {
	hold(c, &c->held_cipher, bytes);
	if (c->state != CONN_SNIFFING || (c->held_cipher.n < 5 && c->held_cipher.p[0] != 0x16)) return;
	_cleanup_buf_ struct buf first = c->held_cipher;
	c->held_cipher = BUF_INIT(CONN_HELD_MAX);
	if (looks_like_http(buf_slice(&first))) {
		answer_plain(c);
		return;
	}
	c->state = CONN_HANDSHAKING;
	read_tls(c, buf_slice(&first));
}

static void take(struct conn *c, struct slice bytes) {
	if (c->state == CONN_SNIFFING) sniff(c, bytes);
	else if (c->state == CONN_HANDSHAKING) read_tls(c, bytes);
	else if (c->state == CONN_OPEN && must_wait(c)) hold(c, c->tls ? &c->held_cipher : &c->held_plain, bytes);
	else if (c->state == CONN_OPEN && c->tls) read_tls(c, bytes);
	else if (c->state == CONN_OPEN) c->ev->on_data(c->ctx, bytes);
}

static void on_alloc(uv_handle_t *h, size_t want, uv_buf_t *b) {
	struct conn *c = h->data;
	(void)want;
	*b = uv_buf_init(c->scratch->raw, sizeof(c->scratch->raw));
}

static void read_stop(struct conn *c) {
	if (c->reading) uv_read_stop((uv_stream_t *)&c->tcp);
	c->reading = false;
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b) {
	struct conn *c = s->data;
	if (n == 0) return;
	conn_cork(c);
	if (n > 0) {
		take(c, slice_make(b->base, (size_t)n));
	} else if (n == UV_EOF) {
		c->eof = true;
		read_stop(c);
		if (c->state == CONN_LINGERING || c->state < CONN_OPEN) broken(c, -ECONNRESET, "connection closed by peer");
	} else {
		broken(c, (int)n, uv_strerror((int)n));
	}
	tell_eof(c);
	conn_uncork(c);
}

static void read_start(struct conn *c) {
	if (c->reading || c->eof) return;
	if (c->state == CONN_CLOSED || c->state == CONN_BROKEN) return;
	int r = uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
	if (r < 0) broken(c, r, uv_strerror(r));
	else c->reading = true;
}

void conn_pause(struct conn *c) {
	if (c->state != CONN_OPEN) return;
	c->paused = true;
	read_stop(c);
}

/* Delivers what was held back, from the loop: never inside the call that asked for it. */
static void kick(void *arg) {
	struct conn *c = arg;
	c->kicked = false;
	conn_cork(c);
	if (c->state == CONN_BROKEN && c->err) {
		int err = c->err;
		c->err = 0;
		c->ev->on_end(c->ctx, err, c->why);
	}
	if (c->state == CONN_OPEN && !c->paused && c->held_plain.n) {
		_cleanup_buf_ struct buf b = c->held_plain;
		c->held_plain = BUF_INIT(CONN_HELD_MAX);
		c->ev->on_data(c->ctx, buf_slice(&b));
	}
	if (c->state == CONN_OPEN && !c->paused && c->held_cipher.n) {
		_cleanup_buf_ struct buf b = c->held_cipher;
		c->held_cipher = BUF_INIT(CONN_HELD_MAX);
		read_tls(c, buf_slice(&b));
	}
	if (!c->paused) read_start(c);
	tell_eof(c);
	conn_uncork(c);
	c->pins--;
	release(c);
}

static void kick_later(struct conn *c) {
	if (c->kicked) return;
	c->kicked = true;
	c->pins++;
	if (loop_post(c->loop, kick, c) < 0) {
		c->kicked = false;
		c->pins--;
		conn_abort(c);
	}
}

void conn_unpause(struct conn *c) {
	if (!c->paused || c->state != CONN_OPEN) return;
	c->paused = false;
	kick_later(c);
}

int conn_unread(struct conn *c, struct slice plain) {
	if (plain.n == 0) return 0;
	if (c->state != CONN_OPEN) return -EPIPE;
	_cleanup_buf_ struct buf later = c->held_plain;
	c->held_plain = BUF_INIT(CONN_HELD_MAX);
	hold(c, &c->held_plain, plain);
	hold(c, &c->held_plain, buf_slice(&later));
	if (c->state != CONN_OPEN) return -ENOBUFS;
	kick_later(c);
	return 0;
}

/* ---- the beginning ---- */

/* An IPv4 peer of an IPv6 listener is an IPv4 peer. */
static void unmap(struct sockaddr_storage *a) {
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)a;
	if (a->ss_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) return;
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = six->sin6_port };
	memcpy(&four.sin_addr, six->sin6_addr.s6_addr + 12, 4);
	memcpy(a, &four, sizeof(four));
}

static void set_option(int fd, int option, int value) { (void)setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value)); }

/* A peer that vanished is noticed within KEEPALIVE_SECONDS and a few probes, however quiet its watch is. */
static void tune(struct conn *c) {
	uv_os_fd_t fd;
	uv_tcp_nodelay(&c->tcp, 1);
	uv_tcp_keepalive(&c->tcp, 1, KEEPALIVE_SECONDS);
	if (uv_fileno((uv_handle_t *)&c->tcp, &fd) < 0) return;
	set_option(fd, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SECONDS);
	set_option(fd, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

static void name_peer(struct conn *c) {
	struct sockaddr_storage a;
	int n = sizeof(a);
	char host[INET6_ADDRSTRLEN] = "";
	if (uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&a, &n) < 0) return;
	unmap(&a);
	uv_ip_name((struct sockaddr *)&a, host, sizeof(host));
	bool v6 = a.ss_family == AF_INET6;
	unsigned port = ntohs(v6 ? ((struct sockaddr_in6 *)&a)->sin6_port : ((struct sockaddr_in *)&a)->sin_port);
	snprintf(c->peer, sizeof(c->peer), v6 ? "[%s]:%u" : "%s:%u", host, port);
}

static int conn_new(struct loop *l, struct conn_scratch *s, const struct conn_events *ev, void *ctx, struct conn **ret) {
	struct conn *c = calloc(1, sizeof(*c));
	if (!c) return -ENOMEM;
	int r = uv_tcp_init(loop_uv(l), &c->tcp);
	if (r < 0) {
		free(c);
		return r;
	}
	uv_timer_init(loop_uv(l), &c->timer);
	c->tcp.data = c->timer.data = c;
	c->handles = 2;
	c->loop = l;
	c->scratch = s;
	c->ev = ev;
	c->ctx = ctx;
	c->out = BUF_INIT(CONN_QUEUE_MAX);
	c->held_cipher = c->held_plain = BUF_INIT(CONN_HELD_MAX);
	*ret = c;
	return 0;
}

/* Gives up a connection its owner has not seen yet. */
static int never(struct conn *c, int err) {
	static const struct conn_events nobody;
	conn_set_events(c, &nobody, NULL);
	conn_abort(c);
	return err;
}

int conn_accept(struct loop *l, struct conn_scratch *s, uv_stream_t *listener, SSL_CTX *tls, const struct conn_events *ev,
		void *ctx, struct conn **ret) {
	struct conn *c;
	int r = conn_new(l, s, ev, ctx, &c);
	if (r < 0) return r;
	r = uv_accept(listener, (uv_stream_t *)&c->tcp);
	if (r == 0 && tls) r = tls_new(tls, true, NULL, &c->out, &c->tls);
	if (r < 0) return never(c, r);
	tune(c);
	name_peer(c);
	c->state = tls ? CONN_SNIFFING : CONN_OPEN;
	read_start(c);
	*ret = c;
	return 0;
}

static int begin_tls(struct conn *c) {
	_cleanup_free_ char *name = TAKE_PTR(c->name);
	SSL_CTX *ctx = TAKE_PTR(c->tls_ctx);
	int r = tls_new(ctx, false, name, &c->out, &c->tls);
	SSL_CTX_free(ctx);
	if (r < 0) return r;
	c->state = CONN_HANDSHAKING;
	return 0;
}

static void connected(uv_connect_t *req, int status) {
	struct conn *c = req->data;
	if (c->state != CONN_CONNECTING) return;
	if (status < 0) {
		broken(c, status, uv_strerror(status));
		return;
	}
	conn_cork(c);
	name_peer(c);
	int r = c->tls_ctx ? begin_tls(c) : 0;
	if (r < 0) {
		broken(c, r, "cannot start TLS");
	} else {
		if (c->state == CONN_HANDSHAKING) (void)handshake(c);
		else open_now(c);
		read_start(c);
	}
	conn_uncork(c);
}

static int keep_tls(struct conn *c, SSL_CTX *tls, const char *name) {
	char *copy = name ? strdup(name) : NULL;
	if (name && !copy) return -ENOMEM;
	SSL_CTX_up_ref(tls);
	c->tls_ctx = tls;
	c->name = copy;
	return 0;
}

int conn_connect(struct loop *l, struct conn_scratch *s, const struct sockaddr *addr, SSL_CTX *tls, const char *name,
		 const struct conn_events *ev, void *ctx, struct conn **ret) {
	struct conn *c;
	int r = conn_new(l, s, ev, ctx, &c);
	if (r < 0) return r;
	if (tls) r = keep_tls(c, tls, name);
	c->connect.data = c;
	if (r == 0) r = uv_tcp_connect(&c->connect, &c->tcp, addr, connected);
	if (r < 0) return never(c, r);
	tune(c);
	*ret = c;
	return 0;
}

int conn_start_tls(struct conn *c, SSL_CTX *tls, const char *name) {
	int r = c->state == CONN_OPEN && !c->tls ? keep_tls(c, tls, name) : -EINVAL;
	if (r == 0) r = begin_tls(c);
	if (r < 0) return r;
	conn_cork(c);
	(void)handshake(c);
	conn_uncork(c);
	return 0;
}
