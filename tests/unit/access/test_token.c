/* SPDX-License-Identifier: Apache-2.0 */
/* Service account tokens: made, accepted, and every way to be refused. */
#include "codec/base64.h"
#include "access/jwt.h"
#include "world.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#define SA_UID "9cc2e504-ee08-4297-b70f-f2e52519fbd3"
#define POD_UID "fe700a49-75be-4570-b7a8-2a3b60d85155"

static struct world *w;

static void begin(void) {
	w = world_new();
	world_put(w, "/serviceaccounts", "default", "bob", SA_UID, "", "");
	world_put(w, "/pods", "default", "p1", POD_UID, "", ",'spec':{'nodeName':'n1','serviceAccountName':'bob'}");
	world_put(w, "/secrets", "default", "s1", "sec-uid", "", "");
	world_put(w, "/nodes", "", "n1", "node-uid", "", "");
}

static void end(void) { world_free(w); }

static struct access_token_spec spec(void) {
	return (struct access_token_spec){
		.ns = SLICE_LIT("default"), .sa_name = SLICE_LIT("bob"), .sa_uid = SLICE_LIT(SA_UID), .seconds = 3600
	};
}

static struct slice sign_spec(const struct access_token_spec *s) {
	struct slice token, jti;
	ck_assert_int_eq(access_token_sign(w->acc, w->a, s, &token, &jti), 0);
	ck_assert_uint_eq(jti.n, 36);
	return token;
}

static struct slice pod_token(void) {
	struct access_token_spec s = spec();
	s.pod_name = SLICE_LIT("p1");
	s.pod_uid = SLICE_LIT(POD_UID);
	s.node_name = SLICE_LIT("n1");
	s.node_uid = SLICE_LIT("node-uid");
	return sign_spec(&s);
}

/* A token of the test's own making, signed with the server's key. ' is written for ". */
static struct slice minted(const char *claims) {
	struct key k;
	struct slice token;
	ck_assert_int_eq(key_load_private(w->sa.key_pem, &k), 0);
	ck_assert_int_eq(jwt_sign(w->a, &k, slice_str(quoted(w->a, claims)), &token), 0);
	key_done(&k);
	return token;
}

#define GOOD                                                                                                                             \
	"'kubernetes.io':{'namespace':'default','serviceaccount':{'name':'bob','uid':'" SA_UID                                           \
	"'}},'sub':'system:serviceaccount:default:bob'"
#define ISS "'iss':'" ISSUER "'"
#define AUD "'aud':['" ISSUER "']"

static int review(struct slice token, const struct slice *auds, size_t n, struct access_user **u, const char **msg) {
	const struct slice *out;
	size_t n_out;
	*msg = "";
	return access_token_verify(w->acc, w->a, token, auds, n, u, &out, &n_out, msg);
}

static void refused(struct slice token, const char *text) {
	struct access_user *u;
	const char *msg;
	ck_assert_int_eq(review(token, NULL, 0, &u, &msg), -EACCES);
	ck_assert_str_eq(msg, text);
	struct access_credentials c = { .authorization = slice_str(arena_printf(w->a, "Bearer %.*s", SLICE_FMT(token))) };
	const char *warning;
	if (token.n && slice_chr(token, ' ') < 0) ck_assert_int_eq(access_authenticate(w->acc, w->a, &c, &u, &warning), -EACCES);
}

static struct access_user *accepted(struct slice token) {
	struct access_user *u;
	const char *msg;
	ck_assert_msg(review(token, NULL, 0, &u, &msg) == 0, "%s", msg);
	return u;
}

static void is(struct slice s, const char *text) {
	ck_assert_msg(slice_eqs(s, text), "%.*s is not %s", SLICE_FMT(s), text);
}

static struct slice part(struct slice token, int i) {
	struct slice rest = token, p, out;
	do p = slice_cut(&rest, '.'); while (i-- > 0);
	ck_assert_int_eq(base64_decode_new(w->a, BASE64_RAW_URL, p, &out), 0);
	return out;
}

