/* SPDX-License-Identifier: Apache-2.0 */
#include "api/aggregate/proxy.h"

#include "api/aggregate/aggregation.h"
#include "api/aggregate/discovery.h"
#include "api/aggregate/probe.h"
#include "api/backend/address.h"
#include "api/backend/clients.h"
#include "api/backend/failure.h"
#include "api/resources.h"
#include "api/stream/relay.h"
#include "api/stream/target.h"

#include <errno.h>

/* ---- who asks ---- */

/* What may stand in a header's name; the rest is escaped (client-go's transport headerKeyEscape). */
static bool is_token(char c) {
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c && strchr("!#$&'*+-.^_`|~", c));
}

static const char *extra_name(struct arena *a, struct slice key) {
	_cleanup_buf_ struct buf b = BUF_INIT(HEADER_BYTES_MAX);
	buf_puts(&b, "x-remote-extra-");
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i] >= 'A' && key.p[i] <= 'Z' ? (char)(key.p[i] + 'a' - 'A') : key.p[i];
		if (is_token(c)) buf_putc(&b, c);
		else buf_printf(&b, "%%%02X", (unsigned char)c);
	}
	return buf_err(&b) ? NULL : arena_strndup(a, b.p, b.n);
}

static int put_user(struct request *r, struct http_headers *h) {
	const struct access_user *u = r->user;
	int err = http_headers_add(r->a, h, SLICE_LIT("x-remote-user"), u->name);
	for (size_t i = 0; !err && i < u->n_groups; i++) err = http_headers_add(r->a, h, SLICE_LIT("x-remote-group"), u->groups[i]);
	for (size_t i = 0; !err && i < u->n_extra; i++) {
		const char *name = extra_name(r->a, u->extra[i].key);
		for (size_t k = 0; name && !err && k < u->extra[i].n_values; k++) err = http_headers_add(r->a, h, slice_str(name), u->extra[i].values[k]);
		if (!name) err = -ENOMEM;
	}
	return err;
}

int aggregate_headers(struct request *r, bool upgrade, struct http_headers *ret) {
	struct http_headers all;
	struct slice peer = r->x->peer;
	int err = stream_forward_headers(r, upgrade, &all);
	*ret = (struct http_headers){ 0 };
	for (size_t i = 0; !err && i < all.n; i++)
		if (!slice_starts(all.v[i].name, SLICE_LIT("x-remote-"))) err = http_headers_add(r->a, ret, all.v[i].name, all.v[i].value);
	while (peer.n && peer.p[peer.n - 1] != ':') peer.n--;
	if (!err && peer.n > 1) err = http_headers_add(r->a, ret, SLICE_LIT("x-forwarded-for"), slice_upto(peer, peer.n - 1));
	return err ? err : put_user(r, ret);
}

/* ---- the answer ---- */

static void say(struct request *r, int code, const char *text) {
	const char *line = arena_printf(r->a, "%s\n", text);
	struct status *st = arena_new_of(r->a, struct status);
	if (!line || !st) {
		request_status(r, status_no_memory());
		return;
	}
	*st = (struct status){ .code = code, .form = STATUS_TEXT, .message = line, .nosniff = true };
	request_status(r, st);
}

struct passage {
	struct backend *backend;
	const char *origin;          /* in its own memory */
};

static bool of_connection(struct slice name) {
	static const char *const names[] = { "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "te", "trailer", "transfer-encoding",
					     "upgrade", "content-length", "date" };
	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		if (slice_eqs(name, names[i])) return true;
	return false;
}

static int64_t length_of(const struct http_response_head *head) {
	uint64_t n;
	return slice_uint(http_headers_get(&head->headers, "content-length"), INT64_MAX, &n) == 0 ? (int64_t)n : -1;
}

/* Redirects are not passed on: credentials would follow them (CVE-2022-3172). */
static bool begin(void *ctx k8c_unused, struct request *r, const struct http_response_head *head, struct relay_answer *ret) {
	if (head->status >= 300 && head->status < 400 && head->status != 304) return false;
	for (size_t i = 0; i < head->headers.n; i++) {
		const struct http_header *h = &head->headers.v[i];
		if (slice_eqs(h->name, "cache-control")) (void)request_header(r, "cache-control", h->value);
		else if (!of_connection(h->name) && !slice_eqs(h->name, "audit-id")) (void)http_headers_add(r->a, &r->headers, h->name, arena_slice_dup(r->a, h->value));
	}
	*ret = (struct relay_answer){ head->status, slice_eqs(r->x->head.method, "HEAD") ? -1 : length_of(head) };
	return true;
}

