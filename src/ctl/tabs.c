/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/tabs.h"
#include "codec/utf8.h"

#include <errno.h>

#define TABS_TEXT_MAX ((size_t)1024 * 1024 * 1024)

struct cell {
	struct slice text;
	size_t width;
};
struct line {
	size_t first, n; /* cells */
};
struct layout {
	struct tabs *t;
	struct cell *cells;
	struct line *lines;
	size_t n_cells, n_lines;
	bool open;       /* the last line has no newline */
	size_t widths[TABS_COLUMNS_MAX], n_widths;
	struct buf *out;
};

void tabs_init(struct tabs *t, size_t min_width, size_t padding, bool remember) {
	*t = (struct tabs){ .text = BUF_INIT(TABS_TEXT_MAX), .min = min_width, .padding = padding, .remember = remember };
}

void tabs_done(struct tabs *t) { buf_done(&t->text); }

void tabs_printf(struct tabs *t, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	(void)buf_vprintf(&t->text, fmt, ap);
	va_end(ap);
}

static size_t runes(struct slice s) {
	size_t n = 0;
	for (size_t i = 0; i < s.n; n++) {
		size_t len = utf8_len(s.p + i, s.n - i);
		i += len ? len : 1;
	}
	return n;
}

static int cut(struct layout *l, struct slice text) {
	size_t cells = 1, lines = 1;
	for (size_t i = 0; i < text.n; i++) {
		cells += text.p[i] == '\t' || text.p[i] == '\n';
		lines += text.p[i] == '\n';
	}
	l->cells = calloc(cells, sizeof(*l->cells));
	l->lines = calloc(lines, sizeof(*l->lines));
	if (!l->cells || !l->lines) return -ENOMEM;
	l->open = text.n && text.p[text.n - 1] != '\n';
	while (text.n) {
		const char *nl = memchr(text.p, '\n', text.n);
		struct slice rest = slice_upto(text, nl ? (size_t)(nl - text.p) : text.n);
		text = nl ? slice_from(text, rest.n + 1) : SLICE_NULL;
		struct line *line = &l->lines[l->n_lines++];
		line->first = l->n_cells;
		if (!rest.p) rest = SLICE_LIT("");
		while (rest.p) {
			struct slice c = slice_cut(&rest, '\t');
			l->cells[l->n_cells++] = (struct cell){ c, runes(c) };
			line->n++;
		}
	}
	return 0;
}

static void pad(struct buf *b, size_t n) {
	for (size_t i = 0; i < n; i++) (void)buf_putc(b, ' ');
}

static void write_lines(struct layout *l, size_t from, size_t to) {
	for (size_t i = from; i < to; i++) {
		for (size_t j = 0; j < l->lines[i].n; j++) {
			const struct cell *c = &l->cells[l->lines[i].first + j];
			(void)buf_put_slice(l->out, c->text);
			if (j < l->n_widths && l->widths[j] > c->width) pad(l->out, l->widths[j] - c->width);
		}
		if (i + 1 < l->n_lines || !l->open) (void)buf_putc(l->out, '\n');
	}
}

static bool has_column(const struct layout *l, size_t line, size_t column) { return column + 1 < l->lines[line].n; }

static size_t remembered(struct tabs *t, size_t column, size_t width) {
	if (!t->remember) return width;
	if (t->n_widths <= column) {
		for (size_t i = t->n_widths; i <= column; i++) t->widths[i] = 0;
		t->n_widths = column + 1;
	}
	if (t->widths[column] > width) return t->widths[column];
	return t->widths[column] = width;
}

/* Depth is the number of columns, at most TABS_COLUMNS_MAX. */
static void format(struct layout *l, size_t from, size_t to) {
	size_t column = l->n_widths;
	for (size_t i = from; i < to && column < TABS_COLUMNS_MAX;) {
		if (!has_column(l, i, column)) {
			i++;
			continue;
		}
		write_lines(l, from, i);
		from = i;
		size_t width = l->t->min;
		for (; i < to && has_column(l, i, column); i++) {
			size_t w = l->cells[l->lines[i].first + column].width + l->t->padding;
			if (w > width) width = w;
		}
		l->widths[l->n_widths++] = remembered(l->t, column, width);
		format(l, from, i);
		l->n_widths--;
		from = i;
	}
	write_lines(l, from, to);
}

int tabs_flush(struct tabs *t, struct buf *out) {
	struct layout l = { .t = t, .out = out };
	int r = t->text.err ? t->text.err : cut(&l, buf_slice(&t->text));
	if (r == 0) format(&l, 0, l.n_lines);
	free(l.cells);
	free(l.lines);
	buf_clear(&t->text);
	return r ? r : out->err;
}
