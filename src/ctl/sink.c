/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/sink.h"

#include <errno.h>
#include <poll.h>

void sink_init(struct sink *s, int fd) { *s = (struct sink){ .fd = fd, .b = BUF_INIT(SINK_TEXT_MAX) }; }

int write_all(int fd, struct slice s) {
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = fd, .events = POLLOUT };
			(void)poll(&p, 1, -1);
			continue;
		}
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return -errno;
		s = slice_from(s, (size_t)n);
	}
	return 0;
}

int sink_flush(struct sink *s) {
	if (!s->err) s->err = s->b.err;
	if (!s->err) s->err = write_all(s->fd, buf_slice(&s->b));
	buf_clear(&s->b);
	return s->err;
}

int sink_done(struct sink *s) {
	int r = sink_flush(s);
	buf_done(&s->b);
	return r;
}

void sink_put(struct sink *s, struct slice text) {
	s->written += text.n;
	(void)buf_put_slice(&s->b, text);
	if (s->b.n >= SINK_BUFFER) (void)sink_flush(s);
}

void sink_vprintf(struct sink *s, const char *fmt, va_list ap) {
	size_t before = s->b.n;
	(void)buf_vprintf(&s->b, fmt, ap);
	s->written += s->b.n - before;
	if (s->b.n >= SINK_BUFFER) (void)sink_flush(s);
}
