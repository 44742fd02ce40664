/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a list, made piece by piece from a snapshot: head, items, foot, in JSON, as metadata, as a Table, or in protobuf. Used
 * by LIST (pulled by the connection), and by the initial state of watches for its item forms. On one loop.
 */
#pragma once

#include "api/select.h"
#include "api/table.h"

struct listing {
	struct request *r;                 /* arena, out, res, now: valid as long as the exchange */
	const struct schema_resource *res;
	struct negotiated out;
	struct selector sel;
	enum table_object include;
	struct store_snapshot *snap;       /* dropped with the arena */
	struct store_cursor cursor;
	struct slice resource, ns;
	uint64_t rv;
	const char *token;                 /* metadata.continue or NULL */
	int64_t remaining;                 /* -1: not told */
	uint64_t left;                     /* items still to be sent */
	bool head_done, first_done;
};

/* Items of `l`'s snapshot from behind `after` (ns and name; NULL: from the start), at most `limit` (0: all): sets token, remaining,
 * left. 0 or -ENOMEM. */
int listing_page(struct listing *l, const struct store_key *after, uint64_t limit, bool tell_remaining);
/* Appends about `room` bytes of the JSON body. PULL_MORE, PULL_END or negative. Not for protobuf. */
int listing_pull(struct listing *l, struct buf *out, size_t room);
/* The whole protobuf body. 0 or negative. */
int listing_proto(struct listing *l, struct buf *out);
/* One item in the listing's form, without separators: scratch memory in `a`. 0 or negative. */
int listing_item(const struct listing *l, struct arena *a, struct store_obj *o, struct buf *out);
