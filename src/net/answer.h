/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a response as something to be drawn from piece by piece: shared parts or a source, one face for HTTP/1 and 2. */
#pragma once

#include "net/exchange.h"

struct answer {
	struct body_part *parts;
	size_t n_parts, part, offset;
	struct body_source source;
	bool has_source, source_over, pulling, resumed;
	int64_t left;    /* bytes still promised; -1: unknown */
	struct buf held; /* pulled but not taken (answer_copy) */
	size_t held_at;
};

/* Takes the parts' references. 0 or -ENOMEM (the references are dropped). */
int answer_parts(struct answer *a, struct arena *arena, const struct body_part *parts, size_t n);
void answer_source(struct answer *a, struct body_source s, int64_t length);
/* Drops what is left and closes the source. May be called again. */
void answer_done(struct answer *a);
/* The next bytes, about `room` of them: a view into a part, or into `scratch` for a source. PULL_MORE, PULL_END (*ret may
 * still hold bytes), PULL_WAIT (the same), or negative: broken off, or not the promised length. */
int answer_next(struct answer *a, struct buf *scratch, size_t room, struct slice *ret);
/* The same, copied to p, at most n bytes. */
int answer_copy(struct answer *a, void *p, size_t n, size_t *ret_n);
/* Total bytes of parts. */
uint64_t body_parts_size(const struct body_part *parts, size_t n);
void body_parts_unref(const struct body_part *parts, size_t n);
