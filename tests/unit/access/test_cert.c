/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates made and accepted, bearer headers, and the chain of authenticators. */
#include "access/bearer.h"
#include "codec/base64.h"
#include "access/x509.h"
#include "world.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static struct world *w;

static void begin(void) { w = world_new(); }
static void end(void) { world_free(w); }

static void is(struct slice s, const char *text) { ck_assert_msg(slice_eqs(s, text), "%.*s is not %s", SLICE_FMT(s), text); }

static int who(struct access_credentials c, struct access_user **u) {
	const char *warning;
	return access_authenticate(w->acc, w->a, &c, u, &warning);
}

static int who_cert(struct slice der, struct access_user **u) { return who((struct access_credentials){ .peer_cert = der }, u); }

static X509 *read_pem(struct slice pem) {
	BIO *b = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);
	BIO_free(b);
	ck_assert_ptr_nonnull(x);
	return x;
}

static bool critical(X509 *x, int nid) {
	int at = X509_get_ext_by_NID(x, nid, -1);
	return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(x, at));
}

START_TEST(a_ca_has_what_a_ca_needs) {
	X509 *x = read_pem(w->ca.cert_pem);
	ck_assert(critical(x, NID_basic_constraints) && critical(x, NID_key_usage));
	ck_assert_ptr_nonnull(X509_get0_subject_key_id(x));
	ck_assert_uint_eq(X509_get_key_usage(x) & (KU_KEY_CERT_SIGN | KU_CRL_SIGN), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	ck_assert_int_eq(X509_check_ca(x), 1);
	X509_free(x);
	struct pki_info i;
	ck_assert_int_eq(pki_inspect(w->ca.cert_pem, &i), 0);
	ck_assert(i.ca && i.not_before == NOW_SEC - PKI_BACKDATE_SEC && i.not_after == NOW_SEC + 10 * 365 * 86400ll);
	ck_assert_int_eq(pki_inspect(SLICE_LIT("nothing"), &i), -ENOENT);
}
END_TEST

START_TEST(a_server_certificate_carries_names_and_ids) {
	static const char *const dns[] = { "kubernetes", "kubernetes.default.svc" }, *const ips[] = { "10.96.0.1", "::1" };
	static const char *const all[] = { "kubernetes.default.svc", "10.96.0.1", "::1", NULL }, *const other[] = { "example.org", NULL };
	struct pki_request q = {
		.cn = "kube-apiserver", .dns = dns, .n_dns = 2, .ips = ips, .n_ips = 2, .server = true, .seconds = 20 * 365 * 86400ll
	};
	_cleanup_pki_pair_ struct pki_pair p = { 0 };
	const char *msg;
	ck_assert_int_eq(pki_issue(&w->env, &w->ca, &q, &p), 0);
	X509 *x = read_pem(p.cert_pem), *ca = read_pem(w->ca.cert_pem);
	ck_assert_int_eq(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(x), X509_get0_subject_key_id(ca)), 0);
	ck_assert_ptr_nonnull(X509_get0_subject_key_id(x));
	ck_assert(critical(x, NID_basic_constraints) && critical(x, NID_key_usage));
	ck_assert_int_eq(ASN1_TIME_compare(X509_get0_notAfter(x), X509_get0_notAfter(ca)), 0); /* not longer than the CA */
	ck_assert_uint_eq(X509_get_extended_key_usage(x), XKU_SSL_SERVER);
	X509_free(x);
	X509_free(ca);
	ck_assert_int_eq(pki_check_server(p.cert_pem, w->ca.cert_pem, NOW_SEC, all, &msg), 0);
	ck_assert_int_eq(pki_check_server(p.cert_pem, w->ca.cert_pem, NOW_SEC, other, &msg), -EINVAL);
	ck_assert_str_eq(msg, "a name or address of the server is missing");
	ck_assert_int_eq(pki_check_server(p.cert_pem, w->ca.cert_pem, NOW_SEC + 30 * 365 * 86400ll, all, &msg), -EINVAL);
	ck_assert_int_eq(pki_check_pair(&p, &msg), 0);
	struct pki_pair mixed = { .cert_pem = p.cert_pem, .key_pem = w->ca.key_pem };
	ck_assert_int_eq(pki_check_pair(&mixed, &msg), -EINVAL);
	ck_assert_str_eq(msg, "certificate and key do not belong together");
}
END_TEST

