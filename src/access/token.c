/* SPDX-License-Identifier: Apache-2.0 */
#include "access/token.h"

#include "access/account.h"
#include "access/claims.h"
#include "access/jwt.h"
#include "access/legacy.h"
#include "access/limits.h"
#include "access/living.h"
#include "codec/goquote.h"
#include "access/user.h"

#include <errno.h>

#define EXTRA "authentication.kubernetes.io/"
#define INVALIDATED "service account token has been invalidated"

static bool issuer_known(const struct access *acc, struct slice iss) {
	for (size_t i = 0; i < acc->n_issuers; i++)
		if (slice_eq(acc->issuers[i], iss)) return true;
	return slice_eqs(iss, LEGACY_ISSUER);
}

static int check_signature(const struct access *acc, const struct jwt *t, const char **ret_msg) {
	bool tried = false;
	for (size_t i = 0; i < acc->keys.n; i++) {
		const struct key *k = &acc->keys.v[i];
		if (t->kid.n && !slice_eqs(t->kid, k->kid)) continue;
		tried = true;
		if (jwt_verify(t, k) == 0) return 0;
	}
	*ret_msg = tried ? "go-jose/go-jose: error in cryptographic primitive" : "invalid signature, no keys found";
	return -EACCES;
}

/* The payload of a token whose signature holds, remembered or checked now. */
static int verified_payload(struct access *acc, struct arena *a, struct slice token, struct slice *ret, const char **ret_msg) {
	struct verified_key key;
	struct jwt t;
	if (token.n > TOKEN_BYTES_MAX) return -ENOENT;
	int r = verified_key(acc->verified, 't', token, &key);
	if (r < 0) return r;
	struct blob *known = verified_get(acc->verified, &key);
	if (known) {
		*ret = blob_slice(known);
		return arena_defer(a, blob_unref_void, known);
	}
	r = jwt_parse(a, token, &t);
	if (r < 0) return r == -ENOMEM ? r : -ENOENT;
	if (!issuer_known(acc, claims_issuer(a, t.payload))) return -ENOENT;
	r = check_signature(acc, &t, ret_msg);
	if (r < 0) return r;
	_cleanup_blob_ struct blob *b = blob_new(t.payload.p, t.payload.n);
	if (b) verified_put(acc->verified, &key, b);
	*ret = t.payload;
	return 0;
}

static int refuse_audiences(struct arena *a, const struct slice *has, size_t n_has, const struct slice *wants, size_t n_wants,
			    const char **ret_msg) {
	_cleanup_buf_ struct buf b = BUF_INIT(REASON_BYTES_MAX);
	buf_puts(&b, "token audiences ");
	goquote_put_list(&b, has, n_has);
	buf_puts(&b, " is invalid for the target audiences ");
	goquote_put_list(&b, wants, n_wants);
	*ret_msg = buf_err(&b) ? "token audiences are invalid" : arena_strndup(a, b.p, b.n);
	return *ret_msg ? -EACCES : -ENOMEM;
}

/* What the token is good for of what is wanted, in the token's order. */
static int check_audiences(const struct access *acc, struct arena *a, const struct claims *c, const struct slice *wants, size_t n_wants,
			   const struct slice **ret, size_t *ret_n, const char **ret_msg) {
	const struct slice *has = c->n_aud ? c->aud : acc->audiences;
	size_t n_has = c->n_aud ? c->n_aud : acc->n_audiences, n = 0;
	if (n_wants == 0) wants = acc->audiences, n_wants = acc->n_audiences;
	struct slice *out = arena_array(a, n_has, sizeof(*out));
	if (!out) return -ENOMEM;
	for (size_t i = 0; i < n_has; i++)
		for (size_t k = 0; k < n_wants; k++)
			if (slice_eq(has[i], wants[k])) {
				out[n++] = arena_slice_dup(a, has[i]);
				break;
			}
	*ret = out;
	*ret_n = n;
	return n ? 0 : refuse_audiences(a, has, n_has, wants, n_wants, ret_msg);
}

/* In nanoseconds, so that a second that has begun counts; times beyond the clock's range are never reached. */
static bool before(int64_t now, int64_t sec) {
	if (sec > INT64_MAX / NSEC_PER_SEC || sec < INT64_MIN / NSEC_PER_SEC) return sec > 0;
	return now < sec * NSEC_PER_SEC;
}

static int check_times(const struct claims *c, int64_t now, const char **ret_msg) {
	int64_t leeway = LEEWAY_SEC * NSEC_PER_SEC;
	if (c->nbf.present && before(now + leeway, c->nbf.sec)) *ret_msg = "service account token is not valid yet";
	else if (c->exp.present && !before(now - leeway - 1, c->exp.sec)) *ret_msg = "service account token has expired";
	else if (c->iat.present && before(now + leeway, c->iat.sec)) *ret_msg = "service account token is issued in the future";
	else return 0;
	return -EACCES;
}

static int fail(const char **ret_msg, const char *msg) {
	*ret_msg = msg;
	return msg ? -EACCES : -ENOMEM;
}

