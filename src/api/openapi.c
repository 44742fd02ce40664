/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"

#include "api/internal.h"
#include "schema/openapi.h"

#include <errno.h>

#define DOCUMENTS_MAX 256u
#define RESOURCES_MAX 256u
#define PREFIX "/openapi/v3/"

/* Documents that are the same in every cluster: made once, on whichever loop is asked first. */
struct openapi {
	pthread_mutex_t lock;
	struct map *documents;       /* "api/v1" -> struct blob */
};

/* Paths without resources of their own. */
static const char *const plain[] = { ".well-known/openid-configuration", "api", "apis", "logs", "openid/v1/jwks", "version" };

/* ---- which documents there are ---- */

static const char *path_of(struct arena *a, const struct schema_resource *r) {
	return r->group[0] ? arena_printf(a, "apis/%s/%s", r->group, r->version) : arena_printf(a, "api/%s", r->version);
}

/* The resources of a path like "apis/apps/v1". */
static size_t resources_of(struct arena *a, struct slice path, const struct schema_resource **v) {
	size_t n = 0;
	for (size_t i = 0; i < schema_builtin_count(); i++) {
		const struct schema_resource *r = schema_builtin(i);
		const char *own = path_of(a, r);
		if (own && slice_eqs(path, own) && n < RESOURCES_MAX) v[n++] = r;
	}
	return n;
}

static bool is_group(struct slice path) {
	if (!slice_starts(path, SLICE_LIT("apis/"))) return false;
	struct slice group = slice_from(path, 5);
	for (size_t i = 0; i < schema_builtin_count(); i++)
		if (slice_eqs(group, schema_builtin(i)->group) && !slice_empty(group)) return true;
	return false;
}

static bool is_plain(struct slice path) {
	for (size_t i = 0; i < ELEMENTSOF(plain); i++)
		if (slice_eqs(path, plain[i])) return true;
	return is_group(path);
}

/* ---- the documents ---- */

static struct blob *document_make(struct arena *a, struct slice path) {
	const struct schema_resource *v[RESOURCES_MAX];
	_cleanup_buf_ struct buf b = BUF_INIT(OPENAPI_DOCUMENT_MAX);
	size_t n = resources_of(a, path, v);
	int e = n ? schema_openapi_v3(v, n, &b) : is_plain(path) ? schema_openapi_v3_empty(&b) : -ENOENT;
	return e < 0 ? NULL : blob_new(b.p, b.n);
}

static struct openapi *openapi_of(struct api *api) {
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&once);
	if (!api->openapi && (api->openapi = calloc(1, sizeof(*api->openapi)))) {
		pthread_mutex_init(&api->openapi->lock, NULL);
		api->openapi->documents = map_new(DOCUMENTS_MAX);
	}
	struct openapi *o = api->openapi;
	pthread_mutex_unlock(&once);
	return o;
}

/* A reference, or NULL: no such document. */
static struct blob *document_get(struct request *r, struct slice path) {
	struct openapi *o = openapi_of(r->api);
	if (!o || !o->documents) return NULL;
	pthread_mutex_lock(&o->lock);
	struct blob *b = map_get(o->documents, path);
	if (!b && (b = document_make(r->a, path)) && map_put(o->documents, path, b, NULL) < 0) b = blob_unref(b);
	blob_ref(b);
	pthread_mutex_unlock(&o->lock);
	return b;
}

static void document_free(void *b) { blob_unref(b); }

void openapi_free(struct openapi *o) {
	if (!o) return;
	map_free(o->documents, document_free);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

/* ---- answers ---- */

/* FNV-1a: names a version of a document, nothing more. */
static const char *hash_of(struct arena *a, struct slice bytes) {
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < bytes.n; i++) h = (h ^ (unsigned char)bytes.p[i]) * 0x100000001b3u;
	return arena_printf(a, "%016llX", (unsigned long long)h);
}

static void put_entry(struct request *r, struct buf *b, const char *path, bool *first) {
	struct blob *doc = document_get(r, slice_str(path));
	const char *hash = doc ? hash_of(r->a, blob_slice(doc)) : NULL;
	if (hash) {
		buf_printf(b, "%s\"%s\":{\"serverRelativeURL\":\"" PREFIX "%s?hash=%s\"}", *first ? "" : ",", path, path, hash);
		*first = false;
	}
	blob_unref(doc);
}

/* A group version is entered with its first resource. */
static bool seen_before(size_t i, bool group_only) {
	const struct schema_resource *r = schema_builtin(i);
	for (size_t k = 0; k < i; k++) {
		const struct schema_resource *o = schema_builtin(k);
		if (strcmp(o->group, r->group) == 0 && (group_only || strcmp(o->version, r->version) == 0)) return true;
	}
	return false;
}

void openapi_index_handle(struct request *r) {
	_cleanup_buf_ struct buf b = BUF_INIT(OPENAPI_DOCUMENT_MAX);
	bool first = true;
	buf_puts(&b, "{\"paths\":{");
	for (size_t i = 0; i < ELEMENTSOF(plain); i++) put_entry(r, &b, plain[i], &first);
	for (size_t i = 0; i < schema_builtin_count(); i++) {
		const struct schema_resource *res = schema_builtin(i);
		const char *path = path_of(r->a, res), *group = arena_printf(r->a, "apis/%s", res->group);
		if (res->group[0] && group && !seen_before(i, true)) put_entry(r, &b, group, &first);
		if (path && !seen_before(i, false)) put_entry(r, &b, path, &first);
	}
	buf_puts(&b, "}}");
	struct slice body = buf_err(&b) ? SLICE_NULL : arena_slice_dup(r->a, buf_slice(&b));
	if (!body.p) request_status(r, status_no_memory());
	else request_bytes(r, 200, "text/plain; charset=utf-8", body);
}

static void blob_release(void *b) { blob_unref(b); }

void openapi_document_handle(struct request *r) {
	struct blob *doc = document_get(r, slice_from(r->info.path, sizeof(PREFIX) - 1));
	if (!doc) {
		request_status(r, status_page_not_found());
		return;
	}
	if (arena_defer(r->a, blob_release, doc) < 0) {
		request_status(r, status_no_memory());
		return;
	}
	const char *hash = hash_of(r->a, blob_slice(doc)), *tag = hash ? arena_printf(r->a, "\"%s\"", hash) : NULL;
	struct slice asked = query_get(&r->query, "hash");
	if (tag) (void)request_header(r, "etag", slice_str(tag));
	(void)request_header(r, "vary", SLICE_LIT("Accept"));
	/* An address with the right hash never means anything else. */
	if (hash && slice_eqs(asked, hash)) (void)request_header(r, "cache-control", SLICE_LIT("public, immutable"));
	if (tag && slice_eqs(request_get_header(r, "if-none-match"), tag)) request_bytes(r, 304, NULL, SLICE_NULL);
	else request_bytes(r, 200, "application/json", blob_slice(doc));
}
