/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/jq_print.h"
#include "ctl/goprint.h"
#include "ctl/tree.h"

#include <errno.h>

int jq_printer_new(struct ctl *c, const char *text, struct jq **ret) {
	const char *msg = "";
	int r = jq_parse(c->a, slice_str(text), ret, &msg);
	return r < 0 ? ctl_fail(c, "jq expression %s: %s", ctl_quote(c, slice_str(text)), msg) : 0;
}

static void print(struct ctl *c, yyjson_mut_val *v) {
	struct buf b = BUF_INIT(SINK_TEXT_MAX), shown = BUF_INIT(SINK_TEXT_MAX);
	if (yyjson_mut_is_str(v)) (void)buf_put_slice(&b, json_str(v));
	else tree_indent(&b, tree_text(c, v), 2);
	(void)buf_putc(&b, '\n');
	/* On a terminal only what cannot drive it. */
	if (isatty(c->out.fd)) escape_terminal(&shown, buf_slice(&b));
	sink_put(&c->out, isatty(c->out.fd) ? buf_slice(&shown) : buf_slice(&b));
	if (b.err || shown.err) (void)ctl_must(NULL);
	buf_done(&b);
	buf_done(&shown);
}

int jq_printer_print(struct ctl *c, const struct jq *q, yyjson_mut_val *obj) {
	yyjson_mut_val **v;
	const char *msg;
	size_t n;
	tree_sort(c, obj);
	int r = jq_eval(q, c->a, obj, &v, &n, &msg);
	for (size_t i = 0; (r == 0 || r == -EBADMSG) && i < n; i++) print(c, v[i]);
	if (r == -ENOMEM) (void)ctl_must(NULL);
	return r < 0 ? ctl_fail(c, "jq: %s", r == -E2BIG ? "too many values or steps" : msg) : 0;
}
