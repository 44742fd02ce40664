/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/crd_pattern.h"

#include "base/buf.h"

#include <errno.h>
#include <regex.h>

static const struct {
	char letter;
	const char *alone, *in_class;
} escapes[] = {
	{ 'd', "[0-9]", "0-9" },
	{ 'D', "[^0-9]", NULL },
	{ 'w', "[0-9A-Za-z_]", "0-9A-Za-z_" },
	{ 'W', "[^0-9A-Za-z_]", NULL },
	{ 's', "[ \t\n\f\r]", " \t\n\f\r" },
	{ 'S', "[^ \t\n\f\r]", NULL },
	{ 't', "\t", "\t" },
	{ 'n', "\n", "\n" },
	{ 'r', "\r", "\r" },
	{ 'A', "^", NULL },
	{ 'z', "$", NULL },
};

/* One backslash sequence; false when POSIX has nothing for it. */
static bool put_escape(struct buf *b, char c, bool in_class) {
	for (size_t i = 0; i < ELEMENTSOF(escapes); i++) {
		if (escapes[i].letter != c) continue;
		const char *s = in_class ? escapes[i].in_class : escapes[i].alone;
		return s && buf_puts(b, s) == 0;
	}
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return false;
	if (in_class) return c != ']' && c != '^' && c != '-' && buf_putc(b, c) == 0;
	buf_putc(b, '\\');
	return buf_putc(b, c) == 0;
}

/* RE2 to POSIX extended: escapes spelled out, groups that only group, no lazy quantifiers. False: cannot be said. */
static bool translate(struct buf *b, struct slice p) {
	bool in_class = false;
	for (size_t i = 0; i < p.n; i++) {
		char c = p.p[i], next = i + 1 < p.n ? p.p[i + 1] : 0;
		if (c == '\\') {
			if (!next || !put_escape(b, next, in_class)) return false;
			i++;
		} else if (!in_class && c == '(' && next == '?') {
			if (i + 2 >= p.n || p.p[i + 2] != ':') return false;
			buf_putc(b, '(');
			i += 2;
		} else if (!in_class && (c == '*' || c == '+' || c == '?' || c == '}') && next == '?') {
			buf_putc(b, c);
			i++;
		} else {
			if (c == '[' && !in_class) in_class = true;
			else if (c == ']' && in_class && b->n && b->p[b->n - 1] != '[') in_class = false;
			buf_putc(b, c);
		}
	}
	return buf_putc(b, 0) == 0;
}

int crd_pattern_match(struct arena *a, struct slice pattern, struct slice text) {
	_cleanup_buf_ struct buf b = BUF_INIT(CRD_PATTERN_MAX * 16u);
	regex_t re;
	if (pattern.n > CRD_PATTERN_MAX || text.n > CRD_PATTERN_TEXT_MAX || memchr(text.p ? text.p : "", 0, text.n))
		return -EINVAL;
	const char *subject = arena_slice_str(a, text);
	if (!subject || !translate(&b, pattern) || regcomp(&re, b.p, REG_EXTENDED | REG_NOSUB) != 0) return -EINVAL;
	int r = regexec(&re, subject, 0, NULL, 0);
	regfree(&re);
	return r == 0 ? 1 : r == REG_NOMATCH ? 0 : -EINVAL;
}
