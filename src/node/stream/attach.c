/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /attach: the running process's own streams, through conmon's attach socket: packets whose first byte names the stream; what is
 * written goes to its standard input. Sizes go to conmon's control FIFO.
 */
#include "node/files.h"
#include "node/runtime/conmon.h"
#include "node/stream/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#define PACKET_MAX (32u * 1024u)     /* conmon's STDIO_BUF_SIZE is 8192 */
#define PENDING_MAX (1024u * 1024u)
/* conmon takes no more than this in one packet. */
#define INPUT_PACKET 8192u

enum { CONMON_OUT = 2, CONMON_ERR = 3 };

struct attachment {
	struct session *session;
	uv_poll_t poll;
	int fd;
	bool open, paused, err;
	char *winsz;
	struct buf pending;              /* input conmon does not take yet */
	char packet[PACKET_MAX];
};

static void watch(struct attachment *t);

static void poll_closed(uv_handle_t *h) {
	struct attachment *t = h->data;
	close(t->fd);
	free(t->winsz);
	buf_done(&t->pending);
	free(t);
}

static void detach(struct attachment *t) {
	if (!t->open) return;
	t->open = false;
	uv_close((uv_handle_t *)&t->poll, poll_closed);
}

static void finish(struct attachment *t) {
	_cleanup_buf_ struct buf status = BUF_INIT(4096);
	if (t->session && session_status_exit(&status, 0) == 0) session_finish(t->session, buf_slice(&status));
}

static void read_packets(struct attachment *t) {
	while (t->open && !t->paused) {
		ssize_t n = recv(t->fd, t->packet, sizeof(t->packet), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
		if (n <= 0) {
			finish(t); /* the process has ended */
			uv_poll_stop(&t->poll);
			return;
		}
		struct slice bytes = slice_make(t->packet + 1, (size_t)n - 1);
		bool err = t->packet[0] == CONMON_ERR;
		if (n < 2 || (err && !t->err)) continue;
		if (session_write(t->session, err ? SESSION_ERR : SESSION_OUT, bytes) == 1) t->paused = true;
	}
}

static void write_pending(struct attachment *t) {
	while (t->open && t->pending.n) {
		size_t n = t->pending.n < INPUT_PACKET ? t->pending.n : INPUT_PACKET;
		ssize_t sent = send(t->fd, t->pending.p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0) break;
		buf_consume(&t->pending, (size_t)sent);
	}
	if (t->session && t->pending.n < PENDING_MAX / 2) session_pause(t->session, false);
}

static void on_poll(uv_poll_t *p, int status, int events) {
	struct attachment *t = p->data;
	if (status < 0 || (events & UV_READABLE)) read_packets(t);
	if (t->open && t->session && (events & UV_WRITABLE)) write_pending(t);
	if (t->open && t->session) watch(t);
}

static void watch(struct attachment *t) {
	int events = (t->paused ? 0 : UV_READABLE) | (t->pending.n ? UV_WRITABLE : 0);
	if (events) (void)uv_poll_start(&t->poll, events, on_poll);
	else uv_poll_stop(&t->poll);
}

/* ---- the client ---- */

static void on_ready(void *ctx) { watch(ctx); }

static void on_in(void *ctx, struct slice bytes) {
	struct attachment *t = ctx;
	if (!t->open || t->pending.n + bytes.n > PENDING_MAX) return;
	(void)buf_put_slice(&t->pending, bytes);
	if (t->pending.n > PENDING_MAX / 2) session_pause(t->session, true);
	write_pending(t);
	watch(t);
}

/* conmon closes the container's input when the container was made with stdinOnce. */
static void on_in_end(void *ctx) {
	struct attachment *t = ctx;
	if (t->open && t->pending.n == 0) (void)shutdown(t->fd, SHUT_WR);
}

static void on_resize(void *ctx, uint16_t columns, uint16_t rows) {
	struct attachment *t = ctx;
	char text[32];
	_cleanup_close_ int fd = t->winsz ? open(t->winsz, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW) : -1;
	int n = snprintf(text, sizeof(text), "%u %u\n", (unsigned)rows, (unsigned)columns);
	if (fd >= 0) (void)!write(fd, text, (size_t)n);
}

static void on_drain(void *ctx) {
	struct attachment *t = ctx;
	t->paused = false;
	if (!t->open) return;
	read_packets(t);
	if (t->session) watch(t);
}

static void on_close(void *ctx) {
	struct attachment *t = ctx;
	t->session = NULL;
	detach(t);
}

static const struct session_handler session_events = { on_ready, on_in, on_in_end, on_resize, on_drain, on_close };

/* ---- the request ---- */

static int dial(const char *path) {
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(to.sun_path)) return -ENAMETOOLONG;
	memcpy(to.sun_path, path, strlen(path) + 1);
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) return -errno;
	return TAKE_FD(fd);
}

void endpoint_attach(struct endpoint *e) {
	struct node_container_view view;
	const char *why = NULL;
	struct session_options so = session_options_of(e->query_text);
	int r = node_agent_find(e->agent, e->ns, e->pod, e->container, false, &view, &why);
	if (r < 0 || !view.running) {
		endpoint_refuse(e, r == -ENOENT ? 404 : 500, why ? why : arena_printf(e->x->arena, "container not found (\"%.*s\")", SLICE_FMT(e->container)));
		return;
	}
	struct runtime *rt = node_agent_runtime(e->agent);
	const char *path = container_attach_path(rt, e->x->arena, view.id);
	int fd = path ? dial(path) : -ENOMEM;
	struct attachment *t = fd >= 0 ? calloc(1, sizeof(*t)) : NULL;
	if (!t) {
		if (fd >= 0) close(fd);
		endpoint_refuse(e, 500, arena_printf(e->x->arena, "cannot attach to container %.*s: %s", SLICE_FMT(e->container), strerror(fd < 0 ? -fd : ENOMEM)));
		return;
	}
	if (so.tty && !view.terminal) so.tty = false;
	*t = (struct attachment){ .fd = fd, .err = so.err, .pending = BUF_INIT(PENDING_MAX) };
	/* conmon(8) makes this FIFO in the bundle for containers with a terminal. */
	if (view.terminal && asprintf(&t->winsz, "%s/containers/%s/winsz", rt->paths->base, view.id) < 0) t->winsz = NULL;
	(void)uv_poll_init(loop_uv(e->loop), &t->poll, fd);
	t->poll.data = t;
	t->open = true;
	struct session *s = session_open(e->x, &so, &session_events, t);
	if (s) t->session = s;
}
