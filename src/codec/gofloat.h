/* SPDX-License-Identifier: Apache-2.0 */
/* float64 values as Go prints them. */
#pragma once

#include "base/buf.h"

/* The shortest decimal digits that read back as `d` (finite): digits without a point in `out` (NUL-terminated, no trailing
 * zeros, "0" for zero, no sign), and the decimal exponent of the first digit. Source: strconv.FormatFloat(d, 'e', -1, 64). */
void gofloat_digits(double d, char out[24], int *ret_exp10);
/* encoding/json: 'f' format between 1e-6 and 1e21, else 'e' with the exponent's leading zero dropped. Not for NaN and
 * infinities (JSON has none; written as null). 0 or b->err. */
int gofloat_json(struct buf *b, double d);
/* strconv.FormatFloat(d, 'g', -1, 64): an exponent below 1e-4 and from 1e21 (fmt's %v); gofloat_g: from 1e6 (yaml). NaN, +Inf,
 * -Inf. */
int gofloat_v(struct buf *b, double d);
int gofloat_g(struct buf *b, double d);
