/* SPDX-License-Identifier: Apache-2.0 */
#include "node/http_get.h"

#include <errno.h>

struct http_get {
	struct arena *arena;
	struct net_call *call;
	int status;
	void (*done)(void *, const struct http_get_result *);
	void *ctx;
};

static const char *origin(struct arena *a, const yyjson_mut_val *action, const char *ip, uint16_t port) {
	struct slice host = json_path_str(action, "host");
	bool secure = slice_eqs(json_path_str(action, "scheme"), "HTTPS");
	const char *name = slice_empty(host) ? ip : arena_slice_str(a, host);
	if (!name) return NULL;
	return arena_printf(a, strchr(name, ':') ? "%s://[%s]:%u" : "%s://%s:%u", secure ? "https" : "http", name, port);
}

static const char *path_of(struct arena *a, const yyjson_mut_val *action) {
	struct slice path = json_path_str(action, "path");
	return arena_printf(a, "%s%.*s", path.n && path.p[0] == '/' ? "" : "/", SLICE_FMT(path));
}

const char *http_get_url(struct arena *a, const yyjson_mut_val *action, const char *ip, uint16_t port) {
	const char *from = origin(a, action, ip, port), *path = path_of(a, action);
	return from && path ? arena_printf(a, "%s%s", from, path) : NULL;
}

static void on_head(void *ctx, struct net_call *c, const struct http_response_head *head) {
	((struct http_get *)ctx)->status = head->status;
}
static void on_data(void *ctx, struct net_call *c, struct slice bytes) {}

static void on_done(void *ctx, int err, const char *msg) {
	struct http_get *g = ctx;
	/* A broken body after a good head still is an answer. */
	struct http_get_result r = { g->status ? 0 : err ? err : -EPROTO, g->status, msg };
	if (g->done) g->done(g->ctx, &r);
	arena_free(g->arena);
}

static int headers_make(struct arena *a, const yyjson_mut_val *action, const char *user_agent, struct http_headers *ret) {
	size_t i, max;
	yyjson_mut_val *v;
	bool agent = false, accept = false;
	int r = 0;
	yyjson_mut_arr_foreach(json_get(action, "httpHeaders"), i, max, v) {
		char *name = arena_slice_str(a, json_path_str(v, "name"));
		if (!name) return -ENOMEM;
		for (char *p = name; *p; p++)
			if (*p >= 'A' && *p <= 'Z') *p = (char)(*p - 'A' + 'a');
		agent = agent || strcmp(name, "user-agent") == 0;
		accept = accept || strcmp(name, "accept") == 0;
		if (r == 0) r = http_headers_add(a, ret, slice_str(name), json_path_str(v, "value"));
	}
	if (r == 0 && !agent) r = http_headers_add(a, ret, SLICE_LIT("user-agent"), slice_str(user_agent));
	if (r == 0 && !accept) r = http_headers_add(a, ret, SLICE_LIT("accept"), SLICE_LIT("*/*"));
	if (r == 0) r = http_headers_add(a, ret, SLICE_LIT("connection"), SLICE_LIT("close"));
	return r;
}

int http_get_start(struct net_client *client, const yyjson_mut_val *action, const char *ip, uint16_t port, const char *user_agent,
		   uint32_t timeout_ms, void (*done)(void *, const struct http_get_result *), void *ctx, struct http_get **ret) {
	static const struct net_call_handler handler = { .on_head = on_head, .on_data = on_data, .on_done = on_done };
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct http_get *g = a ? arena_new_of(a, struct http_get) : NULL;
	if (!g) return -ENOMEM;
	*g = (struct http_get){ .arena = a, .done = done, .ctx = ctx };
	struct http_request_head head = { .method = SLICE_LIT("GET") };
	const char *url = origin(a, action, ip, port), *path = path_of(a, action);
	if (!url || !path) return -ENOMEM;
	head.target = slice_str(path);
	int r = headers_make(a, action, user_agent, &head.headers);
	if (r == 0) r = net_call_start(client, url, &head, SLICE_NULL, timeout_ms, &handler, g, &g->call);
	if (r < 0) return r;
	a = NULL;
	*ret = g;
	return 0;
}

void http_get_cancel(struct http_get *g) {
	g->done = NULL;
	net_call_cancel(g->call);
}
