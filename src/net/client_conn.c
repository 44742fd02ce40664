/* SPDX-License-Identifier: Apache-2.0 */
/* Making a connection: name, addresses one after the other, the proxy's CONNECT, TLS, and the protocol it settles on. */
#include "net/client_pool.h"
#include "net/net_limits.h"
#include "net/url.h"

#include <errno.h>
#include <stdio.h>

struct dial {
	struct client_conn *cc;
	uv_getaddrinfo_t lookup;
	struct addrinfo *found, *next;
	struct sockaddr_storage literal;
	struct http1_parser *proxy_answer;
	struct arena *arena;
	bool tunnel, refused;
	int err;
	char why[HOST_MAX + 200];
};

static const struct conn_events dial_events, nobody;

static struct dial *dial_free(struct dial *d) {
	if (!d) return NULL;
	http1_free(d->proxy_answer);
	arena_free(d->arena);
	uv_freeaddrinfo(d->found);
	free(d);
	return NULL;
}

void client_conn_detach(struct client_conn *cc) {
	struct origin *o = cc->origin;
	if (!o) return;
	cc->origin = NULL;
	list_del(&cc->node);
	o->n_conns--;
	if (!cc->proto) o->n_dialing--;
}

void client_conn_gone(void *arg) {
	struct client_conn *cc = arg;
	struct origin *o = cc->origin;
	struct net_client *n = cc->client;
	client_conn_detach(cc);
	free(cc);
	if (o) {
		origin_schedule(o);
		origin_release(o);
	}
	client_unref(n);
}

void client_conn_close(struct client_conn *cc, bool abort) {
	struct origin *o = cc->origin;
	cc->closing = true;
	client_conn_detach(cc);
	if (abort) conn_abort(cc->conn);
	else conn_close(cc->conn);
	if (!o || cc->client->freed) return;
	origin_schedule(o);
	origin_release(o);
}

/* ---- failure ---- */

/* Without any connection everyone who waits hears why; with some, only the one this was for: the others will free up. */
static void fail_waiting(struct origin *o, int err, const char *why) {
	struct list those;
	list_init(&those);
	while (!list_empty(&o->waiting)) {
		struct list *n = o->waiting.next;
		list_del(n);
		list_add_tail(&those, n);
		if (o->n_conns) break;
	}
	struct net_client *client = o->client;
	client->refs++;
	o->pins++;
	while (!list_empty(&those)) call_fail(list_entry(those.next, struct net_call, node), err, why);
	o->pins--;
	origin_release(o);
	client_unref(client);
}

static void dial_over(struct dial *d) {
	struct client_conn *cc = d->cc;
	struct origin *o = cc->origin;
	int err = d->err;
	char why[sizeof(d->why)];
	memcpy(why, d->why, sizeof(why));
	dial_free(d);
	client_conn_detach(cc);
	if (o && o->n_dialing == 0 && !list_empty(&o->waiting)) fail_waiting(o, err, why);
	else if (o) origin_release(o);
	struct net_client *n = cc->client;
	free(cc);
	client_unref(n);
}

static void dial_over_later(void *arg) { dial_over(arg); }

static void give_up(struct dial *d) {
	int r;
	while ((r = loop_post(d->cc->client->loop, dial_over_later, d)) == -ENOMEM) usleep(1000);
	if (r < 0) dial_over(d); /* the loop is ending: nobody waits any more */
}

static void note(struct dial *d, int err, const char *what, const char *why) {
	d->err = err;
	const struct endpoint *e = d->cc->client->has_proxy ? &d->cc->client->proxy : d->cc->origin ? &d->cc->origin->at : NULL;
	snprintf(d->why, sizeof(d->why), "%s %.255s:%u: %.150s", what, e ? e->host : "", e ? e->port : 0, why);
}

/* ---- connecting ---- */

