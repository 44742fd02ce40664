/* SPDX-License-Identifier: Apache-2.0 */
#include "api/oidc.h"

#include "api/internal.h"

#include <errno.h>

static void answer(struct request *r, int err, const char *type, struct buf *b) {
	if (!negotiate_names(request_get_header(r, "accept"), type)) {
		request_status(r, status_not_acceptable_type(r->a, type));
		return;
	}
	struct slice body = err ? SLICE_NULL : arena_slice_dup(r->a, buf_slice(b));
	if (err == -ENOENT) {
		request_status(r, status_page_not_found());
	} else if (slice_empty(body)) {
		request_status(r, status_internal(r->a, "the token issuer's metadata cannot be made"));
	} else {
		(void)request_header(r, "cache-control", SLICE_LIT("public, max-age=3600"));
		request_bytes(r, 200, type, body);
	}
}

void oidc_config_handle(struct request *r) {
	_cleanup_buf_ struct buf b = BUF_INIT(64 * KIB);
	const char *uri = arena_printf(r->a, "https://%s/openid/v1/jwks", r->api->server_address);
	answer(r, uri ? access_oidc_config(r->api->access, &b, uri) : -ENOMEM, "application/json", &b);
}

void oidc_jwks_handle(struct request *r) {
	_cleanup_buf_ struct buf b = BUF_INIT(64 * KIB);
	answer(r, access_jwks(r->api->access, &b), "application/jwk-set+json", &b);
}
