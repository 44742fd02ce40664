/* SPDX-License-Identifier: Apache-2.0 */
#include "net/answer.h"
#include "net/net_limits.h"

#include <errno.h>

uint64_t body_parts_size(const struct body_part *parts, size_t n) {
	uint64_t total = 0;
	for (size_t i = 0; i < n; i++) total += parts[i].bytes.n;
	return total;
}

void body_parts_unref(const struct body_part *parts, size_t n) {
	for (size_t i = 0; i < n; i++) blob_unref(parts[i].blob);
}

int answer_parts(struct answer *a, struct arena *arena, const struct body_part *parts, size_t n) {
	*a = (struct answer){ .left = -1 };
	if (n == 0) return 0;
	a->parts = arena_array(arena, n, sizeof(*parts));
	if (!a->parts) {
		body_parts_unref(parts, n);
		return -ENOMEM;
	}
	memcpy(a->parts, parts, n * sizeof(*parts));
	a->n_parts = n;
	return 0;
}

void answer_source(struct answer *a, struct body_source s, int64_t length) {
	*a = (struct answer){ .source = s, .has_source = true, .left = length, .held = BUF_INIT(CONN_QUEUE_MAX) };
}

void answer_done(struct answer *a) {
	for (; a->part < a->n_parts; a->part++) blob_unref(a->parts[a->part].blob);
	buf_done(&a->held);
	if (!a->has_source) return;
	a->has_source = false;
	if (a->source.close) a->source.close(a->source.ctx);
}

static int next_part(struct answer *a, size_t room, struct slice *ret) {
	while (a->part < a->n_parts && a->offset == a->parts[a->part].bytes.n) {
		/* The bytes given last time have been written by now. */
		blob_unref(a->parts[a->part++].blob);
		a->offset = 0;
	}
	if (a->part == a->n_parts) return PULL_END;
	struct slice rest = slice_from(a->parts[a->part].bytes, a->offset);
	*ret = slice_upto(rest, room);
	a->offset += ret->n;
	return ret->n == rest.n && a->part + 1 == a->n_parts ? PULL_END : PULL_MORE;
}

#define PULL_ROUNDS_MAX 1000u

/* A resume that comes while the source is being asked means: ask again. */
static int pull(struct answer *a, struct buf *out, size_t room) {
	size_t from = out->n, rounds = 0;
	int r;
	do {
		/* "More" without bytes would spin. */
		if (++rounds > PULL_ROUNDS_MAX) return -EPROTO;
		a->resumed = false;
		a->pulling = true;
		r = a->source.pull(a->source.ctx, out, room);
		a->pulling = false;
	} while (out->n == from && (r == PULL_MORE || (r == PULL_WAIT && a->resumed)));
	if (r < 0) return r;
	return buf_err(out) < 0 ? buf_err(out) : r;
}

/* Holds the source to the length that was promised. */
static int check_length(struct answer *a, int r, size_t n) {
	if (a->left < 0 || r < 0) return r;
	if ((uint64_t)n > (uint64_t)a->left) return -EPROTO;
	a->left -= (int64_t)n;
	return r == PULL_END && a->left ? -EPROTO : r;
}

int answer_next(struct answer *a, struct buf *scratch, size_t room, struct slice *ret) {
	*ret = SLICE_NULL;
	if (!a->has_source) return next_part(a, room, ret);
	size_t from = scratch->n;
	int r = pull(a, scratch, room);
	r = check_length(a, r, scratch->n - from);
	if (r >= 0) *ret = slice_make(scratch->p + from, scratch->n - from);
	return r;
}

static int copy_held(struct answer *a, void *p, size_t n, size_t *ret_n) {
	int r = PULL_MORE;
	if (a->held_at == a->held.n && !a->source_over) {
		struct slice got;
		buf_clear(&a->held);
		a->held_at = 0;
		r = answer_next(a, &a->held, n, &got);
		if (r < 0) return r;
		a->source_over = r == PULL_END;
	}
	size_t take = a->held.n - a->held_at;
	if (take > n) take = n;
	if (take) memcpy(p, a->held.p + a->held_at, take);
	a->held_at += take;
	*ret_n = take;
	if (a->held_at < a->held.n) return PULL_MORE;
	buf_done(&a->held);
	a->held_at = 0;
	return a->source_over ? PULL_END : r;
}

int answer_copy(struct answer *a, void *p, size_t n, size_t *ret_n) {
	*ret_n = 0;
	if (a->has_source) return copy_held(a, p, n, ret_n);
	int r = PULL_MORE;
	while (r == PULL_MORE && *ret_n < n) {
		struct slice s;
		r = answer_next(a, NULL, n - *ret_n, &s);
		if (s.n) memcpy((char *)p + *ret_n, s.p, s.n);
		*ret_n += s.n;
	}
	return r;
}
