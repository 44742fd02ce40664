/* SPDX-License-Identifier: Apache-2.0 */
/* Strings quoted as Go's strconv.Quote (the %q of its error messages). */
#pragma once

#include "base/arena.h"

/* NUL-terminated, in the arena; NULL when out of memory. Runes above ASCII are taken as printable except for controls, the
 * no-break space, the soft hyphen and other format characters of the Latin-1, general punctuation and BOM ranges. */
const char *goquote(struct arena *a, struct slice s);
