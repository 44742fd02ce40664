/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/columns.h"
#include "codec/jsonpath.h"
#include "ctl/goprint.h"
#include "ctl/tabs.h"
#include "ctl/tree.h"

#include <errno.h>

struct column {
	const char *header;
	struct jsonpath *path;
};
struct columns {
	struct column v[COLUMNS_MAX];
	size_t n;
	bool headers, begun;
	struct tabs tabs;
};

static int add(struct ctl *c, struct columns *p, const char *header, struct slice path) {
	const char *msg = NULL;
	if (p->n == COLUMNS_MAX) return ctl_fail(c, "more than %u custom columns", COLUMNS_MAX);
	struct column *col = &p->v[p->n++];
	col->header = header;
	int r = jsonpath_parse_relaxed(c->a, path, &col->path, &msg);
	return r < 0 ? ctl_fail(c, "%s", msg ? msg : strerror(-r)) : 0;
}

/* A comma inside brackets or quotes belongs to the path. */
static struct slice next_part(struct slice *rest) {
	size_t i = 0, depth = 0;
	for (; i < rest->n; i++) {
		char ch = rest->p[i];
		depth += ch == '[' || ch == '(';
		if ((ch == ']' || ch == ')') && depth) depth--;
		if (ch == ',' && !depth) break;
	}
	struct slice part = slice_upto(*rest, i);
	*rest = i < rest->n ? slice_make(rest->p + i + 1, rest->n - i - 1) : SLICE_NULL;
	return part;
}

static int parse_spec(struct ctl *c, struct columns *p, const char *spec) {
	for (struct slice rest = slice_str(spec); rest.p;) {
		struct slice part = next_part(&rest), path = part, header = slice_cut(&path, ':');
		if (!path.p)
			return ctl_fail(c, "unexpected custom-columns spec: %.*s, expected <header>:<json-path-expr>", SLICE_FMT(part));
		if (add(c, p, ctl_text(c, header), path)) return 1;
	}
	return 0;
}

static struct slice word(struct slice *rest) {
	while (rest->n && strchr(" \t\r", rest->p[0])) *rest = slice_from(*rest, 1);
	size_t n = 0;
	while (n < rest->n && !strchr(" \t\r", rest->p[n])) n++;
	struct slice w = slice_upto(*rest, n);
	*rest = slice_from(*rest, n);
	return w;
}

/* The file form: two lines of words. */
static int parse_lines(struct ctl *c, struct columns *p, const char *text) {
	struct slice rest = slice_str(text), headers = slice_cut(&rest, '\n'), paths = slice_cut(&rest, '\n');
	for (struct slice h = word(&headers); h.n; h = word(&headers)) {
		struct slice path = word(&paths);
		if (!path.n) return ctl_fail(c, "number of headers and field specifications don't match");
		if (add(c, p, ctl_text(c, h), path)) return 1;
	}
	return word(&paths).n || !p->n ? ctl_fail(c, "number of headers and field specifications don't match") : 0;
}

int columns_new(struct ctl *c, const char *spec, bool headers, struct columns **ret) {
	struct columns *p = ctl_array(c, 1, sizeof(*p));
	p->headers = headers;
	tabs_init(&p->tabs, 6, 3, true);
	if (strchr(spec, '\n') ? parse_lines(c, p, spec) : parse_spec(c, p, spec)) return 1;
	*ret = p;
	return 0;
}

static int print_cell(struct ctl *c, struct column *col, yyjson_mut_val *obj, struct buf *b) {
	const yyjson_mut_val **found;
	const char *msg = NULL;
	size_t n;
	int r = jsonpath_find(col->path, c->a, obj, JSONPATH_ALLOW_MISSING, &found, &n, &msg);
	if (r < 0) return ctl_fail(c, "%s", msg ? msg : strerror(-r));
	if (!n) (void)buf_puts(b, "<none>");
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf text = BUF_INIT(CTL_FILE_MAX);
		(void)goprint_v(&text, found[i]);
		if (i) (void)buf_putc(b, ',');
		escape_terminal(b, buf_slice(&text));
	}
	return 0;
}

static int print_row(struct ctl *c, struct columns *p, yyjson_mut_val *obj) {
	tree_sort(c, obj);
	for (size_t i = 0; i < p->n; i++) {
		if (i) tabs_put(&p->tabs, SLICE_LIT("\t"));
		if (print_cell(c, &p->v[i], obj, &p->tabs.text)) return 1;
	}
	tabs_put(&p->tabs, SLICE_LIT("\n"));
	return 0;
}

int columns_print(struct ctl *c, struct columns *p, yyjson_mut_val *obj) {
	yyjson_mut_val *v, *items = json_get(obj, "items");
	if (!p->begun && p->headers)
		for (size_t i = 0; i < p->n; i++) tabs_printf(&p->tabs, "%s%s", p->v[i].header, i + 1 < p->n ? "\t" : "\n");
	p->begun = true;
	if (!yyjson_mut_is_arr(items) || !slice_ends(json_path_str(obj, "kind"), SLICE_LIT("List"))) return print_row(c, p, obj);
	json_each(items, v) if (print_row(c, p, v)) return 1;
	return 0;
}

void columns_finish(struct ctl *c, struct columns *p) {
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	(void)tabs_flush(&p->tabs, &b);
	sink_put(&c->out, ctl_take(c, &b));
	tabs_done(&p->tabs);
}
