/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of authenticators (pkg/kubeapiserver/authenticator/config.go): client certificate, Authorization header, WebSocket
 * subprotocol. The first that knows the caller wins; a bad credential does not fall back to anonymous.
 */
#include "access/account.h"
#include "access/bearer.h"
#include "access/identity.h"
#include "access/limits.h"
#include "access/server.h"
#include "access/token.h"
#include "access/user.h"

#include <errno.h>

static int finish_certificate(struct arena *a, struct access_user *u) {
	struct user_builder b;
	struct access_user *out;
	user_builder_init(&b, a, u->name, u->uid);
	for (size_t i = 0; i < u->n_groups; i++) user_add_group(&b, u->groups[i]);
	user_add_authenticated(&b);
	int r = user_build(&b, &out);
	if (r < 0) return r;
	u->groups = out->groups;
	u->n_groups = out->n_groups;
	return 0;
}

/* 0, -ENOENT (no identity), -EACCES, -ENOMEM. */
static int certificate_identity(struct access *acc, struct arena *a, struct slice der, struct access_user **ret) {
	struct verified_key key;
	int64_t until;
	int r = verified_key(acc->verified, 'x', der, &key);
	if (r < 0) return r;
	struct blob *known = verified_get(acc->verified, &key);
	if (known) {
		r = identity_unpack(a, known, ret, &until);
		if (r < 0 || until >= env_now_sec(acc->env)) return r;
	}
	r = x509_verify(acc->x509, a, der, ret, &until);
	if (r < 0) return r;
	_cleanup_blob_ struct blob *b = identity_pack(*ret, until);
	if (b) verified_put(acc->verified, &key, b);
	return 0;
}

static int by_certificate(struct access *acc, struct arena *a, const struct access_credentials *c, struct access_user **ret) {
	if (!acc->x509 || slice_empty(c->peer_cert)) return -ENOENT;
	int r = certificate_identity(acc, a, c->peer_cert, ret);
	return r < 0 ? r : finish_certificate(a, *ret);
}

static int by_token(struct access *acc, struct arena *a, struct slice token, struct access_user **ret, const char **ret_warning) {
	const struct slice *audiences;
	const char *msg;
	size_t n;
	int r = token_authenticate(acc, a, token, NULL, 0, ret, &audiences, &n, &msg, ret_warning);
	return r == -ENOENT ? -EACCES : r;
}

static int by_header(struct access *acc, struct arena *a, const struct access_credentials *c, struct access_user **ret,
		     const char **ret_warning) {
	struct slice token = bearer_from_header(c->authorization, ret_warning);
	return token.n ? by_token(acc, a, token, ret, ret_warning) : -ENOENT;
}

static int by_protocol(struct access *acc, struct arena *a, const struct access_credentials *c, struct access_user **ret,
		       const char **ret_warning) {
	struct slice token;
	const char *msg;
	int r = c->ws_protocols.n ? bearer_from_protocols(a, c->ws_protocols, &token, &msg) : -ENOENT;
	return r < 0 ? r : by_token(acc, a, token, ret, ret_warning);
}

static int anonymous(struct arena *a, struct access_user **ret) {
	struct user_builder b;
	user_builder_init(&b, a, SLICE_LIT(USER_ANONYMOUS), SLICE_NULL);
	user_add_group(&b, SLICE_LIT(GROUP_UNAUTHENTICATED));
	return user_build(&b, ret);
}

int access_authenticate(struct access *acc, struct arena *a, const struct access_credentials *c, struct access_user **ret,
			const char **ret_warning) {
	*ret_warning = NULL;
	int first = by_certificate(acc, a, c, ret);
	if (first == 0 || first == -ENOMEM) return first;
	int second = by_header(acc, a, c, ret, ret_warning);
	if (second == 0 || second == -ENOMEM) return second;
	int third = by_protocol(acc, a, c, ret, ret_warning);
	if (third == 0 || third == -ENOMEM) return third;
	if (first != -ENOENT || second != -ENOENT || third != -ENOENT || !acc->anonymous) return -EACCES;
	return anonymous(a, ret);
}
