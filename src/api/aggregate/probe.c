/* SPDX-License-Identifier: Apache-2.0 */
#include "api/aggregate/probe.h"

#include "api/backend/address.h"
#include "api/backend/clients.h"
#include "api/backend/failure.h"

#include <errno.h>

struct probe {
	struct arena *a;
	struct backend *backend;
	const char *origin, *url;
	struct buf body;
	int status;
	bool too_much;
	void (*done)(void *ctx, const struct probe_result *res);
	void *ctx;
};

static void probe_free(struct probe *p) {
	if (p->backend) backend_release(p->backend);
	buf_done(&p->body);
	arena_free(p->a);
}

static const char *failure_of(struct probe *p, int err, const char *msg) {
	const char *why = NULL;
	if (p->too_much) why = "the answer is too large";
	else if (err) why = arena_printf(p->a, "Get \"%s\": %s", p->url, backend_failure(p->a, p->origin, err, msg));
	else if (p->status < 200 || p->status > 299) why = arena_printf(p->a, "bad status from %s: %d", p->url, p->status);
	else return NULL;
	const char *text = why ? arena_printf(p->a, "failing or missing response from %s: %s", p->url, why) : NULL;
	return text ? text : "out of memory";
}

static void on_head(void *ctx, struct net_call *c k8c_unused, const struct http_response_head *head) {
	struct probe *p = ctx;
	p->status = head->status;
}

static void on_data(void *ctx, struct net_call *c, struct slice bytes) {
	struct probe *p = ctx;
	p->too_much = buf_put_slice(&p->body, bytes) < 0;
	if (p->too_much) net_call_cancel(c);
}

static void on_done(void *ctx, int err, const char *msg) {
	struct probe *p = ctx;
	struct probe_result res = { failure_of(p, err, msg), buf_slice(&p->body) };
	p->done(p->ctx, &res);
	probe_free(p);
}

static const struct net_call_handler handler = { on_head, on_data, on_done, NULL };

const struct net_client_options *probe_identity(struct api *api, struct arena *a, const struct remote_service *s, bool verify) {
	struct net_client_options *o = arena_new_of(a, struct net_client_options);
	if (!o) return NULL;
	*o = (struct net_client_options){
		.ca_pem = verify ? s->ca_pem : SLICE_NULL, .cert_pem = api->o.front_proxy_cert_pem, .key_pem = api->o.front_proxy_key_pem,
		.insecure = !verify || s->insecure, .http1_only = true,
		.server_name = arena_printf(a, "%.*s.%.*s.svc", SLICE_FMT(s->service), SLICE_FMT(s->ns)),
	};
	return o->server_name ? o : NULL;
}

static int call(struct probe *p, const struct remote_service *s) {
	struct http_request_head head = { .method = SLICE_LIT("GET") };
	head.target = slice_str(arena_printf(p->a, "/apis/%.*s/%.*s", SLICE_FMT(s->group), SLICE_FMT(s->version)));
	p->url = head.target.p ? arena_printf(p->a, "%s%s", p->origin, head.target.p) : NULL;
	int err = p->url ? 0 : -ENOMEM;
	if (!err) err = http_headers_add(p->a, &head.headers, SLICE_LIT("accept"), SLICE_LIT("application/json"));
	if (!err) err = http_headers_add(p->a, &head.headers, SLICE_LIT("x-remote-user"), SLICE_LIT("system:kube-aggregator"));
	if (!err) err = http_headers_add(p->a, &head.headers, SLICE_LIT("x-remote-group"), SLICE_LIT("system:masters"));
	return err ? err : net_call_start(p->backend->client, p->origin, &head, SLICE_NULL, PROBE_TIMEOUT_MS, &handler, p, NULL);
}

int probe_start(struct api_loop *al, struct arena *a, const struct store_snapshot *snap, const struct remote_service *s,
		void (*done)(void *ctx, const struct probe_result *res), void *ctx, const char **ret_why) {
	const char *origin = NULL;
	const char *why = backend_address(a, al->api->env, snap, s->ns, s->service, s->port, &origin);
	if (why) {
		*ret_why = why;
		return -EHOSTUNREACH;
	}
	struct arena *own = arena_new(0);
	struct probe *p = own ? arena_new_of(own, struct probe) : NULL;
	if (!p) {
		arena_free(own);
		return -ENOMEM;
	}
	*p = (struct probe){ .a = own, .origin = arena_strdup(own, origin), .body = BUF_INIT(DISCOVERY_BYTES_MAX), .done = done, .ctx = ctx };
	/* Whoever fools this check gains nothing: requests verify for themselves. */
	const struct net_client_options *o = probe_identity(al->api, own, s, false);
	int err = o && p->origin ? backend_take(al, o, &p->backend) : -ENOMEM;
	if (!err) err = call(p, s);
	if (!err) return 0;
	probe_free(p);
	return err == -EINVAL ? -EHOSTUNREACH : -ENOMEM;
}