START_TEST(the_header_and_the_claims_are_kubernetes_bytes) {
	struct access_token_spec s = spec();
	s.pod_name = SLICE_LIT("p1");
	s.pod_uid = SLICE_LIT(POD_UID);
	s.node_name = SLICE_LIT("n1");
	s.seconds = 31536000;
	s.warn_after_seconds = 3607;
	struct slice token, jti;
	struct key k;
	ck_assert_int_eq(access_token_sign(w->acc, w->a, &s, &token, &jti), 0);
	ck_assert_int_eq(key_load_private(w->sa.key_pem, &k), 0);
	is(part(token, 0), arena_printf(w->a, "{\"alg\":\"ES256\",\"kid\":\"%s\"}", k.kid));
	ck_assert_uint_eq(strlen(k.kid), 43);
	key_done(&k);
	is(part(token, 1),
	   quoted(w->a, arena_printf(w->a,
				     "{'aud':['" ISSUER "'],'exp':1826996415,'iat':1795460415,'iss':'" ISSUER
				     "','jti':'%.*s','kubernetes.io':{'namespace':'default',"
				     "'node':{'name':'n1'},'pod':{'name':'p1','uid':'" POD_UID
				     "'},'serviceaccount':{'name':'bob','uid':'" SA_UID "'},"
				     "'warnafter':1795464022},'nbf':1795460415,'sub':'system:serviceaccount:default:bob'}",
				     SLICE_FMT(jti))));
}
END_TEST

START_TEST(a_pod_token_names_account_pod_and_node) {
	struct access_user *u = accepted(pod_token());
	is(u->name, "system:serviceaccount:default:bob");
	is(u->uid, SA_UID);
	ck_assert_uint_eq(u->n_groups, 3);
	is(u->groups[0], "system:serviceaccounts");
	is(u->groups[1], "system:serviceaccounts:default");
	is(u->groups[2], "system:authenticated");
	static const char *const keys[] = { "credential-id", "node-name", "node-uid", "pod-name", "pod-uid" };
	ck_assert_uint_eq(u->n_extra, 5);
	for (size_t i = 0; i < 5; i++) is(u->extra[i].key, arena_printf(w->a, "authentication.kubernetes.io/%s", keys[i]));
	ck_assert(slice_starts(u->extra[0].values[0], SLICE_LIT("JTI=")));
	is(u->extra[4].values[0], POD_UID);
}
END_TEST

START_TEST(keys_of_every_kind_sign_and_verify) {
	static const struct { const char *type, *arg, *alg; } kinds[] = {
		{ "EC", "P-256", "ES256" }, { "EC", "P-384", "ES384" }, { "EC", "P-521", "ES512" }, { "RSA", "2048", "RS256" },
	};
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		EVP_PKEY *k = i < 3 ? EVP_EC_gen(kinds[i].arg) : EVP_RSA_gen(2048);
		BIO *b = BIO_new(BIO_s_mem());
		char *p;
		ck_assert_int_eq(PEM_write_bio_PrivateKey(b, k, NULL, NULL, 0, NULL, NULL), 1);
		long n = BIO_get_mem_data(b, &p);
		struct world *mine = w;
		w = world_new_with_key(slice_make(p, (size_t)n));
		world_put(w, "/serviceaccounts", "default", "bob", SA_UID, "", "");
		struct access_token_spec s = spec();
		struct slice token = sign_spec(&s);
		ck_assert(slice_find(part(token, 0), slice_str(kinds[i].alg)) > 0);
		accepted(token);
		_cleanup_buf_ struct buf jwks = BUF_INIT(8192);
		ck_assert_int_eq(access_jwks(w->acc, &jwks), 0);
		ck_assert(slice_find(buf_slice(&jwks),
				     slice_str(arena_printf(w->a, "\"alg\":\"%s\",\"%s\":\"", kinds[i].alg, i < 3 ? "x" : "n"))) > 0);
		world_free(w);
		w = mine;
		BIO_free(b);
		EVP_PKEY_free(k);
	}
}
END_TEST

