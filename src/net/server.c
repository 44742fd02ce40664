/* SPDX-License-Identifier: Apache-2.0 */
#include "base/env.h"
#include "net/net_limits.h"
#include "net/server_loop.h"
#include "net/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>

struct net_server {
	struct net_server_options o; /* without the certificate and key */
	struct blob *ca_names;
	unsigned char ticket_keys[TLS_TICKET_KEYS];
	struct sockaddr_storage addr;
	uint16_t port;
	pthread_mutex_t lock; /* guards busy */
	pthread_cond_t freed;
	size_t busy; /* loops that still hold something */
	size_t conns_max; /* per loop */
	size_t n;
	struct server_loop *loops[];
};

const struct net_server_options *server_options(const struct server_loop *sl) { return &sl->server->o; }
uint16_t net_server_port(const struct net_server *s) { return s->port; }

struct slice server_date(struct server_loop *sl) {
	int64_t now = env_now_sec(&env_system);
	if (now != sl->date_second) {
		sl->date_second = now;
		http_date(now, sl->date);
	}
	return slice_make(sl->date, HTTP_DATE_SIZE - 1);
}

/* ---- connections (loop's thread) ---- */

/* The last handle of a stopping loop is closed: whoever stops the server may go on. */
static void let_go(struct server_loop *sl) {
	if (!sl->stopping || sl->listening || sl->n_conns) return;
	sl->stopping = false;
	struct net_server *s = sl->server;
	pthread_mutex_lock(&s->lock);
	s->busy--;
	pthread_cond_signal(&s->freed);
	pthread_mutex_unlock(&s->lock);
}

void server_conn_gone(void *arg) {
	struct server_conn *sc = arg;
	struct server_loop *sl = sc->sl;
	list_del(&sc->node);
	sl->n_conns--;
	free(sc);
	let_go(sl);
}

static void on_ready(void *ctx) {
	struct server_conn *sc = ctx;
	int r = slice_eqs(conn_alpn(sc->conn), "h2") ? h2_serve(sc) : h1_serve(sc);
	if (r < 0) conn_abort(sc->conn);
}

static void on_early_end(void *ctx, int err, const char *msg) {
	(void)err, (void)msg;
	conn_abort(((struct server_conn *)ctx)->conn);
}

static void on_early_data(void *ctx, struct slice bytes) { (void)ctx, (void)bytes; }
static void on_nothing(void *ctx) { (void)ctx; }

static const struct conn_events handshake_events = { on_ready, on_early_data, on_nothing, on_nothing, on_early_end,
	server_conn_gone };

static void accept_one(struct server_loop *sl) {
	struct server_conn *sc = calloc(1, sizeof(*sc));
	if (!sc) return;
	sc->sl = sl;
	int r = conn_accept(sl->loop, sl->scratch, (uv_stream_t *)&sl->listener, sl->tls, &handshake_events, sc, &sc->conn);
	if (r < 0) {
		free(sc);
		return;
	}
	list_add_tail(&sl->conns, &sc->node);
	sl->n_conns++;
	conn_deadline(sc->conn, sl->server->o.handshake_ms);
	if (sl->draining || sl->n_conns > sl->server->conns_max) conn_abort(sc->conn);
}

static void on_connection(uv_stream_t *listener, int status) {
	if (status == 0) accept_one(listener->data);
}

/* ---- start ---- */

static int parse_listen(const char *text, struct sockaddr_storage *ret) {
	struct slice s = slice_str(text);
	ptrdiff_t colon = -1;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ':') colon = (ptrdiff_t)i;
	int64_t port;
	if (colon < 0 || slice_int(slice_from(s, (size_t)colon + 1), 0, UINT16_MAX, &port) < 0) return -EINVAL;
	struct slice host = slice_upto(s, (size_t)colon);
	bool v6 = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	if (v6) host = slice_make(host.p + 1, host.n - 2);
	char name[INET6_ADDRSTRLEN];
	if (host.n >= sizeof(name)) return -EINVAL;
	snprintf(name, sizeof(name), "%.*s", SLICE_FMT(host));
	memset(ret, 0, sizeof(*ret));
	if (v6) return uv_ip6_addr(name, (int)port, (struct sockaddr_in6 *)ret) < 0 ? -EINVAL : 0;
	return uv_ip4_addr(host.n ? name : "0.0.0.0", (int)port, (struct sockaddr_in *)ret) < 0 ? -EINVAL : 0;
}

static in_port_t *port_of(struct sockaddr_storage *a) {
	return a->ss_family == AF_INET6 ? &((struct sockaddr_in6 *)a)->sin6_port : &((struct sockaddr_in *)a)->sin_port;
}

