/* SPDX-License-Identifier: Apache-2.0 */
/* Makes service account tokens (spec: pkg/serviceaccount claims.go, legacy.go). */
#include "access/claims.h"
#include "access/jwt.h"
#include "access/account.h"
#include "access/legacy.h"
#include "access/limits.h"
#include "access/server.h"

#include <errno.h>

static struct claims_ref ref_of(struct slice name, struct slice uid) {
	return (struct claims_ref){ .present = name.n > 0, .name = name, .uid = uid };
}

static struct claims_time at(int64_t sec) { return (struct claims_time){ .present = true, .sec = sec }; }

static int sign(struct access *acc, struct arena *a, const struct claims *c, int (*put)(struct buf *, const struct claims *),
		struct slice *ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(TOKEN_BYTES_MAX);
	int r = put(&b, c);
	if (r < 0) return r == -E2BIG ? -EIO : r;
	r = jwt_sign(a, &acc->signer, buf_slice(&b), ret);
	return r == -EINVAL || r == -E2BIG ? -EIO : r;
}

int access_token_sign(struct access *acc, struct arena *a, const struct access_token_spec *s, struct slice *ret_token,
		      struct slice *ret_jti) {
	char jti[37];
	int64_t now = env_now_sec(acc->env);
	if (env_uuid(acc->env, jti) < 0) return -EIO;
	struct claims c = {
		.iss = acc->issuers[0], .sub = account_username(a, s->ns, s->sa_name), .jti = arena_slice_dup(a, slice_make(jti, 36)),
		.aud = s->n_audiences ? s->audiences : acc->audiences, .n_aud = s->n_audiences ? s->n_audiences : acc->n_audiences,
		.exp = at(now + s->seconds), .nbf = at(now), .iat = at(now), .ns = s->ns,
		.account = ref_of(s->sa_name, s->sa_uid), .pod = ref_of(s->pod_name, s->pod_uid),
		.node = ref_of(s->node_name, s->node_uid), .secret = ref_of(s->secret_name, s->secret_uid),
	};
	if (s->warn_after_seconds) c.warnafter = at(now + s->warn_after_seconds);
	if (!c.sub.p || !c.jti.p) return -ENOMEM;
	int r = sign(acc, a, &c, claims_put, ret_token);
	if (r == 0 && ret_jti) *ret_jti = c.jti;
	return r;
}

int access_token_sign_legacy(struct access *acc, struct arena *a, struct slice ns, struct slice sa_name, struct slice sa_uid,
			     struct slice secret_name, struct slice *ret_token) {
	struct claims c = { .iss = SLICE_LIT(LEGACY_ISSUER), .sub = account_username(a, ns, sa_name), .legacy_ns = ns,
			    .legacy_secret = secret_name, .legacy_account = sa_name, .legacy_uid = sa_uid };
	return c.sub.p ? sign(acc, a, &c, claims_put_legacy, ret_token) : -ENOMEM;
}
