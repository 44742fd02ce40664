/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec, attach and port-forward: the client's Upgrade request goes to the node's agent, and when the agent upgrades, both connections
 * become one tunnel. Any other answer of the agent ends the request there: its connection is never handed to the client
 * (CVE-2018-1002105), and redirects are not followed (CVE-2020-8559).
 */
#include "api/connect.h"
#include "api/identity.h"
#include "api/stream/stream.h"
#include "api/stream/target.h"

#include <errno.h>

/* Of an agent's refusal. */
#define REFUSAL_MAX (64u * 1024u)

struct tunnel {
	struct request_token *token;     /* until the request is answered */
	struct net_call *call;
	struct stream *client, *agent;   /* NULL: gone */
	struct http_headers answer;
	struct arena *a;                 /* what must outlive the request */
	int status;
	struct buf refusal;
	unsigned holders;                /* client side, agent side */
};

static void tunnel_release(struct tunnel *t) {
	if (--t->holders > 0) return;
	buf_done(&t->refusal);
	arena_free(t->a);
	free(t);
}

/* ---- two streams, each writing to the other ---- */

static void pass(struct stream *from, struct stream *to, struct slice bytes) {
	if (to && stream_write(to, bytes) == 1) stream_pause(from);
}

static void client_data(void *ctx, struct stream *s, struct slice bytes) { pass(s, ((struct tunnel *)ctx)->agent, bytes); }
static void agent_data(void *ctx, struct stream *s, struct slice bytes) { pass(s, ((struct tunnel *)ctx)->client, bytes); }

static void client_drain(void *ctx, struct stream *s k8c_unused) {
	struct tunnel *t = ctx;
	if (t->agent) stream_unpause(t->agent);
}
static void agent_drain(void *ctx, struct stream *s k8c_unused) {
	struct tunnel *t = ctx;
	if (t->client) stream_unpause(t->client);
}

static void side_end(void *ctx k8c_unused, struct stream *s, int err) {
	if (err < 0) stream_abort(s);
	else stream_close(s);
}

static void client_close(void *ctx) {
	struct tunnel *t = ctx;
	t->client = NULL;
	if (t->agent) stream_close(t->agent);
	tunnel_release(t);
}
static void agent_close(void *ctx) {
	struct tunnel *t = ctx;
	t->agent = NULL;
	if (t->client) stream_close(t->client);
	tunnel_release(t);
}

static const struct stream_handler client_side = { client_data, side_end, client_drain, client_close };
static const struct stream_handler agent_side = { agent_data, side_end, agent_drain, agent_close };

/* ---- the agent's answer ---- */

static void on_head(void *ctx, struct net_call *c k8c_unused, const struct http_response_head *head) {
	struct tunnel *t = ctx;
	t->status = head->status;
	for (size_t i = 0; i < head->headers.n; i++) {
		struct slice name = head->headers.v[i].name;
		/* What an upgrade consists of; nothing else of the agent reaches the client. */
		if (slice_eqs(name, "connection") || slice_eqs(name, "upgrade") || slice_starts(name, SLICE_LIT("sec-websocket-")) ||
		    slice_starts(name, SLICE_LIT("x-stream-protocol-version")))
			(void)http_headers_add(t->a, &t->answer, name, head->headers.v[i].value);
	}
}

static void on_data(void *ctx, struct net_call *c k8c_unused, struct slice bytes) {
	struct tunnel *t = ctx;
	if (t->refusal.n + bytes.n <= REFUSAL_MAX) (void)buf_put_slice(&t->refusal, bytes);
}

static void on_done(void *ctx, int err, const char *msg) {
	struct tunnel *t = ctx;
	struct request *r = request_resume(t->token);
	t->call = NULL;
	if (r) {
		struct slice text = slice_trim(buf_slice(&t->refusal));
		if (err) request_status(r, status_error(r->a, "error dialing backend: %s", msg ? msg : strerror(-err)));
		else request_status(r, stream_refusal(r, t->status, text));
	}
	tunnel_release(t);
}

