/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What JSON decoding carries along: where in the document it is, what it noticed, and the error to answer with. Errors follow
 * Go's encoding/json: a value of the wrong type is remembered (the first one counts) and decoding goes on; an error of a
 * type with a decoder of its own ends decoding at once and outranks a remembered one.
 */
#pragma once

#include "schema/table.h"

/* Complaints about unknown and duplicate members kept in all, as in sigs.k8s.io/json. */
#define DECODE_ISSUES_MAX 100

/* One step on the way from the root; lives on the C stack. */
struct decode_frame {
	const struct decode_frame *up;
	struct slice name;            /* member name; p NULL: an element */
	size_t index;
	const struct schema_type *in; /* the object type whose member this is; NULL: map member or element */
	unsigned depth;
};

struct decode {
	struct arena *a;
	yyjson_mut_doc *doc;
	struct schema_issues *issues; /* NULL: not wanted */
	size_t cap_unknown, cap_duplicate;
	const char *soft, *hard;      /* remembered and final error text */
	bool nomem;
};

/* Value of a type with an encoding of its own, made canonical in place. `at` is its place. */
void decode_special(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at);
/* Any value of any type, in place. */
void decode_value(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at);

/* "cannot unmarshal <what> into ...": what is Go's word for the value ("string", "number 1.5"), go the type's. */
void decode_mismatch(struct decode *d, bool hard, const char *what, const char *go, const struct decode_frame *at);
/* Go's word for a value's JSON type. */
const char *decode_word(const yyjson_mut_val *v);
/* Remembers an error text, if it is the first. */
void decode_soft(struct decode *d, const char *text);
void decode_hard(struct decode *d, const char *text);
/* Text of a number as Go would have read it, in the arena. */
const char *decode_number_text(struct decode *d, const yyjson_mut_val *v);
void decode_unknown(struct decode *d, struct slice name, const struct decode_frame *at);
void decode_duplicate(struct decode *d, struct slice name, const struct decode_frame *at);
