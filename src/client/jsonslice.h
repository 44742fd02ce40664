/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text without trees: finding a member's raw text, and cutting streams of values and long lists into pieces as the bytes
 * come. Pure. Nothing here validates more than it needs to find ends; what is cut out is parsed by whoever reads it.
 */
#pragma once

#include "base/buf.h"

/* The raw text of a member of the object `obj` ("metadata" gives `{...}`, "kind" gives `"Pod"` with its quotes). False when `obj`
 * is no object or has none. */
bool jsonslice_member(struct slice obj, const char *name, struct slice *ret);
/* What stands between the quotes of a raw string without escapes; SLICE_NULL otherwise. */
struct slice jsonslice_plain(struct slice raw);

#define JSONSTREAM_DEPTH_MAX 10000u
#define JSONSTREAM_KEY_MAX 32u

enum jsonstream_mode {
	JSONSTREAM_VALUES, /* one value after another: the events of a watch */
	JSONSTREAM_LIST,   /* one object: elements of its "items", and its other members */
};

struct jsonstream {
	enum jsonstream_mode mode;
	/* A whole value: key is "items" for elements, the member's name for others (LIST), "" (VALUES). Returning negative stops. */
	int (*on_value)(void *ctx, const char *key, struct slice json);
	void *ctx;
	struct buf value;       /* set .max */
	/* state */
	unsigned depth, base;   /* base: depth outside the value being taken */
	bool taking, in_string, escape, in_items, in_key, want_key, ended;
	char key[JSONSTREAM_KEY_MAX + 1];
	size_t key_n;
};

void jsonstream_init(struct jsonstream *s, enum jsonstream_mode mode, size_t max_value,
		     int (*on_value)(void *, const char *, struct slice), void *ctx);
void jsonstream_done(struct jsonstream *s);
/* 0; -EBADMSG: that cannot be JSON; -E2BIG: a value is larger than max_value; -ENOMEM; what on_value returned. */
int jsonstream_feed(struct jsonstream *s, struct slice bytes);
/* At the end of the stream: true when no value is incomplete (LIST: the object was closed). */
bool jsonstream_complete(const struct jsonstream *s);
