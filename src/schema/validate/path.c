/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/validate/path.h"

#include <inttypes.h>

void rule_path_text(const struct rule_link *p, struct buf *b) {
	const struct rule_link *chain[RULE_LINKS_MAX];
	size_t n = 0;
	for (; p && n < RULE_LINKS_MAX; p = p->up)
		chain[n++] = p;
	for (bool first = true; n-- > 0; first = false) {
		const struct rule_link *l = chain[n];
		switch (l->kind) {
		case LINK_NAME:
			if (!first) buf_putc(b, '.');
			buf_put_slice(b, l->name);
			break;
		case LINK_INDEX:
			buf_printf(b, "[%" PRId64 "]", l->index);
			break;
		case LINK_KEY:
			buf_putc(b, '[');
			buf_put_slice(b, l->name);
			buf_putc(b, ']');
			break;
		}
	}
}
