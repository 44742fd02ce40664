/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"

#include "api/crd/definitions.h"
#include "api/encode.h"
#include "api/internal.h"
#include "api/openapi_doc.h"
#include "schema/openapi.h"

#include <errno.h>
#include <openssl/evp.h>

/* Documents known: every one a server may have. */
#define DOCUMENTS_MAX 8192u
/* SHA-512 in hexadecimal, as Kubernetes names versions of its documents. */
#define HASH_BYTES 64
#define HASH_TEXT (2 * HASH_BYTES + 1)
#define PREFIX "/openapi/v3/"
#define YEAR_SEC (365 * 24 * 3600)

/* Encoded documents kept in all: every one in two forms. Over it they are all dropped. */
#define KEPT_BYTES_MAX (24u * MIB)
/* A document nobody asks for is dropped after this long, so that an idle server is small. */
#define KEPT_IDLE_NS (30u * NSEC_PER_SEC)

enum form { JSON, PROTO, JSON_PACKED, PROTO_PACKED, FORMS };

struct document {
	char hash[HASH_TEXT];        /* "": not known yet */
	struct blob *bytes[FORMS];   /* NULL: not kept */
	uint64_t used;               /* monotonic ns */
};

struct openapi {
	pthread_mutex_t lock;
	struct catalog *catalog;     /* what the documents are of; a reference */
	struct map *documents;       /* by path; the index by OPENAPI_INDEX */
	size_t kept;                 /* bytes */
};

#define OPENAPI_INDEX "/v3"

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
	o->documents = map_new(DOCUMENTS_MAX);
	pthread_mutex_init(&o->lock, NULL);
	if (o->documents) return o;
	openapi_free(o);
	return NULL;
}

static void drop_bytes(struct openapi *o, struct document *d) {
	for (size_t i = 0; i < FORMS; i++) {
		if (d->bytes[i]) o->kept -= d->bytes[i]->n;
		d->bytes[i] = blob_unref(d->bytes[i]);
	}
}

static void document_free(void *p) {
	struct document *d = p;
	for (size_t i = 0; i < FORMS; i++) blob_unref(d->bytes[i]);
	free(d);
}

void openapi_free(struct openapi *o) {
	if (!o) return;
	map_free(o->documents, document_free);
	catalog_unref(o->catalog);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

/* Those not used since `before`. Under the lock. */
static void drop_idle(struct openapi *o, uint64_t before) {
	struct slice path;
	void *d;
	for (size_t it = 0; o->kept && map_next(o->documents, &it, &path, &d);)
		if (((struct document *)d)->used <= before) drop_bytes(o, d);
}

void openapi_tick(struct openapi *o, uint64_t now) {
	pthread_mutex_lock(&o->lock);
	if (o->documents && o->kept && now > KEPT_IDLE_NS) drop_idle(o, now - KEPT_IDLE_NS);
	pthread_mutex_unlock(&o->lock);
}

/* ---- what is kept ---- */

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
	map_free(o->documents, document_free);
	o->documents = map_new(DOCUMENTS_MAX);
	o->kept = 0;
}

/* Under the lock. NULL: out of memory; not being remembered does no harm. */
static struct document *document_of(struct openapi *o, const struct catalog *c, struct slice path) {
	follow(o, c);
	struct document *d = o->documents ? map_get(o->documents, path) : NULL;
	if (d || !o->documents || !(d = calloc(1, sizeof(*d)))) return d;
	if (map_put(o->documents, path, d, NULL) == 0) return d;
	free(d);
	return NULL;
}

static bool hash_known(struct openapi *o, const struct catalog *c, struct slice path, char out[HASH_TEXT]) {
	pthread_mutex_lock(&o->lock);
	const struct document *d = document_of(o, c, path);
	bool known = d && *d->hash;
	if (known) memcpy(out, d->hash, HASH_TEXT);
	pthread_mutex_unlock(&o->lock);
	return known;
}

static void hash_remember(struct openapi *o, const struct catalog *c, struct slice path, const char text[HASH_TEXT]) {
	pthread_mutex_lock(&o->lock);
	struct document *d = document_of(o, c, path);
	if (d) memcpy(d->hash, text, HASH_TEXT);
	pthread_mutex_unlock(&o->lock);
}

static struct blob *bytes_kept(struct request *r, const struct catalog *c, struct slice path, enum form form) {
	struct openapi *o = r->api->openapi;
	pthread_mutex_lock(&o->lock);
	struct document *d = document_of(o, c, path);
	struct blob *b = d && d->bytes[form] ? blob_ref(d->bytes[form]) : NULL;
	if (b) d->used = r->started;
	pthread_mutex_unlock(&o->lock);
	return b;
}

