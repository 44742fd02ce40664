/* SPDX-License-Identifier: Apache-2.0 */
/* Acting as somebody else: the Impersonate-* headers (apiserver endpoints/filters/impersonation.go). */
#pragma once

#include "access/access.h"
#include "wire/http.h"

enum impersonate_result {
	IMPERSONATE_NONE,      /* no such headers: *ret is `u` */
	IMPERSONATE_DONE,      /* *ret is who the request acts as */
	IMPERSONATE_FORBIDDEN, /* *ret_denied (user `u`, verb "impersonate") is what is not allowed, *ret_text the authoriser's reason */
	IMPERSONATE_BAD,       /* answer 500; *ret_text: `requested [...] without impersonating a user` */
};
/* Every item asked for is authorised, in the order user, groups, extras, uid. An enum impersonate_result; -E2BIG
 * (IMPERSONATE_ITEMS_MAX), -ENOMEM, or access_authorize's error. Memory in the arena; strings are borrowed from the headers. */
int access_impersonate(struct access *acc, struct arena *a, const struct access_user *u, const struct http_headers *h,
		       const struct access_user **ret, struct access_attrs *ret_denied, const char **ret_text);
/* Is it one of the headers that this room has used up (Impersonate-*)? Name in lower case. */
bool access_impersonate_header(struct slice name);
