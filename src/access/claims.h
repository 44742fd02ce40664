/* SPDX-License-Identifier: Apache-2.0 */
/* What a service account token says: claims to JSON and back (pkg/serviceaccount/claims.go, legacy.go). */
#pragma once

#include "access/access.h"

struct claims_ref {
	bool present;
	struct slice name, uid;
};

struct claims_time {
	bool present;
	int64_t sec; /* since 1970 */
};

struct claims {
	struct slice iss, sub, jti;
	const struct slice *aud;
	size_t n_aud;
	struct claims_time exp, nbf, iat, warnafter;
	struct slice ns; /* kubernetes.io.namespace */
	struct claims_ref account, pod, secret, node;
	/* Secret tokens of old have these instead. */
	struct slice legacy_ns, legacy_secret, legacy_account, legacy_uid;
};

/* Parses a payload. 0; -EBADMSG with *ret_msg a text in Go's words (never NULL): no JSON object, a claim of the wrong type, a
 * claim given twice; -ENOMEM. Slices point into the arena. */
int claims_parse(struct arena *a, struct slice payload, struct claims *ret, const char **ret_msg);
/* Just the issuer, unverified: SLICE_NULL when the payload has none. */
struct slice claims_issuer(struct arena *a, struct slice payload);
/* Appends the payload with sorted keys. 0 or b->err. */
int claims_put(struct buf *b, const struct claims *c);
/* The payload of a Secret token. */
int claims_put_legacy(struct buf *b, const struct claims *c);