static void end(void *ctx, struct request *r, const struct relay_outcome *o) {
	struct passage *p = ctx;
	if (o->status >= 300 && o->status < 400) say(r, 502, "the backend attempted to redirect this request, which is not permitted");
	else say(r, 503, o->err ? backend_failure(r->a, p->origin, o->err, o->msg) : "the server answered what was not asked");
}

static void passage_free(void *ctx) {
	struct passage *p = ctx;
	backend_release(p->backend);
	free((char *)(uintptr_t)p->origin);
	free(p);
}

static const struct relay_handler handler = { .begin = begin, .end = end, .free = passage_free };

/* ---- passing on ---- */

static struct passage *passage_new(struct request *r, const struct remote_service *s, const char *origin, int *ret_err) {
	const struct net_client_options *o = probe_identity(r->api, r->a, s, true);
	struct passage *p = calloc(1, sizeof(*p));
	*ret_err = p && o ? 0 : -ENOMEM;
	if (p && !(p->origin = strdup(origin))) *ret_err = -ENOMEM;
	if (!*ret_err) *ret_err = backend_take(r->al, o, &p->backend);
	if (!*ret_err) return p;
	free(p ? (char *)(uintptr_t)p->origin : NULL);
	free(p);
	return NULL;
}

static void pass(struct request *r, const struct remote_service *s, const char *origin) {
	struct relay_plan plan = { .url = origin, .body = r->body, .upgrade = relay_wants_upgrade(r) };
	int err;
	plan.head = (struct http_request_head){ .method = r->x->head.method, .target = r->x->head.target };
	if (r->x->body_too_large) {
		request_status(r, status_too_large(r->a, "limit is 3145728"));
		return;
	}
	if (aggregate_headers(r, plan.upgrade, &plan.head.headers) < 0) {
		request_status(r, status_no_memory());
		return;
	}
	struct passage *p = passage_new(r, s, origin, &err);
	if (p) {
		plan.client = p->backend->client;
		err = relay_start(r, &plan, &handler, p);
	}
	if (err == -EBADMSG) say(r, 500, "unable to load root certificates: unable to parse bytes as PEM block");
	else if (err) say(r, 503, strerror(-err));
}

/* ---- whose request it is ---- */

static void answer_of(struct request *r, const struct store_snapshot *snap, const struct remote_service *s) {
	const char *origin = NULL;
	if (!s->available || backend_address(r->a, r->api->env, snap, s->ns, s->service, s->port, &origin)) say(r, 503, "service unavailable");
	else pass(r, s, origin);
}

static bool take(struct request *r, const struct store_snapshot *snap) {
	struct slice rest = slice_from(r->info.path, sizeof("/apis/") - 1), group = slice_cut(&rest, '/'), version = slice_cut(&rest, '/');
	struct remote_service s;
	if (slice_empty(group) || resources_built_in_group(group)) return false;
	if (slice_empty(version)) return aggregate_discovery_group(r, snap, group);
	const char *name = arena_printf(r->a, "%.*s.%.*s", SLICE_FMT(version), SLICE_FMT(group));
	int got = name ? remote_find(r->a, snap, slice_str(name), &s) : -ENOMEM;
	if (got == 0) return false;
	if (got == 1) answer_of(r, snap, &s);
	else if (got == -EBADMSG) say(r, 500, "unable to load root certificates: illegal base64 data");
	else request_status(r, status_no_memory());
	return true;
}

static void drop(void *snap) { store_snapshot_unref(snap); }

bool aggregate_take(struct request *r) {
	if (!slice_starts(r->info.path, SLICE_LIT("/apis/")) || !aggregation_any(r->api->aggregation)) return false;
	struct store_snapshot *snap = store_snapshot(r->api->store);
	if (snap && arena_defer(r->a, drop, snap) == 0) return take(r, snap);
	request_status(r, status_no_memory());
	return true;
}
