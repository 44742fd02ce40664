/* SPDX-License-Identifier: Apache-2.0 */
/* port-forward: local ports, each connection to which becomes one to a port of a pod. */
#include "base/list.h"
#include "ctl/command.h"
#include "ctl/port_map.h"
#include "ctl/tree.h"

#include <errno.h>

#define FORWARD_BACKLOG 128
#define FORWARD_CONNECTIONS_MAX 1024u
#define FORWARD_READ (32u * 1024u)
/* What a local program does not read is kept up to this; then its connection ends. */
#define FORWARD_QUEUE_MAX ((size_t)64 * 1024 * 1024)

struct forwarding {
	struct ctl *c;
	const char *ns, *pod;
	size_t connections;
	struct list relays, listeners;
};

struct port_listener {
	uv_tcp_t tcp;
	struct list node;
	struct forwarding *f;
	uint16_t local, remote;
};

/* One local connection. Freed when both sides are gone. */
struct relay {
	uv_tcp_t tcp;
	struct list node;
	struct forwarding *f;
	struct k8c_forward *far;
	uint16_t local, remote;
	bool open, input_over, closing, stopped;
	char buf[FORWARD_READ];
};

struct relay_write {
	uv_write_t req;
	char bytes[];
};

/* ---- one connection ---- */

static void on_gone(uv_handle_t *h) {
	struct relay *r = h->data;
	r->f->connections--;
	free(r);
}

static void relay_close(struct relay *r) {
	if (r->closing) return;
	r->closing = true;
	list_del(&r->node);
	struct k8c_forward *far = r->far;
	r->far = NULL;
	k8c_forward_close(far);
	uv_close((uv_handle_t *)&r->tcp, on_gone);
}

static void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf) {
	struct relay *r = h->data;
	(void)size;
	*buf = uv_buf_init(r->buf, sizeof(r->buf));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf) {
	struct relay *r = s->data;
	if (n == UV_EOF && !r->input_over) {
		r->input_over = true;
		(void)k8c_forward_finish(r->far);
	} else if (n < 0) {
		relay_close(r);
	} else if (n > 0) {
		int e = k8c_forward_write(r->far, (struct k8c_bytes){ buf->base, (size_t)n });
		if (e < 0) relay_close(r);
		else if (e == 1) r->stopped = uv_read_stop(s) == 0;
	}
}

static void on_written(uv_write_t *req, int status) {
	struct relay *r = req->handle->data;
	free(CONTAINER_OF(req, struct relay_write, req));
	if (status < 0) relay_close(r);
}

static void on_far_open(void *ctx) {
	struct relay *r = ctx;
	r->open = true;
	if (uv_read_start((uv_stream_t *)&r->tcp, on_alloc, on_read) < 0) relay_close(r);
}

static void on_far_data(void *ctx, struct k8c_bytes bytes) {
	struct relay *r = ctx;
	if (r->closing) return;
	struct relay_write *w = uv_stream_get_write_queue_size((uv_stream_t *)&r->tcp) > FORWARD_QUEUE_MAX ? NULL : malloc(sizeof(*w) + bytes.n);
	if (!w) {
		relay_close(r);
		return;
	}
	memcpy(w->bytes, bytes.p, bytes.n);
	uv_buf_t buf = uv_buf_init(w->bytes, (unsigned)bytes.n);
	if (uv_write(&w->req, (uv_stream_t *)&r->tcp, &buf, 1, on_written) < 0) {
		free(w);
		relay_close(r);
	}
}

static void on_far_drain(void *ctx) {
	struct relay *r = ctx;
	if (r->stopped && !r->closing && uv_read_start((uv_stream_t *)&r->tcp, on_alloc, on_read) == 0) r->stopped = false;
}

static void on_shut(uv_shutdown_t *req, int status) {
	struct relay *r = req->handle->data;
	(void)status;
	free(req);
	relay_close(r);
}

/* What has been queued still goes to the local program. */
static void on_far_close(void *ctx, const struct k8c_error *err) {
	struct relay *r = ctx;
	r->far = NULL;
	if (r->closing) return;
	if (err) {
		ctl_err(r->f->c, "error: an error occurred forwarding %u -> %u: %s\n", r->local, r->remote, err->message);
		(void)sink_flush(&r->f->c->err);
	}
	uv_shutdown_t *req = malloc(sizeof(*req));
	if (!req || uv_shutdown(req, (uv_stream_t *)&r->tcp, on_shut) < 0) {
		free(req);
		relay_close(r);
	}
}

static void on_connection(uv_stream_t *server, int status) {
	static const struct k8c_forward_handler h = { on_far_open, on_far_data, on_far_drain, on_far_close };
	struct port_listener *l = server->data;
	struct forwarding *f = l->f;
	struct relay *r = status < 0 || f->connections == FORWARD_CONNECTIONS_MAX ? NULL : calloc(1, sizeof(*r));
	/* A connection that is not taken now is taken when there is room. */
	if (!r) return;
	r->f = f;
	r->local = l->local;
	r->remote = l->remote;
	if (uv_tcp_init(server->loop, &r->tcp) < 0) {
		free(r);
		return;
	}
	r->tcp.data = r;
	list_add_tail(&f->relays, &r->node);
	f->connections++;
	ctl_out(f->c, "Handling connection for %u\n", l->local);
	(void)sink_flush(&f->c->out);
	if (uv_accept(server, (uv_stream_t *)&r->tcp) < 0 || k8c_forward_start(f->c->client, f->ns, f->pod, l->remote, &h, r, &r->far) < 0) relay_close(r);
}

