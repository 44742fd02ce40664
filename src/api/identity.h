/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asks and may they: the authentication, impersonation and authorisation filters (spec sections 4 and 5.6). Each
 * returns NULL to go on, or the status to answer. On the request's loop.
 */
#pragma once

#include "api/request.h"

/* Sets r->user. */
const struct status *identity_authenticate(struct request *r);
/* Impersonate-* headers: replaces r->user by whom it acts as. */
const struct status *identity_impersonate(struct request *r);
/* May r->user do what r->info says? */
const struct status *identity_authorize(struct request *r);
/* The same question about anything; the 403 is worded as apiserver's Forbidden responsewriter does. */
const struct status *identity_check(struct request *r, const struct access_attrs *at);
/* That 403 itself; `reason` (may be NULL or "") is the authoriser's. */
const struct status *identity_forbidden(struct arena *a, const struct access_attrs *at, const char *reason);
/* 1 yes, 0 no: for handlers that only want to know (create on update, escalate, bind). */
int identity_allowed(struct request *r, const char *verb, struct slice group, struct slice resource, struct slice sub, struct slice ns, struct slice name);
