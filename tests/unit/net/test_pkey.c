/* SPDX-License-Identifier: Apache-2.0 */
/* Keys written and read by their one form, beside OpenSSL's own encoders and decoders. */
#include "net/pkey.h"

#include <check.h>
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static struct slice text(BIO *b) {
	char *p;
	long n = BIO_get_mem_data(b, &p);
	return slice_make(p, (size_t)n);
}

static EVP_PKEY *make(const char *what) {
	return strcmp(what, "RSA") == 0 ? EVP_RSA_gen(2048) : strcmp(what, "ED25519") == 0 ? EVP_PKEY_Q_keygen(NULL, NULL, what) : EVP_EC_gen(what);
}

static const char *const kinds[] = { "P-256", "P-384", "RSA", "ED25519" };

START_TEST(what_is_written_is_what_openssl_writes) {
	EVP_PKEY *k = make(kinds[_i]);
	BIO *ours = BIO_new(BIO_s_mem()), *theirs = BIO_new(BIO_s_mem());
	ck_assert_int_eq(pkey_write(ours, k), 0);
	ck_assert_int_eq(pkey_write_public(ours, k), 0);
	ck_assert_int_eq(PEM_write_bio_PrivateKey(theirs, k, NULL, NULL, 0, NULL, NULL), 1);
	ck_assert_int_eq(PEM_write_bio_PUBKEY(theirs, k), 1);
	ck_assert(slice_eq(text(ours), text(theirs)));
	BIO_free(ours);
	BIO_free(theirs);
	EVP_PKEY_free(k);
}
END_TEST

START_TEST(what_was_written_is_read) {
	EVP_PKEY *k = make(kinds[_i]);
	BIO *b = BIO_new(BIO_s_mem());
	ck_assert_int_eq(PEM_write_bio_PrivateKey(b, k, NULL, NULL, 0, NULL, NULL), 1);
	EVP_PKEY *again = pkey_read(text(b));
	ck_assert_ptr_nonnull(again);
	ck_assert_int_eq(EVP_PKEY_eq(k, again), 1);
	/* Both halves: what one signs the other verifies. */
	unsigned char sig[512];
	size_t n = sizeof(sig);
	const EVP_MD *md = strcmp(kinds[_i], "ED25519") == 0 ? NULL : EVP_sha256();
	EVP_MD_CTX *c = EVP_MD_CTX_new(), *v = EVP_MD_CTX_new();
	ck_assert_int_eq(EVP_DigestSignInit(c, NULL, md, NULL, again), 1);
	ck_assert_int_eq(EVP_DigestSign(c, sig, &n, (const unsigned char *)"k8c", 3), 1);
	ck_assert_int_eq(EVP_DigestVerifyInit(v, NULL, md, NULL, k), 1);
	ck_assert_int_eq(EVP_DigestVerify(v, sig, n, (const unsigned char *)"k8c", 3), 1);
	EVP_MD_CTX_free(c);
	EVP_MD_CTX_free(v);
	EVP_PKEY_free(again);
	EVP_PKEY_free(k);
	BIO_free(b);
}
END_TEST

START_TEST(the_point_is_that_of_p256_alone) {
	unsigned char point[PKEY_P256_POINT];
	EVP_PKEY *k = make(kinds[_i]);
	ck_assert_int_eq(pkey_p256_point(k, point), _i == 0 ? 0 : -ENOENT);
	EVP_PKEY_free(k);
}
END_TEST

/* A P-256 form whose point is not on the curve is refused, however well it is shaped; so is a text cut short. */
START_TEST(a_damaged_key_is_refused) {
	EVP_PKEY *k = make("P-256");
	BIO *b = BIO_new(BIO_s_mem());
	unsigned char *der = NULL;
	int n = i2d_PrivateKey(k, &der);
	ck_assert_int_gt(n, 0);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(k);
	der = NULL;
	n = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
	ck_assert_uint_eq((size_t)n, PKEY_P256_PRIVATE);
	EVP_PKEY *good = pkey_read_der(slice_make(der, (size_t)n));
	ck_assert_ptr_nonnull(good);
	der[n - 1] ^= 1;
	ck_assert_ptr_null(pkey_read_der(slice_make(der, (size_t)n)));
	der[n - 1] ^= 1;
	ck_assert_ptr_null(pkey_read_der(slice_make(der, (size_t)n / 2)));
	ck_assert_ptr_null(pkey_read(SLICE_LIT("-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n")));
	ck_assert_ptr_null(pkey_read(SLICE_LIT("no key")));
	ck_assert_ptr_null(pkey_read(SLICE_NULL));
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(p8);
	EVP_PKEY_free(good);
	EVP_PKEY_free(k);
	BIO_free(b);
}
END_TEST

/* "EC PARAMETERS" stands before the key in files that openssl made: the key behind it is found. */
START_TEST(a_key_behind_its_parameters_is_found) {
	EVP_PKEY *k = make("P-256");
	BIO *b = BIO_new(BIO_s_mem());
	ck_assert_int_eq(PEM_write_bio_Parameters(b, k), 1);
	ck_assert_int_eq(PEM_write_bio_PrivateKey_traditional(b, k, NULL, NULL, 0, NULL, NULL), 1);
	EVP_PKEY *again = pkey_read(text(b));
	ck_assert_ptr_nonnull(again);
	ck_assert_int_eq(EVP_PKEY_eq(k, again), 1);
	EVP_PKEY_free(again);
	EVP_PKEY_free(k);
	BIO_free(b);
}
END_TEST

int main(void) {
	Suite *s = suite_create("pkey");
	TCase *t = tcase_create("pkey");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, what_is_written_is_what_openssl_writes, 0, 4);
	tcase_add_loop_test(t, what_was_written_is_read, 0, 4);
	tcase_add_loop_test(t, the_point_is_that_of_p256_alone, 0, 4);
	tcase_add_test(t, a_damaged_key_is_refused);
	tcase_add_test(t, a_key_behind_its_parameters_is_found);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
