/* SPDX-License-Identifier: Apache-2.0 */
#include "api/discovery.h"

#include "api/aggregate/discovery.h"
#include "api/crd/definitions.h"
#include "api/discovery_doc.h"
#include "api/encode.h"
#include "api/internal.h"

#include <openssl/evp.h>
#include <stdio.h>

#define AGGREGATED "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

struct document {
	struct blob *json;       /* compact, with the final newline */
	char etag[2 + 128 + 1];
};
struct discovery {
	struct map *documents;   /* by path; aggregated ones by "v2:<path>" */
};

static void free_document(void *p) {
	struct document *d = p;
	blob_unref(d->json);
	free(d);
}

struct discovery *discovery_free(struct discovery *d) {
	if (d) map_free(d->documents, free_document);
	free(d);
	return NULL;
}

static void set_etag(struct document *d) {
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	EVP_Digest(d->json->p, d->json->n, sum, &n, EVP_sha512(), NULL);
	char *p = d->etag;
	*p++ = '"';
	for (unsigned i = 0; i < n && i < 64; i++, p += 2) snprintf(p, 3, "%02X", sum[i]);
	*p++ = '"';
	*p = 0;
}

/* Takes the buffer's text as the document of a path; the buffer is empty afterwards. */
static bool add(struct discovery *d, struct buf *b, const char *path) {
	struct document *doc = calloc(1, sizeof(*doc));
	buf_putc(b, '\n');
	if (doc) doc->json = buf_err(b) ? NULL : blob_new(b->p, b->n);
	buf_clear(b);
	if (!doc || !doc->json) {
		free(doc);
		return false;
	}
	set_etag(doc);
	if (map_put(d->documents, slice_str(path), doc, NULL) == 0) return true;
	free_document(doc);
	return false;
}

static bool add_group(struct discovery *d, const struct catalog *c, struct buf *b, const char *group) {
	char path[512];
	const char *v;
	bool ok = true;
	if (*group) {
		snprintf(path, sizeof(path), "/apis/%s", group);
		discovery_put_group(c, b, group);
		ok = add(d, b, path);
	}
	for (size_t i = 0; ok && discovery_version_at(c, group, i, &v); i++) {
		snprintf(path, sizeof(path), "%s%s/%s", *group ? "/apis/" : "/api", group, v);
		discovery_put_resources(c, b, group, v);
		ok = add(d, b, path);
	}
	return ok;
}

static bool fill(struct discovery *d, const struct catalog *c, struct buf *b, const char *server_address) {
	const char *g;
	discovery_put_api(b, server_address);
	bool ok = add(d, b, "/api");
	discovery_put_groups(c, b);
	ok = ok && add(d, b, "/apis");
	discovery_put_aggregated(c, b, true);
	ok = ok && add(d, b, "v2:/api");
	discovery_put_aggregated(c, b, false);
	ok = ok && add(d, b, "v2:/apis");
	for (size_t i = 0; ok && discovery_group_at(c, i, &g); i++) ok = add_group(d, c, b, g);
	return ok;
}

struct discovery *discovery_new(const char *server_address, const struct catalog *c) {
	_cleanup_buf_ struct buf b = BUF_INIT(DISCOVERY_BYTES_MAX);
	struct discovery *d = calloc(1, sizeof(*d));
	if (d) d->documents = map_new(1024);
	if (d && d->documents && fill(d, c, &b, server_address)) return d;
	return discovery_free(d);
}

/* ---- answering ---- */

/* In the catalog in force. NULL: there is none (or no memory to look). */
static const struct document *document_at(struct request *r, struct slice path) {
	const struct catalog *c = definitions_catalog(r->api, r->a);
	return c ? map_get(c->discovery->documents, path) : NULL;
}

static bool accepts_aggregated(struct slice accept) {
	while (accept.n) {
		struct negotiated n = { 0 };
		struct slice clause = slice_cut(&accept, ',');
		if (negotiate_accept(clause, NEGOTIATE_DISCOVERY, &n) == 0 && n.as == AS_DISCOVERY) return true;
	}
	return false;
}

