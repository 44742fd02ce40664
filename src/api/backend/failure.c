/* SPDX-License-Identifier: Apache-2.0 */
#include "api/backend/failure.h"

#include <arpa/inet.h>
#include <errno.h>

static const char no_memory[] = "out of memory";

static struct slice authority_of(const char *url) {
	struct slice s = slice_str(url);
	ptrdiff_t at = slice_find(s, SLICE_LIT("://"));
	if (at >= 0) s = slice_from(s, (size_t)at + 3);
	return slice_cut(&s, '/');
}

static struct slice host_of(struct slice authority) {
	if (slice_starts(authority, SLICE_LIT("["))) return authority;
	return slice_cut(&authority, ':');
}

static bool is_literal(struct arena *a, struct slice host) {
	struct in_addr four;
	const char *s = arena_slice_str(a, host);
	return slice_starts(host, SLICE_LIT("[")) || (s && inet_pton(AF_INET, s, &four) == 1);
}

/* What OpenSSL says, what Go says. */
static const struct { const char *openssl, *go; } certificates[] = {
	{ "unable to get local issuer certificate", "certificate signed by unknown authority" },
	{ "unable to get issuer certificate", "certificate signed by unknown authority" },
	{ "unable to verify the first certificate", "certificate signed by unknown authority" },
	{ "self-signed certificate in certificate chain", "certificate signed by unknown authority" },
	{ "self-signed certificate", "certificate signed by unknown authority" },
	{ "certificate has expired", "certificate has expired or is not yet valid" },
	{ "certificate is not yet valid", "certificate has expired or is not yet valid" },
	{ "hostname mismatch", "certificate is not valid for the name of the server" },
	{ "IP address mismatch", "certificate is not valid for the address of the server" },
};

static const char *refused(struct arena *a, const char *msg) {
	struct slice why = slice_str(msg), head = SLICE_LIT("certificate verify failed: ");
	ptrdiff_t at = slice_find(why, head);
	if (at >= 0) why = slice_from(why, (size_t)at + head.n);
	for (size_t i = 0; i < ELEMENTSOF(certificates); i++)
		if (slice_eqs(why, certificates[i].openssl)) why = slice_str(certificates[i].go);
	return arena_printf(a, "tls: failed to verify certificate: x509: %.*s", SLICE_FMT(why));
}

static const char *unreachable(struct arena *a, struct slice at) {
	struct slice host = host_of(at);
	if (is_literal(a, host)) return arena_printf(a, "dial tcp %.*s: connect: no route to host", SLICE_FMT(at));
	return arena_printf(a, "dial tcp: lookup %.*s: no such host", SLICE_FMT(host));
}

const char *backend_failure(struct arena *a, const char *url, int err, const char *msg) {
	struct slice at = authority_of(url);
	const char *text;
	switch (err) {
	case -ECONNREFUSED: text = arena_printf(a, "dial tcp %.*s: connect: connection refused", SLICE_FMT(at)); break;
	case -ENETUNREACH: text = arena_printf(a, "dial tcp %.*s: connect: network is unreachable", SLICE_FMT(at)); break;
	case -EHOSTUNREACH: text = unreachable(a, at); break;
	case -EKEYREJECTED: text = refused(a, msg); break;
	case -ETIMEDOUT: text = "context deadline exceeded"; break;
	case -ECONNRESET: text = "EOF"; break;
	default: text = msg && *msg ? arena_strdup(a, msg) : arena_strdup(a, strerror(-err));
	}
	return text ? text : no_memory;
}
