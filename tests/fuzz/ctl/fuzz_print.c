/* SPDX-License-Identifier: Apache-2.0 */
/* An expression, a line end, an object: printed by jsonpath and custom columns, sorted by the expression, shown as a Table. Nothing that could
 * drive a terminal comes out of columns and Tables. */
#include "ctl/columns.h"
#include "ctl/jsonpath_print.h"
#include "ctl/sort.h"
#include "ctl/table.h"
#include "ctl/tree.h"

#include <fcntl.h>
#include <unistd.h>

static const struct flag flags[] = { { "no-headers", FLAG_BOOL, NULL, 0, NULL, "" }, { "show-labels", FLAG_BOOL, "true", 0, NULL, "" },
				     { "output", FLAG_STRING, NULL, 'o', NULL, "" }, { "label-columns", FLAG_LIST, "k", 'L', NULL, "" }, { 0 } };

static struct ctl *begin(void) {
	static struct ctl c;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	c = (struct ctl){ .a = arena_new(1u << 28), .env = &env_system, .program = "k8ctl", .path = "k8ctl" };
	c.flags.a = c.a;
	if (!c.a || fd < 0 || !flags_add(&c.flags, flags)) abort();
	sink_init(&c.out, fd);
	sink_init(&c.err, fd);
	return &c;
}

static void end(struct ctl *c) {
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 28);
	if (c->faults.n) faults_print(c->a, &c->faults, &b);
	if (c->faults.n && !b.n) abort();
	close(c->out.fd);
	buf_done(&c->out.b);
	buf_done(&c->err.b);
	arena_free(c->a);
}

static yyjson_mut_val *object(struct ctl *c, struct slice text) {
	yyjson_mut_doc *doc;
	return json_parse(c->a, text, &doc, NULL) == 0 ? doc->root : NULL;
}

static void check(const struct ctl *c) {
	if (c->out.b.n && memchr(c->out.b.p, '\x1b', c->out.b.n)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct slice text = slice_make(data, size < 8192 ? size : 8192), head = slice_cut(&text, '\n');
	struct ctl *c = begin();
	struct jsonpath_printer *path;
	struct columns *columns;
	yyjson_mut_val *root = object(c, text);
	const char *expression = ctl_text(c, head);
	if (root && jsonpath_printer_new(c, expression, head.n & 1, head.n & 2, &path) == 0) (void)jsonpath_printer_print(c, path, root);
	buf_clear(&c->out.b);
	root = object(c, text);
	if (root && !memchr(expression, '\x1b', strlen(expression)) && columns_new(c, ctl_printf(c, "A:%s", expression), true, &columns) == 0) {
		(void)columns_print(c, columns, root);
		columns_finish(c, columns);
		check(c);
	}
	root = object(c, text);
	if (root && yyjson_mut_is_arr(root)) (void)sort_by(c, root, expression, NULL);
	if (root) {
		static const struct resource resource = { .name = "things", .kind = "Thing", .namespaced = true };
		struct table t;
		buf_clear(&c->out.b);
		table_init(c, &t);
		t.wide = head.n & 1;
		table_begin(c, &t, &resource, head.n & 2, false);
		table_add(c, &t, root, NULL);
		table_flush(c, &t);
		tabs_done(&t.tabs);
		check(c);
	}
	end(c);
	return 0;
}
