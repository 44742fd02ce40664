/* SPDX-License-Identifier: Apache-2.0 */
/* Anything as a token: taken apart, its claims read whether or not the signature holds, headers and protocols searched for it. */
#include "access/bearer.h"
#include "access/claims.h"
#include "access/jwt.h"
#include "access/limits.h"

#include <stdlib.h>

/* A round trip: what claims_put writes is what was read. */
static void write_again(struct arena *a, const struct claims *c) {
	struct claims back;
	const char *msg;
	_cleanup_buf_ struct buf b = BUF_INIT(16 * MIB);
	if (claims_put(&b, c) < 0) abort();
	if (claims_parse(a, buf_slice(&b), &back, &msg) != 0) abort();
	if (back.n_aud != c->n_aud || back.pod.present != c->pod.present || !slice_eq(back.iss, c->iss) || !slice_eq(back.sub, c->sub)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
	struct slice text = slice_make(p, n), token;
	struct jwt t;
	struct claims c;
	const char *msg = NULL;
	_cleanup_arena_ struct arena *a = arena_new(0);
	if (jwt_parse(a, text, &t) == 0 && t.input.n > n) abort();
	if (claims_parse(a, text, &c, &msg) == 0) write_again(a, &c);
	else if (!msg) abort();
	(void)claims_issuer(a, text);
	token = bearer_from_header(text, &msg);
	if (slice_chr(token, ' ') >= 0) abort();
	(void)bearer_from_protocols(a, text, &token, &msg);
	(void)bearer_other_protocols(a, text);
	return 0;
}
