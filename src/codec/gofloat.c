/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/gofloat.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

void gofloat_digits(double d, char out[24], int *ret_exp10) {
	char text[40];
	d = fabs(d);
	/* 17 digits always suffice; a shorter form exists exactly when fewer correctly rounded digits read back the same. Up to
	 * 15 digits survive the way through a normal double, so that trailing zeros tell; subnormals hold fewer. */
	for (int prec = d < DBL_MIN ? 0 : 14; prec <= 16; prec++) {
		snprintf(text, sizeof(text), "%.*e", prec, d);
		if (prec == 16 || strtod(text, NULL) == d) break;
	}
	size_t n = 0;
	const char *p = text;
	for (; *p && *p != 'e'; p++)
		if (*p >= '0' && *p <= '9' && n < 22) out[n++] = *p;
	while (n > 1 && out[n - 1] == '0') n--;
	out[n] = 0;
	int64_t exp10 = 0;
	if (*p == 'e') (void)slice_int(slice_str(p + 1), -400, 400, &exp10);
	*ret_exp10 = (int)exp10;
}

static void put_zeros(struct buf *b, int n) {
	for (int i = 0; i < n; i++) buf_putc(b, '0');
}

static void put_plain(struct buf *b, const char *digits, int exp10) {
	int n = (int)strlen(digits);
	if (exp10 < 0) {
		buf_puts(b, "0.");
		put_zeros(b, -exp10 - 1);
		buf_puts(b, digits);
		return;
	}
	int whole = exp10 + 1 < n ? exp10 + 1 : n;
	buf_put(b, digits, (size_t)whole);
	put_zeros(b, exp10 + 1 - whole);
	if (n > whole) {
		buf_putc(b, '.');
		buf_puts(b, digits + whole);
	}
}

int gofloat_json(struct buf *b, double d) {
	char digits[24];
	int exp10;
	if (!isfinite(d)) return buf_puts(b, "null");
	if (signbit(d)) buf_putc(b, '-');
	gofloat_digits(d, digits, &exp10);
	double mag = fabs(d);
	if (mag == 0 || (mag >= 1e-6 && mag < 1e21)) {
		put_plain(b, digits, exp10);
		return b->err;
	}
	buf_putc(b, digits[0]);
	if (digits[1]) {
		buf_putc(b, '.');
		buf_puts(b, digits + 1);
	}
	/* Go writes at least two exponent digits and encoding/json drops the zero of negative ones only. */
	if (exp10 < 0) return buf_printf(b, "e-%d", -exp10);
	return buf_printf(b, "e+%02d", exp10);
}

static int general(struct buf *b, double d, int from) {
	char digits[24];
	int exp10;
	if (isnan(d)) return buf_puts(b, from == 6 ? ".nan" : "NaN");
	if (isinf(d)) return buf_puts(b, from == 6 ? (d < 0 ? "-.inf" : ".inf") : d < 0 ? "-Inf" : "+Inf");
	if (signbit(d)) buf_putc(b, '-');
	gofloat_digits(d, digits, &exp10);
	if (exp10 >= -4 && exp10 < from) {
		put_plain(b, digits, exp10);
		return b->err;
	}
	buf_putc(b, digits[0]);
	if (digits[1]) {
		buf_putc(b, '.');
		buf_puts(b, digits + 1);
	}
	return buf_printf(b, "e%c%02d", exp10 < 0 ? '-' : '+', exp10 < 0 ? -exp10 : exp10);
}

int gofloat_v(struct buf *b, double d) { return general(b, d, 21); }
int gofloat_g(struct buf *b, double d) { return general(b, d, 6); }
