/* SPDX-License-Identifier: Apache-2.0 */
#include "node/stream/child.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define READ_SIZE 32768
#define INPUT_HIGH (256u * 1024u)
/* Output that is still in the pipes after the child's end is read for so long; a grandchild may hold them open. */
#define LINGER_MS 1000u

extern char **environ;

enum { FD_IN, FD_OUT, FD_ERR, FD_MAX };

struct end {
	uv_pipe_t pipe;
	struct child *c;
	int channel;
	bool open;
};

struct child {
	struct loop *loop;
	const struct child_handler *h;
	void *ctx;
	pid_t pid;
	uv_poll_t died;
	int pidfd, master;         /* master: the terminal's, owned by ends[FD_OUT] or ends[FD_IN] */
	bool tty, exited, paused, ended, died_open;
	int code;
	struct end ends[FD_MAX];
	size_t queued;
	struct loop_timer *linger;
	unsigned handles;
	char buf[READ_SIZE];
};

/* ---- the end ---- */

static void handle_gone(struct child *c) {
	if (--c->handles > 0) return;
	const struct child_handler *h = c->h;
	void *ctx = c->ctx;
	int code = c->code;
	if (c->pidfd >= 0) close(c->pidfd);
	free(c);
	h->on_exit(ctx, code);
}

static void end_closed(uv_handle_t *h) { handle_gone(((struct end *)h->data)->c); }
static void died_closed(uv_handle_t *h) { handle_gone(h->data); }

static void end_close(struct end *e) {
	if (!e->open) return;
	e->open = false;
	uv_close((uv_handle_t *)&e->pipe, end_closed);
}

static void all_close(struct child *c) {
	for (int i = 0; i < FD_MAX; i++) end_close(&c->ends[i]);
	c->linger = loop_timer_stop(c->linger);
	if (c->died_open) {
		c->died_open = false;
		uv_close((uv_handle_t *)&c->died, died_closed);
	}
}

static void lingered(void *arg) {
	struct child *c = arg;
	c->linger = NULL;
	all_close(c);
}

/* Exited, and nothing more to read: over. */
static void maybe_over(struct child *c) {
	if (!c->exited) return;
	if (!c->ends[FD_OUT].open && !c->ends[FD_ERR].open) all_close(c);
	else if (!c->linger) c->linger = loop_timer_start(c->loop, LINGER_MS, 0, lingered, c);
}

static void on_died(uv_poll_t *p, int status k8c_unused, int events k8c_unused) {
	struct child *c = p->data;
	int st;
	if (waitpid(c->pid, &st, WNOHANG) != c->pid) return;
	c->exited = true;
	c->code = WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
	uv_poll_stop(p);
	maybe_over(c);
}

/* ---- output ---- */

static void alloc(uv_handle_t *h, size_t want k8c_unused, uv_buf_t *b) {
	struct end *e = h->data;
	*b = uv_buf_init(e->c->buf, sizeof(e->c->buf));
}

static void on_read(uv_stream_t *st, ssize_t n, const uv_buf_t *b) {
	struct end *e = st->data;
	struct child *c = e->c;
	if (n > 0) {
		c->h->on_output(c->ctx, e->channel, slice_make(b->base, (size_t)n));
	} else if (n < 0) {
		/* A terminal whose other side is closed reads as EIO. */
		end_close(e);
		maybe_over(c);
	}
}

void child_pause(struct child *c, bool on) {
	c->paused = on;
	for (int i = FD_OUT; i < FD_MAX; i++) {
		if (!c->ends[i].open) continue;
		if (on) uv_read_stop((uv_stream_t *)&c->ends[i].pipe);
		else (void)uv_read_start((uv_stream_t *)&c->ends[i].pipe, alloc, on_read);
	}
}

/* ---- input ---- */

struct input { uv_write_t req; struct child *c; size_t n; char bytes[]; };

static struct end *input_end(struct child *c) { return &c->ends[c->tty ? FD_OUT : FD_IN]; }

static void written(uv_write_t *req, int status k8c_unused) {
	struct input *w = CONTAINER_OF(req, struct input, req);
	struct child *c = w->c;
	bool was_high = c->queued > INPUT_HIGH;
	c->queued -= w->n;
	free(w);
	if (c->ended && !c->tty && c->queued == 0) end_close(&c->ends[FD_IN]);
	else if (was_high && c->queued <= INPUT_HIGH && !c->exited) c->h->on_drain(c->ctx);
}

int child_write(struct child *c, struct slice bytes) {
	struct end *e = input_end(c);
	struct input *w = e->open && !c->ended && !c->exited ? malloc(sizeof(*w) + bytes.n) : NULL;
	if (!w) return -EPIPE;
	w->c = c;
	w->n = bytes.n;
	memcpy(w->bytes, bytes.p, bytes.n);
	uv_buf_t b = uv_buf_init(w->bytes, (unsigned)bytes.n);
	if (uv_write(&w->req, (uv_stream_t *)&e->pipe, &b, 1, written) < 0) {
		free(w);
		return -EPIPE;
	}
	c->queued += bytes.n;
	return c->queued > INPUT_HIGH ? 1 : 0;
}

