/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a client is: the Authorization header and the TLS files, re-read while the client lives. A token file is read again after
 * half of the token's remaining life, at most a minute, and at once after a 401; an exec plugin's credential when it expires or
 * after a 401; roots, client certificate and key every minute and after a 401.
 */
#pragma once

#include "base/buf.h"
#include "base/env.h"
#include "client/config.h"

#define CREDENTIALS_REREAD_SECONDS 60
#define CREDENTIALS_EXEC_SECONDS 60      /* a plugin that takes longer is ended */
#define CREDENTIALS_EXEC_OUTPUT_MAX ((size_t)1024 * 1024)

struct credentials;

int credentials_new(struct k8c_config *cfg, const struct env *env, struct credentials **ret);
void credentials_free(struct credentials *c); /* NULL is allowed */
/* Appends the header's value ("Bearer ..."); nothing when there is none. 0; -errno with *ret_msg (in the credentials, until the
 * next call). May run an exec plugin, and waits for it. */
int credentials_authorization(struct credentials *c, struct buf *b, const char **ret_msg);
/* The server refused the credential: forget what is cached. True when a second look may give another one, or TLS files changed. */
bool credentials_refused(struct credentials *c);

/* PEM of the trusted roots, client certificate and key as they are now (empty when none). 0 or -errno with *ret_msg. */
int credentials_tls(struct credentials *c, struct slice *ca, struct slice *cert, struct slice *key, const char **ret_msg);
/* True when one of these changed since the last call of credentials_tls. */
bool credentials_tls_changed(struct credentials *c);
/* The same, but looks only once in a while (CREDENTIALS_REREAD_SECONDS, or the first time after credentials_refused). */
bool credentials_tls_stale(struct credentials *c);
/* Expiry of a JWT in seconds since 1970 ("exp"), 0 when it has none or is no JWT. Pure. */
int64_t credentials_jwt_expiry(struct slice token);
