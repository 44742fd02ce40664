/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod/exit_message.h"

#include "node/files.h"
#include "node/pod/container.h"

#include <fcntl.h>
#include <sys/stat.h>

#define LOG_TAIL_READ (256u * KIB)

/* The text of one line, with the newline unless it is partial. */
static void put_line(struct buf *out, struct slice line) {
	struct slice rest = line;
	slice_cut(&rest, ' ');
	slice_cut(&rest, ' ');
	struct slice tag = slice_cut(&rest, ' ');
	if (rest.p) buf_put_slice(out, rest);
	if (slice_eqs(tag, "F")) buf_putc(out, '\n');
}

int exit_message_from_log(struct buf *out, struct slice log) {
	size_t lines = 0, at = log.n;
	/* Back to the start of the 80th line from the end. */
	while (at > 0 && lines <= TERMINATION_LOG_LINES) {
		at--;
		if (log.p[at] == '\n' && ++lines > TERMINATION_LOG_LINES) break;
	}
	struct slice rest = lines > TERMINATION_LOG_LINES ? slice_from(log, at + 1) : log;
	while (rest.p) {
		struct slice line = slice_cut(&rest, '\n');
		if (line.n) put_line(out, line);
	}
	if (out->n > TERMINATION_LOG_BYTES) buf_consume(out, out->n - TERMINATION_LOG_BYTES);
	return buf_err(out);
}

static int read_tail(struct buf *b, const char *path) {
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || buf_reserve(b, LOG_TAIL_READ) < 0) return -1;
	off_t from = st.st_size > (off_t)LOG_TAIL_READ ? st.st_size - (off_t)LOG_TAIL_READ : 0;
	ssize_t n = pread(fd, b->p, LOG_TAIL_READ, from);
	if (n < 0) return -1;
	b->n = (size_t)n;
	return 0;
}

void exit_message_read(struct container *c) {
	const yyjson_mut_val *spec = container_spec_of(c);
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *dir = a ? container_dir(c, a) : NULL, *file = dir ? arena_printf(a, "%s/termination-log", dir) : NULL;
	_cleanup_buf_ struct buf text = BUF_INIT(MIB), log = BUF_INIT(MIB);
	if (!file) return;
	/* The container may have written more than is taken: the first bytes count. */
	if (read_tail(&text, file) == 0 && text.n) {
		(void)string_set(&c->now.message, slice_upto(buf_slice(&text), TERMINATION_MESSAGE_MAX));
		return;
	}
	bool fall_back = slice_eqs(json_path_str(spec, "terminationMessagePolicy"), "FallbackToLogsOnError");
	const char *path = container_log_path(c, a, c->now.attempt);
	if (!fall_back || c->now.code == 0 || !path || read_tail(&log, path) < 0) return;
	if (exit_message_from_log(&text, buf_slice(&log)) == 0 && text.n) (void)string_set(&c->now.message, buf_slice(&text));
}