START_TEST(names_cannot_smuggle_others) {
	static const char *const dns[] = { "a,DNS:kubernetes" }, *const bad[] = { "10.96.0" };
	static const char *const hidden[] = { "kubernetes", NULL };
	struct pki_request q = { .cn = "x", .dns = dns, .n_dns = 1, .server = true, .seconds = 3600 };
	_cleanup_pki_pair_ struct pki_pair p = { 0 };
	const char *msg;
	ck_assert_int_eq(pki_issue(&w->env, &w->ca, &q, &p), 0);
	ck_assert_int_eq(pki_check_server(p.cert_pem, w->ca.cert_pem, NOW_SEC, hidden, &msg), -EINVAL);
	struct pki_pair none = { 0 };
	q = (struct pki_request){ .cn = "x", .ips = bad, .n_ips = 1, .server = true, .seconds = 3600 };
	ck_assert_int_eq(pki_issue(&w->env, &w->ca, &q, &none), -EINVAL);
	q = (struct pki_request){ .cn = "x", .server = true, .seconds = 0 };
	ck_assert_int_eq(pki_issue(&w->env, &w->ca, &q, &none), -EINVAL);
	q.seconds = 10;
	ck_assert_int_eq(pki_issue(&w->env, &p, &q, &none), 0); /* signs, but nobody will believe it */
	ck_assert_int_eq(pki_check_server(none.cert_pem, w->ca.cert_pem, NOW_SEC, NULL, &msg), -EINVAL);
	pki_pair_done(&none);
}
END_TEST

START_TEST(a_certificate_names_user_and_groups) {
	struct access_user *u;
	struct slice der = world_cert(w, &w->ca, "jane", "devs", 3600);
	for (int again = 0; again < 2; again++) { /* the second time from memory */
		ck_assert_int_eq(who_cert(der, &u), 0);
		is(u->name, "jane");
		ck_assert_uint_eq(u->n_groups, 2);
		is(u->groups[0], "devs");
		is(u->groups[1], "system:authenticated");
		ck_assert_uint_eq(u->n_extra, 1);
		is(u->extra[0].key, "authentication.kubernetes.io/credential-id");
		ck_assert(slice_starts(u->extra[0].values[0], SLICE_LIT("X509SHA256=")) && u->extra[0].values[0].n == 75);
	}
}
END_TEST

START_TEST(a_remembered_certificate_still_expires) {
	struct access_user *u;
	struct slice der = world_cert(w, &w->ca, "jane", NULL, 3600);
	ck_assert_int_eq(who_cert(der, &u), 0);
	w->now += 3601 * NSEC_PER_SEC;
	ck_assert_int_eq(who_cert(der, &u), -EACCES);
	w->now = (NOW_SEC - 3600) * NSEC_PER_SEC;
	w->mono += 11ull * 1000000000ull;
	ck_assert_int_eq(who_cert(der, &u), -EACCES); /* not yet valid */
}
END_TEST

START_TEST(foreign_and_unfit_certificates_are_refused) {
	struct access_user *u;
	_cleanup_pki_pair_ struct pki_pair other = { 0 }, server = { 0 };
	ck_assert_int_eq(pki_make_ca(&w->env, "k8c-ca", 86400, &other), 0); /* the same name, another key */
	ck_assert_int_eq(who_cert(world_cert(w, &other, "admin", "system:masters", 3600), &u), -EACCES);
	ck_assert_int_eq(who_cert(SLICE_LIT("junk"), &u), -EACCES);
	struct pki_request q = { .cn = "admin", .server = true, .seconds = 3600 };
	struct slice der;
	ck_assert_int_eq(pki_issue(&w->env, &w->ca, &q, &server), 0);
	ck_assert_int_eq(pki_cert_der(server.cert_pem, &der), 0);
	ck_assert_int_eq(who_cert(der, &u), -EACCES); /* only good for servers */
	free((void *)(uintptr_t)der.p);
	struct slice good = world_cert(w, &w->ca, "jane", NULL, 3600);
	char *cut = arena_slice_str(w->a, good);
	cut[good.n / 2] ^= 1;
	ck_assert_int_eq(who_cert(slice_make(cut, good.n), &u), -EACCES);
	char *more = arena_zalloc(w->a, good.n + 1);
	memcpy(more, good.p, good.n);
	ck_assert_int_eq(who_cert(slice_make(more, good.n + 1), &u), -EACCES);
}
END_TEST

START_TEST(a_certificate_without_a_name_is_nobody) {
	struct access_user *u;
	ck_assert_int_eq(who_cert(world_cert(w, &w->ca, NULL, "devs", 3600), &u), 0);
	is(u->name, "system:anonymous");
	is(u->groups[0], "system:unauthenticated");
	ck_assert_uint_eq(u->n_groups, 1);
}
END_TEST

