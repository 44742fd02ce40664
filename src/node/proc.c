/* SPDX-License-Identifier: Apache-2.0 */
#include "node/proc.h"

#include "base/buf.h"
#include "node/limits.h"

#include <errno.h>
#include <signal.h>

enum { PIPE_IN, PIPE_OUT, PIPE_ERR, PIPE_STATUS, PIPE_COUNT };

struct proc {
	uv_process_t process;
	uv_pipe_t pipe[PIPE_COUNT];
	bool open[PIPE_COUNT];   /* initialised and not closed */
	bool ended[PIPE_COUNT];  /* nothing more will be read */
	uv_timer_t timer;
	uv_write_t write;
	struct buf input, out[PIPE_COUNT];
	unsigned handles;        /* handles not yet closed; the struct is freed at 0 */
	bool exited, spawned, done_called, cancelled, timed_out;
	int code;
	void (*done)(void *, const struct proc_result *);
	void *ctx;
};

static const char *const default_env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL };

static void proc_destroy(struct proc *p) {
	buf_done(&p->input);
	for (int i = 0; i < PIPE_COUNT; i++) buf_done(&p->out[i]);
	free(p);
}

static void on_closed(uv_handle_t *h) {
	struct proc *p = h->data;
	if (--p->handles == 0) proc_destroy(p);
}

static void pipe_close(struct proc *p, int i) {
	if (!p->open[i]) return;
	p->open[i] = false;
	p->ended[i] = true;
	uv_close((uv_handle_t *)&p->pipe[i], on_closed);
}

static void close_all(struct proc *p) {
	for (int i = 0; i < PIPE_COUNT; i++) pipe_close(p, i);
	uv_close((uv_handle_t *)&p->timer, on_closed);
	uv_close((uv_handle_t *)&p->process, on_closed);
}

static bool all_read(const struct proc *p) {
	return p->ended[PIPE_OUT] && p->ended[PIPE_ERR] && p->ended[PIPE_STATUS];
}

static void finish_if_over(struct proc *p) {
	if (p->done_called || !p->exited || !all_read(p)) return;
	p->done_called = true;
	struct slice line = buf_slice(&p->out[PIPE_STATUS]);
	struct proc_result r = {
		.code = p->code, .timed_out = p->timed_out,
		.out = buf_slice(&p->out[PIPE_OUT]), .err = buf_slice(&p->out[PIPE_ERR]), .status_line = slice_cut(&line, '\n'),
	};
	if (!p->cancelled) p->done(p->ctx, &r);
	close_all(p);
}

static void on_exit_status(uv_process_t *u, int64_t status, int sig) {
	struct proc *p = u->data;
	p->exited = true;
	p->code = sig ? 128 + sig : (int)status;
	finish_if_over(p);
}

static void on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *b) {
	static _Thread_local char scratch[64 * 1024];
	*b = uv_buf_init(scratch, sizeof(scratch));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b) {
	struct proc *p = s->data;
	int i = (int)((uv_pipe_t *)s - p->pipe);
	if (n > 0) {
		struct buf *o = &p->out[i];
		size_t room = o->max - o->n;
		buf_put(o, b->base, (size_t)n < room ? (size_t)n : room);
	}
	bool line = i == PIPE_STATUS && slice_chr(buf_slice(&p->out[i]), '\n') >= 0;
	if (n < 0 || line) pipe_close(p, i);
	finish_if_over(p);
}

static void on_written(uv_write_t *w, int status) { pipe_close(w->data, PIPE_IN); }

static void on_timeout(uv_timer_t *t) {
	struct proc *p = t->data;
	p->timed_out = true;
	if (!p->exited) uv_process_kill(&p->process, SIGKILL);
	/* A grandchild may hold the pipes open: do not wait for it. */
	for (int i = PIPE_OUT; i < PIPE_COUNT; i++) pipe_close(p, i);
	finish_if_over(p);
}

static void pipe_want(struct proc *p, uv_loop_t *uv, int i, uv_stdio_container_t *io, int flags) {
	uv_pipe_init(uv, &p->pipe[i], 0);
	p->pipe[i].data = p;
	p->open[i] = true;
	p->handles++;
	io->flags = (uv_stdio_flags)(UV_CREATE_PIPE | flags);
	io->data.stream = (uv_stream_t *)&p->pipe[i];
}

