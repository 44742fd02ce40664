/* SPDX-License-Identifier: Apache-2.0 */
/* One event of a watch as its reader takes it: a JSON line, or a length-prefixed protobuf WatchEvent. Pure. */
#pragma once

#include "api/listing.h"

/* `type`: "ADDED", "MODIFIED", "DELETED". The object's text is `o`'s, or with rv != 0 that of `o` under another revision.
 * Scratch memory in `a`. *columns tells whether a Table's columns were sent already. 0 or negative. */
int frame_object(const struct listing *l, struct arena *a, const char *type, struct store_obj *o, uint64_t rv, bool *columns, struct buf *out);
/* A bookmark with the resource's kind; `initial_end` adds the annotation that ends the initial events. */
int frame_bookmark(const struct listing *l, struct arena *a, uint64_t rv, bool initial_end, bool *columns, struct buf *out);
int frame_error(const struct listing *l, struct arena *a, const struct status *st, struct buf *out);
