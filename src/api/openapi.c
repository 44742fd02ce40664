/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"

#include "api/crd/definitions.h"
#include "api/internal.h"
#include "api/openapi_doc.h"
#include "schema/openapi.h"

#include <errno.h>
#include <openssl/evp.h>

/* Hashes kept: of every document a server may have. */
#define HASHES_MAX 8192u
/* SHA-512 in hexadecimal, as Kubernetes names versions of its documents. */
#define HASH_BYTES 64
#define HASH_TEXT (2 * HASH_BYTES + 1)
#define PREFIX "/openapi/v3/"
#define YEAR_SEC (365 * 24 * 3600)

struct openapi {
	pthread_mutex_t lock;
	struct catalog *catalog;     /* what the hashes are of; a reference */
	struct map *hashes;          /* path to text */
};

/* The media types of one version of OpenAPI, in order of preference, and what the answer is then called. */
static const char *const accepted[][3] = {
	[OPENAPI_V2] = { "application/json", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" },
	[OPENAPI_V3] = { "application/json", "application/com.github.proto-openapi.spec.v3.v1.0+protobuf", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf" },
};
static const char *const answered[][2] = {
	[OPENAPI_V2] = { "application/json", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf" },
	[OPENAPI_V3] = { "application/json", "application/com.github.proto-openapi.spec.v3.v1.0+protobuf" },
};

struct openapi *openapi_new(void) {
	struct openapi *o = calloc(1, sizeof(*o));
	if (!o) return NULL;
	o->hashes = map_new(HASHES_MAX);
	pthread_mutex_init(&o->lock, NULL);
	if (o->hashes) return o;
	openapi_free(o);
	return NULL;
}

void openapi_free(struct openapi *o) {
	if (!o) return;
	map_free(o->hashes, free);
	catalog_unref(o->catalog);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

/* ---- hashes ---- */

static bool hash_text(struct slice bytes, char out[HASH_TEXT]) {
	unsigned char digest[EVP_MAX_MD_SIZE];
	if (EVP_Digest(bytes.p, bytes.n, digest, NULL, EVP_sha512(), NULL) != 1) return false;
	for (size_t i = 0; i < HASH_BYTES; i++) snprintf(out + 2 * i, 3, "%02X", digest[i]);
	return true;
}

/* Under the lock. What is known of another catalog is forgotten. */
static void follow(struct openapi *o, const struct catalog *c) {
	if (o->catalog == c) return;
	catalog_unref(o->catalog);
	o->catalog = catalog_ref((struct catalog *)(uintptr_t)c);
	map_free(o->hashes, free);
	o->hashes = map_new(HASHES_MAX);
}

static bool hash_known(struct openapi *o, const struct catalog *c, struct slice path, char out[HASH_TEXT]) {
	pthread_mutex_lock(&o->lock);
	follow(o, c);
	const char *text = o->hashes ? map_get(o->hashes, path) : NULL;
	if (text) memcpy(out, text, HASH_TEXT);
	pthread_mutex_unlock(&o->lock);
	return text != NULL;
}

/* Not being remembered does no harm. */
static void hash_remember(struct openapi *o, const struct catalog *c, struct slice path, const char text[HASH_TEXT]) {
	char *copy = malloc(HASH_TEXT);
	void *old = NULL;
	if (!copy) return;
	memcpy(copy, text, HASH_TEXT);
	pthread_mutex_lock(&o->lock);
	follow(o, c);
	if (!o->hashes || map_put(o->hashes, path, copy, &old) < 0) old = copy;
	pthread_mutex_unlock(&o->lock);
	free(old);
}

/* 0; -ENOENT: no such document; -ENOMEM. */
static int hash_of(struct request *r, const struct catalog *c, struct slice path, char out[HASH_TEXT]) {
	_cleanup_buf_ struct buf b = BUF_INIT(OPENAPI_DOCUMENT_MAX);
	if (hash_known(r->api->openapi, c, path, out)) return 0;
	int e = openapi_doc_write(c, path, &b);
	if (e == 0 && !hash_text(buf_slice(&b), out)) e = -ENOMEM;
	if (e == 0) hash_remember(r->api->openapi, c, path, out);
	return e;
}

/* ---- answers ---- */

/* If-None-Match: the tag among others, weak or not, or "*" (RFC 9110). */
static bool is_unchanged(const struct request *r, struct slice tag) {
	struct slice list = request_get_header(r, "if-none-match");
	while (list.n) {
		struct slice one = slice_trim(slice_cut(&list, ','));
		if (slice_starts(one, SLICE_LIT("W/"))) one = slice_from(one, 2);
		if (slice_eq(one, tag) || slice_eqs(one, "*")) return true;
	}
	return false;
}

static void answer_bytes(struct request *r, const struct catalog *c, enum openapi_version version, struct slice path, bool proto) {
	_cleanup_buf_ struct buf json = BUF_INIT(OPENAPI_DOCUMENT_MAX), packed = BUF_INIT(OPENAPI_DOCUMENT_MAX);
	int e = openapi_doc_write(c, path, &json);
	if (e == 0 && proto) e = schema_openapi_proto(version, buf_slice(&json), &packed);
	if (e < 0) request_status(r, status_internal(r->a, "%s", strerror(-e)));
	else request_buf(r, 200, answered[version][proto], proto ? &packed : &json);
}

/* The address has a hash that is not the document's: it says where the document is now. */
static void answer_moved(struct request *r, struct slice path, const char *hash) {
	const char *where = arena_printf(r->a, PREFIX "%.*s?hash=%s", SLICE_FMT(path), hash);
	if (where) (void)request_header(r, "location", slice_str(where));
	request_bytes(r, 301, "application/json", SLICE_NULL);
}

static void put_forever(struct request *r) {
	char date[HTTP_DATE_SIZE];
	http_date(r->now / NSEC_PER_SEC + YEAR_SEC, date);
	(void)request_header(r, "cache-control", SLICE_LIT("public, immutable"));
	(void)request_header(r, "expires", slice_str(date));
}

static void answer(struct request *r, const struct catalog *c, enum openapi_version version, struct slice path, struct slice asked) {
	char hash[HASH_TEXT];
	int type = negotiate_among(request_get_header(r, "accept"), accepted[version], ELEMENTSOF(accepted[version]));
	int e = type < 0 ? 0 : hash_of(r, c, path, hash);
	const char *tag = type >= 0 && e == 0 ? arena_printf(r->a, "\"%s\"", hash) : NULL;
	(void)http_headers_add(r->a, &r->headers, SLICE_LIT("vary"), SLICE_LIT("Accept"));
	if (type < 0) {
		request_bytes(r, 406, NULL, SLICE_NULL);
		return;
	}
	if (!tag) {
		request_status(r, status_no_memory());
		return;
	}
	(void)request_header(r, "etag", slice_str(tag));
	if (asked.n && !slice_eqs(asked, hash)) {
		answer_moved(r, path, hash);
		return;
	}
	if (asked.n) put_forever(r);
	if (is_unchanged(r, slice_str(tag))) request_bytes(r, 304, NULL, SLICE_NULL);
	else answer_bytes(r, c, version, path, type > 0);
}

void openapi_v2_handle(struct request *r) {
	const struct catalog *c = definitions_catalog(r->api, r->a);
	(void)http_headers_add(r->a, &r->headers, SLICE_LIT("vary"), SLICE_LIT("Accept-Encoding"));
	if (!c) request_status(r, status_no_memory());
	else answer(r, c, OPENAPI_V2, SLICE_LIT(OPENAPI_DOC_V2), SLICE_NULL);
}

void openapi_document_handle(struct request *r) {
	const struct catalog *c = definitions_catalog(r->api, r->a);
	struct slice path = slice_from(r->info.path, sizeof(PREFIX) - 1);
	if (!c) request_status(r, status_no_memory());
	else if (openapi_doc_exists(c, path)) answer(r, c, OPENAPI_V3, path, query_get(&r->query, "hash"));
	else request_bytes(r, 404, NULL, SLICE_NULL);
}

/* ---- the index ---- */

struct index { struct request *r; const struct catalog *c; struct buf *b; };

static int put_entry(void *ctx, const char *path) {
	struct index *i = ctx;
	char hash[HASH_TEXT];
	int e = hash_of(i->r, i->c, slice_str(path), hash);
	if (e == 0) buf_printf(i->b, "%s\"%s\":{\"serverRelativeURL\":\"" PREFIX "%s?hash=%s\"}", i->b->p[i->b->n - 1] == '{' ? "" : ",", path, path, hash);
	return e;
}

void openapi_index_handle(struct request *r) {
	_cleanup_buf_ struct buf b = BUF_INIT(OPENAPI_DOCUMENT_MAX);
	const struct catalog *c = definitions_catalog(r->api, r->a);
	struct index i = { r, c, &b };
	buf_puts(&b, "{\"paths\":{");
	int e = c && !buf_err(&b) ? openapi_doc_each(c, put_entry, &i) : -ENOMEM;
	if (e == 0) e = buf_puts(&b, "}}");
	if (e < 0) request_status(r, status_internal(r->a, "%s", strerror(-e)));
	else request_buf(r, 200, "text/plain; charset=utf-8", &b);
}
