/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stream/target.h"

#include <errno.h>

#define KUBELET_PORT 10250
#define NODES_MAX 5000

/* ---- pod and container ---- */

yyjson_mut_val *stream_stored(struct request *r, const char *resource, struct slice ns, struct slice name) {
	const struct schema_resource *res = schema_find(SLICE_NULL, SLICE_LIT("v1"), slice_str(resource));
	struct store_snapshot *now = store_snapshot(r->api->store);
	struct store_key key = request_key(r->a, res, ns, name);
	const struct store_obj *o = store_get(now, &key);
	yyjson_mut_doc *doc = o ? request_parse(r->a, res, o) : NULL;
	store_snapshot_unref(now);
	return doc ? yyjson_mut_doc_get_root(doc) : NULL;
}

static bool pod_has(const yyjson_mut_val *pod, struct slice name) {
	static const char *const lists[] = { "spec.containers", "spec.initContainers", "spec.ephemeralContainers" };
	yyjson_mut_val *c;
	for (size_t i = 0; i < ELEMENTSOF(lists); i++)
		json_each(json_path(pod, lists[i]), c)
			if (slice_eq(json_path_str(c, "name"), name)) return true;
	return false;
}

static const char *names_of(struct request *r, const yyjson_mut_val *list) {
	char *text = arena_strdup(r->a, "");
	yyjson_mut_val *c;
	json_each(list, c) text = arena_printf(r->a, "%s%s%.*s", text, *text ? " " : "", SLICE_FMT(json_path_str(c, "name")));
	return text;
}

static const struct status *choose_container(struct request *r, const yyjson_mut_val *pod, struct slice asked, struct slice *ret) {
	const yyjson_mut_val *containers = json_path(pod, "spec.containers"), *init = json_path(pod, "spec.initContainers");
	if (slice_empty(asked)) {
		if (json_size(containers) == 1) {
			*ret = json_path_str(json_first(containers), "name");
			return NULL;
		}
		if (json_size(init))
			return status_bad_request(r->a, "a container name must be specified for pod %.*s, choose one of: [%s] or one of the init containers: [%s]",
						  SLICE_FMT(r->info.name), names_of(r, containers), names_of(r, init));
		return status_bad_request(r->a, "a container name must be specified for pod %.*s, choose one of: [%s]", SLICE_FMT(r->info.name), names_of(r, containers));
	}
	if (!pod_has(pod, asked)) return status_bad_request(r->a, "container %.*s is not valid for pod %.*s", SLICE_FMT(asked), SLICE_FMT(r->info.name));
	*ret = asked;
	return NULL;
}

/* ---- node ---- */

static struct slice node_address(const yyjson_mut_val *node) {
	static const char *const types[] = { "InternalIP", "Hostname", "ExternalIP" };
	yyjson_mut_val *a;
	for (size_t i = 0; i < ELEMENTSOF(types); i++)
		json_each(json_path(node, "status.addresses"), a)
			if (slice_eqs(json_path_str(a, "type"), types[i])) return json_path_str(a, "address");
	return SLICE_NULL;
}

const struct status *stream_node_find(struct request *r, struct slice name, struct slice *ret_address, int64_t *ret_port) {
	const yyjson_mut_val *node = stream_stored(r, "nodes", SLICE_NULL, name);
	if (!node) return status_not_found(r->a, SLICE_NULL, SLICE_LIT("nodes"), name);
	struct slice address = node_address(node);
	if (slice_empty(address)) return status_error(r->a, "no preferred addresses found; known addresses: []");
	*ret_address = address;
	*ret_port = json_path_int(node, "status.daemonEndpoints.kubeletEndpoint.Port", KUBELET_PORT);
	return NULL;
}

const struct status *stream_target_find(struct request *r, struct slice container, bool need_container, struct stream_target *ret) {
	*ret = (struct stream_target){ .pod = stream_stored(r, "pods", r->info.ns, r->info.name) };
	if (!ret->pod) return status_not_found(r->a, SLICE_NULL, SLICE_LIT("pods"), r->info.name);
	const struct status *st = need_container ? choose_container(r, ret->pod, container, &ret->container) : NULL;
	ret->node = json_path_str(ret->pod, "spec.nodeName");
	if (st || slice_empty(ret->node)) return st;
	struct slice address;
	int64_t port;
	if ((st = stream_node_find(r, ret->node, &address, &port))) return st;
	bool six = slice_chr(address, ':') >= 0;
	ret->url = arena_printf(r->a, six ? "https://[%.*s]:%lld" : "https://%.*s:%lld", SLICE_FMT(address), (long long)port);
	return ret->url ? NULL : status_no_memory();
}