/* ---- listening ---- */

static int listen_at(struct forwarding *f, const char *address, struct port_map *map) {
	struct sockaddr_storage at;
	int length = sizeof(at);
	bool v6 = strchr(address, ':') != NULL;
	struct port_listener *l = ctl_array(f->c, 1, sizeof(*l));
	l->f = f;
	l->remote = map->remote;
	l->tcp.data = l;
	int r = v6 ? uv_ip6_addr(address, map->local, (struct sockaddr_in6 *)&at) : uv_ip4_addr(address, map->local, (struct sockaddr_in *)&at);
	if (r < 0) return ctl_fail(f->c, "%s is not a valid IP", address);
	if (uv_tcp_init(loop_uv(client_loop(f->c->client)), &l->tcp) < 0) (void)ctl_must(NULL);
	list_add_tail(&f->listeners, &l->node);
	r = uv_tcp_bind(&l->tcp, (struct sockaddr *)&at, v6 ? UV_TCP_IPV6ONLY : 0);
	if (r == 0) r = uv_listen((uv_stream_t *)&l->tcp, FORWARD_BACKLOG, on_connection);
	if (r == 0) r = uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&at, &length);
	if (r < 0) return r;
	l->local = ntohs(v6 ? ((struct sockaddr_in6 *)&at)->sin6_port : ((struct sockaddr_in *)&at)->sin_port);
	map->local = l->local;
	ctl_out(f->c, v6 ? "Forwarding from [%s]:%u -> %u\n" : "Forwarding from %s:%u -> %u\n", address, l->local, l->remote);
	return 0;
}

/* "localhost" is both families, of which one is enough. */
static int listen_all(struct forwarding *f, const char *address, struct port_map *map) {
	static const char *const local[] = { "127.0.0.1", "::1" };
	bool both = !strcmp(address, "localhost");
	int r = listen_at(f, both ? local[0] : address, map), r6 = both && r <= 0 ? listen_at(f, local[1], map) : r;
	if (r == 0 || r6 == 0) return 0;
	return r == 1 ? 1 : ctl_fail(f->c, "unable to listen on port %u: unable to create listener: Error listen tcp %s:%u: %s", map->local,
				     both ? local[0] : address, map->local, uv_strerror(r));
}

/* The loop ends: with the program, after an error. */
static void close_all(void *arg) {
	struct forwarding *f = arg;
	while (!list_empty(&f->relays)) relay_close(list_entry(f->relays.next, struct relay, node));
	while (!list_empty(&f->listeners)) {
		struct port_listener *l = list_entry(f->listeners.next, struct port_listener, node);
		list_del(&l->node);
		uv_close((uv_handle_t *)&l->tcp, NULL);
	}
}

static int serve(struct ctl *c, const struct info *pod, struct port_map *maps, size_t n) {
	struct forwarding *f = ctl_array(c, 1, sizeof(*f));
	*f = (struct forwarding){ .c = c, .ns = pod->ns, .pod = pod->name };
	list_init(&f->relays);
	list_init(&f->listeners);
	if (loop_on_stop(client_loop(c->client), close_all, f) < 0) (void)ctl_must(NULL);
	const struct flag_value *addresses = flags_get(&c->flags, "address");
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < addresses->n; k++)
			if (listen_all(f, addresses->list[k], &maps[i])) return 1;
	(void)sink_flush(&c->out);
	int r = 0;
	while (r == 0 && !c->out.err) r = k8c_client_run_once(c->client, -1);
	return r < 0;
}

static const struct flag flags[] = {
	{ "address", FLAG_LIST, "localhost", 0, NULL, "addresses to listen on" },
	{ "pod-running-timeout", FLAG_DURATION, "1m0s", 0, NULL, "how long to wait for a pod" },
	{ 0 },
};

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct info obj, pod;
	if (n < 2) return ctl_usage(c, "TYPE/NAME and list of ports are required for port-forward");
	if (pod_timeout(c) || pod_object(c, args, 1, &obj)) return 1;
	if (pod_of(c, &obj, "cannot attach to", flag_int(&c->flags, "pod-running-timeout"), &pod, NULL)) return 1;
	struct port_map *maps = ctl_array(c, n - 1, sizeof(*maps));
	if (port_maps(c, &obj, &pod, args + 1, n - 1, maps)) return 1;
	const char *phase = text_at(pod.doc->root, "status.phase");
	if (strcmp(phase, "Running") != 0) return ctl_fail(c, "unable to forward port because pod is not running. Current status=%s", phase);
	return serve(c, &pod, maps, n - 1);
}

static const struct flag *const tables[] = { flags, NULL };
const struct command command_port_forward = { "port-forward", NULL, "TYPE/NAME [LOCAL_PORT:]REMOTE_PORT...", "Forward local ports to a pod", tables, run, NULL };
