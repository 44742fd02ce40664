/* SPDX-License-Identifier: Apache-2.0 */
/* A small cluster for tests: a store without a file, a clock that stands still, a CA, and an access server on top. */
#pragma once

#include "access/access.h"
#include "access/pki.h"

#include <check.h>
#include <stdio.h>

#define ISSUER "https://kubernetes.default.svc.cluster.local"
#define NOW_SEC 1795460415ll

struct world {
	struct env env;
	int64_t now;   /* nanoseconds; tests turn it */
	uint64_t mono;
	struct store *store;
	struct pki_pair ca, sa;
	struct access *acc;
	struct arena *a;
	char legacy_used[256]; /* "ns/secret date" of the last call */
};

/* An EC signing key and the bootstrap objects in the store. */
struct world *world_new(void);
/* The same with the caller's signing key (PEM). */
struct world *world_new_with_key(struct slice sa_key_pem);
void world_free(struct world *w);
static inline void world_freep(struct world **w) { world_free(*w); }
#define _cleanup_world_ _cleanup_(world_freep)

/* Creates, or replaces, an object: `meta` and `body` are JSON members with a leading comma, or "". Quotes are written as '.
 * Then the rules are rebuilt when it is an RBAC object. */
void world_put(struct world *w, const char *resource, const char *ns, const char *name, const char *uid, const char *meta,
	       const char *body);
void world_del(struct world *w, const char *resource, const char *ns, const char *name);

struct access_user *world_user(struct world *w, const char *name, const char *groups); /* groups separated by blanks */
/* "get pods/log" in `ns`, with a group and a name; "" for none. */
struct access_attrs world_ask(const struct access_user *u, const char *verb, const char *group, const char *resource, const char *ns,
			      const char *name);
/* access_authorize, with the reason in *ret (not NULL). */
int world_may(struct world *w, const struct access_attrs *at, const char **ret);
/* A client certificate's DER in the arena. */
struct slice world_cert(struct world *w, const struct pki_pair *ca, const char *cn, const char *org, int64_t seconds);
/* ' becomes ". In the arena. */
char *quoted(struct arena *a, const char *text);
