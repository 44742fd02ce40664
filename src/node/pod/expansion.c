/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod/expansion.h"

int expand_references(struct buf *b, struct slice text, bool (*lookup)(void *, struct slice, struct slice *), void *ctx) {
	while (text.n) {
		ptrdiff_t at = slice_chr(text, '$');
		if (at < 0 || (size_t)at + 1 == text.n) return buf_put_slice(b, text);
		buf_put_slice(b, slice_upto(text, (size_t)at));
		char next = text.p[at + 1];
		struct slice rest = slice_from(text, (size_t)at + 2), value;
		ptrdiff_t close = next == '(' ? slice_chr(rest, ')') : -1;
		if (next == '$') {
			buf_putc(b, '$');
			text = rest;
		} else if (close < 0) {
			/* Not a reference: the dollar and what follows stay. */
			buf_put(b, text.p + at, 2);
			text = rest;
		} else {
			struct slice name = slice_upto(rest, (size_t)close);
			if (lookup(ctx, name, &value)) buf_put_slice(b, value);
			else buf_printf(b, "$(%.*s)", SLICE_FMT(name));
			text = slice_from(rest, (size_t)close + 1);
		}
	}
	return buf_err(b);
}
