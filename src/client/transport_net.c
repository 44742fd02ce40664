/* SPDX-License-Identifier: Apache-2.0 */
/* The built-in transport: HTTPS through net/client.h. */
#include "client/client.h"
#include "client/config.h"
#include "client/credentials.h"
#include "net/client.h"

#include <errno.h>
#include <stdio.h>

#define PATH_PREFIX_MAX 1024u

struct net_transport {
	struct k8c_client *client;
	struct net_client *net, *net_h1; /* net_h1: made when the first upgrade is asked for, which HTTP/2 has not */
	struct list old;     /* struct retired: connections made with files that have changed since, until their calls have ended */
	struct loop_timer *reap;
	char *origin, *prefix; /* "https://host:port", and the path that stands before every target */
};

struct retired {
	struct list link;
	struct net_client *net, *net_h1;
};

struct net_exchange {
	struct net_transport *t;
	struct net_call *call;
	struct k8c_transport_handler h;
	void *ctx;
};

/* An upgraded connection; the first member of what k8c_stream pointers of this transport point to. */
struct k8c_stream {
	struct stream *s;
	struct k8c_stream_handler h;
	void *ctx;
};

/* ---- connections ---- */

static char *proxy_fault(const char *url) {
	char *msg;
	return url && asprintf(&msg, "invalid proxy-url \"%s\": it has to be http://HOST:PORT", url) >= 0 ? msg : NULL;
}

static int make_net(struct net_transport *t, bool http1, struct net_client **ret, char **ret_msg) {
	struct k8c_config *cfg = t->client->cfg;
	const char *msg = NULL;
	struct net_client_options o = { .insecure = cfg->insecure, .server_name = cfg->tls_server_name, .http1_only = http1,
					.proxy_url = cfg->proxy_url };
	int r = credentials_tls(t->client->creds, &o.ca_pem, &o.cert_pem, &o.key_pem, &msg);
	if (r == 0) r = net_client_new(t->client->loop, &o, ret);
	if (r == -EBADMSG && !msg) msg = "a certificate or key of the configuration is no valid PEM, or they do not belong together";
	if (r < 0 && ret_msg) *ret_msg = msg ? strdup(msg) : r == -EINVAL ? proxy_fault(cfg->proxy_url) : NULL;
	return r;
}

static void retired_free(struct retired *r) {
	net_client_free(r->net);
	net_client_free(r->net_h1);
	list_del(&r->link);
	free(r);
}

static void reap(void *arg) {
	struct net_transport *t = arg;
	t->reap = NULL;
	list_foreach(&t->old, n) {
		struct retired *r = list_entry(n, struct retired, link);
		if (net_client_idle(r->net) && (!r->net_h1 || net_client_idle(r->net_h1))) retired_free(r);
	}
}

/* From the loop: a call that has just ended is still on the stack. */
static void reap_later(struct net_transport *t) {
	if (!list_empty(&t->old) && !t->reap) t->reap = loop_timer_start(t->client->loop, 0, 0, reap, t);
}

/* The files changed: new requests use new connections, those under way end on the old ones. Files that make no sense (a certificate
 * has been written, its key not yet) leave everything as it is. */
static void refresh(struct net_transport *t) {
	struct net_client *fresh;
	struct retired *old = calloc(1, sizeof(*old));
	if (!old || make_net(t, t->client->http1_only, &fresh, NULL) < 0) {
		free(old);
		return;
	}
	old->net = t->net;
	old->net_h1 = t->net_h1;
	t->net = fresh;
	t->net_h1 = NULL;
	list_add_tail(&t->old, &old->link);
	reap_later(t);
}

static int split_server(struct net_transport *t, const char *server) {
	const char *scheme = strstr(server, "://"), *path = scheme ? strchr(scheme + 3, '/') : NULL;
	if (!scheme) return -EINVAL;
	size_t n = path ? (size_t)(path - server) : strlen(server);
	t->origin = strndup(server, n);
	t->prefix = strdup(path ? path : "");
	if (!t->origin || !t->prefix) return -ENOMEM;
	for (n = strlen(t->prefix); n && t->prefix[n - 1] == '/'; n--) t->prefix[n - 1] = 0;
	return n > PATH_PREFIX_MAX ? -E2BIG : 0;
}

static void net_free(void *ctx) {
	struct net_transport *t = ctx;
	net_client_free(t->net);
	net_client_free(t->net_h1);
	loop_timer_stop(t->reap);
	list_foreach(&t->old, n) retired_free(list_entry(n, struct retired, link));
	free(t->origin);
	free(t->prefix);
	free(t);
}

int transport_net_new(struct k8c_client *c, void **ret_ctx, char **ret_msg) {
	struct net_transport *t = calloc(1, sizeof(*t));
	if (!t) return -ENOMEM;
	t->client = c;
	list_init(&t->old);
	int r = split_server(t, c->cfg->server);
	if (r == 0) r = make_net(t, c->http1_only, &t->net, ret_msg);
	if (r < 0) {
		net_free(t);
		return r;
	}
	*ret_ctx = t;
	return 0;
}

