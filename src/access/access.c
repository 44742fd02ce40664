/* SPDX-License-Identifier: Apache-2.0 */
#include "access/server.h"

#include "access/account.h"
#include "access/limits.h"
#include "access/node.h"
#include "access/rbac/authorize.h"
#include "access/rbac/feed.h"

#include <errno.h>

static int list_add(struct slice **v, size_t *n, const char *s, size_t max) {
	struct slice *more = *n < max ? realloc(*v, (*n + 1) * sizeof(**v)) : NULL;
	if (more) *v = more;
	char *copy = more ? strdup(s) : NULL;
	if (!copy) return *n < max ? -ENOMEM : -E2BIG;
	more[(*n)++] = slice_str(copy);
	return 0;
}

static void list_free(struct slice *v, size_t n) {
	for (size_t i = 0; i < n; i++) free((void *)(uintptr_t)v[i].p);
	free(v);
}

static int add_names(struct access *acc, const struct access_options *o) {
	int r = list_add(&acc->issuers, &acc->n_issuers, o->issuer, ISSUERS_MAX);
	for (size_t i = 0; r == 0 && o->more_issuers && o->more_issuers[i]; i++)
		r = list_add(&acc->issuers, &acc->n_issuers, o->more_issuers[i], ISSUERS_MAX);
	for (size_t i = 0; r == 0 && o->audiences && o->audiences[i]; i++)
		r = list_add(&acc->audiences, &acc->n_audiences, o->audiences[i], TOKEN_AUDIENCES_MAX);
	for (size_t i = 0; r == 0 && !o->audiences && i < acc->n_issuers; i++)
		r = list_add(&acc->audiences, &acc->n_audiences, acc->issuers[i].p, TOKEN_AUDIENCES_MAX);
	return r;
}

static int add_keys(struct access *acc, const struct access_options *o, const char **ret_msg) {
	*ret_msg = "the service account key is no private EC (P-256, P-384, P-521) or RSA key in PEM form";
	int r = key_load_private(o->sa_key_pem, &acc->signer);
	if (r == 0) r = keyset_add_pem(&acc->keys, o->sa_key_pem);
	if (r < 0) return r == -ENOENT ? -EINVAL : r;
	*ret_msg = "a further service account key cannot be read";
	if (o->sa_pub_pem.n) r = keyset_add_pem(&acc->keys, o->sa_pub_pem);
	if (r < 0) return r == -ENOENT ? -EINVAL : r;
	*ret_msg = "the client CA cannot be read";
	if (o->client_ca_pem.n) r = x509_verifier_new(o->client_ca_pem, o->env, &acc->x509);
	return r == -ENOENT ? -EINVAL : r;
}

static int set_up(struct access *acc, const struct access_options *o, const char **ret_msg) {
	*ret_msg = "the token issuer is missing";
	if (!o->issuer || !o->issuer[0]) return -EINVAL;
	int r = add_keys(acc, o, ret_msg);
	if (r < 0) return r;
	*ret_msg = "out of memory, or too many issuers or audiences";
	r = add_names(acc, o);
	acc->verified = verified_new(o->env);
	acc->arena = arena_new(0);
	if (r == 0 && (!acc->verified || !acc->arena)) r = -ENOMEM;
	if (r == 0) r = node_rules_load(acc);
	*ret_msg = "the RBAC objects cannot be read from the store";
	return r < 0 ? r : rbac_feed_start(acc);
}

int access_new(const struct access_options *o, struct access **ret, const char **ret_msg) {
	const char *msg;
	/* Aligned for the slots of `rules`. */
	struct access *acc = aligned_alloc(_Alignof(struct access), sizeof(*acc));
	if (!acc) {
		*ret_msg = "out of memory";
		return -ENOMEM;
	}
	*acc = (struct access){ .env = o->env,
				.store = o->store,
				.loop = o->loop,
				.anonymous = o->anonymous };
	publish_init(&acc->rules, rbac_set_drop);
	pthread_mutex_init(&acc->rebuild_lock, NULL);
	int r = set_up(acc, o, &msg);
	if (r < 0) {
		*ret_msg = msg;
		access_free(acc);
		return r;
	}
	*ret = acc;
	return 0;
}

void access_free(struct access *acc) {
	if (!acc) return;
	rbac_feed_stop(acc);
	publish_done(&acc->rules);
	pthread_mutex_destroy(&acc->rebuild_lock);
	verified_free(acc->verified);
	x509_verifier_free(acc->x509);
	key_done(&acc->signer);
	keyset_done(&acc->keys);
	list_free(acc->issuers, acc->n_issuers);
	list_free(acc->audiences, acc->n_audiences);
	arena_free(acc->arena);
	free(acc);
}

void access_on_legacy_use(struct access *acc, void (*fn)(void *ctx, struct slice ns, struct slice secret, const char *date), void *ctx) {
	acc->legacy_ctx = ctx;
	acc->legacy_used = fn;
}

uint64_t access_generation(struct access *acc) { return atomic_load(&acc->generation); }

static int ask_rbac(struct access *acc, struct arena *a, const struct access_attrs *at, const char **ret_reason) {
	struct publish_slot *slot;
	struct rbac_set *s = publish_acquire(&acc->rules, &slot);
	int r = s ? rbac_authorize(s, a, at, ret_reason) : 0;
	publish_release(slot);
	return r;
}

/* Masters first, then the modes Node and RBAC (apiserver authorization/union): the first to allow decides, and the reasons of
 * those who did not know are told together. */
int access_authorize(struct access *acc, struct arena *a, const struct access_attrs *at, const char **ret_reason) {
	const char *node = "", *rbac = "";
	*ret_reason = "";
	if (access_user_in_group(at->user, GROUP_MASTERS)) return 1;
	int r = node_identity(at->user, NULL) ? node_authorize(acc, a, at, &node) : 0;
	if (r != 0) return r;
	r = ask_rbac(acc, a, at, &rbac);
	if (r != 0) {
		*ret_reason = r > 0 ? rbac : "";
		return r;
	}
	*ret_reason = !node[0] ? rbac : !rbac[0] ? node : arena_printf(a, "%s\n%s", node, rbac);
	return *ret_reason ? 0 : -ENOMEM;
}

const struct slice *access_audiences(struct access *acc, size_t *ret_n) {
	*ret_n = acc->n_audiences;
	return acc->audiences;
}
