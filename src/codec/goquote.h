/* SPDX-License-Identifier: Apache-2.0 */
/* Strings quoted as Go's strconv.Quote (the %q of its error messages). */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

/* NUL-terminated, in the arena; NULL when out of memory. Runes above ASCII are taken as printable except for controls, the
 * no-break space, the soft hyphen and other format characters of the Latin-1, general punctuation and BOM ranges. */
const char *goquote(struct arena *a, struct slice s);
/* The same, appended; and a list as fmt prints it, ["a" "b"]. 0 or b->err. */
int goquote_put(struct buf *b, struct slice s);
int goquote_put_list(struct buf *b, const struct slice *v, size_t n);