static const struct { const char *header, *token; bool warns;
} headers[] = {
	{ "", NULL, false },
	{ "Bearer", NULL, false },
	{ "Bearer ", NULL, false },
	{ "Basic YTpi", NULL, false },
	{ "Bearer abc", "abc", false },
	{ "bearer abc", "abc", false },
	{ "BEARER abc", "abc", false },
	{ "  Bearer abc  ", "abc", false },
	{ "Bearer a b", "a", false },
	{ "Bearer  abc", NULL, true },
	{ "Bearer  abc def", NULL, false },
	{ "Bearerabc", NULL, false },
	{ "Bearer\tabc", NULL, false },
};

START_TEST(bearer_headers_are_read_as_in_kubernetes) {
	for (size_t i = 0; i < ELEMENTSOF(headers); i++) {
		const char *warning = NULL;
		struct slice t = bearer_from_header(slice_str(headers[i].header), &warning);
		ck_assert_msg(slice_eqs(t, headers[i].token ? headers[i].token : ""), "%s: %.*s", headers[i].header, SLICE_FMT(t));
		ck_assert_msg((warning != NULL) == headers[i].warns, "%s", headers[i].header);
	}
}
END_TEST

#define P "base64url.bearer.authorization.k8s.io."

START_TEST(tokens_travel_in_websocket_protocols) {
	static const struct { const char *list; int r; const char *token, *others; } lists[] = {
		{ "v4.channel.k8s.io", -ENOENT, NULL, "v4.channel.k8s.io" },
		{ P "YWJj, v4.channel.k8s.io", 0, "abc", "v4.channel.k8s.io" },
		{ "v5.channel.k8s.io," P "YWJj, v4.channel.k8s.io", 0, "abc", "v5.channel.k8s.io,v4.channel.k8s.io" },
		{ P "YWJj", -EACCES, NULL, "" },
		{ P "YWJj," P "YWJj,x", -EACCES, NULL, "x" },
		{ P "YWJj=,x", -EACCES, NULL, "x" },
		{ P "_w,x", -EACCES, NULL, "x" },
		{ P ",x", -ENOENT, NULL, "x" },
	};
	for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
		struct slice t;
		const char *msg;
		ck_assert_int_eq(bearer_from_protocols(w->a, slice_str(lists[i].list), &t, &msg), lists[i].r);
		if (lists[i].token) is(t, lists[i].token);
		is(bearer_other_protocols(w->a, slice_str(lists[i].list)), lists[i].others);
	}
}
END_TEST

static struct slice token_for_bob(void) {
	struct access_token_spec s = {
		.ns = SLICE_LIT("default"), .sa_name = SLICE_LIT("bob"), .sa_uid = SLICE_LIT("u"), .seconds = 600
	};
	struct slice t, jti;
	world_put(w, "/serviceaccounts", "default", "bob", "u", "", "");
	ck_assert_int_eq(access_token_sign(w->acc, w->a, &s, &t, &jti), 0);
	return t;
}

START_TEST(the_first_good_credential_counts_and_a_bad_one_is_no_anonymous) {
	struct access_user *u;
	struct slice cert = world_cert(w, &w->ca, "jane", NULL, 3600), t = token_for_bob(), bad = SLICE_LIT("Bearer garbage");
	struct slice good = slice_str(arena_printf(w->a, "Bearer %.*s", SLICE_FMT(t)));
	ck_assert_int_eq(who((struct access_credentials){ .peer_cert = cert, .authorization = bad }, &u), 0);
	is(u->name, "jane");
	ck_assert_int_eq(who((struct access_credentials){ .peer_cert = cert, .authorization = good }, &u), 0);
	is(u->name, "jane");
	ck_assert_int_eq(who((struct access_credentials){ .peer_cert = SLICE_LIT("junk"), .authorization = good }, &u), 0);
	is(u->name, "system:serviceaccount:default:bob");
	ck_assert_int_eq(who((struct access_credentials){ .authorization = bad }, &u), -EACCES);
	ck_assert_int_eq(who((struct access_credentials){ .authorization = SLICE_LIT("Basic YTpi") }, &u), 0);
	is(u->name, "system:anonymous");
	_cleanup_buf_ struct buf b = BUF_INIT(65536);
	buf_puts(&b, "v4.channel.k8s.io, " P);
	base64_encode(&b, BASE64_RAW_URL, slice_make(t.p, t.n));
	ck_assert_int_eq(who((struct access_credentials){ .ws_protocols = buf_slice(&b) }, &u), 0);
	is(u->name, "system:serviceaccount:default:bob");
	ck_assert_int_eq(who((struct access_credentials){ .ws_protocols = SLICE_LIT("x, " P "YWJj") }, &u), -EACCES);
}
END_TEST

