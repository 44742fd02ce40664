/* SPDX-License-Identifier: Apache-2.0 */
/* Field selectors ("metadata.name=a,status.phase!=Running"; apimachinery/pkg/fields). Memory in the arena. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#define FIELDS_TERMS_MAX 1000u

struct fields_term {
	struct slice field, value;
	bool negated;
};

struct fields_selector {
	const struct fields_term *terms;
	size_t n; /* 0: everything */
};

/* Backslash escapes of "\\", ",", "=" are resolved. 0; -EBADMSG with *ret_msg in the arena (`invalid selector: 'x'; can't
 * understand 'x'`, `invalid field selector: invalid escape sequence: \b`); -ENOMEM. */
int fields_parse(struct arena *a, struct slice text, struct fields_selector *ret, const char **ret_msg);
/* The value of a field; SLICE_NULL counts as "". */
typedef struct slice (*fields_lookup_fn)(const void *ctx, struct slice field);
bool fields_match(const struct fields_selector *s, fields_lookup_fn lookup, const void *ctx);
/* True and *ret when the selector demands exactly this value for `field`. */
bool fields_exact(const struct fields_selector *s, const char *field, struct slice *ret);
/* The selector's text, values escaped. */
int fields_format(struct buf *b, const struct fields_selector *s);
