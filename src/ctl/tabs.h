/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text in columns as Go's text/tabwriter lays it out: cells end with a tab, a column is as wide as the widest of the consecutive
 * lines that have it; the last cell of a line has no say. Padding is blanks.
 */
#pragma once

#include "base/buf.h"

#define TABS_COLUMNS_MAX 256u /* more than that in a line are left unaligned */

struct tabs {
	struct buf text;      /* what has been written since the last flush */
	size_t min, padding;
	bool remember;        /* columns never get narrower from flush to flush */
	size_t widths[TABS_COLUMNS_MAX], n_widths;
};

void tabs_init(struct tabs *t, size_t min_width, size_t padding, bool remember);
void tabs_done(struct tabs *t);
static inline void tabs_put(struct tabs *t, struct slice s) { (void)buf_put_slice(&t->text, s); }
void tabs_printf(struct tabs *t, const char *fmt, ...) k8c_printf(2, 3);
/* Lays out and appends to `out` what was written. 0 or out->err, or -ENOMEM. */
int tabs_flush(struct tabs *t, struct buf *out);
/* Forgets remembered widths. */
static inline void tabs_forget(struct tabs *t) { t->n_widths = 0; }
