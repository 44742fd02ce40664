/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/terminal.h"
#include "ctl/session.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>

struct running {
	struct ctl *c;
	const struct terminal *t;
	struct k8c_exec *exec;
	bool open, done, blocked, input_over, failed;
	int code, signals;      /* signals: a descriptor, or -1 */
	bool raw;
	struct termios saved;
	sigset_t old_mask;
};

bool terminal_is(const struct ctl *c) { return isatty(c->in) == 1; }

/* ---- the terminal ---- */

static void make_raw(struct running *s) {
	struct termios raw;
	if (!s->t->tty || !s->t->in || tcgetattr(s->c->in, &s->saved) < 0) return;
	raw = s->saved;
	cfmakeraw(&raw);
	s->raw = tcsetattr(s->c->in, TCSADRAIN, &raw) == 0;
}

static void restore(struct running *s) {
	if (s->raw) (void)tcsetattr(s->c->in, TCSADRAIN, &s->saved);
	s->raw = false;
}

static void tell_size(struct running *s, unsigned more) {
	struct winsize w;
	if (!s->t->tty || !s->open || (ioctl(1, TIOCGWINSZ, &w) < 0 && ioctl(s->c->in, TIOCGWINSZ, &w) < 0)) return;
	if (w.ws_col && w.ws_row) (void)k8c_exec_resize(s->exec, (uint16_t)(w.ws_col + more), (uint16_t)(w.ws_row + more));
}

static void catch_signals(struct running *s) {
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGWINCH);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &mask, &s->old_mask);
	s->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void on_signals(struct running *s) {
	struct signalfd_siginfo si;
	while (read(s->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (si.ssi_signo == SIGWINCH) {
			tell_size(s, 0);
			continue;
		}
		s->code = 128 + (int)si.ssi_signo;
		s->failed = true;
		if (!s->done) k8c_exec_cancel(s->exec);
	}
}

/* ---- the stream ---- */

static void on_open(void *ctx) {
	struct running *s = ctx;
	s->open = true;
	if (s->t->resize_twice) tell_size(s, 1);
	tell_size(s, 0);
}

static void put(struct running *s, struct slice bytes, int fd) {
	int r = fd == 1 && s->t->on_output ? s->t->on_output(s->t->ctx, bytes) : write_all(fd, bytes);
	/* Nobody reads any more. */
	if (r < 0 && !s->done) k8c_exec_cancel(s->exec);
}

static void on_stdout(void *ctx, struct k8c_bytes bytes) { put(ctx, slice_of(bytes), 1); }
static void on_stderr(void *ctx, struct k8c_bytes bytes) { put(ctx, slice_of(bytes), 2); }
static void on_drain(void *ctx) { ((struct running *)ctx)->blocked = false; }

static void on_exit_code(void *ctx, int code, const struct k8c_error *err) {
	struct running *s = ctx;
	s->done = true;
	if (s->failed) return;
	s->code = code;
	if (!err) return;
	s->failed = true;
	/* Given up here, for a reason that has been told. */
	if (err->err == -ECANCELED && s->c->faults.n) return;
	restore(s);
	/* The end of the connection is told by the server in no Status. */
	if (err->status == 0 && s->open) (void)ctl_fail(s->c, "%s", err->message);
	else (void)ctl_fail_api(s->c, err, NULL);
}

/* ---- input ---- */

static void pump(struct running *s) {
	char buf[TERMINAL_READ_MAX];
	ssize_t n = s->t->on_input ? s->t->on_input(s->t->ctx, buf, sizeof(buf)) : read(s->c->in, buf, sizeof(buf));
	if (n < 0 && (errno == EINTR || errno == EAGAIN) && !s->t->on_input) return;
	if (n <= 0) {
		s->input_over = true;
		(void)k8c_exec_close_stdin(s->exec);
		return;
	}
	s->blocked = k8c_exec_write(s->exec, (struct k8c_bytes){ buf, (size_t)n }) == 1;
}

/* One turn: what came from the server, from standard input, from signals. */
static int turn(struct running *s) {
	bool reading = s->t->in && s->open && !s->input_over && !s->blocked;
	struct pollfd p[] = {
		{ .fd = k8c_client_fd(s->c->client), .events = POLLIN },
		{ .fd = s->signals, .events = POLLIN },
		{ .fd = reading && !s->t->on_input ? s->c->in : -1, .events = POLLIN },
	};
	int r = poll(p, ELEMENTSOF(p), reading && s->t->on_input ? 0 : k8c_client_timeout(s->c->client));
	if (r < 0 && errno != EINTR) return -errno;
	if (p[1].revents) on_signals(s);
	if (!s->done && reading && (s->t->on_input || p[2].revents)) pump(s);
	return k8c_client_run_once(s->c->client, 0);
}

int terminal_run(struct ctl *c, const struct terminal *t, int *ret_code) {
	static const struct k8c_exec_handler h = { on_open, on_stdout, on_stderr, on_drain, on_exit_code };
	struct running s = { .c = c, .t = t, .signals = -1 };
	struct k8c_exec_options o = { .size = sizeof(o), .ns = t->ns, .pod = t->pod, .container = t->container, .command = t->command,
				      .in = t->in, .out = t->out, .err = t->err, .tty = t->tty };
	if (session_open(c)) return 1;
	(void)sink_flush(&c->err);
	(void)sink_flush(&c->out);
	int r = k8c_exec_start(c->client, &o, &h, &s, &s.exec);
	if (r < 0) return ctl_fail(c, "%s", strerror(-r));
	catch_signals(&s);
	make_raw(&s);
	while (r == 0 && !s.done) r = turn(&s);
	restore(&s);
	if (s.signals >= 0) close(s.signals);
	(void)sigprocmask(SIG_SETMASK, &s.old_mask, NULL);
	if (r < 0) return ctl_fail(c, "%s", strerror(-r));
	if (s.failed && s.code > 128 && !c->faults.n) {
		/* Ended by a signal: nothing to say. */
		c->exit_code = s.code;
		return 1;
	}
	*ret_code = s.code;
	return s.failed;
}