START_TEST(times_are_forgiven_a_minute) {
	struct access_token_spec s = spec();
	struct slice token = sign_spec(&s);
	w->now = (NOW_SEC + 3660) * NSEC_PER_SEC;
	accepted(token);
	w->now += 1;
	refused(token, "[invalid bearer token, service account token has expired]");
	w->now = (NOW_SEC - 60) * NSEC_PER_SEC;
	accepted(token);
	w->now -= 1;
	refused(token, "[invalid bearer token, service account token is not valid yet]");
	w->now = NOW_SEC * NSEC_PER_SEC;
	refused(minted("{" ISS "," AUD ",'iat':1795463415," GOOD "}"),
		"[invalid bearer token, service account token is issued in the future]");
	accepted(minted("{" ISS "," AUD "," GOOD "}"));
}
END_TEST

START_TEST(audiences_have_to_meet) {
	struct slice vault[] = { SLICE_LIT("nosuch"), SLICE_LIT("vault"), SLICE_LIT(ISSUER) };
	struct access_user *u;
	const struct slice *out;
	const char *msg;
	size_t n;
	struct slice both = minted("{" ISS ",'aud':['vault','" ISSUER "']," GOOD "}");
	ck_assert_int_eq(access_token_verify(w->acc, w->a, both, vault, 3, &u, &out, &n, &msg), 0);
	ck_assert_uint_eq(n, 2);
	is(out[0], "vault");
	is(out[1], ISSUER);
	accepted(minted("{" ISS ",'aud':'" ISSUER "'," GOOD "}"));
	accepted(minted("{" ISS "," GOOD "}"));
	refused(minted("{" ISS ",'aud':['vault']," GOOD "}"),
		"[invalid bearer token, token audiences [\"vault\"] is invalid for the target audiences [\"" ISSUER "\"]]");
	struct access_token_spec s = spec();
	ck_assert_int_eq(review(sign_spec(&s), vault, 2, &u, &msg), -EACCES);
	ck_assert_str_eq(msg, "[invalid bearer token, token audiences [\"" ISSUER
			      "\"] is invalid for the target audiences [\"nosuch\" \"vault\"]]");
}
END_TEST

START_TEST(what_is_not_ours_is_only_invalid) {
	static const char *const texts[] = { "garbage", "a.b.c", "..", "a.b", "a.b.c.d", "e30.e30.", "{}", "-----" };
	for (size_t i = 0; i < ELEMENTSOF(texts); i++) refused(slice_str(texts[i]), "invalid bearer token");
	refused(minted("{'iss':'https://elsewhere.example'," AUD "," GOOD "}"), "invalid bearer token");
	refused(minted("{" AUD "," GOOD "}"), "invalid bearer token");
	refused(minted("[]"), "invalid bearer token");
}
END_TEST

START_TEST(a_megabyte_of_token_is_refused) {
	char *big = arena_alloc(w->a, 1024 * 1024);
	memset(big, 'a', 1024 * 1024);
	big[100] = big[50000] = '.';
	refused(slice_make(big, 1024 * 1024), "invalid bearer token");
}
END_TEST

static struct slice forged(const char *header, const char *claims, struct slice sig) {
	_cleanup_buf_ struct buf b = BUF_INIT(16384);
	char *h = quoted(w->a, header), *c = quoted(w->a, claims);
	base64_encode(&b, BASE64_RAW_URL, slice_make(h, strlen(h)));
	buf_putc(&b, '.');
	base64_encode(&b, BASE64_RAW_URL, slice_make(c, strlen(c)));
	buf_putc(&b, '.');
	base64_encode(&b, BASE64_RAW_URL, slice_make(sig.p, sig.n));
	return arena_slice_dup(w->a, buf_slice(&b));
}

