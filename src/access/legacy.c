/* SPDX-License-Identifier: Apache-2.0 */
#include "access/legacy.h"

#include "access/account.h"
#include "access/limits.h"
#include "access/living.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/timestamp.h"

#include <errno.h>

#define LAST_USED "kubernetes.io/legacy-token-last-used"
#define INVALID_SINCE "kubernetes.io/legacy-token-invalid-since"

static int fail(const char **ret_msg, const char *msg) {
	*ret_msg = msg;
	return msg ? -EACCES : -ENOMEM;
}

static int check_claims(const struct claims *c, const char **ret_msg) {
	const struct { struct slice value; const char *msg; } needed[] = {
		{ c->sub, "sub claim is missing" },
		{ c->legacy_ns, "namespace claim is missing" },
		{ c->legacy_secret, "secretName claim is missing" },
		{ c->legacy_account, "serviceAccountName claim is missing" },
		{ c->legacy_uid, "serviceAccountUID claim is missing" },
	};
	struct slice ns, name;
	for (size_t i = 0; i < ELEMENTSOF(needed); i++)
		if (slice_empty(needed[i].value)) return fail(ret_msg, needed[i].msg);
	if (!account_split(c->sub, &ns, &name) || !slice_eq(ns, c->legacy_ns) || !slice_eq(name, c->legacy_account))
		return fail(ret_msg, "sub claim is invalid");
	return 0;
}

static yyjson_val *root_of(struct arena *a, const struct store_obj *o) {
	const yyjson_alc *alc = json_alc(a);
	struct slice json = blob_slice(o->json);
	return alc ? yyjson_doc_get_root(yyjson_read_opts((char *)(uintptr_t)json.p, json.n, 0, alc, NULL)) : NULL;
}

/* Is data.token this very token? */
static bool holds_token(struct arena *a, const struct store_obj *secret, struct slice token) {
	_cleanup_buf_ struct buf b = BUF_INIT(2 * TOKEN_BYTES_MAX);
	yyjson_val *v = yyjson_obj_get(yyjson_obj_get(root_of(a, secret), "data"), "token");
	return yyjson_is_str(v) && base64_encode(&b, BASE64_STD, token) == 0 &&
	       slice_eq(buf_slice(&b), slice_make(yyjson_get_str(v), yyjson_get_len(v)));
}

static bool lists_secret(struct arena *a, const struct store_obj *account, struct slice secret) {
	yyjson_val *list = yyjson_obj_get(root_of(a, account), "secrets"), *item;
	size_t i, max;
	yyjson_arr_foreach(list, i, max, item) {
		yyjson_val *name = yyjson_obj_get(item, "name");
		if (yyjson_is_str(name) && slice_eq(slice_make(yyjson_get_str(name), yyjson_get_len(name)), secret)) return true;
	}
	return false;
}

static int check_account(struct arena *a, const struct store_obj *o, const struct claims *c, const char **ret_msg) {
	if (!o) return fail(ret_msg, arena_printf(a, "serviceaccounts \"%.*s\" not found", SLICE_FMT(c->legacy_account)));
	if (living_deleting(a, o))
		return fail(ret_msg, arena_printf(a, "ServiceAccount %.*s/%.*s has been deleted", SLICE_FMT(c->legacy_ns),
						  SLICE_FMT(c->legacy_account)));
	if (!slice_eq(o->uid, c->legacy_uid))
		return fail(ret_msg, arena_printf(a, "ServiceAccount UID (%.*s) does not match claim (%.*s)", SLICE_FMT(o->uid),
						  SLICE_FMT(c->legacy_uid)));
	return 0;
}

static int check_marks(struct access *acc, struct arena *a, const struct store_obj *secret, const struct claims *c,
		       const char **ret_msg) {
	char today[TIMESTAMP_TEXT];
	if (living_label(secret, INVALID_SINCE).p)
		return fail(ret_msg, arena_printf(a,
			"the token in secret %.*s/%.*s for service account %.*s/%.*s has been marked invalid. Use tokens from the TokenRequest API or "
			"manually created secret-based tokens, or remove the '" INVALID_SINCE "' label from the secret to temporarily allow use of "
			"this token", SLICE_FMT(c->legacy_ns), SLICE_FMT(c->legacy_secret), SLICE_FMT(c->legacy_ns), SLICE_FMT(c->legacy_account)));
	timestamp_format(env_now_sec(acc->env), today);
	today[10] = 0;
	if (acc->legacy_used && !slice_eqs(living_label(secret, LAST_USED), today))
		acc->legacy_used(acc->legacy_ctx, c->legacy_ns, c->legacy_secret, today);
	return 0;
}

int legacy_check(struct access *acc, struct arena *a, const struct store_snapshot *sn, struct slice token, const struct claims *c,
		 const char **ret_msg, const char **ret_warning) {
	int r = check_claims(c, ret_msg);
	if (r < 0) return r;
	struct store_obj *secret = living_get(sn, "/secrets", c->legacy_ns, c->legacy_secret);
	if (!secret || living_deleting(a, secret)) return fail(ret_msg, "Token has been invalidated");
	if (!holds_token(a, secret, token)) return fail(ret_msg, "Token does not match server's copy");
	struct store_obj *account = living_get(sn, "/serviceaccounts", c->legacy_ns, c->legacy_account);
	r = check_account(a, account, c, ret_msg);
	if (r == 0) r = check_marks(acc, a, secret, c, ret_msg);
	if (r == 0 && lists_secret(a, account, c->legacy_secret))
		*ret_warning =
			"Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated secret-based tokens.";
	return r;
}
