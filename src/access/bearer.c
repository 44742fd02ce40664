/* SPDX-License-Identifier: Apache-2.0 */
#include "access/bearer.h"

#include "codec/base64.h"
#include "access/limits.h"
#include "codec/utf8.h"

#include <errno.h>

#define PROTOCOL "base64url.bearer.authorization.k8s.io."

struct slice bearer_from_header(struct slice authorization, const char **ret_warning) {
	struct slice rest = slice_trim(authorization);
	struct slice scheme = slice_cut(&rest, ' ');
	if (!rest.p || !slice_ieq(scheme, SLICE_LIT("bearer"))) return SLICE_NULL;
	struct slice token = slice_cut(&rest, ' ');
	if (token.n) return token;
	if (rest.p && slice_chr(rest, ' ') < 0)
		*ret_warning = "the provided Authorization header contains extra space before the bearer token, and is ignored";
	return SLICE_NULL;
}

int bearer_from_protocols(struct arena *a, struct slice protocols, struct slice *ret, const char **ret_msg) {
	struct slice rest = protocols, token = SLICE_NULL;
	bool seen = false, others = false;
	if (protocols.n > 2 * TOKEN_BYTES_MAX) return -ENOENT;
	while (rest.p) {
		struct slice p = slice_trim(slice_cut(&rest, ','));
		if (!slice_starts(p, SLICE_LIT(PROTOCOL))) {
			others = true;
			continue;
		}
		*ret_msg = "multiple base64.bearer.authorization tokens specified";
		if (seen) return -EACCES;
		seen = true;
		int r = base64_decode_new(a, BASE64_RAW_URL, slice_from(p, sizeof(PROTOCOL) - 1), &token);
		if (r == -ENOMEM) return r;
		*ret_msg = "invalid base64.bearer.authorization token encoding";
		if (r < 0) return -EACCES;
		*ret_msg = "invalid base64.bearer.authorization token";
		if (!utf8_valid(token)) return -EACCES;
	}
	if (slice_empty(token)) return -ENOENT;
	*ret_msg = "missing additional subprotocol";
	if (!others) return -EACCES;
	*ret = token;
	return 0;
}

struct slice bearer_other_protocols(struct arena *a, struct slice protocols) {
	char *out = arena_alloc(a, protocols.n + 1);
	size_t n = 0;
	struct slice rest = protocols;
	if (!out) return SLICE_NULL;
	while (rest.p) {
		struct slice p = slice_trim(slice_cut(&rest, ','));
		if (slice_starts(p, SLICE_LIT(PROTOCOL)) || slice_empty(p)) continue;
		if (n) out[n++] = ',';
		memcpy(out + n, p.p, p.n);
		n += p.n;
	}
	return slice_make(out, n);
}
