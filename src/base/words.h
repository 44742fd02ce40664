/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of words, and the sentences made of them. In an arena; out of memory sticks. */
#pragma once

#include "base/arena.h"

#define WORDS_MAX 4096

struct words {
	struct arena *a;
	struct slice *v;
	size_t n, cap;
	bool failed;
};

/* Appends; the bytes are borrowed. */
void words_add(struct words *w, struct slice s);
/* The same unless it is there already. */
void words_add_once(struct words *w, struct slice s);
void words_sort(struct words *w);
/* `a<sep>b`. Empty when there are none. */
const char *words_join(const struct words *w, const char *sep);
/* `"a", "b"`. */
const char *words_quoted(const struct words *w);
/* `one` for a single word, else `many`. */
static inline const char *words_plural(const struct words *w, const char *one, const char *many) { return w->n == 1 ? one : many; }
