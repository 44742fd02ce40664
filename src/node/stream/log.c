/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /containerLogs: the container's log file, from where it was asked, as it grows while followed. The file is opened without following
 * links, and only a regular one: what a container could have put in its place is not read (CVE-2026-53489).
 */
#include "codec/timestamp.h"
#include "node/stream/cri_log.h"
#include "node/stream/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* A container that has ended: the file will not grow, but what was written last may not have been seen. */
#define FOLLOW_POLL_MS 250u
#define READ_SIZE 65536u

struct follower {
	struct loop *loop;
	struct exchange *x;          /* NULL: the client is gone */
	struct node_agent *agent;
	struct slice ns, pod, container;
	char id[80];
	struct arena *a;
	int fd;
	off_t at;
	struct cri_log log;
	struct buf line;             /* an unfinished line of the file */
	bool follow, over, dropping; /* dropping: a line longer than CRI_LINE_MAX */
	struct loop_timer *timer;
};

static bool container_runs(struct follower *f) {
	struct node_container_view view;
	const char *why;
	return node_agent_find(f->agent, f->ns, f->pod, f->container, false, &view, &why) == 0 && view.running && strcmp(view.id, f->id) == 0;
}

/* Takes file bytes; lines go to `out`. 1: the limit is reached. */
static int feed(struct follower *f, struct slice bytes, struct buf *out) {
	while (bytes.n) {
		ptrdiff_t nl = slice_chr(bytes, '\n');
		struct slice piece = slice_upto(bytes, nl < 0 ? bytes.n : (size_t)nl);
		if (!f->dropping && buf_put_slice(&f->line, piece) < 0) f->dropping = true;
		if (nl < 0) return 0;
		int r = f->dropping ? 0 : cri_log_line(&f->log, buf_slice(&f->line), out);
		buf_clear(&f->line);
		f->dropping = false;
		if (r != 0) return r;
		bytes = slice_from(bytes, piece.n + 1);
	}
	return 0;
}

static void look_again(void *arg) {
	struct follower *f = arg;
	f->timer = NULL;
	if (f->x) exchange_resume(f->x);
}

static int pull(void *ctx, struct buf *out, size_t room) {
	struct follower *f = ctx;
	char chunk[READ_SIZE];
	size_t before = out->n;
	while (!f->over && out->n - before < room) {
		/* Asked before reading: what it wrote before it ended is then in the file. */
		bool runs = f->follow && container_runs(f);
		ssize_t n = pread(f->fd, chunk, sizeof(chunk), f->at);
		if (n < 0) return -errno;
		if (n == 0 && !runs) f->over = true;
		if (n == 0) break;
		f->at += n;
		int r = feed(f, slice_make(chunk, (size_t)n), out);
		if (r < 0) return r;
		if (r == 1) f->over = true;
	}
	if (f->over) return PULL_END;
	if (out->n > before) return PULL_MORE;
	if (!f->timer) f->timer = loop_timer_start(f->loop, FOLLOW_POLL_MS, 0, look_again, f);
	return f->timer ? PULL_WAIT : -ENOMEM;
}

static void closed(void *ctx) {
	struct follower *f = ctx;
	loop_timer_stop(f->timer);
	close(f->fd);
	buf_done(&f->line);
	arena_free(f->a);
	free(f);
}

/* ---- the request ---- */

static int64_t number(const struct endpoint *e, const char *name, int64_t dflt) {
	int64_t v;
	return slice_int(query_get(&e->query, name), INT64_MIN, INT64_MAX, &v) == 0 ? v : dflt;
}

static int64_t since(const struct endpoint *e) {
	struct slice text = query_get(&e->query, "sinceTime");
	int64_t seconds = number(e, "sinceSeconds", -1);
	struct timestamp t;
	if (seconds >= 0) return env_now(e->env) - seconds * NSEC_PER_SEC;
	if (slice_empty(text) || timestamp_parse(e->x->arena, text, &t, NULL) < 0) return 0;
	return t.sec * NSEC_PER_SEC + t.nsec;
}

static int open_log(const char *path) {
	struct stat st;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) return -errno;
	if (fstat(fd, &st) < 0) return -errno;
	return S_ISREG(st.st_mode) && st.st_nlink == 1 ? TAKE_FD(fd) : -EACCES;
}

static off_t start_of(int fd, int64_t tail) {
	struct stat st;
	if (tail < 0 || fstat(fd, &st) < 0 || st.st_size == 0) return 0;
	void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) return 0;
	off_t at = (off_t)cri_log_tail(slice_make(map, (size_t)st.st_size), tail);
	munmap(map, (size_t)st.st_size);
	return at;
}

static struct follower *follower_make(struct endpoint *e, const struct node_container_view *view, int fd) {
	struct follower *f = calloc(1, sizeof(*f));
	struct arena *a = arena_new(0);
	struct cri_log_options o = { query_bool(&e->query, "timestamps", false), since(e), number(e, "limitBytes", -1) };
	if (!f || !a) {
		free(f);
		arena_free(a);
		return NULL;
	}
	*f = (struct follower){ .loop = e->loop, .x = e->x, .agent = e->agent, .a = a, .fd = fd, .line = BUF_INIT(CRI_LINE_MAX), .follow = query_bool(&e->query, "follow", false) };
	f->ns = arena_slice_dup(a, e->ns);
	f->pod = arena_slice_dup(a, e->pod);
	f->container = arena_slice_dup(a, e->container);
	strncpy(f->id, view->id, sizeof(f->id) - 1);
	cri_log_init(&f->log, &o);
	f->at = start_of(fd, number(e, "tailLines", -1));
	return f;
}

void endpoint_log(struct endpoint *e) {
	struct node_container_view view;
	struct http_headers h = { 0 };
	const char *why = NULL;
	int r = node_agent_find(e->agent, e->ns, e->pod, e->container, query_bool(&e->query, "previous", false), &view, &why);
	if (r < 0) {
		endpoint_refuse(e, r == -ENOENT ? 404 : 400, why ? why : "no such container");
		return;
	}
	int fd = open_log(view.log_path);
	struct follower *f = fd >= 0 ? follower_make(e, &view, fd) : NULL;
	if (!f) {
		if (fd >= 0) close(fd);
		endpoint_refuse(e, 500, arena_printf(e->x->arena, "failed to open the log of container %.*s: %s", SLICE_FMT(e->container), strerror(fd < 0 ? -fd : ENOMEM)));
		return;
	}
	(void)http_headers_add(e->x->arena, &h, SLICE_LIT("content-type"), SLICE_LIT("text/plain"));
	exchange_respond_source(e->x, 200, &h, -1, (struct body_source){ pull, closed, f });
}
