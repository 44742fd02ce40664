/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/inproc.h"

#include <errno.h>
#include <stdio.h>

/* What a paused call may hold back. */
#define INPROC_HELD_MAX ((size_t)64 * 1024 * 1024)
#define INPROC_GROUPS_MAX 4

struct inproc {
	struct api *api;
	struct loop *loop;
	struct access_user user;
	char name[320];
	struct slice groups[INPROC_GROUPS_MAX];
};

struct call {
	const struct k8c_transport_handler *h;
	void *ctx;
	struct api_local_call *local;
	bool paused, over;
	bool *gone; /* set when the call ends while its held bytes are handed out */
	int err;
	struct buf held;
};

/* ---- who ---- */

static void add_group(struct inproc *p, const char *group) { p->groups[p->user.n_groups++] = slice_str(group); }

static const struct { const char *component, *user; } users[] = {
	{ "kube-controller-manager", "system:kube-controller-manager" },
	{ "kube-scheduler", "system:kube-scheduler" },
	{ "kube-proxy", "system:kube-proxy" },
};

/* "node:NAME" is an agent; a component of the table is a user; anything else is an account in kube-system. */
static void set_user(struct inproc *p, const char *component) {
	bool found = false;
	p->user.groups = p->groups;
	for (size_t i = 0; i < ELEMENTSOF(users); i++) {
		if (strcmp(component, users[i].component) != 0) continue;
		snprintf(p->name, sizeof(p->name), "%s", users[i].user);
		found = true;
	}
	if (!found && strncmp(component, "node:", 5) == 0) {
		snprintf(p->name, sizeof(p->name), "system:%s", component);
		add_group(p, "system:nodes");
	} else if (!found) {
		snprintf(p->name, sizeof(p->name), "system:serviceaccount:kube-system:%s", component);
		add_group(p, "system:serviceaccounts");
		add_group(p, "system:serviceaccounts:kube-system");
	}
	add_group(p, "system:authenticated");
	p->user.name = slice_str(p->name);
}

/* ---- answers ---- */

static void finish(struct call *c) {
	const struct k8c_transport_handler *h = c->h;
	void *ctx = c->ctx;
	int err = c->err;
	if (c->gone) *c->gone = true;
	buf_done(&c->held);
	free(c);
	h->on_done(ctx, err, NULL);
}

static void on_head(void *ctx, int status, const struct http_headers *h) {
	struct call *c = ctx;
	_cleanup_free_ char *mem = malloc((h->n + 1) * sizeof(struct k8c_header));
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct k8c_header *v = (struct k8c_header *)(void *)mem;
	size_t n = 0;
	for (size_t i = 0; v && a && i < h->n; i++) {
		const char *name = arena_slice_str(a, h->v[i].name);
		if (name) v[n++] = (struct k8c_header){ name, bytes_of(h->v[i].value) };
	}
	c->h->on_head(c->ctx, status, v, n);
}

static void on_data(void *ctx, struct slice bytes) {
	struct call *c = ctx;
	if (c->paused) (void)buf_put_slice(&c->held, bytes);
	else c->h->on_data(c->ctx, bytes_of(bytes));
}

static void on_done(void *ctx, int err) {
	struct call *c = ctx;
	c->over = true;
	c->local = NULL;
	c->err = err ? err : buf_err(&c->held);
	if (!c->paused || err) finish(c);
}

static const struct api_local_handler local_handler = { on_head, on_data, on_done };

/* ---- the transport ---- */

static int start(void *ctx, const struct k8c_transport_request *req, const struct k8c_transport_handler *h, void *hctx, void **ret_call) {
	struct inproc *p = ctx;
	_cleanup_free_ char *mem = malloc((req->n_headers + 1) * sizeof(struct http_header));
	struct http_header *v = (struct http_header *)(void *)mem;
	struct call *c = calloc(1, sizeof(*c));
	if (!v || !c) {
		free(c);
		return -ENOMEM;
	}
	for (size_t i = 0; i < req->n_headers; i++) v[i] = (struct http_header){ slice_str(req->headers[i].name), slice_of(req->headers[i].value) };
	struct http_request_head head = {
		.version = HTTP_2, .method = slice_str(req->method), .target = slice_str(req->target), .authority = SLICE_LIT("localhost"),
		.headers = { v, req->n_headers, req->n_headers },
	};
	*c = (struct call){ .h = h, .ctx = hctx, .held = BUF_INIT(INPROC_HELD_MAX) };
	int r = api_local_start(p->api, p->loop, &p->user, &head, slice_of(req->body), &local_handler, c, &c->local);
	if (r < 0) {
		free(c);
		return r;
	}
	*ret_call = c;
	return 0;
}

static void cancel(void *ctx k8c_unused, void *call) {
	struct call *c = call;
	c->paused = false;
	if (c->local) {
		api_local_cancel(c->local); /* on_done runs inside */
	} else {
		c->err = -ECANCELED;
		finish(c);
	}
}

static void pause_call(void *ctx k8c_unused, void *call, bool on) {
	struct call *c = call;
	c->paused = on;
	if (on) return;
	if (c->held.n) {
		struct buf held = c->held;
		bool gone = false;
		c->held = BUF_INIT(INPROC_HELD_MAX);
		c->gone = &gone;
		c->h->on_data(c->ctx, bytes_of(buf_slice(&held)));
		buf_done(&held);
		if (gone) return;
		c->gone = NULL;
	}
	if (c->over && !c->paused) finish(c);
}

static void free_transport(void *ctx) { free(ctx); }

static const struct k8c_transport transport = {
	.size = sizeof(struct k8c_transport), .start = start, .cancel = cancel, .pause = pause_call, .free = free_transport,
};

int inproc_client(struct api *api, struct loop *l, const struct env *env, const char *component, struct k8c_client **ret) {
	struct inproc *p = calloc(1, sizeof(*p));
	if (!p) return -ENOMEM;
	p->api = api;
	p->loop = l;
	set_user(p, component);
	char agent[64];
	snprintf(agent, sizeof(agent), "%s/v1.34.9", strncmp(component, "node:", 5) == 0 ? "kubelet" : strncmp(component, "kube-", 5) == 0 ? component : "kube-controller-manager");
	struct k8c_client_options o = { .size = sizeof(o), .user_agent = agent, .transport = &transport, .transport_ctx = p };
	int r = client_new_on_loop(l, env, NULL, &o, ret, NULL);
	if (r < 0) free(p);
	return r;
}
