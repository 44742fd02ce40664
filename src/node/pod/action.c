/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod/action.h"

#include "codec/duration.h"
#include "node/grpc_check.h"
#include "node/http_get.h"
#include "node/pod/container.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#define ACTION_MESSAGE_MAX (PROBE_OUTPUT_MAX + 1024u)

struct action {
	struct container *c;
	void (*done)(void *, const struct action_result *);
	void *ctx;
	struct arena *arena;     /* of messages; the action lives in it */
	const char *url;         /* httpGet */
	const char *command;     /* exec, for the message about time */
	uint64_t timeout_ms;
	struct proc *proc;
	struct http_get *http;
	struct grpc_check *grpc;
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_connect_t connect;
	char address[80];
	unsigned handles;
};

uint16_t action_port(const yyjson_mut_val *container, const yyjson_mut_val *port) {
	size_t i, max;
	yyjson_mut_val *v;
	uint64_t number;
	if (yyjson_mut_is_int((yyjson_mut_val *)port)) return (uint16_t)yyjson_mut_get_sint((yyjson_mut_val *)port);
	struct slice name = json_str(port);
	yyjson_mut_arr_foreach(json_get(container, "ports"), i, max, v)
		if (slice_eq(json_path_str(v, "name"), name)) return (uint16_t)json_path_int(v, "containerPort", 0);
	return slice_uint(name, UINT16_MAX, &number) == 0 ? (uint16_t)number : 0;
}

static const char *pod_address(const struct container *c) {
	const struct pod *p = c->pod;
	return pod_host_network(p) || !p->ip ? p->agent->machine.ip : p->ip;
}

static void finish(struct action *a, bool ok, const char *message) {
	struct action_result r = { ok, message ? message : "" };
	if (a->done) a->done(a->ctx, &r);
	arena_free(a->arena);
}

static void on_executed(void *ctx, const struct container_exec_result *res) {
	struct action *a = ctx;
	char took[DURATION_TEXT];
	a->proc = NULL;
	duration_format((int64_t)a->timeout_ms * 1000000, took);
	const char *text = res->err == -ETIMEDOUT
				   ? arena_printf(a->arena, "command timed out: \"%s\" timed out after %s", a->command, took)
				   : arena_slice_str(a->arena, slice_upto(res->out, PROBE_OUTPUT_MAX));
	finish(a, res->err == 0 && res->code == 0, text);
}

static int start_exec(struct action *a, const yyjson_mut_val *spec) {
	yyjson_mut_val *list = json_get(spec, "command"), *v;
	size_t n = yyjson_mut_arr_size(list), i, max;
	const char **argv = arena_array(a->arena, n + 1, sizeof(*argv));
	_cleanup_buf_ struct buf text = BUF_INIT(64 * KIB);
	if (!argv || n == 0) return n ? -ENOMEM : -EINVAL;
	yyjson_mut_arr_foreach(list, i, max, v) {
		argv[i] = arena_slice_str(a->arena, json_str(v));
		if (!argv[i]) return -ENOMEM;
		buf_printf(&text, "%s%s", i ? " " : "", argv[i]);
	}
	a->command = arena_slice_str(a->arena, buf_slice(&text));
	return container_exec(&a->c->pod->agent->runtime, a->c->now.id, argv, a->timeout_ms, on_executed, a, &a->proc);
}

static void on_answer(void *ctx, const struct http_get_result *r) {
	struct action *a = ctx;
	a->http = NULL;
	if (r->err < 0)
		finish(a, false,
		       arena_printf(a->arena, "Get \"%s\": %s", a->url,
				    r->err == -ETIMEDOUT
					    ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
				    : r->why ? r->why
					     : strerror(-r->err)));
	else if (r->status >= 200 && r->status < 400) finish(a, true, NULL);
	else finish(a, false, arena_printf(a->arena, "HTTP probe failed with statuscode: %d", r->status));
}

static int start_http(struct action *a, const yyjson_mut_val *spec, const char *user_agent) {
	uint16_t port = action_port(container_spec_of(a->c), json_get(spec, "port"));
	const char *ip = pod_address(a->c);
	if (port == 0) return -EINVAL;
	a->url = http_get_url(a->arena, spec, ip, port);
	if (!a->url) return -ENOMEM;
	return http_get_start(a->c->pod->agent->probe_client, spec, ip, port, user_agent, (uint32_t)a->timeout_ms, on_answer, a,
			      &a->http);
}

static void on_checked(void *ctx, bool ok, const char *why) {
	struct action *a = ctx;
	a->grpc = NULL;
	finish(a, ok, why);
}

static int start_grpc(struct action *a, const yyjson_mut_val *spec, const char *user_agent) {
	uint16_t port = action_port(container_spec_of(a->c), json_get(spec, "port"));
	if (port == 0) return -EINVAL;
	return grpc_check_start(a->c->pod->agent->grpc_client, pod_address(a->c), port, json_path_str(spec, "service"), user_agent,
				(uint32_t)a->timeout_ms, on_checked, a, &a->grpc);
}

static void on_handle_closed(uv_handle_t *h) {
	struct action *a = h->data;
	if (--a->handles == 0) arena_free(a->arena);
}