#define CRYPTO "[invalid bearer token, go-jose/go-jose: error in cryptographic primitive]"
#define CLAIMS "{" ISS "," AUD "," GOOD "}"

START_TEST(no_algorithm_but_the_keys_own) {
	refused(forged("{'alg':'none'}", CLAIMS, SLICE_NULL), CRYPTO);
	refused(forged("{'alg':'None','typ':'JWT'}", CLAIMS, SLICE_NULL), CRYPTO);
	refused(forged("{'alg':''}", CLAIMS, SLICE_NULL), CRYPTO);
	refused(forged("{'typ':'JWT'}", CLAIMS, SLICE_NULL), "invalid bearer token");
	/* HMAC with the public key as the secret. */
	struct slice pem = w->sa.cert_pem;
	char *h = quoted(w->a, "{'alg':'HS256'}"), *c = quoted(w->a, CLAIMS);
	_cleanup_buf_ struct buf b = BUF_INIT(16384);
	base64_encode(&b, BASE64_RAW_URL, slice_make(h, strlen(h)));
	buf_putc(&b, '.');
	base64_encode(&b, BASE64_RAW_URL, slice_make(c, strlen(c)));
	unsigned char mac[32];
	unsigned n = sizeof(mac);
	ck_assert_ptr_nonnull(HMAC(EVP_sha256(), pem.p, (int)pem.n, (unsigned char *)b.p, b.n, mac, &n));
	refused(forged("{'alg':'HS256'}", CLAIMS, slice_make(mac, n)), CRYPTO);
	/* A good signature under a header that demands more than is understood. */
	struct slice good = minted(CLAIMS);
	ck_assert_int_gt((int)good.n, 0);
	refused(forged("{'alg':'ES256','crit':['x'],'x':1}", CLAIMS, part(good, 2)), CRYPTO);
}
END_TEST

START_TEST(signatures_are_checked) {
	struct slice good = pod_token();
	char *t = arena_slice_str(w->a, good);
	accepted(good);
	t[good.n - 5] = t[good.n - 5] == 'A' ? 'B' : 'A';
	refused(slice_make(t, good.n), CRYPTO);
	/* Payload of one, signature of another. */
	refused(forged("{'alg':'ES256'}", CLAIMS, part(good, 2)), CRYPTO);
	refused(forged("{'alg':'ES256'}", CLAIMS, slice_make("\0\0", 2)), CRYPTO);
	char zero[64] = { 0 };
	refused(forged("{'alg':'ES256'}", CLAIMS, slice_make(zero, 64)), CRYPTO);
}
END_TEST

START_TEST(key_ids_choose_the_key) {
	struct slice good = minted(CLAIMS);
	refused(forged("{'alg':'ES256','kid':'nosuch'}", CLAIMS, part(good, 2)),
		"[invalid bearer token, invalid signature, no keys found]");
	refused(forged("{'alg':'ES256','kid':7}", CLAIMS, part(good, 2)), "invalid bearer token");
	/* Without one every key is tried. */
	struct key k;
	ck_assert_int_eq(key_load_private(w->sa.key_pem, &k), 0);
	memset(k.kid, 0, sizeof(k.kid));
	struct slice token;
	ck_assert_int_eq(jwt_sign(w->a, &k, slice_str(quoted(w->a, CLAIMS)), &token), 0);
	key_done(&k);
	accepted(token);
}
END_TEST

START_TEST(a_claim_given_twice_is_refused) {
	refused(minted("{" ISS "," AUD ",'exp':1,'exp':9999999999," GOOD "}"),
		"[invalid bearer token, json: duplicate key 'exp' in object]");
	refused(minted("{" ISS "," AUD ",'kubernetes.io':{'namespace':'a','namespace':'default'}}"),
		"[invalid bearer token, json: duplicate key 'namespace' in object]");
	refused(minted("{" ISS ",'aud':7," GOOD "}"),
		"[invalid bearer token, go-jose/go-jose/jwt: expected string or array value to unmarshal to Audience]");
	refused(minted("{" ISS "," AUD ",'exp':'soon'," GOOD "}"),
		"[invalid bearer token, go-jose/go-jose/jwt: expected number value to unmarshal NumericDate]");
	refused(minted("{" ISS "," AUD "}"), "[invalid bearer token, resource name may not be empty]");
}
END_TEST