static void answer(struct request *r, const struct document *d) {
	const struct status *st = NULL;
	struct slice accept = request_get_header(r, "accept");
	if (!negotiate_routable(accept)) st = status_not_acceptable_route(false);
	else if (negotiate_accept(accept, NEGOTIATE_PLAIN, &r->out) < 0) st = status_not_acceptable(r->a, false);
	if (st) {
		request_status(r, st);
		return;
	}
	struct slice json = blob_slice(d->json);
	if (r->out.media == MEDIA_JSON && !r->out.pretty) {
		request_bytes(r, 200, media_type(MEDIA_JSON), json);
		return;
	}
	yyjson_mut_doc *doc;
	struct json_error e;
	if (json_parse(r->a, json, &doc, &e) < 0) {
		request_status(r, status_no_memory());
		return;
	}
	struct slice kind = json_path_str(yyjson_mut_doc_get_root(doc), "kind");
	request_tree(r, 200, schema_type_of_kind(SLICE_NULL, SLICE_LIT("v1"), kind), doc, yyjson_mut_doc_get_root(doc));
}

static void answer_aggregated(struct request *r, const struct document *d) {
	(void)request_header(r, "cache-control", SLICE_LIT("public"));
	(void)request_header(r, "etag", slice_str(d->etag));
	(void)request_header(r, "vary", SLICE_LIT("Accept"));
	if (slice_eqs(request_get_header(r, "if-none-match"), d->etag)) request_bytes(r, 304, NULL, SLICE_NULL);
	else request_bytes(r, 200, AGGREGATED, blob_slice(d->json));
}

static void drop_blob(void *b) { blob_unref(b); }

/* The document with what other servers serve, which is made for this answer. */
static const struct document *with_remote(struct request *r, const struct document *d, bool v2) {
	struct slice own = blob_slice(d->json), all = aggregate_discovery(r, own, v2);
	if (all.p == own.p) return d;
	struct document *made = arena_new_of(r->a, struct document);
	if (!made || !all.p || !(made->json = blob_new(all.p, all.n)) || arena_defer(r->a, drop_blob, made->json) < 0) return NULL;
	set_etag(made);
	return made;
}

static void answer_root(struct request *r, const char *path, const char *aggregated, bool groups) {
	bool v2 = accepts_aggregated(request_get_header(r, "accept"));
	const struct document *d = document_at(r, slice_str(v2 ? aggregated : path));
	if (d && groups && !(d = with_remote(r, d, v2))) request_status(r, status_no_memory());
	else if (!d) request_status(r, status_page_not_found());
	else if (v2) answer_aggregated(r, d);
	else answer(r, d);
}

void discovery_api_handle(struct request *r) { answer_root(r, "/api", "v2:/api", false); }
void discovery_apis_handle(struct request *r) { answer_root(r, "/apis", "v2:/apis", true); }

static struct slice without_slash(struct slice p) {
	if (p.n && p.p[p.n - 1] == '/') p.n--;
	return p;
}

void discovery_core_handle(struct request *r) {
	const struct document *d = document_at(r, without_slash(r->info.path));
	if (d) answer(r, d);
	else request_status(r, status_unknown_resource());
}

/* An unknown version of a known group is an unknown resource, an unknown group an unknown page. */
void discovery_group_handle(struct request *r) {
	const struct document *d = document_at(r, without_slash(r->info.path));
	struct slice rest = slice_from(r->info.path, strlen("/apis/")), group = slice_cut(&rest, '/');
	/* A group's own document is given whatever the method; the versions' are not. */
	if (d && rest.n && !slice_eqs(r->x->head.method, "GET")) {
		request_status(r, status_method_not_allowed());
		return;
	}
	if (d) {
		answer(r, d);
		return;
	}
	_cleanup_buf_ struct buf path = BUF_INIT(HEADER_BYTES_MAX);
	buf_puts(&path, "/apis/");
	buf_put_slice(&path, group);
	bool known = document_at(r, buf_slice(&path)) != NULL;
	request_status(r, known ? status_unknown_resource() : status_page_not_found());
}

void discovery_each_path(const struct catalog *c, void (*fn)(void *ctx, const char *path), void *ctx) {
	const char *g, *v;
	char path[512];
	fn(ctx, "/api");
	fn(ctx, "/api/v1");
	fn(ctx, "/apis");
	fn(ctx, "/apis/");
	for (size_t i = 1; discovery_group_at(c, i, &g); i++) {
		snprintf(path, sizeof(path), "/apis/%s", g);
		fn(ctx, path);
		for (size_t k = 0; discovery_version_at(c, g, k, &v); k++) {
			snprintf(path, sizeof(path), "/apis/%s/%s", g, v);
			fn(ctx, path);
		}
	}
}
