/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pods/NAME/proxy, services/NAME/proxy, nodes/NAME/proxy: the request goes on to the place, its answer comes back with redirects and the
 * links of pages leading through the proxy again (k8s.io/apimachinery/pkg/util/proxy: UpgradeAwareHandler and Transport).
 */
#include "api/connect.h"
#include "api/stream/place.h"
#include "api/stream/proxy_url.h"
#include "api/stream/relay.h"
#include "api/stream/stream.h"
#include "api/stream/target.h"
#include "codec/gopath.h"
#include "codec/html_links.h"

#include <errno.h>
#include <zlib.h>

/* Inflated at a time. */
#define PIECE 16384u

struct passing {
	struct arena *a;
	struct proxy_urls urls;
	bool upgrade;
	struct html_links *links;  /* the answer is a page */
	bool is_packed;
	z_stream unpack;
};

static void proxy_free(void *ctx) {
	struct passing *p = ctx;
	if (p->is_packed) inflateEnd(&p->unpack);
	html_links_free(p->links);
	arena_free(p->a);
	free(p);
}

/* ---- the answer's head ---- */

/* Of the backend's connection, or made anew here. */
static bool is_dropped(const struct http_headers *h, struct slice name) {
	static const char *const dropped[] = {
		"connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "date",
		/* What the backend thinks of other origins is not the API server's opinion. */
		"access-control-allow-credentials", "access-control-allow-headers", "access-control-allow-methods", "access-control-allow-origin",
	};
	for (size_t i = 0; i < ELEMENTSOF(dropped); i++)
		if (slice_eqs(name, dropped[i])) return true;
	struct slice list;
	for (size_t it = 0; http_headers_next(h, "connection", &it, &list);)
		while (list.p)
			if (slice_ieq(slice_trim(slice_cut(&list, ',')), name)) return true;
	return false;
}

static void put_headers(struct passing *p, struct request *r, const struct http_headers *h, bool unpacked) {
	for (size_t i = 0; i < h->n; i++) {
		struct slice name = h->v[i].name, value = h->v[i].value;
		if (is_dropped(h, name) || (unpacked && slice_eqs(name, "content-encoding"))) continue;
		if (slice_eqs(name, "location") && proxy_url_rewrite(r->a, &p->urls, value, &value) < 0) continue;
		(void)http_headers_add(r->a, &r->headers, name, value);
	}
}

static int rewrite_link(void *ctx, struct slice url, struct buf *out) {
	struct passing *p = ctx;
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct slice to;
	if (!a || proxy_url_rewrite(a, &p->urls, url, &to) < 0) return -ENOMEM;
	if (to.p == url.p) return 0;
	return buf_put_slice(out, to) < 0 ? out->err : 1;
}

static bool is_page(const struct http_headers *h) {
	struct slice type = http_headers_get(h, "content-type"), what = slice_cut(&type, ';');
	return slice_eqs(slice_trim(what), "text/html") && slice_empty(http_headers_get(h, "location"));
}

/* A page is unpacked to be read; the client takes it plain. Other codings pass unread. */
static bool prepare_page(struct passing *p, const struct http_headers *h) {
	struct slice coding = http_headers_get(h, "content-encoding");
	bool gzip = slice_eqs(coding, "gzip"), deflate = slice_eqs(coding, "deflate");
	if (!is_page(h) || (coding.n && !gzip && !deflate)) return false;
	if (gzip || deflate) p->is_packed = inflateInit2(&p->unpack, gzip ? 16 + MAX_WBITS : -MAX_WBITS) == Z_OK;
	if (p->is_packed == (gzip || deflate)) p->links = html_links_new(rewrite_link, p);
	return p->links != NULL;
}

static bool begin(void *ctx, struct request *r, const struct http_response_head *head, struct relay_answer *ret) {
	struct passing *p = ctx;
	if (p->upgrade) return false;
	bool page = !slice_eqs(r->x->head.method, "HEAD") && prepare_page(p, &head->headers);
	put_headers(p, r, &head->headers, page && p->is_packed);
	if (page || slice_int(http_headers_get(&head->headers, "content-length"), 0, INT64_MAX, &ret->length) < 0) ret->length = -1;
	return true;
}

/* ---- the answer's body ---- */