static int check_account(struct arena *a, const struct store_snapshot *sn, const struct claims *c, int64_t now, const char **ret_msg) {
	struct slice name = c->account.name, uid = c->account.uid;
	if (slice_empty(name)) return fail(ret_msg, "resource name may not be empty");
	if (slice_empty(c->ns)) return fail(ret_msg, "an empty namespace may not be set when a resource name is provided");
	struct store_obj *o = living_get(sn, "/serviceaccounts", c->ns, name);
	if (!o) return fail(ret_msg, arena_printf(a, "serviceaccounts \"%.*s\" not found", SLICE_FMT(name)));
	if (living_deleted_before(a, o, now - LEEWAY_SEC * NSEC_PER_SEC))
		return fail(ret_msg, arena_printf(a, "service account %.*s/%.*s has been deleted", SLICE_FMT(c->ns), SLICE_FMT(name)));
	if (slice_eq(o->uid, uid)) return 0;
	return fail(ret_msg,
		    arena_printf(a, "service account UID (%.*s) does not match claim (%.*s)", SLICE_FMT(o->uid), SLICE_FMT(uid)));
}

/* The object a token is bound to has to be the one that lived when it was made. */
static int check_bound(struct arena *a, const struct store_snapshot *sn, const char *resource, const char *kind, struct slice ns,
		       const struct claims_ref *ref, int64_t now, const char **ret_msg) {
	struct store_obj *o = living_get(sn, resource, ns, ref->name);
	if (!o || living_deleted_before(a, o, now - LEEWAY_SEC * NSEC_PER_SEC)) return fail(ret_msg, INVALIDATED);
	if (slice_eq(o->uid, ref->uid)) return 0;
	return fail(ret_msg, arena_printf(a, "%s UID (%.*s) does not match service account %s ref claim (%.*s)", kind,
					     SLICE_FMT(o->uid), kind, SLICE_FMT(ref->uid)));
}

static int check_living(struct arena *a, const struct store_snapshot *sn, const struct claims *c, int64_t now, const char **ret_msg) {
	int r = check_account(a, sn, c, now, ret_msg);
	if (r == 0 && c->secret.present) r = check_bound(a, sn, "/secrets", "secret", c->ns, &c->secret, now, ret_msg);
	if (r == 0 && c->pod.present) r = check_bound(a, sn, "/pods", "pod", c->ns, &c->pod, now, ret_msg);
	/* The node of a pod's token is only said, not promised. */
	if (r == 0 && c->node.present && !c->pod.present)
		r = check_bound(a, sn, "/nodes", "node", SLICE_NULL, &c->node, now, ret_msg);
	return r;
}

static void add_extras(struct user_builder *b, const struct claims *c) {
	if (c->jti.n)
		user_add_extra(b, SLICE_LIT(EXTRA_CREDENTIAL_ID), slice_str(arena_printf(b->a, "JTI=%.*s", SLICE_FMT(c->jti))));
	if (c->pod.name.n && c->pod.uid.n) {
		user_add_extra(b, SLICE_LIT(EXTRA "pod-name"), c->pod.name);
		user_add_extra(b, SLICE_LIT(EXTRA "pod-uid"), c->pod.uid);
	}
	if (!c->node.name.n) return;
	user_add_extra(b, SLICE_LIT(EXTRA "node-name"), c->node.name);
	if (c->node.uid.n) user_add_extra(b, SLICE_LIT(EXTRA "node-uid"), c->node.uid);
}

static int make_user(struct arena *a, const struct claims *c, bool legacy, struct access_user **ret) {
	struct slice ns = legacy ? c->legacy_ns : c->ns;
	struct user_builder b;
	user_builder_init(&b, a, account_username(a, ns, legacy ? c->legacy_account : c->account.name),
			  legacy ? c->legacy_uid : c->account.uid);
	user_add_group(&b, SLICE_LIT(GROUP_ACCOUNTS));
	user_add_group(&b, account_ns_group(a, ns));
	user_add_authenticated(&b);
	if (!legacy) add_extras(&b, c);
	return user_build(&b, ret);
}

int token_authenticate(struct access *acc, struct arena *a, struct slice token, const struct slice *audiences, size_t n,
		       struct access_user **ret, const struct slice **ret_audiences, size_t *ret_n, const char **ret_msg,
		       const char **ret_warning) {
	struct slice payload;
	struct claims c;
	int r = verified_payload(acc, a, token, &payload, ret_msg);
	if (r < 0) return r;
	r = claims_parse(a, payload, &c, ret_msg);
	if (r < 0) return r == -EBADMSG ? -EACCES : r;
	bool legacy = slice_eqs(c.iss, LEGACY_ISSUER);
	r = check_audiences(acc, a, &c, audiences, n, ret_audiences, ret_n, ret_msg);
	if (r < 0) return r;
	struct store_snapshot *sn = store_snapshot(acc->store);
	if (!sn) return -ENOMEM;
	int64_t now = env_now(acc->env);
	if (legacy) {
		r = legacy_check(acc, a, sn, token, &c, ret_msg, ret_warning);
	} else {
		r = check_times(&c, now, ret_msg);
		if (r == 0) r = check_living(a, sn, &c, now, ret_msg);
	}
	store_snapshot_unref(sn);
	return r < 0 ? r : make_user(a, &c, legacy, ret);
}

int access_token_verify(struct access *acc, struct arena *a, struct slice token, const struct slice *audiences, size_t n,
			struct access_user **ret, const struct slice **ret_audiences, size_t *ret_n_audiences, const char **ret_msg) {
	const char *msg = NULL, *warning = NULL;
	int r = token_authenticate(acc, a, token, audiences, n, ret, ret_audiences, ret_n_audiences, &msg, &warning);
	if (r == 0 || (r != -ENOENT && r != -EACCES)) return r;
	*ret_msg = r == -ENOENT ? "invalid bearer token" : arena_printf(a, "[invalid bearer token, %s]", msg);
	return *ret_msg ? -EACCES : -ENOMEM;
}