static int connect_to(struct dial *d, const struct sockaddr *a) {
	struct client_conn *cc = d->cc;
	struct net_client *n = cc->client;
	bool tls_at_once = cc->origin->at.tls && !n->has_proxy;
	const char *name = n->server_name ? n->server_name : cc->origin->at.host;
	int r = conn_connect(n->loop, n->scratch, a, tls_at_once ? n->tls : NULL, name, &dial_events, d, &cc->conn);
	if (r < 0) cc->conn = NULL;
	else conn_deadline(cc->conn, n->connect_ms);
	return r;
}

static void next_address(struct dial *d) {
	struct net_client *n = d->cc->client;
	int r = -ECANCELED;
	while (d->next && !n->freed && d->cc->origin) {
		struct addrinfo *a = d->next;
		d->next = a->ai_next;
		r = connect_to(d, a->ai_addr);
		if (r == 0) return;
		note(d, r, "dial", uv_strerror(r));
	}
	if (!d->err) note(d, r, "dial", "no address");
	give_up(d);
}

static void on_found(uv_getaddrinfo_t *req, int status, struct addrinfo *res) {
	struct dial *d = req->data;
	d->found = d->next = res;
	if (status < 0) note(d, -EHOSTUNREACH, "lookup", uv_strerror(status));
	next_address(d);
}

static bool literal_address(const struct endpoint *e, struct sockaddr_storage *ret) {
	return uv_ip4_addr(e->host, e->port, (struct sockaddr_in *)ret) == 0 ||
	       uv_ip6_addr(e->host, e->port, (struct sockaddr_in6 *)ret) == 0;
}

static void dial_begin(struct dial *d) {
	struct net_client *n = d->cc->client;
	const struct endpoint *e = n->has_proxy ? &n->proxy : &d->cc->origin->at;
	int r;
	if (literal_address(e, &d->literal)) {
		r = connect_to(d, (struct sockaddr *)&d->literal);
	} else {
		char port[8];
		struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
		snprintf(port, sizeof(port), "%u", e->port);
		d->lookup.data = d;
		r = uv_getaddrinfo(loop_uv(n->loop), &d->lookup, on_found, e->host, port, &hints);
	}
	if (r < 0) {
		note(d, r, "dial", uv_strerror(r));
		give_up(d);
	}
}

int client_dial(struct origin *o) {
	struct client_conn *cc = calloc(1, sizeof(*cc));
	struct dial *d = calloc(1, sizeof(*d));
	if (!cc || !d) {
		free(cc);
		free(d);
		return -ENOMEM;
	}
	d->cc = cc;
	cc->origin = o;
	cc->client = o->client;
	cc->client->refs++;
	list_add_tail(&o->conns, &cc->node);
	o->n_conns++;
	o->n_dialing++;
	dial_begin(d);
	return 0;
}

/* ---- the proxy ---- */

static int on_proxy_head(void *ctx, const struct http_response_head *head, const struct http1_framing *f) {
	struct dial *d = ctx;
	(void)f;
	if (head->status / 100 == 2) return 0;
	char status[32];
	snprintf(status, sizeof(status), "status %d", head->status);
	note(d, -ECONNREFUSED, "proxy", status);
	d->refused = true;
	return -ECONNREFUSED;
}

static int on_proxy_body(void *ctx, struct slice bytes) { return (void)ctx, (void)bytes, 0; }
static void on_proxy_end(void *ctx) { ((struct dial *)ctx)->tunnel = true; }
static const struct http1_handler proxy_events = { .on_response = on_proxy_head, .on_body = on_proxy_body,
	.on_end = on_proxy_end };