static int unpack(struct passing *p, struct slice bytes, struct buf *out) {
	char piece[PIECE];
	p->unpack.next_in = (unsigned char *)(uintptr_t)bytes.p;
	p->unpack.avail_in = (unsigned)bytes.n;
	for (;;) {
		p->unpack.next_out = (unsigned char *)piece;
		p->unpack.avail_out = sizeof(piece);
		int z = inflate(&p->unpack, Z_NO_FLUSH);
		if (z != Z_OK && z != Z_STREAM_END && z != Z_BUF_ERROR) return -EPROTO;
		size_t n = sizeof(piece) - p->unpack.avail_out;
		int e = n ? html_links_feed(p->links, slice_make(piece, n), false, out) : 0;
		if (e < 0 || z != Z_OK || p->unpack.avail_out) return e;
	}
}

static int transform(void *ctx, struct slice bytes, bool last, struct buf *out) {
	struct passing *p = ctx;
	if (!p->links) return buf_put_slice(out, bytes);
	if (!p->is_packed) return html_links_feed(p->links, bytes, last, out);
	int e = bytes.n ? unpack(p, bytes, out) : 0;
	return e < 0 || !last ? e : html_links_feed(p->links, SLICE_NULL, true, out);
}

/* ---- no answer ---- */

static const char *dial_error(struct arena *a, const struct passing *p, const struct relay_outcome *o) {
	static const struct { int err; const char *text; } known[] = {
		{ -ECONNREFUSED, "connect: connection refused" }, { -EHOSTUNREACH, "connect: no route to host" }, { -ENETUNREACH, "connect: network is unreachable" },
		{ -ETIMEDOUT, "i/o timeout" },
	};
	for (size_t i = 0; i < ELEMENTSOF(known); i++)
		if (o->err == known[i].err) return arena_printf(a, "dial tcp %.*s: %s", SLICE_FMT(p->urls.backend), known[i].text);
	return o->msg;
}

/* A backend that does not upgrade says why. */
static void not_upgraded(struct passing *p, struct request *r, const struct relay_outcome *o) {
	if (o->status < 400) {
		request_status(r, status_error(r->a, "invalid upgrade response: status code %d", o->status));
		return;
	}
	put_headers(p, r, &o->headers, false);
	request_bytes(r, o->status, NULL, arena_slice_dup(r->a, o->text));
}

static void end(void *ctx, struct request *r, const struct relay_outcome *o) {
	struct passing *p = ctx;
	const char *why = o->err ? dial_error(r->a, p, o) : NULL;
	if (!o->err) not_upgraded(p, r, o);
	else if (p->upgrade) request_status(r, status_error(r->a, "%s", why ? why : ""));
	else request_status(r, status_unavailable(r->a, arena_printf(r->a, "error trying to reach service: %s", why ? why : ""), 0));
}

static const struct relay_handler handler = { .begin = begin, .transform = transform, .end = end, .free = proxy_free };

/* ---- the request ---- */

/* What stands behind /proxy, cleaned; a slash at the end stays one. */
static int wanted_path(struct request *r, struct slice *ret) {
	const struct request_info *i = &r->info;
	_cleanup_buf_ struct buf b = BUF_INIT(HEADER_BYTES_MAX);
	for (size_t k = 3; k < i->n_parts; k++) {
		buf_putc(&b, '/');
		buf_put_slice(&b, i->parts[k]);
	}
	if (slice_ends(i->path, SLICE_LIT("/"))) buf_putc(&b, '/');
	return buf_err(&b) ? buf_err(&b) : gopath_join(r->a, SLICE_NULL, arena_slice_dup(r->a, buf_slice(&b)), ret);
}

/* The path of the proxy itself: the request's up to the subresource, which is a part of it. */
static struct slice proxy_prefix(const struct request *r) {
	struct slice sub = r->info.parts[2];
	return slice_make(r->info.path.p, (size_t)(sub.p + sub.n - r->info.path.p));
}

static struct slice without_port(struct slice peer) {
	size_t n = peer.n;
	while (n && peer.p[n - 1] != ':') n--;
	return n ? slice_upto(peer, n - 1) : peer;
}

