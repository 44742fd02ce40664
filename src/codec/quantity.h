/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantities ("100m", "1.5Gi", "12e6"; apimachinery's resource.Quantity): a decimal fixed-point number down to 10^-9 and the
 * notation it was written in. Values are plain structs; no memory to free. Magnitudes beyond about 1.7e29 are held at that.
 */
#pragma once

#include "base/buf.h"

enum quantity_format { QUANTITY_DECIMAL_SI, QUANTITY_BINARY_SI, QUANTITY_DECIMAL_EXPONENT };

struct quantity {
	__int128 nano;               /* value times 10^9 */
	enum quantity_format format;
	bool verbatim;               /* Go prints the text it was parsed from, canonical or not ("05", "1.250") */
};

/* Errors as Go's sentences. */
#define QUANTITY_ERR_FORMAT "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
#define QUANTITY_ERR_NUMERIC "unable to parse numeric part of quantity"
#define QUANTITY_ERR_SUFFIX "unable to parse quantity's suffix"

/* More precise values are rounded up (away from zero) to 10^-9; binary ones are capped at 2^63-1. 0; -EBADMSG with *ret_msg
 * (may be NULL) one of the three above. */
int quantity_parse(struct slice text, struct quantity *ret, const char **ret_msg);
/* Canonical form: no fraction, the largest fitting suffix ("1500m", "1536Mi", "0"). NUL-terminated. */
#define QUANTITY_TEXT 64
void quantity_format(struct quantity q, char out[QUANTITY_TEXT]);
int quantity_cmp(struct quantity a, struct quantity b);
static inline int quantity_sign(struct quantity q) { return (q.nano > 0) - (q.nano < 0); }
/* The sum; the format is a's unless a is zero (Go's Add). Saturates. */
struct quantity quantity_add(struct quantity a, struct quantity b);
struct quantity quantity_sub(struct quantity a, struct quantity b);
struct quantity quantity_neg(struct quantity a);
/* Whole units, and thousandths, rounded up (away from zero) as Value() and MilliValue(); clamped to int64. */
int64_t quantity_value(struct quantity q);
int64_t quantity_milli(struct quantity q);
/* From whole units or thousandths. */
struct quantity quantity_from_int(int64_t v, enum quantity_format format);
struct quantity quantity_from_milli(int64_t v, enum quantity_format format);
/* True when the value has no fraction. */
bool quantity_is_whole(struct quantity q);
/* Rounded up (away from zero) to thousandths: what defaulting does to resource lists. */
struct quantity quantity_round_milli(struct quantity q);