static void bytes_keep(struct request *r, const struct catalog *c, struct slice path, enum form form, struct blob *b) {
	struct openapi *o = r->api->openapi;
	pthread_mutex_lock(&o->lock);
	struct document *d = document_of(o, c, path);
	if (d && !d->bytes[form] && b->n <= KEPT_BYTES_MAX) {
		if (o->kept + b->n > KEPT_BYTES_MAX) drop_idle(o, UINT64_MAX);
		d->bytes[form] = blob_ref(b);
		d->used = r->started;
		o->kept += b->n;
	}
	pthread_mutex_unlock(&o->lock);
}

/* ---- making ---- */

static int make_index(struct request *r, const struct catalog *c, struct buf *b);

static int make_json(struct request *r, const struct catalog *c, struct slice path, struct buf *b) {
	return slice_eqs(path, OPENAPI_INDEX) ? make_index(r, c, b) : openapi_doc_write(c, path, b);
}

/* The document in a form, kept or made now. 0: *ret with a reference; -ENOENT, -ENOMEM and other -errno. No recursion but to the form
 * that the wanted one is made of. */
static int bytes_of(struct request *r, const struct catalog *c, struct slice path, enum form form, struct blob **ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(OPENAPI_DOCUMENT_MAX);
	_cleanup_blob_ struct blob *from = NULL;
	if ((*ret = bytes_kept(r, c, path, form))) return 0;
	int e = form == JSON ? make_json(r, c, path, &b) : bytes_of(r, c, path, form == PROTO_PACKED ? PROTO : JSON, &from);
	if (e == 0 && form == PROTO)
		e = schema_openapi_proto(slice_eqs(path, OPENAPI_DOC_V2) ? OPENAPI_V2 : OPENAPI_V3, blob_slice(from), &b);
	if (e == 0 && form >= JSON_PACKED) e = encode_gzip(blob_slice(from), &b);
	if (e == 0) e = buf_err(&b);
	if (e == 0 && !(*ret = blob_new(b.p, b.n))) e = -ENOMEM;
	if (e == 0) bytes_keep(r, c, path, form, *ret);
	return e;
}

/* The hash of a document that is about to be sent, and so may as well be kept, or of one among many. 0; -ENOENT; -ENOMEM. */
static int hash_of(struct request *r, const struct catalog *c, struct slice path, bool keep, char out[HASH_TEXT]) {
	_cleanup_buf_ struct buf b = BUF_INIT(OPENAPI_DOCUMENT_MAX);
	_cleanup_blob_ struct blob *json = NULL;
	if (hash_known(r->api->openapi, c, path, out)) return 0;
	int e = keep ? bytes_of(r, c, path, JSON, &json) : openapi_doc_write(c, path, &b);
	if (e == 0 && !hash_text(keep ? blob_slice(json) : buf_slice(&b), out)) e = -ENOMEM;
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

static void answer_bytes(struct request *r, const struct catalog *c, const char *type, struct slice path, bool proto) {
	struct blob *plain = NULL, *packed = NULL;
	int e = bytes_of(r, c, path, proto ? PROTO : JSON, &plain);
	if (e == 0 && r->out.gzip && plain->n > GZIP_MIN_BYTES) e = bytes_of(r, c, path, proto ? PROTO_PACKED : JSON_PACKED, &packed);
	if (e < 0) {
		blob_unref(plain);
		request_status(r, status_internal(r->a, "%s", strerror(-e)));
		return;
	}
	if (packed) blob_unref(plain);
	request_blob(r, 200, type, packed ? packed : plain, packed ? "gzip" : NULL);
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
	int e = type < 0 ? 0 : hash_of(r, c, path, true, hash);
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
	else answer_bytes(r, c, answered[version][type > 0], path, type > 0);
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
	int e = hash_of(i->r, i->c, slice_str(path), false, hash);
	if (e == 0) buf_printf(i->b, "%s\"%s\":{\"serverRelativeURL\":\"" PREFIX "%s?hash=%s\"}", i->b->p[i->b->n - 1] == '{' ? "" : ",", path, path, hash);
	return e;
}

static int make_index(struct request *r, const struct catalog *c, struct buf *b) {
	struct index i = { r, c, b };
	buf_puts(b, "{\"paths\":{");
	int e = buf_err(b) ? buf_err(b) : openapi_doc_each(c, put_entry, &i);
	return e ? e : buf_puts(b, "}}");
}

void openapi_index_handle(struct request *r) {
	const struct catalog *c = definitions_catalog(r->api, r->a);
	if (!c) request_status(r, status_no_memory());
	else answer_bytes(r, c, "text/plain; charset=utf-8", SLICE_LIT(OPENAPI_INDEX), false);
}