static int ask_proxy(struct dial *d) {
	struct client_conn *cc = d->cc;
	d->arena = arena_new(0);
	d->proxy_answer = d->arena ? http1_new(HTTP1_RESPONSES, &proxy_events, d) : NULL;
	const char *to = d->proxy_answer ? endpoint_authority(d->arena, &cc->origin->at, true) : NULL;
	if (!to) return -ENOMEM;
	http1_begin(d->proxy_answer, d->arena, SLICE_LIT("CONNECT"));
	struct buf *out = conn_scratch_out(cc->client->scratch);
	http1_put_request(out, SLICE_LIT("CONNECT"), slice_str(to), NULL);
	http1_put_header(out, SLICE_LIT("host"), slice_str(to));
	buf_puts(out, "\r\n");
	conn_deadline(cc->conn, cc->client->connect_ms);
	return conn_write(cc->conn, buf_slice(out));
}

/* ---- open ---- */

static void dial_failed(struct dial *d) {
	struct client_conn *cc = d->cc;
	conn_set_events(cc->conn, &nobody, NULL);
	conn_abort(cc->conn);
	cc->conn = NULL;
	if (d->next && !d->refused) next_address(d);
	else give_up(d);
}

static void opened(struct dial *d) {
	struct client_conn *cc = d->cc;
	struct origin *o = cc->origin;
	bool h2 = o->at.tls ? slice_eqs(conn_alpn(cc->conn), "h2") : cc->client->http2_prior;
	if (!h2 && cc->client->http2_only) {
		note(d, -EPROTO, "dial", "the peer does not speak HTTP/2");
		dial_failed(d);
		return;
	}
	o->is_h2 = h2;
	o->n_dialing--;
	int r = h2 ? client_h2_serve(cc) : client_h1_serve(cc);
	if (r < 0) {
		o->n_dialing++;
		note(d, r, "dial", "out of memory");
		dial_failed(d);
		return;
	}
	dial_free(d);
	conn_deadline(cc->conn, CONN_IDLE_MS);
	origin_schedule(o);
}

static void on_ready(void *ctx) {
	struct dial *d = ctx;
	struct client_conn *cc = d->cc;
	if (!cc->client->has_proxy || d->tunnel) {
		opened(d);
		return;
	}
	int r = ask_proxy(d);
	if (r < 0) {
		note(d, r, "proxy", uv_strerror(r));
		dial_failed(d);
	}
}

static void on_data(void *ctx, struct slice bytes) {
	struct dial *d = ctx;
	struct client_conn *cc = d->cc;
	struct net_client *n = cc->client;
	ssize_t used = d->proxy_answer && !d->tunnel ? http1_feed(d->proxy_answer, bytes) : -EPROTO;
	if (used < 0 || !d->tunnel) {
		if (used >= 0) return;
		if (!d->refused) note(d, -EPROTO, "proxy", "malformed answer to CONNECT");
		dial_failed(d);
		return;
	}
	int r = 0;
	if (cc->origin->at.tls) r = conn_start_tls(cc->conn, n->tls, n->server_name ? n->server_name : cc->origin->at.host);
	else opened(d);
	if (r < 0) {
		note(d, r, "proxy", "cannot start TLS");
		dial_failed(d);
	}
}

static void on_timeout(void *ctx) {
	struct dial *d = ctx;
	note(d, -ETIMEDOUT, "proxy", "timed out");
	dial_failed(d);
}

static void on_end(void *ctx, int err, const char *msg) {
	struct dial *d = ctx;
	note(d, err ? err : -ECONNRESET, "dial", err ? msg : "connection closed");
	/* A refused certificate is refused at every address; that the peer is the wrong one must not be tried away. */
	if (err == -EKEYREJECTED) d->refused = true;
	dial_failed(d);
}

/* The client went away (client_conn_close is for open connections). */
static void on_close(void *ctx) {
	struct dial *d = ctx;
	d->cc->conn = NULL;
	if (!d->err) d->err = -ECANCELED;
	dial_over(d);
}

static void on_nothing(void *ctx) { (void)ctx; }

static const struct conn_events dial_events = { on_ready, on_data, on_nothing, on_timeout, on_end, on_close };
static const struct conn_events nobody = { 0 };
