/* SPDX-License-Identifier: Apache-2.0 */
/* OpenID Connect discovery of the token issuer (pkg/serviceaccount/openidmetadata.go). */
#include "access/server.h"
#include "codec/json.h"

/* The algorithms of the keys, sorted, each once. */
static void put_algs(const struct access *acc, struct buf *b) {
	static const char *const algs[] = { "ES256", "ES384", "ES512", "RS256" };
	bool any = false;
	for (size_t i = 0; i < ELEMENTSOF(algs); i++) {
		bool used = false;
		for (size_t k = 0; k < acc->keys.n; k++) used |= strcmp(acc->keys.v[k].alg, algs[i]) == 0;
		if (used) buf_printf(b, "%s\"%s\"", any ? "," : "", algs[i]);
		any |= used;
	}
}

int access_oidc_config(struct access *acc, struct buf *b, const char *jwks_uri) {
	buf_puts(b, "{\"issuer\":");
	json_write_string(b, acc->issuers[0]);
	buf_puts(b, ",\"jwks_uri\":");
	json_write_string(b, slice_str(jwks_uri));
	buf_puts(b, ",\"response_types_supported\":[\"id_token\"],\"subject_types_supported\":[\"public\"],"
		    "\"id_token_signing_alg_values_supported\":[");
	put_algs(acc, b);
	return buf_puts(b, "]}");
}

int access_jwks(struct access *acc, struct buf *b) {
	buf_puts(b, "{\"keys\":[");
	for (size_t i = 0; i < acc->keys.n; i++) {
		if (i) buf_putc(b, ',');
		int r = key_put_jwk(&acc->keys.v[i], b);
		if (r < 0) return r;
	}
	return buf_puts(b, "]}");
}
