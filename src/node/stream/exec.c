/* SPDX-License-Identifier: Apache-2.0 */
/* /exec: a command in a running container, through the OCI runtime. */
#include "node/runtime/conmon.h"
#include "node/stream/child.h"
#include "node/stream/endpoint.h"

#include <errno.h>

#define ARGS_MAX 1000

struct execution {
	struct loop *loop;
	struct session *session;      /* NULL: the client is gone */
	struct child *child;          /* NULL: not started, or over */
	struct child_options o;
	struct arena *a;
	uint16_t columns, rows;       /* asked for before the child was there */
	bool gone;
};

static void release(struct execution *x) {
	if (x->session || x->child) return;
	arena_free(x->a);
	free(x);
}

/* ---- the child ---- */

static void on_output(void *ctx, int channel, struct slice bytes) {
	struct execution *x = ctx;
	if (x->session && session_write(x->session, channel == 2 ? SESSION_ERR : SESSION_OUT, bytes) == 1) child_pause(x->child, true);
}

static void on_child_drain(void *ctx) {
	struct execution *x = ctx;
	if (x->session) session_pause(x->session, false);
}

static void on_child_exit(void *ctx, int code) {
	struct execution *x = ctx;
	_cleanup_buf_ struct buf status = BUF_INIT(4096);
	x->child = NULL;
	if (x->session && session_status_exit(&status, code) == 0) session_finish(x->session, buf_slice(&status));
	release(x);
}

static const struct child_handler child_events = { on_output, on_child_drain, on_child_exit };

/* ---- the client ---- */

static void on_ready(void *ctx) {
	struct execution *x = ctx;
	_cleanup_buf_ struct buf status = BUF_INIT(4096);
	int r = child_start(x->loop, &x->o, &child_events, x, &x->child);
	if (r == 0) {
		if (x->columns) child_resize(x->child, x->columns, x->rows);
		return;
	}
	(void)session_status_error(&status, strerror(-r));
	session_finish(x->session, buf_slice(&status));
}

static void on_in(void *ctx, struct slice bytes) {
	struct execution *x = ctx;
	if (x->child && child_write(x->child, bytes) == 1) session_pause(x->session, true);
}

static void on_in_end(void *ctx) {
	struct execution *x = ctx;
	if (x->child) child_end_input(x->child);
}

static void on_resize(void *ctx, uint16_t columns, uint16_t rows) {
	struct execution *x = ctx;
	x->columns = columns;
	x->rows = rows;
	if (x->child) child_resize(x->child, columns, rows);
}

static void on_drain(void *ctx) {
	struct execution *x = ctx;
	if (x->child) child_pause(x->child, false);
}

/* A command whose client has gone ends with it. */
static void on_close(void *ctx) {
	struct execution *x = ctx;
	x->session = NULL;
	if (x->child) {
		child_pause(x->child, false);
		child_kill(x->child);
	}
	release(x);
}

static const struct session_handler session_events = { on_ready, on_in, on_in_end, on_resize, on_drain, on_close };

/* ---- the request ---- */

/* RUNTIME --root=.. exec [--tty] ID COMMAND... */
static const char *const *command_line(struct arena *a, struct runtime *rt, const char *id, const struct query *q, bool tty) {
	struct slice word;
	size_t it = 0, n = 0;
	const char **v = arena_array(a, ARGS_MAX + 8, sizeof(*v));
	if (!v) return NULL;
	v[n++] = arena_strdup(a, rt->facts.runtime);
	v[n++] = arena_strdup(a, rt->root_arg);
	v[n++] = "exec";
	if (tty) v[n++] = "--tty";
	v[n++] = arena_strdup(a, id);
	size_t head = n;
	while (query_next(q, "command", &it, &word) && n < ARGS_MAX) v[n++] = arena_slice_str(a, word);
	return n > head ? v : NULL;
}

void endpoint_exec(struct endpoint *e) {
	struct node_container_view view;
	const char *why = NULL;
	struct session_options so = session_options_of(e->query_text);
	int r = node_agent_find(e->agent, e->ns, e->pod, e->container, false, &view, &why);
	if (r < 0 || !view.running) {
		endpoint_refuse(e, r == -ENOENT ? 404 : 500, why ? why : arena_printf(e->x->arena, "container not found (\"%.*s\")", SLICE_FMT(e->container)));
		return;
	}
	struct execution *x = calloc(1, sizeof(*x));
	struct arena *a = x ? arena_new(0) : NULL;
	const char *const *argv = a ? command_line(a, node_agent_runtime(e->agent), view.id, &e->query, so.tty) : NULL;
	if (!argv) {
		free(x);
		endpoint_refuse(e, a ? 400 : 500, a ? "you must specify at least one command" : "out of memory");
		arena_free(a);
		return;
	}
	*x = (struct execution){ .loop = e->loop, .a = a, .o = { argv, so.in, so.out, so.err, so.tty } };
	struct session *s = session_open(e->x, &so, &session_events, x);
	if (s) x->session = s;
}
