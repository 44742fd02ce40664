/* SPDX-License-Identifier: Apache-2.0 */
/* exec, attach and port-forward: the client's Upgrade request goes to the node's agent, and both connections become one tunnel. */
#include "api/connect.h"
#include "api/identity.h"
#include "api/stream/relay.h"
#include "api/stream/stream.h"
#include "api/stream/target.h"

/* What an upgrade consists of; nothing else of the agent reaches the client. */
static bool keeps(struct slice name) {
	return slice_eqs(name, "connection") || slice_eqs(name, "upgrade") || slice_starts(name, SLICE_LIT("sec-websocket-")) ||
	       slice_starts(name, SLICE_LIT("x-stream-protocol-version"));
}

static void refused(void *ctx k8c_unused, struct request *r, const struct relay_outcome *o) {
	request_status(r, o->err ? status_error(r->a, "error dialing backend: %s", o->msg) : stream_refusal(r, o->status, slice_trim(o->text)));
}

static const struct relay_handler handler = { .end = refused, .keeps = keeps };

static const struct status *tunnel_open(struct request *r, const struct stream_target *target, const char *what) {
	struct relay_plan plan = { .client = stream_node_client(r, target->node), .url = target->url, .head = { .method = r->x->head.method }, .upgrade = true };
	char *path = slice_empty(target->container)
			     ? arena_printf(r->a, "/%s/%.*s/%.*s", what, SLICE_FMT(r->info.ns), SLICE_FMT(r->info.name))
			     : arena_printf(r->a, "/%s/%.*s/%.*s/%.*s", what, SLICE_FMT(r->info.ns), SLICE_FMT(r->info.name), SLICE_FMT(target->container));
	struct slice query = r->x->head.target;
	(void)slice_cut(&query, '?');
	plan.head.target = slice_str(arena_printf(r->a, query.p ? "%s?%.*s" : "%s%.*s", path, SLICE_FMT(query)));
	if (!plan.client || stream_forward_headers(r, true, &plan.head.headers) < 0)
		return status_error(r->a, "error dialing backend: no connection to node %.*s", SLICE_FMT(target->node));
	int e = relay_start(r, &plan, &handler, NULL);
	return e < 0 ? status_error(r->a, "error dialing backend: %s", strerror(-e)) : NULL;
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
	if (!st && (!relay_wants_upgrade(r) || !r->x->can_upgrade)) st = status_bad_request(r->a, "Upgrade request required");
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