START_TEST(a_token_dies_with_its_account) {
	struct slice token = pod_token();
	accepted(token);
	world_del(w, "/serviceaccounts", "default", "bob");
	refused(token, "[invalid bearer token, serviceaccounts \"bob\" not found]");
	world_put(w, "/serviceaccounts", "default", "bob", "new-uid", "", "");
	refused(token, "[invalid bearer token, service account UID (new-uid) does not match claim (" SA_UID ")]");
}
END_TEST

START_TEST(a_token_dies_with_its_pod_though_its_signature_is_remembered) {
	struct slice token = pod_token();
	accepted(token);
	accepted(token);
	world_del(w, "/pods", "default", "p1");
	refused(token, "[invalid bearer token, service account token has been invalidated]");
	world_put(w, "/pods", "default", "p1", "other", "", "");
	refused(token, "[invalid bearer token, pod UID (other) does not match service account pod ref claim (" POD_UID ")]");
}
END_TEST

START_TEST(a_terminating_pod_keeps_its_token_for_a_minute) {
	struct slice token = pod_token();
	world_put(w, "/pods", "default", "p1", POD_UID, ",'deletionTimestamp':'2026-11-23T19:00:15Z'", "");
	accepted(token);
	/* 1795460415 is 2026-11-23T19:00:15Z. */
	w->now = (NOW_SEC + 60) * NSEC_PER_SEC;
	accepted(token);
	w->now += 1;
	refused(token, "[invalid bearer token, service account token has been invalidated]");
}
END_TEST

START_TEST(secret_and_node_tokens_are_bound_too) {
	struct access_token_spec s = spec(), n = spec();
	s.secret_name = SLICE_LIT("s1");
	s.secret_uid = SLICE_LIT("sec-uid");
	n.node_name = SLICE_LIT("n1");
	n.node_uid = SLICE_LIT("node-uid");
	struct slice by_secret = sign_spec(&s), by_node = sign_spec(&n);
	accepted(by_secret);
	accepted(by_node);
	world_del(w, "/secrets", "default", "s1");
	world_del(w, "/nodes", "", "n1");
	refused(by_secret, "[invalid bearer token, service account token has been invalidated]");
	refused(by_node, "[invalid bearer token, service account token has been invalidated]");
	world_put(w, "/secrets", "default", "s1", "again", "", "");
	world_put(w, "/nodes", "", "n1", "again", "", "");
	refused(by_secret, "[invalid bearer token, secret UID (again) does not match service account secret ref claim (sec-uid)]");
	refused(by_node, "[invalid bearer token, node UID (again) does not match service account node ref claim (node-uid)]");
	/* A pod's token says its node without promising it. */
	accepted(pod_token());
}
END_TEST

START_TEST(the_memory_of_signatures_ends) {
	struct slice token = pod_token();
	accepted(token);
	w->mono += 11ull * 1000000000ull;
	accepted(token);
}
END_TEST

/* Whatever memory a request has left: the answer is right or an error, never a yes too many. */
START_TEST(little_memory_opens_nothing) {
	struct slice good = pod_token(), dead;
	struct access_token_spec s = spec();
	world_put(w, "/pods", "default", "p2", "p2-uid", ",'deletionTimestamp':'2026-11-23T18:00:15Z'", "");
	s.pod_name = SLICE_LIT("p2");
	s.pod_uid = SLICE_LIT("p2-uid");
	dead = sign_spec(&s);
	accepted(good);
	refused(dead, "[invalid bearer token, service account token has been invalidated]");
	bool worked = false;
	for (size_t max = 1; max < 40000; max += max < 4000 ? 16 : 512) {
		struct slice tokens[] = { good, dead };
		for (size_t i = 0; i < 2; i++) {
			_cleanup_arena_ struct arena *a = arena_new(max);
			const struct slice *auds;
			struct access_user *u;
			const char *msg;
			size_t n;
			int r = access_token_verify(w->acc, a, tokens[i], NULL, 0, &u, &auds, &n, &msg);
			ck_assert_int_le(r, 0);
			if (r == 0) ck_assert_uint_eq(i, 0);
			worked |= r == 0;
		}
	}
	ck_assert(worked);
}
END_TEST

