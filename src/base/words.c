/* SPDX-License-Identifier: Apache-2.0 */
#include "base/words.h"

#include "base/buf.h"

#include <stdlib.h>

void words_add(struct words *w, struct slice s) {
	if (w->n == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 8;
		struct slice *v = cap > WORDS_MAX ? NULL : arena_realloc(w->a, w->v, w->cap * sizeof(*v), cap * sizeof(*v));
		if (!v) {
			w->failed = true;
			return;
		}
		w->v = v;
		w->cap = cap;
	}
	w->v[w->n++] = s;
}

void words_add_once(struct words *w, struct slice s) {
	for (size_t i = 0; i < w->n; i++)
		if (slice_eq(w->v[i], s)) return;
	words_add(w, s);
}

static int by_bytes(const void *a, const void *b) { return slice_cmp(*(const struct slice *)a, *(const struct slice *)b); }

void words_sort(struct words *w) {
	if (w->n) qsort(w->v, w->n, sizeof(*w->v), by_bytes);
}

static const char *join(const struct words *w, const char *before, const char *sep) {
	_cleanup_buf_ struct buf b = BUF_INIT(1024 * 1024);
	buf_puts(&b, before);
	for (size_t i = 0; i < w->n; i++) {
		if (i) buf_puts(&b, sep);
		buf_put_slice(&b, w->v[i]);
	}
	buf_puts(&b, before);
	const char *text = buf_err(&b) ? NULL : arena_slice_str(w->a, buf_slice(&b));
	return text ? text : "";
}

const char *words_join(const struct words *w, const char *sep) { return join(w, "", sep); }
const char *words_quoted(const struct words *w) { return join(w, "\"", "\", \""); }
