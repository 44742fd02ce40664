/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "base/buf.h"
#include "base/limits.h"

#include <stdio.h>
#include <time.h>

static enum log_format the_format = LOG_TEXT;
static enum log_level the_level = LOG_INFO;
static const char *const names[] = { "error", "warn", "info", "debug", "trace" };

void log_setup(enum log_format format, enum log_level max_level) {
	the_format = format;
	the_level = max_level;
}

bool log_enabled(enum log_level level) { return level <= the_level; }

/* Control characters never reach the terminal or break a line. */
static void put_escaped(struct buf *b, struct slice s, bool json) {
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x20 || c == 0x7f) buf_printf(b, json ? "\\u%04x" : "\\x%02x", c);
		else if (json && (c == '"' || c == '\\')) buf_printf(b, "\\%c", c);
		else buf_putc(b, (char)c);
	}
}

void log_write(enum log_level level, const char *room, const char *fmt, ...) {
	if (!log_enabled(level)) return;
	char text[LOG_LINE_MAX / 2];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0) return;
	struct slice msg = slice_make(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);

	_cleanup_buf_ struct buf b = BUF_INIT(LOG_LINE_MAX * 4);
	struct timespec ts;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	if (the_format == LOG_JSON)
		buf_printf(&b, "{\"ts\":\"%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ\",\"level\":\"%s\",\"room\":\"%s\",\"msg\":\"",
			   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, ts.tv_nsec / 1000,
			   names[level], room);
	else
		buf_printf(&b, "%c%02d%02d %02d:%02d:%02d.%06ld %s: ", "EWIDT"[level], tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
			   tm.tm_min, tm.tm_sec, ts.tv_nsec / 1000, room);
	put_escaped(&b, msg, the_format == LOG_JSON);
	buf_puts(&b, the_format == LOG_JSON ? "\"}\n" : "\n");
	if (!buf_err(&b)) (void)!write(STDERR_FILENO, b.p, b.n);
}