/* ---- exchanges ---- */

static void on_head(void *ctx, struct net_call *c, const struct http_response_head *head) {
	struct net_exchange *x = ctx;
	size_t n = head->headers.n;
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct k8c_header *h = a ? arena_array(a, n + 1, sizeof(*h)) : NULL;
	for (size_t i = 0; h && i < n; i++) {
		char *name = arena_slice_str(a, head->headers.v[i].name);
		h[i] = (struct k8c_header){ name ? name : "", bytes_of(head->headers.v[i].value) };
	}
	x->h.on_head(x->ctx, head->status, h, h ? n : 0);
}

static void on_data(void *ctx, struct net_call *c, struct slice bytes) {
	struct net_exchange *x = ctx;
	x->h.on_data(x->ctx, bytes_of(bytes));
}

static void on_done(void *ctx, int err, const char *msg) {
	struct net_exchange *x = ctx;
	struct k8c_transport_handler h = x->h;
	void *hctx = x->ctx;
	if (err == -EKEYREJECTED && credentials_tls_changed(x->t->client->creds)) refresh(x->t);
	reap_later(x->t);
	free(x);
	h.on_done(hctx, err, msg);
}

static void on_upgrade(void *ctx, struct stream *s) {
	struct net_exchange *x = ctx;
	struct k8c_stream *ks = calloc(1, sizeof(*ks));
	if (!ks) {
		stream_abort(s);
		x->h.on_done(x->ctx, -ENOMEM, NULL);
	} else {
		ks->s = s;
		x->h.on_upgrade(x->ctx, ks);
	}
	free(x);
}

static int copy_headers(struct arena *a, const struct k8c_transport_request *req, struct http_headers *ret) {
	for (size_t i = 0; i < req->n_headers; i++) {
		int r = http_headers_add(a, ret, slice_str(req->headers[i].name), slice_of(req->headers[i].value));
		if (r < 0) return r;
	}
	return 0;
}

static int net_start(void *ctx, const struct k8c_transport_request *req, const struct k8c_transport_handler *h, void *hctx,
		     void **ret_call) {
	static const struct net_call_handler plain = { on_head, on_data, on_done, NULL },
					     upgrading = { on_head, on_data, on_done, on_upgrade };
	struct net_transport *t = ctx;
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct http_request_head head = { .method = slice_str(req->method) };
	struct net_exchange *x = calloc(1, sizeof(*x));
	char *target = a ? arena_printf(a, "%s%s", t->prefix, req->target) : NULL;
	int r = x && target ? copy_headers(a, req, &head.headers) : -ENOMEM;
	if (r == 0 && credentials_tls_stale(t->client->creds)) refresh(t);
	if (r == 0 && h->on_upgrade && !t->net_h1) r = make_net(t, true, &t->net_h1, NULL);
	if (r == 0) {
		*x = (struct net_exchange){ t, NULL, *h, hctx };
		head.target = slice_str(target);
		r = net_call_start(h->on_upgrade ? t->net_h1 : t->net, t->origin, &head, slice_of(req->body), req->timeout_ms,
				   h->on_upgrade ? &upgrading : &plain, x, &x->call);
	}
	if (r < 0) free(x);
	else *ret_call = x;
	return r;
}

static void net_cancel(void *ctx, void *call) {
	struct net_exchange *x = call;
	net_call_cancel(x->call);
}

static void net_pause(void *ctx, void *call, bool on) {
	struct net_exchange *x = call;
	if (on) net_call_pause(x->call);
	else net_call_unpause(x->call);
}

/* ---- streams ---- */

static void stream_on_data(void *ctx, struct stream *s, struct slice bytes) {
	struct k8c_stream *ks = ctx;
	ks->h.on_data(ks->ctx, bytes_of(bytes));
}

static void stream_on_end(void *ctx, struct stream *s, int err) {
	struct k8c_stream *ks = ctx;
	ks->h.on_end(ks->ctx, err);
}

static void stream_on_drain(void *ctx, struct stream *s) {
	struct k8c_stream *ks = ctx;
	if (ks->h.on_drain) ks->h.on_drain(ks->ctx);
}

static void stream_on_close(void *ctx) {
	struct k8c_stream *ks = ctx;
	ks->h.on_close(ks->ctx);
	free(ks);
}

static const struct stream_handler stream_callbacks = { stream_on_data, stream_on_end, stream_on_drain, stream_on_close };

static void net_attach(struct k8c_stream *s, const struct k8c_stream_handler *h, void *hctx) {
	s->h = *h;
	s->ctx = hctx;
	net_stream_attach(s->s, &stream_callbacks, s);
}

static int net_write(struct k8c_stream *s, struct k8c_bytes bytes) { return stream_write(s->s, slice_of(bytes)); }
static void net_close(struct k8c_stream *s) { stream_close(s->s); }

const struct k8c_transport transport_net = {
	.size = sizeof(transport_net), .start = net_start, .cancel = net_cancel, .pause = net_pause,
	.stream_attach = net_attach, .stream_write = net_write, .stream_close = net_close, .free = net_free,
};
