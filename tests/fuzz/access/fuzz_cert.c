/* SPDX-License-Identifier: Apache-2.0 */
/* Anything as a client certificate and as PEM keys: names are read from what parses, packed and unpacked again. */
#include "access/identity.h"
#include "access/key.h"
#include "access/pki.h"
#include "access/x509.h"

#include <stdlib.h>

static void round_trip(struct arena *a, const struct access_user *u) {
	struct access_user *back;
	int64_t until;
	struct blob *b = identity_pack(u, 7);
	if (!b) return;
	if (identity_unpack(a, b, &back, &until) < 0 || until != 7) abort();
	if (!slice_eq(back->name, u->name) || !slice_eq(back->uid, u->uid) || back->n_groups != u->n_groups) abort();
	for (size_t i = 0; i < u->n_groups; i++)
		if (!slice_eq(back->groups[i], u->groups[i])) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
	struct slice bytes = slice_make(p, n);
	struct access_user *u;
	struct keyset keys = { 0 };
	struct pki_info info;
	_cleanup_arena_ struct arena *a = arena_new(0);
	X509 *x = x509_parse(bytes);
	if (x && x509_identity(a, x, bytes, &u) == 0) {
		if (slice_empty(u->name)) abort();
		round_trip(a, u);
	}
	X509_free(x);
	(void)keyset_add_pem(&keys, bytes);
	keyset_done(&keys);
	(void)pki_inspect(bytes, &info);
	return 0;
}
