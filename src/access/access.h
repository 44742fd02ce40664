/* SPDX-License-Identifier: Apache-2.0 */
/* Who are you, may you, and why not: the types that authentication, authorisation and the API handlers share. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/env.h"
#include "store/store.h"

/* An authenticated identity. All memory in the arena it was made in. */
struct access_extra { struct slice key; const struct slice *values; size_t n_values; };
struct access_user {
	struct slice name, uid;
	const struct slice *groups;
	size_t n_groups;
	const struct access_extra *extra;
	size_t n_extra;
};
bool access_user_in_group(const struct access_user *u, const char *group);

/* What a request wants (authorizer.Attributes; spec section 5.1). Slices live as long as the request. */
struct access_attrs {
	const struct access_user *user;
	bool is_resource;
	struct slice verb, ns, group, version, resource, subresource, name;
	struct slice path; /* non-resource requests */
	/* What a list or watch demands of spec.nodeName (pods) or nodeName (resourceslices) with "=": lets nodes read their own. */
	struct slice field_node;
};

struct access; /* the authenticators and authorisers of one server; thread-safe */

struct access_options {
	const struct env *env;
	struct store *store;
	struct slice client_ca_pem;       /* verifies client certificates */
	struct slice sa_key_pem;          /* signs ServiceAccount tokens: EC P-256/384/521 or RSA */
	const char *issuer;               /* signs and is accepted */
	const char *const *audiences;     /* NULL-terminated; NULL: the issuer */
	bool anonymous;
	struct loop *loop;                /* where rule rebuilds run; NULL: access_rebuild does it on demand */
	struct slice sa_pub_pem;          /* further keys that verify tokens (PEM, public or private), or empty */
	const char *const *more_issuers;  /* NULL-terminated; accepted besides `issuer`, or NULL */
};
/* Reads keys, CA and the RBAC objects stored so far; later changes of those are followed on `loop`. Options are copied but for env,
 * store and loop. 0; -EINVAL (a key, the CA or the issuer is unusable), -E2BIG, -ENOMEM: *ret_msg is one static sentence. */
int access_new(const struct access_options *o, struct access **ret, const char **ret_msg);
/* Before the store is closed and the loop stopped; waits for the loop unless called on it. NULL is allowed. */
void access_free(struct access *a);

/* `fn` is told when the token of a Secret is used for the first time on a day: the Secret's label
 * kubernetes.io/legacy-token-last-used is to be set to `date` (YYYY-MM-DD). It runs inside access_authenticate and
 * access_token_verify, on any thread, and must not block. Set it before requests are served. */
void access_on_legacy_use(struct access *acc, void (*fn)(void *ctx, struct slice ns, struct slice secret, const char *date), void *ctx);

/* ---- authentication (spec section 4) ---- */

struct access_credentials {
	struct slice authorization;   /* header value, or empty */
	struct slice ws_protocols;    /* Sec-WebSocket-Protocol, or empty (base64url.bearer.authorization.k8s.io.*) */
	struct slice peer_cert;       /* DER, or empty */
};
/* 0: *ret is the user (anonymous included); -EACCES: a credential was presented and is bad (401). `warning` (may be set, else
 * NULL) is a Warning text to send. Memory in `a`. */
int access_authenticate(struct access *acc, struct arena *a, const struct access_credentials *c, struct access_user **ret, const char **ret_warning);
/* A bearer token against audiences (n 0: the server's). 0; -EACCES with *ret_msg as TokenReview's status.error. */
int access_token_verify(struct access *acc, struct arena *a, struct slice token, const struct slice *audiences, size_t n, struct access_user **ret,
			const struct slice **ret_audiences, size_t *ret_n_audiences, const char **ret_msg);

/* The server's own audiences, what a token request without any gets. Lives as long as `acc`. */
const struct slice *access_audiences(struct access *acc, size_t *ret_n);

/* ---- tokens (spec section 3) ---- */

struct access_token_spec {
	struct slice ns, sa_name, sa_uid;
	const struct slice *audiences; size_t n_audiences; /* n 0: the server's */
	int64_t seconds;              /* life in exp */
	int64_t warn_after_seconds;   /* 0: no warnafter claim */
	struct slice pod_name, pod_uid, node_name, node_uid, secret_name, secret_uid; /* empty: absent */
};
/* Signed compact JWT and its jti, in the arena. 0 or -ENOMEM, -EIO. */
int access_token_sign(struct access *acc, struct arena *a, const struct access_token_spec *s, struct slice *ret_token, struct slice *ret_jti);
/* The legacy (Secret) form of spec 3.9. */
int access_token_sign_legacy(struct access *acc, struct arena *a, struct slice ns, struct slice sa_name, struct slice sa_uid, struct slice secret_name, struct slice *ret_token);
/* Bodies of /.well-known/openid-configuration and /openid/v1/jwks. */
int access_oidc_config(struct access *acc, struct buf *b, const char *jwks_uri);
int access_jwks(struct access *acc, struct buf *b);

/* ---- authorisation (spec section 5) ---- */

/* 1 allowed, 0 not allowed, negative -errno. *ret_reason (may be "") is the reason text of SubjectAccessReview and of the 403. */
int access_authorize(struct access *acc, struct arena *a, const struct access_attrs *at, const char **ret_reason);

/* RBAC rule as the API writes it (v1 PolicyRule). */
struct access_rule {
	const struct slice *verbs, *groups, *resources, *names, *urls;
	size_t n_verbs, n_groups, n_resources, n_names, n_urls;
};
/* Why a request was denied, for people: the bindings of at->user that nearly allow it, roles that would, and how to say so to
 * kubectl. Only what `viewer` (who reads it: mostly at->user) may list is told, so that nothing shows that could not be looked up;
 * there may be nothing. Fit for StatusCauses. */
struct access_hint {
	const char *reason;  /* "NearBinding", "RoleWouldAllow", "RuleWouldAllow" */
	const char *message;
};
/* 0 with *ret_n hints (at most EXPLAIN_HINTS_MAX), or -ENOMEM. Memory in the arena. Costs more than a decision: only after a denial. */
#define EXPLAIN_HINTS_MAX 7
int access_explain(struct access *acc, struct arena *a, const struct access_user *viewer, const struct access_attrs *at,
		   struct access_hint **ret, size_t *ret_n);
/* All rules a user holds in a namespace (cluster bindings first), for SelfSubjectRulesReview and escalation checks.
 * *ret_errors: resolution errors joined as Kubernetes does, or NULL. */
int access_rules_for(struct access *acc, struct arena *a, const struct access_user *u, struct slice ns, struct access_rule **ret, size_t *ret_n, const char **ret_errors, bool *ret_incomplete);
/* Escalation check: does `u` hold every rule? 1 yes; 0 no, *ret_msg is the 403 text of spec 5.7 (without the resource prefix). */
int access_covers(struct access *acc, struct arena *a, const struct access_user *u, struct slice ns, const struct access_rule *rules, size_t n, const char **ret_msg);

/* Reads the RBAC objects of the newest snapshot now and puts the rules into force. Any thread. 0 or -ENOMEM. */
int access_rebuild(struct access *acc);
/* While it is on, changes of rules do not compile them anew: for whoever writes many at once, turns it off and calls
 * access_rebuild. Any thread. */
void access_hold(struct access *acc, bool on);
/* Number of the rule set in force: grows when a change of RBAC objects has been taken in. */
uint64_t access_generation(struct access *acc);