static int put_forwarded(struct request *r, struct passing *p, struct slice target, struct http_headers *h) {
	struct slice before = request_get_header(r, "x-forwarded-for"), peer = without_port(r->x->peer), coding = request_get_header(r, "accept-encoding");
	struct http_headers all = { 0 };
	for (size_t i = 0; i < h->n; i++) {
		if (slice_eqs(h->v[i].name, "x-forwarded-for") || slice_eqs(h->v[i].name, "x-forwarded-uri")) continue;
		if (http_headers_append(r->a, &all, h->v[i].name, h->v[i].value) < 0) return -ENOMEM;
	}
	const char *via = arena_printf(r->a, "%.*s%s%.*s", SLICE_FMT(before), before.n && peer.n ? ", " : "", SLICE_FMT(peer));
	const char *uri = arena_printf(r->a, "%.*s%.*s", SLICE_FMT(p->urls.prefix), SLICE_FMT(target));
	int e = via && uri ? 0 : -ENOMEM;
	if (!e && *via) e = http_headers_add(r->a, &all, SLICE_LIT("x-forwarded-for"), slice_str(via));
	if (!e && !p->upgrade) e = http_headers_add(r->a, &all, SLICE_LIT("x-forwarded-uri"), slice_str(uri));
	if (!e && coding.n) e = http_headers_append(r->a, &all, SLICE_LIT("accept-encoding"), coding);
	*h = all;
	return e;
}

static struct passing *proxy_new(struct request *r, const struct place *at) {
	struct passing *p = calloc(1, sizeof(*p));
	struct slice prefix;
	if (p) p->a = arena_new(0);
	if (!p || !p->a || gopath_escape(p->a, proxy_prefix(r), &prefix) < 0) {
		if (p) proxy_free(p);
		return NULL;
	}
	p->urls = (struct proxy_urls){ prefix, arena_slice_dup(p->a, at->host), arena_slice_dup(p->a, r->x->head.authority) };
	p->upgrade = relay_wants_upgrade(r) && r->x->can_upgrade;
	return p;
}

static const struct status *send_on(struct request *r, const struct place *at, struct slice path) {
	struct passing *p = proxy_new(r, at);
	struct relay_plan plan = { .client = at->client, .url = at->url, .head = { .method = r->x->head.method, .authority = r->x->head.authority },
				   .body = r->body, .upgrade = p && p->upgrade };
	struct slice escaped = SLICE_NULL, query = r->x->head.target;
	(void)slice_cut(&query, '?');
	int e = p ? gopath_escape(r->a, path.n ? path : SLICE_LIT("/"), &escaped) : -ENOMEM;
	if (!e) plan.head.target = slice_str(arena_printf(r->a, query.p ? "%.*s?%.*s" : "%.*s%.*s", SLICE_FMT(escaped), SLICE_FMT(query)));
	if (!e) e = stream_forward_headers(r, p->upgrade, &plan.head.headers);
	if (!e) e = put_forwarded(r, p, escaped, &plan.head.headers);
	if (e || !plan.head.target.p) {
		if (p) proxy_free(p);
		return status_no_memory();
	}
	e = relay_start(r, &plan, &handler, p);
	if (e == -ENOMEM) return status_no_memory();
	return e < 0 ? status_unavailable(r->a, arena_printf(r->a, "error trying to reach service: dial tcp: address %.*s: unknown port", SLICE_FMT(at->host)), 0) : NULL;
}

/* An empty path becomes "/" by way of the client, so that the page's relative links fit. */
static bool redirected(struct request *r, struct slice path) {
	struct slice query = r->x->head.target, escaped;
	bool reads = slice_eqs(r->x->head.method, "GET") || slice_eqs(r->x->head.method, "HEAD");
	if (path.n || !reads || relay_wants_upgrade(r)) return false;
	(void)slice_cut(&query, '?');
	const char *to = gopath_escape(r->a, r->info.path, &escaped) < 0 ? NULL
			 : arena_printf(r->a, "%.*s/%s%.*s", SLICE_FMT(escaped), query.n ? "?" : "", SLICE_FMT(query));
	if (to) (void)request_header(r, "location", slice_str(to));
	request_bytes(r, 301, NULL, SLICE_NULL);
	return true;
}

static void proxy(struct request *r) {
	struct place at;
	struct slice path = SLICE_NULL;
	const struct status *st = place_find(r, &at);
	if (!st && wanted_path(r, &path) < 0) st = status_no_memory();
	if (!st && redirected(r, path)) return;
	if (!st && r->x->body_too_large) st = status_too_large(r->a, "limit is 3145728");
	if (!st) st = send_on(r, &at, path);
	if (st) request_status(r, st);
}

void stream_proxy(struct request *r) {
	if (query_get(&r->query, "dryRun").n) request_status(r, status_bad_request(r->a, "dryRun is not supported"));
	else connect_admit(r, proxy);
}