static socklen_t size_of(const struct sockaddr_storage *a) {
	return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

static int set_on(int fd, int level, int option) {
	int one = 1;
	return setsockopt(fd, level, option, &one, sizeof(one)) < 0 ? -errno : 0;
}

/* A listening socket. Without `share` it is refused when anybody, even another process of ours, has the port. */
static int listen_on(const struct sockaddr_storage *a, bool share, int *ret) {
	_cleanup_close_ int fd = socket(a->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) return -errno;
	int r = set_on(fd, SOL_SOCKET, SO_REUSEADDR);
	if (r == 0 && share) r = set_on(fd, SOL_SOCKET, SO_REUSEPORT);
	if (r < 0) return r;
	if (bind(fd, (const struct sockaddr *)a, size_of(a)) < 0 || listen(fd, LISTEN_BACKLOG) < 0) return -errno;
	*ret = fd;
	fd = -1;
	return 0;
}

static int bind_all(struct net_server *s, int *fds) {
	if (*port_of(&s->addr)) {
		_cleanup_close_ int probe = -1;
		int r = listen_on(&s->addr, false, &probe);
		if (r < 0) return r;
	}
	for (size_t i = 0; i < s->n; i++) {
		int r = listen_on(&s->addr, true, &fds[i]);
		if (r < 0) return r;
		struct sockaddr_storage got;
		socklen_t n = sizeof(got);
		if (getsockname(fds[i], (struct sockaddr *)&got, &n) < 0) return -errno;
		*port_of(&s->addr) = *port_of(&got);
	}
	s->port = ntohs(*port_of(&s->addr));
	return 0;
}

struct start {
	struct server_loop *sl;
	int fd;
};

static void start_on_loop(void *arg) {
	struct start *st = arg;
	struct server_loop *sl = st->sl;
	uv_tcp_init(loop_uv(sl->loop), &sl->listener);
	sl->listener.data = sl;
	sl->listening = true;
	if (uv_tcp_open(&sl->listener, st->fd) < 0) (void)close(st->fd);
	else (void)uv_listen((uv_stream_t *)&sl->listener, LISTEN_BACKLOG, on_connection);
	free(st);
}

static int post_start(struct server_loop *sl, int *fd) {
	struct start *st = malloc(sizeof(*st));
	if (!st) return -ENOMEM;
	*st = (struct start){ sl, *fd };
	int r = loop_post(sl->loop, start_on_loop, st);
	if (r < 0) {
		free(st);
		return r;
	}
	*fd = -1;
	return 0;
}

static struct server_loop *server_loop_free(struct server_loop *sl) {
	if (!sl) return NULL;
	SSL_CTX_free(sl->tls);
	conn_scratch_free(sl->scratch);
	free(sl);
	return NULL;
}

static void server_free(struct net_server *s) {
	if (!s) return;
	for (size_t i = 0; i < s->n; i++) server_loop_free(s->loops[i]);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->freed);
	blob_unref(s->ca_names);
	OPENSSL_cleanse(s->ticket_keys, sizeof(s->ticket_keys));
	free(s);
}

static int make_ctx(const struct net_server *s, struct slice cert, struct slice key, SSL_CTX **ret) {
	return tls_server_ctx(cert, key, s->o.request_client_cert, s->o.client_ca_names_pem, s->ticket_keys, ret);
}

static int make_loop(struct net_server *s, struct loop *l, const struct net_server_options *o, struct server_loop **ret) {
	struct server_loop *sl = calloc(1, sizeof(*sl));
	if (!sl) return -ENOMEM;
	*ret = sl;
	sl->server = s;
	sl->loop = l;
	sl->date_second = -1;
	list_init(&sl->conns);
	sl->scratch = conn_scratch_new();
	if (!sl->scratch) return -ENOMEM;
	const struct server_loop *first = s->loops[0];
	if (first == sl) return make_ctx(s, o->cert_pem, o->key_pem, &sl->tls);
	return tls_server_ctx_like(first->tls, s->o.request_client_cert, s->ticket_keys, &sl->tls);
}

/* A listener without a file left can only spin while its callers wait: what is above a loop's share is closed instead. */
static size_t conns_per_loop(size_t n_loops) {
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur == RLIM_INFINITY) return CONNECTIONS_PER_LOOP_MAX;
	size_t all = files.rlim_cur, kept = all / 2 < FILES_KEPT ? all / 2 : FILES_KEPT, share = (all - kept) / n_loops;
	return share < 1 ? 1 : share < CONNECTIONS_PER_LOOP_MAX ? share : CONNECTIONS_PER_LOOP_MAX;
}

static void set_default(uint32_t *v, uint32_t d) { if (!*v) *v = d; }