/* The handles outlive the answer by a turn of the loop, and with them the action. */
static void tcp_finish(struct action *a, bool ok, const char *message) {
	struct action_result r = { ok, message ? message : "" };
	void (*done)(void *, const struct action_result *) = a->done;
	if (uv_is_closing((uv_handle_t *)&a->tcp)) return;
	a->done = NULL;
	uv_close((uv_handle_t *)&a->tcp, on_handle_closed);
	uv_close((uv_handle_t *)&a->timer, on_handle_closed);
	if (done) done(a->ctx, &r);
}

static void on_connected(uv_connect_t *req, int status) {
	struct action *a = req->data;
	if (status == UV_ECANCELED) return;
	const char *text = status < 0 ? arena_printf(a->arena, "dial tcp %s: connect: %s", a->address, uv_strerror(status)) : NULL;
	tcp_finish(a, status == 0, text);
}

static void on_tcp_timeout(uv_timer_t *t) {
	struct action *a = t->data;
	tcp_finish(a, false, arena_printf(a->arena, "dial tcp %s: i/o timeout", a->address));
}

static int start_tcp(struct action *a, const yyjson_mut_val *spec) {
	uv_loop_t *uv = loop_uv(a->c->pod->agent->loop);
	uint16_t port = action_port(container_spec_of(a->c), json_get(spec, "port"));
	struct slice host = json_path_str(spec, "host");
	const char *ip = slice_empty(host) ? pod_address(a->c) : arena_slice_str(a->arena, host);
	struct sockaddr_storage to;
	if (port == 0 || !ip) return -EINVAL;
	if (uv_ip4_addr(ip, port, (struct sockaddr_in *)&to) < 0 && uv_ip6_addr(ip, port, (struct sockaddr_in6 *)&to) < 0)
		return -EINVAL;
	snprintf(a->address, sizeof(a->address), strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip, port);
	uv_tcp_init(uv, &a->tcp);
	uv_timer_init(uv, &a->timer);
	a->tcp.data = a->timer.data = a->connect.data = a;
	a->handles = 2;
	int r = uv_tcp_connect(&a->connect, &a->tcp, (struct sockaddr *)&to, on_connected);
	if (r == 0 && a->timeout_ms) r = uv_timer_start(&a->timer, on_tcp_timeout, a->timeout_ms, 0);
	return r;
}

static void on_slept(uv_timer_t *t) {
	struct action *a = t->data;
	void (*done)(void *, const struct action_result *) = a->done;
	struct action_result r = { true, "" };
	a->done = NULL;
	uv_close((uv_handle_t *)&a->timer, on_handle_closed);
	if (done) done(a->ctx, &r);
}

static int start_sleep(struct action *a, const yyjson_mut_val *spec) {
	uv_timer_init(loop_uv(a->c->pod->agent->loop), &a->timer);
	a->timer.data = a;
	a->handles = 1;
	uint64_t ms = (uint64_t)json_path_int(spec, "seconds", 0) * 1000u;
	if (a->timeout_ms && a->timeout_ms < ms) ms = a->timeout_ms;
	return uv_timer_start(&a->timer, on_slept, ms, 0);
}

static int start_any(struct action *a, const yyjson_mut_val *spec, const char *user_agent, const char **ret_why) {
	yyjson_mut_val *v;
	if ((v = json_get(spec, "exec"))) return start_exec(a, v);
	if ((v = json_get(spec, "httpGet"))) return start_http(a, v, user_agent);
	if ((v = json_get(spec, "tcpSocket"))) return start_tcp(a, v);
	if ((v = json_get(spec, "grpc"))) return start_grpc(a, v, user_agent);
	if ((v = json_get(spec, "sleep"))) return start_sleep(a, v);
	*ret_why = "this node knows the actions exec, httpGet, tcpSocket, grpc and sleep";
	return -ENOTSUP;
}

int action_start(struct container *c, const yyjson_mut_val *spec, uint64_t timeout_ms, const char *user_agent,
		 void (*done)(void *, const struct action_result *), void *ctx, struct action **ret, const char **ret_why) {
	struct arena *arena = arena_new((size_t)PROBE_OUTPUT_MAX * 16);
	struct action *a = arena ? arena_new_of(arena, struct action) : NULL;
	if (!a) {
		arena_free(arena);
		return -ENOMEM;
	}
	*a = (struct action){ .c = c, .done = done, .ctx = ctx, .arena = arena, .timeout_ms = timeout_ms };
	int r = start_any(a, spec, user_agent, ret_why);
	if (r == 0) {
		*ret = a;
		return 0;
	}
	a->done = NULL;
	if (a->handles == 2) tcp_finish(a, false, NULL);
	else if (a->handles == 1) uv_close((uv_handle_t *)&a->timer, on_handle_closed);
	else arena_free(arena);
	return r;
}

void action_cancel(struct action *a) {
	a->done = NULL;
	if (a->proc) {
		container_exec_cancel(a->proc);
		arena_free(a->arena);
	} else if (a->http) {
		/* Its end frees nothing of ours: http_get has its own memory. */
		http_get_cancel(a->http);
		arena_free(a->arena);
	} else if (a->grpc) {
		grpc_check_cancel(a->grpc);
		arena_free(a->arena);
	} else if (a->handles == 2) {
		tcp_finish(a, false, NULL);
	} else if (!uv_is_closing((uv_handle_t *)&a->timer)) {
		uv_close((uv_handle_t *)&a->timer, on_handle_closed);
	}
}