void child_end_input(struct child *c) {
	if (c->ended) return;
	if (c->tty) (void)child_write(c, SLICE_LIT("\x04"));
	c->ended = true;
	if (!c->tty && c->queued == 0) end_close(&c->ends[FD_IN]);
}

void child_resize(struct child *c, uint16_t columns, uint16_t rows) {
	struct winsize ws = { .ws_col = columns, .ws_row = rows };
	if (c->tty && c->ends[FD_OUT].open) (void)ioctl(c->master, TIOCSWINSZ, &ws);
}

void child_kill(struct child *c) {
	if (!c->exited) (void)kill(c->pid, SIGKILL);
}

/* ---- starting ---- */

struct fds { int parent[FD_MAX], child[FD_MAX]; char tty[64]; };

static void fds_close(int v[FD_MAX]) {
	for (int i = 0; i < FD_MAX; i++) {
		if (v[i] >= 0) close(v[i]);
		v[i] = -1;
	}
}

static int open_tty(struct fds *f) {
	int slave;
	if (openpty(&f->parent[FD_OUT], &slave, f->tty, NULL, NULL) < 0) return -errno;
	f->child[FD_OUT] = slave; /* kept open until the child has it: else the terminal would hang up at once */
	(void)fcntl(f->parent[FD_OUT], F_SETFD, FD_CLOEXEC);
	(void)fcntl(slave, F_SETFD, FD_CLOEXEC);
	return 0;
}

static int open_pipes(struct fds *f, const struct child_options *o) {
	const bool want[FD_MAX] = { o->in, o->out, o->err };
	for (int i = 0; i < FD_MAX; i++) {
		int p[2];
		if (!want[i]) continue;
		if (pipe2(p, O_CLOEXEC) < 0) return -errno;
		f->parent[i] = p[i == FD_IN ? 1 : 0];
		f->child[i] = p[i == FD_IN ? 0 : 1];
	}
	return 0;
}

/* posix_spawn works with a vfork: nothing of this process's threads or descriptors gets in the way. */
static int spawn(const struct child_options *o, const struct fds *f, pid_t *ret) {
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t at;
	sigset_t none, all;
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&at);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&at, &none);
	posix_spawnattr_setsigdefault(&at, &all);
	posix_spawnattr_setflags(&at, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	for (int i = 0; i < FD_MAX; i++) {
		/* The first terminal that the leader of a session opens becomes its controlling terminal. */
		if (o->tty && i == 0) posix_spawn_file_actions_addopen(&fa, i, f->tty, O_RDWR, 0);
		else if (o->tty) posix_spawn_file_actions_adddup2(&fa, 0, i);
		else if (f->child[i] >= 0) posix_spawn_file_actions_adddup2(&fa, f->child[i], i);
		else posix_spawn_file_actions_addopen(&fa, i, "/dev/null", O_RDWR, 0);
	}
	posix_spawn_file_actions_addclosefrom_np(&fa, 3);
	int r = -posix_spawn(ret, o->argv[0], &fa, &at, (char *const *)(uintptr_t)o->argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&at);
	return r;
}

static void take_end(struct child *c, int i, struct fds *f) {
	struct end *e = &c->ends[i];
	e->c = c;
	e->channel = i;
	uv_pipe_init(loop_uv(c->loop), &e->pipe, 0);
	e->pipe.data = e;
	e->open = true;
	c->handles++;
	if (uv_pipe_open(&e->pipe, f->parent[i]) < 0) {
		end_close(e);
		return;
	}
	f->parent[i] = -1;
	if (i != FD_IN) (void)uv_read_start((uv_stream_t *)&e->pipe, alloc, on_read);
}

static struct child *child_make(struct loop *l, const struct child_handler *h, void *ctx, bool tty, pid_t pid) {
	struct child *c = calloc(1, sizeof(*c));
	if (!c) return NULL;
	*c = (struct child){ .loop = l, .h = h, .ctx = ctx, .pid = pid, .tty = tty, .master = -1, .pidfd = (int)syscall(SYS_pidfd_open, pid, 0) };
	if (c->pidfd >= 0 && uv_poll_init(loop_uv(l), &c->died, c->pidfd) == 0) {
		c->died.data = c;
		c->died_open = true;
		c->handles++;
		if (uv_poll_start(&c->died, UV_READABLE, on_died) == 0) return c;
	}
	return c;
}

int child_start(struct loop *l, const struct child_options *o, const struct child_handler *h, void *ctx, struct child **ret) {
	struct fds f = { { -1, -1, -1 }, { -1, -1, -1 }, "" };
	pid_t pid;
	int r = o->tty ? open_tty(&f) : open_pipes(&f, o);
	if (r == 0) r = spawn(o, &f, &pid);
	fds_close(f.child);
	if (r < 0) {
		fds_close(f.parent);
		return r;
	}
	struct child *c = child_make(l, h, ctx, o->tty, pid);
	if (!c || !c->died_open) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		fds_close(f.parent);
		if (c && c->pidfd >= 0) close(c->pidfd);
		free(c);
		return -ENOMEM;
	}
	c->master = o->tty ? f.parent[FD_OUT] : -1;
	for (int i = 0; i < FD_MAX; i++)
		if (f.parent[i] >= 0) take_end(c, i, &f);
	*ret = c;
	return 0;
}