static void pipes_prepare(struct proc *p, uv_loop_t *uv, const struct proc_options *o, uv_stdio_container_t io[PIPE_COUNT]) {
	for (int i = 0; i < PIPE_COUNT; i++) io[i].flags = UV_IGNORE;
	if (!slice_empty(o->input)) pipe_want(p, uv, PIPE_IN, &io[PIPE_IN], UV_READABLE_PIPE);
	if (o->status_pipe) {
		pipe_want(p, uv, PIPE_STATUS, &io[PIPE_STATUS], UV_WRITABLE_PIPE);
		return;
	}
	pipe_want(p, uv, PIPE_OUT, &io[PIPE_OUT], UV_WRITABLE_PIPE);
	pipe_want(p, uv, PIPE_ERR, &io[PIPE_ERR], UV_WRITABLE_PIPE);
}

static void pipes_start(struct proc *p) {
	for (int i = PIPE_OUT; i < PIPE_COUNT; i++) {
		if (p->open[i]) uv_read_start((uv_stream_t *)&p->pipe[i], on_alloc, on_read);
		else p->ended[i] = true;
	}
	if (!p->open[PIPE_IN]) return;
	uv_buf_t b = uv_buf_init(p->input.p, (unsigned)p->input.n);
	p->write.data = p;
	if (uv_write(&p->write, (uv_stream_t *)&p->pipe[PIPE_IN], &b, 1, on_written) != 0) pipe_close(p, PIPE_IN);
}

static struct proc *proc_alloc(const struct proc_options *o, void (*done)(void *, const struct proc_result *), void *ctx) {
	struct proc *p = calloc(1, sizeof(*p));
	if (!p) return NULL;
	size_t max = o->output_max ? o->output_max : CHILD_OUTPUT_MAX;
	for (int i = 0; i < PIPE_COUNT; i++) p->out[i] = BUF_INIT(max);
	p->input = BUF_INIT(CHILD_STDIN_MAX);
	p->done = done;
	p->ctx = ctx;
	if (slice_empty(o->input) || buf_put_slice(&p->input, o->input) == 0) return p;
	proc_destroy(p);
	return NULL;
}

int proc_start(struct loop *l, const struct proc_options *o, void (*done)(void *, const struct proc_result *), void *ctx,
	       struct proc **ret) {
	struct proc *p = proc_alloc(o, done, ctx);
	if (!p) return -ENOMEM;
	uv_loop_t *uv = loop_uv(l);
	uv_stdio_container_t io[PIPE_COUNT];
	pipes_prepare(p, uv, o, io);
	uv_timer_init(uv, &p->timer);
	p->timer.data = p->process.data = p;
	p->handles += 2;
	uv_process_options_t po = {
		.file = o->argv[0], .args = (char **)o->argv, .env = (char **)(o->envp ? o->envp : default_env),
		.cwd = o->cwd ? o->cwd : "/", .stdio = io, .stdio_count = o->status_pipe ? PIPE_COUNT : PIPE_STATUS,
		.exit_cb = on_exit_status,
	};
	int r = uv_spawn(uv, &p->process, &po);
	if (r < 0) {
		p->done_called = true;
		close_all(p);
		return r;
	}
	pipes_start(p);
	if (o->timeout_ms) {
		uv_update_time(uv);
		uv_timer_start(&p->timer, on_timeout, o->timeout_ms, 0);
	}
	if (ret) *ret = p;
	return 0;
}

void *proc_cancel(struct proc *p) {
	void *ctx = p->ctx;
	p->cancelled = true;
	if (!p->exited) uv_process_kill(&p->process, SIGKILL);
	for (int i = PIPE_OUT; i < PIPE_COUNT; i++) pipe_close(p, i);
	finish_if_over(p);
	return ctx;
}

struct work {
	uv_work_t uv;
	void (*fn)(void *), (*done)(void *);
	void *arg;
};

static void on_work(uv_work_t *u) {
	struct work *w = u->data;
	w->fn(w->arg);
}

static void on_work_done(uv_work_t *u, int status) {
	struct work *w = u->data;
	w->done(w->arg);
	free(w);
}

int work_run(struct loop *l, void (*fn)(void *), void (*done)(void *), void *arg) {
	struct work *w = malloc(sizeof(*w));
	if (!w) return -ENOMEM;
	*w = (struct work){ .fn = fn, .done = done, .arg = arg };
	w->uv.data = w;
	int r = uv_queue_work(loop_uv(l), &w->uv, on_work, on_work_done);
	if (r < 0) free(w);
	return r;
}

struct slice proc_error_text(const struct proc_result *r) {
	struct slice text = slice_empty(r->err) ? r->out : r->err;
	while (text.n && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r')) text.n--;
	for (size_t i = text.n; i > 0; i--) {
		if (text.p[i - 1] != '\n') continue;
		text = slice_from(text, i);
		break;
	}
	return slice_upto(slice_trim(text), CHILD_ERROR_SHOWN);
}
