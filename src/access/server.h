/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of struct access: what its files share. Everything but the published rules is fixed once access_new has returned. */
#pragma once

#include "access/access.h"
#include "access/key.h"
#include "access/publish.h"
#include "access/verified.h"
#include "access/x509.h"

struct rbac_feed;
struct rbac_rule;

struct access {
	const struct env *env;
	struct store *store;
	struct loop *loop;
	struct x509_verifier *x509;      /* NULL: no client CA */
	struct key signer;
	struct keyset keys;              /* the signer's public half first */
	struct slice *issuers;           /* owned strings; the first one signs */
	size_t n_issuers;
	struct slice *audiences;
	size_t n_audiences;
	bool anonymous;
	void (*legacy_used)(void *ctx, struct slice ns, struct slice secret, const char *date);
	void *legacy_ctx;
	struct verified *verified;
	struct arena *arena;             /* what lives as long as this */
	const struct rbac_rule *node_rules; /* of the role system:node */
	size_t n_node_rules;
	struct publish rules;            /* struct rbac_set */
	pthread_mutex_t rebuild_lock;
	_Atomic(uint64_t) generation;
	atomic_bool held; /* access_hold */
	struct rbac_feed *feed;          /* follows the store; NULL without a loop */
};
