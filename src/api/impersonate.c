/* SPDX-License-Identifier: Apache-2.0 */
/* Impersonate-* headers: access/ decides, this words the answers. */
#include "access/impersonate.h"

#include "api/identity.h"
#include "api/internal.h"

#include <errno.h>

const struct status *identity_impersonate(struct request *r) {
	const struct access_user *user = NULL;
	struct access_attrs denied;
	const char *text = NULL;
	int got = access_impersonate(r->api->access, r->a, r->user, &r->x->head.headers, &user, &denied, &text);
	switch (got) {
	case IMPERSONATE_NONE: return NULL;
	case IMPERSONATE_DONE: r->user = user; return NULL;
	case IMPERSONATE_FORBIDDEN: return identity_forbidden(r->a, &denied, text);
	case IMPERSONATE_BAD: return status_internal_text(r->a, r->x->head.target, text ? text : "");
	case -E2BIG: return status_bad_request(r->a, "too many impersonation headers");
	default: return got == -ENOMEM ? status_no_memory() : status_internal_text(r->a, r->x->head.target, "authorization failed");
	}
}
