/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/jsonpath_print.h"
#include "codec/jsonpath.h"
#include "ctl/goprint.h"
#include "ctl/tree.h"

#include <errno.h>

struct jsonpath_printer {
	const char *text;
	struct jsonpath *path;
	unsigned flags;
	bool as_json;
};

int jsonpath_printer_new(struct ctl *c, const char *text, bool allow_missing, bool as_json, struct jsonpath_printer **ret) {
	struct jsonpath_printer *p = ctl_array(c, 1, sizeof(*p));
	const char *msg = NULL;
	*p = (struct jsonpath_printer){ .text = text, .flags = allow_missing ? JSONPATH_ALLOW_MISSING : 0, .as_json = as_json };
	int r = jsonpath_parse(c->a, slice_str(text), &p->path, &msg);
	if (r < 0) return ctl_fail(c, "error parsing jsonpath %s, %s", text, msg ? msg : strerror(-r));
	*ret = p;
	return 0;
}

static int fail(struct ctl *c, const struct jsonpath_printer *p, const yyjson_mut_val *obj, const char *msg) {
	struct buf b = BUF_INIT(CTL_FILE_MAX);
	(void)goprint_sharp(&b, obj);
	return ctl_fail(c, "error executing jsonpath %s: Error executing template: %s. Printing more information for debugging the template:\n"
			"\ttemplate was:\n\t\t%s\n\tobject given to jsonpath engine was:\n\t\t%s\n\n\n",
			ctl_quote(c, slice_str(p->text)), msg, p->text, ctl_take(c, &b).p);
}

static int print_json(struct ctl *c, struct jsonpath_printer *p, yyjson_mut_val *obj) {
	const yyjson_mut_val **found;
	const char *msg = NULL;
	size_t n;
	struct buf compact = BUF_INIT(SINK_TEXT_MAX), b = BUF_INIT(SINK_TEXT_MAX);
	int r = jsonpath_find(p->path, c->a, obj, p->flags, &found, &n, &msg);
	if (r < 0) return fail(c, p, obj, msg ? msg : strerror(-r));
	(void)buf_putc(&compact, '[');
	for (size_t i = 0; i < n; i++) {
		if (i) (void)buf_putc(&compact, ',');
		(void)json_write(&compact, found[i]);
	}
	(void)buf_putc(&compact, ']');
	tree_indent(&b, buf_slice(&compact), 4);
	buf_done(&compact);
	sink_put(&c->out, ctl_take(c, &b));
	ctl_out(c, "\n");
	return 0;
}

int jsonpath_printer_print(struct ctl *c, struct jsonpath_printer *p, yyjson_mut_val *obj) {
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	const char *msg = NULL;
	tree_sort(c, obj);
	if (p->as_json) return print_json(c, p, obj);
	int r = jsonpath_print(p->path, c->a, obj, p->flags, &b, &msg);
	if (r == -EBADMSG || r == -E2BIG) {
		sink_put(&c->out, ctl_take(c, &b));
		return fail(c, p, obj, msg ? msg : strerror(-r));
	}
	struct slice text = ctl_take(c, &b);
	if (!isatty(c->out.fd)) {
		sink_put(&c->out, text);
		return 0;
	}
	/* On a terminal only what cannot drive it. */
	escape_terminal(&b, text);
	sink_put(&c->out, ctl_take(c, &b));
	return 0;
}