START_TEST(the_slip_of_the_pen_is_warned_about) {
	struct access_credentials c = { .authorization = SLICE_LIT("Bearer  abc") };
	struct access_user *u;
	const char *warning;
	ck_assert_int_eq(access_authenticate(w->acc, w->a, &c, &u, &warning), 0);
	is(u->name, "system:anonymous");
	ck_assert_str_eq(warning, "the provided Authorization header contains extra space before the bearer token, and is ignored");
	c.authorization = SLICE_LIT("Bearer");
	ck_assert_int_eq(access_authenticate(w->acc, w->a, &c, &u, &warning), 0);
	ck_assert_ptr_null(warning);
}
END_TEST

START_TEST(anonymous_can_be_forbidden) {
	struct access_options o = { .env = &w->env, .store = w->store, .sa_key_pem = w->sa.key_pem, .issuer = ISSUER };
	struct access *acc;
	struct access_user *u;
	const char *msg, *warning;
	struct access_credentials none = { 0 }, cert = { .peer_cert = world_cert(w, &w->ca, "jane", NULL, 3600) };
	ck_assert_int_eq(access_new(&o, &acc, &msg), 0);
	ck_assert_int_eq(access_authenticate(acc, w->a, &none, &u, &warning), -EACCES);
	ck_assert_int_eq(access_authenticate(acc, w->a, &cert, &u, &warning), -EACCES); /* no client CA, so nobody vouches */
	access_free(acc);
}
END_TEST

START_TEST(bad_options_are_told) {
	static const struct { const char *key, *ca, *pub, *issuer, *msg;
	} bad[] = {
		{ "junk", "", "", ISSUER, "the service account key is no private EC (P-256, P-384, P-521) or RSA key in PEM form" },
		{ NULL, "junk", "", ISSUER, "the client CA cannot be read" },
		{ NULL, "", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", ISSUER,
		  "a further service account key cannot be read" },
		{ NULL, "", "", "", "the token issuer is missing" },
	};
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
		struct access_options o = { .env = &w->env, .store = w->store, .sa_key_pem = bad[i].key ? slice_str(bad[i].key) : w->sa.key_pem,
					    .client_ca_pem = slice_str(bad[i].ca), .sa_pub_pem = slice_str(bad[i].pub), .issuer = bad[i].issuer };
		struct access *acc;
		const char *msg = "";
		ck_assert_int_eq(access_new(&o, &acc, &msg), -EINVAL);
		ck_assert_str_eq(msg, bad[i].msg);
	}
}
END_TEST

START_TEST(older_keys_still_verify) {
	_cleanup_pki_pair_ struct pki_pair fresh = { 0 };
	struct slice t = token_for_bob(), t2, jti;
	ck_assert_int_eq(pki_make_key(&fresh), 0);
	struct access_options o = {
		.env = &w->env, .store = w->store, .sa_key_pem = fresh.key_pem, .sa_pub_pem = w->sa.cert_pem, .issuer = ISSUER
	};
	struct access_token_spec s = {
		.ns = SLICE_LIT("default"), .sa_name = SLICE_LIT("bob"), .sa_uid = SLICE_LIT("u"), .seconds = 600
	};
	struct access *acc;
	struct access_user *u;
	const struct slice *auds;
	const char *msg;
	size_t n;
	ck_assert_int_eq(access_new(&o, &acc, &msg), 0);
	ck_assert_int_eq(access_token_verify(acc, w->a, t, NULL, 0, &u, &auds, &n, &msg), 0);
	ck_assert_int_eq(access_token_sign(acc, w->a, &s, &t2, &jti), 0);
	ck_assert_int_eq(access_token_verify(acc, w->a, t2, NULL, 0, &u, &auds, &n, &msg), 0);
	ck_assert_int_eq(access_token_verify(w->acc, w->a, t2, NULL, 0, &u, &auds, &n, &msg), -EACCES);
	access_free(acc);
}
END_TEST

int main(void) {
	Suite *s = suite_create("access/cert");
	TCase *t = tcase_create("cert");
	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, a_ca_has_what_a_ca_needs);
	tcase_add_test(t, a_server_certificate_carries_names_and_ids);
	tcase_add_test(t, names_cannot_smuggle_others);
	tcase_add_test(t, a_certificate_names_user_and_groups);
	tcase_add_test(t, a_remembered_certificate_still_expires);
	tcase_add_test(t, foreign_and_unfit_certificates_are_refused);
	tcase_add_test(t, a_certificate_without_a_name_is_nobody);
	tcase_add_test(t, bearer_headers_are_read_as_in_kubernetes);
	tcase_add_test(t, tokens_travel_in_websocket_protocols);
	tcase_add_test(t, the_first_good_credential_counts_and_a_bad_one_is_no_anonymous);
	tcase_add_test(t, the_slip_of_the_pen_is_warned_about);
	tcase_add_test(t, anonymous_can_be_forbidden);
	tcase_add_test(t, bad_options_are_told);
	tcase_add_test(t, older_keys_still_verify);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