static int make_server(size_t n, const struct net_server_options *o, struct net_server **ret) {
	struct net_server *s = calloc(1, sizeof(*s) + n * sizeof(s->loops[0]));
	if (!s) return -ENOMEM;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->freed, NULL);
	s->o = *o;
	s->o.cert_pem = s->o.key_pem = SLICE_NULL;
	s->ca_names = blob_new(o->client_ca_names_pem.p, o->client_ca_names_pem.n);
	s->o.client_ca_names_pem = blob_slice(s->ca_names);
	s->n = n;
	s->conns_max = conns_per_loop(n);
	if (!s->o.body_max) s->o.body_max = REQUEST_BODY_MAX;
	set_default(&s->o.handshake_ms, TLS_HANDSHAKE_MS);
	set_default(&s->o.header_ms, HEADER_READ_MS);
	set_default(&s->o.body_ms, BODY_READ_MS);
	set_default(&s->o.idle_ms, CONN_IDLE_MS);
	*ret = s;
	return s->ca_names ? env_random(&env_system, s->ticket_keys, sizeof(s->ticket_keys)) : -ENOMEM;
}

static int start_all(struct net_server *s, struct loop *const *loops, const struct net_server_options *o, int *fds) {
	int r = parse_listen(o->listen, &s->addr);
	for (size_t i = 0; r == 0 && i < s->n; i++) r = make_loop(s, loops[i], o, &s->loops[i]);
	if (r == 0) r = bind_all(s, fds);
	for (size_t i = 0; r == 0 && i < s->n; i++) {
		r = post_start(s->loops[i], &fds[i]);
		if (r == 0) s->busy++;
	}
	return r;
}

int net_server_start(struct loop *const *loops, size_t n_loops, const struct net_server_options *o, struct net_server **ret) {
	if (n_loops == 0) return -EINVAL;
	_cleanup_free_ char *memory = calloc(n_loops, sizeof(int));
	int *fds = (int *)(void *)memory;
	struct net_server *s = NULL;
	int r = fds ? make_server(n_loops, o, &s) : -ENOMEM;
	for (size_t i = 0; fds && i < n_loops; i++) fds[i] = -1;
	if (r == 0) r = start_all(s, loops, o, fds);
	for (size_t i = 0; fds && i < n_loops; i++) close_fdp(&fds[i]);
	if (r == 0) {
		*ret = s;
	} else if (s && s->busy) {
		net_server_stop(s);
	} else {
		server_free(s);
	}
	return r;
}

/* ---- changes and the end ---- */

struct change {
	struct server_loop *sl;
	SSL_CTX *tls;
};

static void change_on_loop(void *arg) {
	struct change *ch = arg;
	SSL_CTX_free(ch->sl->tls);
	ch->sl->tls = ch->tls;
	free(ch);
}

static int post_change(struct server_loop *sl, struct slice cert_pem, struct slice key_pem) {
	struct change *ch = malloc(sizeof(*ch));
	if (!ch) return -ENOMEM;
	ch->sl = sl;
	int r = make_ctx(sl->server, cert_pem, key_pem, &ch->tls);
	if (r < 0) {
		free(ch);
		return r;
	}
	r = loop_post(sl->loop, change_on_loop, ch);
	if (r < 0) {
		SSL_CTX_free(ch->tls);
		free(ch);
	}
	return r;
}

int net_server_set_cert(struct net_server *s, struct slice cert_pem, struct slice key_pem) {
	int r = 0;
	for (size_t i = 0; r == 0 && i < s->n; i++) r = post_change(s->loops[i], cert_pem, key_pem);
	return r;
}

static void on_listener_closed(uv_handle_t *h) {
	struct server_loop *sl = h->data;
	sl->listening = false;
	let_go(sl);
}

static void stop_listening(struct server_loop *sl) {
	if (sl->listening && !uv_is_closing((uv_handle_t *)&sl->listener)) uv_close((uv_handle_t *)&sl->listener, on_listener_closed);
}

static void drain_on_loop(void *arg) {
	struct server_loop *sl = arg;
	sl->draining = true;
	stop_listening(sl);
	list_foreach(&sl->conns, n) {
		struct server_conn *sc = list_entry(n, struct server_conn, node);
		if (sc->proto) sc->proto->drain(sc->state);
	}
}

void net_server_drain(struct net_server *s) {
	for (size_t i = 0; i < s->n; i++) (void)loop_post(s->loops[i]->loop, drain_on_loop, s->loops[i]);
}

static void stop_on_loop(void *arg) {
	struct server_loop *sl = arg;
	sl->draining = true;
	sl->stopping = true;
	stop_listening(sl);
	list_foreach(&sl->conns, n) conn_abort(list_entry(n, struct server_conn, node)->conn);
	let_go(sl);
}

static void post_stop(struct net_server *s, struct server_loop *sl) {
	int r;
	while ((r = loop_post(sl->loop, stop_on_loop, sl)) == -ENOMEM) usleep(1000);
	if (r == 0) return;
	pthread_mutex_lock(&s->lock);
	s->busy--;
	pthread_mutex_unlock(&s->lock);
}

void net_server_stop(struct net_server *s) {
	if (!s) return;
	/* A start that failed half-way has posted to the first `busy` loops only. */
	for (size_t i = 0, n = s->busy; i < n; i++) post_stop(s, s->loops[i]);
	pthread_mutex_lock(&s->lock);
	while (s->busy) pthread_cond_wait(&s->freed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	server_free(s);
}
