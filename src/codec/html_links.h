/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The URLs in an HTML text that comes in pieces, replaced on its way through: attributes that hold a URL (href, src, action, ...) of the
 * elements that have them. Everything else passes byte by byte. The text of scripts, styles and comments is no markup. Pure; memory is
 * bounded by HTML_TAG_MAX; a longer tag passes unread. Not thread-safe.
 */
#pragma once

#include "base/buf.h"

#define HTML_TAG_MAX (64u * 1024u)

struct html_links;

/* `rewrite` gets an attribute's value as written (character references unresolved): 1 when it appended another to `out`, 0 when it
 * stays, negative: stop with that result. NULL: out of memory. */
struct html_links *html_links_new(int (*rewrite)(void *ctx, struct slice url, struct buf *out), void *ctx);
/* NULL is allowed. Returns NULL. */
struct html_links *html_links_free(struct html_links *l);
/* Appends what the bytes became to `out`; `last`: the text ends with them. 0 or negative. */
int html_links_feed(struct html_links *l, struct slice bytes, bool last, struct buf *out);
