/* SPDX-License-Identifier: Apache-2.0 */
#include "node/logline.h"

static struct slice trim_end(struct slice s) {
	while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r' || s.p[s.n - 1] == ' ')) s.n--;
	return s;
}

const char *logline_message(struct arena *a, struct slice line) {
	struct slice text = trim_end(line);
	ptrdiff_t at = slice_find(text, SLICE_LIT("msg=\""));
	if (at < 0) return arena_slice_str(a, text);
	text = slice_from(text, (size_t)at + 5);
	char *out = arena_alloc(a, text.n + 1);
	size_t n = 0;
	for (size_t i = 0; out && i < text.n && text.p[i] != '"'; i++) {
		bool escape = text.p[i] == '\\' && i + 1 < text.n;
		if (escape) i++;
		out[n++] = escape && text.p[i] == 'n' ? ' ' : text.p[i];
	}
	if (out) out[n] = 0;
	return out;
}