static void on_upgrade(void *ctx, struct stream *s) {
	struct tunnel *t = ctx;
	struct request *r = request_resume(t->token);
	t->call = NULL;
	t->agent = s;
	net_stream_attach(s, &agent_side, t);
	if (!r) {
		stream_abort(s);
		return;
	}
	for (size_t i = 0; i < t->answer.n; i++) {
		const char *name = arena_slice_str(r->a, t->answer.v[i].name);
		if (name) (void)request_header(r, name, arena_slice_dup(r->a, t->answer.v[i].value));
	}
	t->holders++;
	request_upgrade(r, 101, &client_side, t, &t->client);
}

static const struct net_call_handler call_handler = { on_head, on_data, on_done, on_upgrade };

/* ---- the request ---- */

static const struct status *tunnel_open(struct request *r, const struct stream_target *target, const char *what) {
	struct net_client *client = stream_node_client(r, target->node);
	struct tunnel *t = client ? calloc(1, sizeof(*t)) : NULL;
	struct http_request_head head = { .method = r->x->head.method };
	char *path = slice_empty(target->container)
			     ? arena_printf(r->a, "/%s/%.*s/%.*s", what, SLICE_FMT(r->info.ns), SLICE_FMT(r->info.name))
			     : arena_printf(r->a, "/%s/%.*s/%.*s/%.*s", what, SLICE_FMT(r->info.ns), SLICE_FMT(r->info.name), SLICE_FMT(target->container));
	struct slice query = r->x->head.target;
	(void)slice_cut(&query, '?');
	head.target = slice_str(arena_printf(r->a, query.p ? "%s?%.*s" : "%s%.*s", path, SLICE_FMT(query)));
	if (!t || stream_forward_headers(r, true, &head.headers) < 0) {
		free(t);
		return status_error(r->a, "error dialing backend: no connection to node %.*s", SLICE_FMT(target->node));
	}
	t->refusal = BUF_INIT(REFUSAL_MAX);
	t->holders = 1;
	t->a = arena_new(0);
	t->token = t->a ? request_wait(r) : NULL;
	int e = t->token ? net_call_start(client, target->url, &head, SLICE_NULL, 0, &call_handler, t, &t->call) : -ENOMEM;
	if (e == 0) return NULL;
	if (t->token) (void)request_resume(t->token);
	tunnel_release(t);
	return status_error(r->a, "error dialing backend: %s", strerror(-e));
}

static bool wants_upgrade(const struct request *r) {
	struct slice list = request_get_header(r, "connection");
	while (list.p)
		if (slice_ieq(slice_trim(slice_cut(&list, ',')), SLICE_LIT("upgrade"))) return true;
	return false;
}

/* WebSockets start with GET; what is done is no reading: it needs the right to create, whatever the method. */
static const struct status *may_create(struct request *r) {
	if (slice_eqs(r->info.verb, "create")) return NULL;
	struct access_attrs at = {
		.user = r->user, .is_resource = true, .verb = SLICE_LIT("create"), .ns = r->info.ns, .version = SLICE_LIT("v1"), .resource = SLICE_LIT("pods"),
		.subresource = r->info.subresource, .name = r->info.name,
	};
	return identity_check(r, &at);
}

static void tunnel(struct request *r, const char *what, bool need_container) {
	struct stream_target target;
	const struct status *st = stream_target_find(r, query_get(&r->query, "container"), need_container, &target);
	if (!st && !target.url) st = status_bad_request(r->a, "pod %.*s does not have a host assigned", SLICE_FMT(r->info.name));
	if (!st && (!wants_upgrade(r) || !r->x->can_upgrade)) st = status_bad_request(r->a, "Upgrade request required");
	if (!st) st = tunnel_open(r, &target, what);
	if (st) request_status(r, st);
}

static void exec(struct request *r) { tunnel(r, "exec", true); }
static void attach(struct request *r) { tunnel(r, "attach", true); }
static void port_forward(struct request *r) { tunnel(r, "portForward", false); }

static void connect_then(struct request *r, void (*then)(struct request *r)) {
	const struct status *st = may_create(r);
	if (st) request_status(r, st);
	else connect_admit(r, then);
}

void stream_exec(struct request *r) { connect_then(r, exec); }
void stream_attach_pod(struct request *r) { connect_then(r, attach); }
void stream_port_forward(struct request *r) { connect_then(r, port_forward); }