START_TEST(oidc_documents) {
	_cleanup_buf_ struct buf b = BUF_INIT(8192);
	ck_assert_int_eq(access_oidc_config(w->acc, &b, "https://10.0.0.1:6443/openid/v1/jwks"), 0);
	is(buf_slice(&b),
	   quoted(w->a, "{'issuer':'" ISSUER "','jwks_uri':'https://10.0.0.1:6443/openid/v1/jwks','response_types_supported':"
			"['id_token'],'subject_types_supported':['public'],'id_token_signing_alg_values_supported':['ES256']}"));
	buf_clear(&b);
	ck_assert_int_eq(access_jwks(w->acc, &b), 0);
	ck_assert(slice_starts(buf_slice(&b), SLICE_LIT("{\"keys\":[{\"use\":\"sig\",\"kty\":\"EC\",\"kid\":\"")));
	ck_assert(slice_find(buf_slice(&b), SLICE_LIT("\",\"crv\":\"P-256\",\"alg\":\"ES256\",\"x\":\"")) > 0);
}
END_TEST

/* ---- tokens in Secrets ---- */

static struct slice legacy(void) {
	struct slice t;
	ck_assert_int_eq(
		access_token_sign_legacy(w->acc, w->a, SLICE_LIT("default"), SLICE_LIT("bob"), SLICE_LIT(SA_UID), SLICE_LIT("tok"), &t),
		0);
	return t;
}

static void put_legacy(struct slice token, const char *meta) {
	char *out = arena_alloc(w->a, 2 * token.n);
	EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)token.p, (int)token.n);
	world_put(w, "/secrets", "default", "tok", "tok-uid", meta, arena_printf(w->a, ",'data':{'token':'%s'}", out));
}

START_TEST(secret_tokens_live_as_their_secret_does) {
	struct slice t = legacy();
	is(part(t, 1), quoted(w->a, "{'iss':'kubernetes/serviceaccount','kubernetes.io/serviceaccount/namespace':'default',"
		"'kubernetes.io/serviceaccount/secret.name':'tok','kubernetes.io/serviceaccount/service-account.name':'bob',"
		"'kubernetes.io/serviceaccount/service-account.uid':'" SA_UID "','sub':'system:serviceaccount:default:bob'}"));
	refused(t, "[invalid bearer token, Token has been invalidated]");
	put_legacy(SLICE_LIT("other"), "");
	refused(t, "[invalid bearer token, Token does not match server's copy]");
	put_legacy(t, "");
	struct access_user *u = accepted(t);
	is(u->name, "system:serviceaccount:default:bob");
	ck_assert_uint_eq(u->n_extra, 0);
	ck_assert_str_eq(w->legacy_used, "default/tok 2026-11-23");
	w->legacy_used[0] = 0;
	put_legacy(t, ",'labels':{'kubernetes.io/legacy-token-last-used':'2026-11-23'}");
	accepted(t);
	ck_assert_str_eq(w->legacy_used, "");
	put_legacy(t, ",'labels':{'kubernetes.io/legacy-token-invalid-since':'2026-11-20'}");
	refused(t,
		"[invalid bearer token, the token in secret default/tok for service account default/bob has been marked invalid. Use tokens from "
		"the TokenRequest API or manually created secret-based tokens, or remove the 'kubernetes.io/legacy-token-invalid-since' label from "
		"the secret to temporarily allow use of this token]");
	put_legacy(t, ",'deletionTimestamp':'2026-11-23T19:10:15Z'");
	refused(t, "[invalid bearer token, Token has been invalidated]");
}
END_TEST