/* ---- connections ---- */

static void client_free(void *c) { net_client_free(c); }

/* Of the loop, by name; made when it is not there yet. */
static struct net_client *client_named(struct api_loop *al, struct slice name, const struct net_client_options *o) {
	struct map *clients = al->stream_ctx;
	if (!clients && (clients = map_new(NODES_MAX))) {
		al->stream_ctx = clients;
		if (api_loop_on_stop(al, stream_loop_done) < 0) return NULL;
	}
	struct net_client *c = clients ? map_get(clients, name) : NULL;
	if (c || !clients || net_client_new(al->loop, o, &c) < 0) return c;
	if (map_put(clients, name, c, NULL) == 0) return c;
	net_client_free(c);
	return NULL;
}

struct net_client *stream_node_client(struct request *r, struct slice node) {
	const struct api_options *o = &r->api->o;
	const char *name = arena_slice_str(r->a, node);
	struct net_client_options no = {
		.ca_pem = o->ca_pem, .cert_pem = o->node_client_cert_pem, .key_pem = o->node_client_key_pem, .server_name = name, .http1_only = true,
	};
	return name && !slice_empty(o->node_client_cert_pem) ? client_named(r->al, node, &no) : NULL;
}

struct net_client *stream_plain_client(struct request *r) {
	static const struct net_client_options o = { .insecure = true, .http1_only = true };
	return client_named(r->al, SLICE_LIT("*"), &o); /* no node has such a name */
}

void stream_loop_done(struct api_loop *al) {
	al->stream_ctx = map_free(al->stream_ctx, client_free);
}

/* ---- headers ---- */

static bool is_dropped(struct slice name, bool upgrade) {
	static const char *const always[] = { "authorization", "host", "content-length", "transfer-encoding", "keep-alive", "te", "trailer",
					      "proxy-authorization", "proxy-connection", "expect", "accept-encoding" };
	static const char *const hop[] = { "connection", "upgrade" };
	for (size_t i = 0; i < ELEMENTSOF(always); i++)
		if (slice_eqs(name, always[i])) return true;
	for (size_t i = 0; i < ELEMENTSOF(hop); i++)
		if (slice_eqs(name, hop[i])) return !upgrade;
	return slice_starts(name, SLICE_LIT("impersonate-"));
}

/* Named by Connection: for us, not for who is behind us (RFC 9110, 7.6.1). */
static bool is_of_connection(const struct http_headers *h, struct slice name) {
	struct slice list;
	if (slice_eqs(name, "upgrade")) return false;
	for (size_t it = 0; http_headers_next(h, "connection", &it, &list);)
		while (list.p)
			if (slice_ieq(slice_trim(slice_cut(&list, ',')), name)) return true;
	return false;
}

/* A list of subprotocols without the one that carries a bearer token (spec section 4.2). */
static struct slice without_token(struct arena *a, struct slice protocols) {
	char *text = arena_strdup(a, "");
	while (protocols.p && text) {
		struct slice one = slice_trim(slice_cut(&protocols, ','));
		if (slice_starts(one, SLICE_LIT("base64url.bearer.authorization.k8s.io."))) continue;
		text = arena_printf(a, "%s%s%.*s", text, *text ? ", " : "", SLICE_FMT(one));
	}
	return slice_str(text);
}

int stream_forward_headers(struct request *r, bool upgrade, struct http_headers *ret) {
	const struct http_headers *h = &r->x->head.headers;
	*ret = (struct http_headers){ 0 };
	for (size_t i = 0; i < h->n; i++) {
		struct slice value = h->v[i].value;
		if (is_dropped(h->v[i].name, upgrade) || is_of_connection(h, h->v[i].name)) continue;
		if (slice_eqs(h->v[i].name, "sec-websocket-protocol")) value = without_token(r->a, value);
		if (http_headers_add(r->a, ret, h->v[i].name, value) < 0) return -ENOMEM;
	}
	return 0;
}
