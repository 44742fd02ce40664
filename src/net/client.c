/* SPDX-License-Identifier: Apache-2.0 */
#include "net/client.h"
#include "net/client_pool.h"
#include "net/net_limits.h"
#include "net/stream.h"
#include "net/tls.h"
#include "net/url.h"

#include <errno.h>

void client_unref(struct net_client *n) {
	if (--n->refs) return;
	SSL_CTX_free(n->tls);
	conn_scratch_free(n->scratch);
	free(n->server_name);
	free(n);
}

static int client_fill(struct net_client *n, const struct net_client_options *o) {
	n->scratch = conn_scratch_new();
	if (!n->scratch) return -ENOMEM;
	if (o->server_name && !(n->server_name = strdup(o->server_name))) return -ENOMEM;
	if (o->proxy_url) {
		int r = endpoint_parse(o->proxy_url, &n->proxy);
		if (r < 0 || n->proxy.tls) return -EINVAL;
		n->has_proxy = true;
	}
	n->http1_only = o->http1_only;
	n->http2_only = o->http2_only;
	n->http2_prior = o->http2_prior;
	n->connect_ms = o->connect_timeout_ms ? o->connect_timeout_ms : CONNECT_MS;
	return tls_client_ctx(o->ca_pem, o->cert_pem, o->key_pem, o->insecure, o->http1_only, &n->tls);
}

int net_client_new(struct loop *l, const struct net_client_options *o, struct net_client **ret) {
	struct net_client *n = calloc(1, sizeof(*n));
	if (!n) return -ENOMEM;
	n->loop = l;
	n->refs = 1;
	list_init(&n->origins);
	int r = client_fill(n, o);
	if (r < 0) client_unref(n);
	else *ret = n;
	return r;
}

/* ---- origins ---- */

static struct origin *origin_get(struct net_client *n, const struct endpoint *at) {
	list_foreach(&n->origins, p) {
		struct origin *o = list_entry(p, struct origin, node);
		if (endpoint_eq(&o->at, at)) return o;
	}
	struct origin *o = calloc(1, sizeof(*o));
	if (!o) return NULL;
	o->client = n;
	o->at = *at;
	o->is_h2 = at->tls ? !n->http1_only : n->http2_prior;
	list_init(&o->waiting);
	list_init(&o->active);
	list_init(&o->conns);
	list_add_tail(&n->origins, &o->node);
	return o;
}

void origin_release(struct origin *o) {
	if (o->pins || o->n_conns || !list_empty(&o->waiting) || !list_empty(&o->active)) return;
	list_del(&o->node);
	free(o);
}

/* Hands the call to a connection that has room. */
static bool place(struct origin *o, struct net_call *c) {
	list_foreach(&o->conns, p) {
		struct client_conn *cc = list_entry(p, struct client_conn, node);
		if (!cc->proto || cc->closing || !cc->proto->room(cc)) continue;
		list_del(&c->node);
		list_add_tail(&o->active, &c->node);
		c->cc = cc;
		if (cc->proto->start(cc, c) == 0) return true;
		c->cc = NULL;
		list_del(&c->node);
		list_add_tail(o->waiting.next, &c->node); /* to the front again */
	}
	return false;
}

static size_t count(const struct list *l) {
	size_t n = 0;
	for (const struct list *p = l->next; p != l; p = p->next) n++;
	return n;
}

static int schedule(struct origin *o) {
	while (!list_empty(&o->waiting) && place(o, list_entry(o->waiting.next, struct net_call, node))) {}
	size_t want = count(&o->waiting);
	if (o->is_h2 && want > 1) want = 1;
	while (o->n_dialing < want && o->n_conns < CLIENT_CONNECTIONS_MAX) {
		int r = client_dial(o);
		if (r < 0) return o->n_conns ? 0 : r;
	}
	return 0;
}

void origin_schedule(struct origin *o) {
	if (!o->client->freed) (void)schedule(o);
}

/* ---- calls ---- */

static void on_timeout(void *arg) {
	struct net_call *c = arg;
	c->timer = NULL;
	call_fail(c, -ETIMEDOUT, "the call timed out");
}

static int start_call(struct net_client *n, const char *url, const struct http_request_head *head, struct slice body, bool open,
		      uint32_t timeout_ms, const struct net_call_handler *h, void *ctx, struct net_call **ret) {
	struct endpoint at;
	int r = endpoint_parse(url, &at);
	if (r < 0) return r;
	struct net_call *c = call_new(n, head, body, h, ctx);
	struct origin *o = c ? origin_get(n, &at) : NULL;
	if (!o) {
		if (c) call_free(c);
		return -ENOMEM;
	}
	c->origin = o;
	c->open = open;
	if (timeout_ms && !(c->timer = loop_timer_start(n->loop, timeout_ms, 0, on_timeout, c))) r = -ENOMEM;
	list_add_tail(&o->waiting, &c->node);
	if (r == 0) r = schedule(o);
	if (r < 0) {
		call_free(c);
		origin_release(o);
		return r;
	}
	if (ret) *ret = c;
	return 0;
}

int net_call_start(struct net_client *n, const char *url, const struct http_request_head *head, struct slice body,
		   uint32_t timeout_ms, const struct net_call_handler *h, void *ctx, struct net_call **ret) {
	return start_call(n, url, head, body, false, timeout_ms, h, ctx, ret);
}

int net_call_open(struct net_client *n, const char *url, const struct http_request_head *head, struct slice body,
		  const struct net_call_handler *h, void *ctx, struct net_call **ret) {
	if (!n->http2_only && !n->http2_prior) return -EINVAL;
	return start_call(n, url, head, body, true, 0, h, ctx, ret);
}

int net_call_send(struct net_call *c, struct slice bytes) {
	if (c->unsent.n + bytes.n > NET_CALL_UNSENT_MAX) return -E2BIG;
	int r = buf_put_slice(&c->unsent, bytes);
	if (r == 0 && c->cc) c->cc->proto->more(c->cc, c);
	return r;
}

static void cancel_all(struct list *calls) {
	while (!list_empty(calls)) net_call_cancel(list_entry(calls->next, struct net_call, node));
}

static void close_all(struct origin *o) {
	while (!list_empty(&o->conns)) {
		struct client_conn *cc = list_entry(o->conns.next, struct client_conn, node);
		client_conn_detach(cc);
		cc->closing = true;
		if (cc->conn) conn_abort(cc->conn);
	}
}

void net_client_free(struct net_client *n) {
	if (!n) return;
	n->freed = true;
	while (!list_empty(&n->origins)) {
		struct origin *o = list_entry(n->origins.next, struct origin, node);
		list_del(&o->node);
		o->pins++;
		cancel_all(&o->waiting);
		cancel_all(&o->active);
		close_all(o);
		o->pins--;
		origin_release(o);
	}
	client_unref(n);
}

bool net_client_idle(const struct net_client *n) {
	for (const struct list *p = n->origins.next; p != &n->origins; p = p->next) {
		const struct origin *o = list_entry(p, struct origin, node);
		if (!list_empty(&o->waiting) || !list_empty(&o->active)) return false;
	}
	return true;
}

void net_stream_attach(struct stream *s, const struct stream_handler *handler, void *ctx) { stream_attach(s, handler, ctx); }