START_TEST(secret_tokens_of_old_accounts_warn) {
	struct slice t = legacy();
	put_legacy(t, "");
	world_put(w, "/serviceaccounts", "default", "bob", SA_UID, "", ",'secrets':[{'name':'x'},{'name':'tok'}]");
	struct access_credentials c = { .authorization = slice_str(arena_printf(w->a, "Bearer %.*s", SLICE_FMT(t))) };
	struct access_user *u;
	const char *warning;
	ck_assert_int_eq(access_authenticate(w->acc, w->a, &c, &u, &warning), 0);
	ck_assert_str_eq(warning,
			 "Use tokens from the TokenRequest API or manually created secret-based tokens instead of auto-generated "
			 "secret-based tokens.");
	world_put(w, "/serviceaccounts", "default", "bob", "new", "", "");
	refused(t, "[invalid bearer token, ServiceAccount UID (new) does not match claim (" SA_UID ")]");
}
END_TEST

#define L "kubernetes.io/serviceaccount/"

START_TEST(secret_tokens_need_all_their_claims) {
	static const struct { const char *claims, *text;
	} cases[] = {
		{ "'x':1", "sub claim is missing" },
		{ "'sub':'a'", "namespace claim is missing" },
		{ "'sub':'a','" L "namespace':'default'", "secretName claim is missing" },
		{ "'sub':'a','" L "namespace':'default','" L "secret.name':'tok'", "serviceAccountName claim is missing" },
		{ "'sub':'a','" L "namespace':'default','" L "secret.name':'tok','" L "service-account.name':'bob'",
		  "serviceAccountUID claim is missing" },
		{ "'sub':'system:serviceaccount:kube-system:bob','" L "namespace':'default','" L "secret.name':'tok','" L
		  "service-account.name':'bob','" L "service-account.uid':'u'",
		  "sub claim is invalid" },
	};
	for (size_t i = 0; i < ELEMENTSOF(cases); i++)
		refused(minted(arena_printf(w->a, "{'iss':'kubernetes/serviceaccount',%s}", cases[i].claims)),
			arena_printf(w->a, "[invalid bearer token, %s]", cases[i].text));
}
END_TEST

int main(void) {
	Suite *s = suite_create("access/token");
	TCase *t = tcase_create("token");
	tcase_add_checked_fixture(t, begin, end);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, the_header_and_the_claims_are_kubernetes_bytes);
	tcase_add_test(t, a_pod_token_names_account_pod_and_node);
	tcase_add_test(t, keys_of_every_kind_sign_and_verify);
	tcase_add_test(t, times_are_forgiven_a_minute);
	tcase_add_test(t, audiences_have_to_meet);
	tcase_add_test(t, what_is_not_ours_is_only_invalid);
	tcase_add_test(t, a_megabyte_of_token_is_refused);
	tcase_add_test(t, no_algorithm_but_the_keys_own);
	tcase_add_test(t, signatures_are_checked);
	tcase_add_test(t, key_ids_choose_the_key);
	tcase_add_test(t, a_claim_given_twice_is_refused);
	tcase_add_test(t, a_token_dies_with_its_account);
	tcase_add_test(t, a_token_dies_with_its_pod_though_its_signature_is_remembered);
	tcase_add_test(t, a_terminating_pod_keeps_its_token_for_a_minute);
	tcase_add_test(t, secret_and_node_tokens_are_bound_too);
	tcase_add_test(t, the_memory_of_signatures_ends);
	tcase_add_test(t, little_memory_opens_nothing);
	tcase_add_test(t, oidc_documents);
	tcase_add_test(t, secret_tokens_live_as_their_secret_does);
	tcase_add_test(t, secret_tokens_of_old_accounts_warn);
	tcase_add_test(t, secret_tokens_need_all_their_claims);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
