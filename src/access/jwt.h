/* SPDX-License-Identifier: Apache-2.0 */
/* Compact JSON Web Signatures (RFC 7515) as Kubernetes uses them. Bytes in, bytes out; no claims here. */
#pragma once

#include "access/key.h"

/* A token taken apart, nothing of it verified. Slices lie in the arena or in the token. */
struct jwt {
	struct slice input;     /* what is signed: header "." payload, as sent */
	struct slice alg, kid;  /* of the header; kid may be empty */
	bool critical;          /* the header demands an extension; none is known */
	struct slice payload;   /* decoded */
	struct slice signature; /* decoded */
};

/* 0; -EBADMSG: no compact JWS with a JSON object as header; -E2BIG (TOKEN_BYTES_MAX); -ENOMEM. */
int jwt_parse(struct arena *a, struct slice token, struct jwt *ret);
/* Does `k` verify it? 0 or -EACCES. The algorithm is the key's; a token that names another one fails. */
int jwt_verify(const struct jwt *t, const struct key *k);
/* Signs `payload`: header {"alg":...,"kid":...}. 0 with the token in the arena; -EIO; -ENOMEM; -EINVAL when k is no private
 * key. */
int jwt_sign(struct arena *a, const struct key *k, struct slice payload, struct slice *ret);
