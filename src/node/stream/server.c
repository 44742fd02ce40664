/* SPDX-License-Identifier: Apache-2.0 */
#include "net/server.h"
#include "codec/percent.h"
#include "node/stream/endpoint.h"

#include <errno.h>

struct stream_server {
	struct stream_server_options o;
	struct net_server *server;
	struct node_agent *agent;  /* loop's thread */
};

static const struct {
	const char *name;
	bool container;
	void (*handle)(struct endpoint *e);
} routes[] = {
	{ "containerLogs", true, endpoint_log },
	{ "exec", true, endpoint_exec },
	{ "attach", true, endpoint_attach },
	{ "portForward", false, endpoint_port_forward },
};

static void respond(struct exchange *x, int status, const char *text) {
	struct http_headers h = { 0 };
	struct body_part part = { .bytes = slice_str(text) };
	(void)http_headers_add(x->arena, &h, SLICE_LIT("content-type"), SLICE_LIT("text/plain; charset=utf-8"));
	exchange_respond(x, status, &h, &part, 1);
}

void endpoint_refuse(struct endpoint *e, int status, const char *text) { respond(e->x, status, text); }

/* "/exec/ns/pod/container": segments are unescaped one by one, and may not be empty. */
static bool take_segment(struct arena *a, struct slice *path, struct slice *ret) {
	struct slice raw = slice_cut(path, '/');
	const char *msg;
	return !slice_empty(raw) && percent_decode_path(a, raw, ret, &msg) == 0 && !slice_empty(*ret) && slice_chr(*ret, '/') < 0;
}

static void route(struct stream_server *s, struct exchange *x) {
	struct endpoint *e = arena_new_of(x->arena, struct endpoint);
	struct slice target = x->head.target, path = slice_cut(&target, '?');
	const char *msg;
	if (!e) {
		respond(x, 500, "out of memory");
		return;
	}
	*e = (struct endpoint){ .x = x, .loop = s->o.loop, .env = s->o.env, .agent = s->agent, .query_text = target };
	(void)query_parse(x->arena, target, &e->query, &msg);
	path = slice_from(path, 1);
	struct slice first = slice_cut(&path, '/');
	for (size_t i = 0; i < ELEMENTSOF(routes); i++) {
		if (!slice_eqs(first, routes[i].name)) continue;
		bool ok = take_segment(x->arena, &path, &e->ns) && take_segment(x->arena, &path, &e->pod);
		if (ok && routes[i].container) ok = take_segment(x->arena, &path, &e->container);
		if (!ok || path.p) respond(x, 404, "404 page not found");
		else if (!s->agent) respond(x, 503, "the node agent is not ready");
		else routes[i].handle(e);
		return;
	}
	respond(x, 404, "404 page not found");
}

static void handle(void *ctx, struct exchange *x) {
	struct stream_server *s = ctx;
	if (slice_eqs(x->head.target, "/healthz")) respond(x, 200, "ok");
	else if (!s->o.is_api_server(s->o.ctx, x->peer_cert)) respond(x, slice_empty(x->peer_cert) ? 401 : 403, slice_empty(x->peer_cert) ? "Unauthorized" : "Forbidden");
	else route(s, x);
}

int stream_server_start(const struct stream_server_options *o, struct stream_server **ret) {
	struct stream_server *s = calloc(1, sizeof(*s));
	if (!s) return -ENOMEM;
	s->o = *o;
	struct net_server_options no = {
		.listen = o->listen, .cert_pem = o->cert_pem, .key_pem = o->key_pem, .request_client_cert = true, .handler = handle, .ctx = s,
	};
	int r = net_server_start(&s->o.loop, 1, &no, &s->server);
	if (r < 0) free(s);
	else *ret = s;
	return r;
}

uint16_t stream_server_port(const struct stream_server *s) { return net_server_port(s->server); }
void stream_server_set_agent(struct stream_server *s, struct node_agent *a) { s->agent = a; }

void stream_server_stop(struct stream_server *s) {
	if (!s) return;
	net_server_stop(s->server);
	free(s);
}
