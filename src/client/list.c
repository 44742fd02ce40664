/* SPDX-License-Identifier: Apache-2.0 */
/* Lists, page after page, item after item. */
#include "client/error.h"
#include "client/jsonslice.h"
#include "client/list.h"
#include "client/request.h"

#include <errno.h>

/* Pages in a row without an item, after which the list is taken for endless. */
#define LIST_EMPTY_PAGES_MAX 1000u

struct list_call {
	struct k8c_call call;
	struct arena *arena;         /* the operation */
	struct k8c_op op;
	struct list_handler h;
	void *ctx;
	struct k8c_call *page;       /* the request under way */
	struct loop_timer *next;     /* the next page is about to be asked for */
	struct jsonstream stream;
	int broken;                  /* the stream's fault */
	char *cont, *rv;             /* continue token of the last page, revision of the first */
	size_t items, items_before;  /* so far; when the page was begun */
	unsigned empty_pages;
	struct arena *heads;         /* kind and apiVersion of the page */
	struct slice kind, api_version;
	bool paused;
};

static struct list_call *of(struct k8c_call *call) { return CONTAINER_OF(call, struct list_call, call); }

static void list_free(struct k8c_call *call) {
	struct list_call *l = of(call);
	jsonstream_done(&l->stream);
	free(l->cont);
	free(l->rv);
	arena_free(l->heads);
	arena_free(l->arena);
	free(l);
}

static void finish(struct list_call *l, const struct k8c_error *err) {
	struct k8c_list_result res = { l->rv ? l->rv : "", l->items };
	if (l->call.finished) return;
	l->call.finished = true;
	l->next = loop_timer_stop(l->next);
	l->h.on_done(l->ctx, err ? NULL : &res, err);
	call_finish(&l->call);
}

static void list_cancel(struct k8c_call *call) {
	struct list_call *l = of(call);
	struct k8c_error e;
	call_ref(call);
	error_from_errno(l->arena, -ECANCELED, NULL, &e);
	struct k8c_call *page = l->page;
	l->page = NULL;
	finish(l, &e);
	k8c_call_cancel(page);
	call_unref(call);
}

static void list_pause(struct k8c_call *call, bool on) {
	struct list_call *l = of(call);
	l->paused = on;
	if (l->page) k8c_call_pause(l->page, on);
}

static int keep(char **to, struct slice raw) {
	struct slice s = jsonslice_plain(raw);
	free(*to);
	*to = s.n ? strndup(s.p, s.n) : NULL;
	return s.n && !*to ? -ENOMEM : 0;
}

static int on_metadata(struct list_call *l, struct slice json) {
	struct slice raw;
	int r = 0;
	if (!l->rv && jsonslice_member(json, "resourceVersion", &raw)) r = keep(&l->rv, raw);
	if (r == 0 && jsonslice_member(json, "continue", &raw)) r = keep(&l->cont, raw);
	return r;
}

static struct slice head_of(struct list_call *l, struct slice raw) {
	struct slice s = jsonslice_plain(raw);
	return s.n ? arena_slice_dup(l->heads, s) : SLICE_NULL;
}

static int on_value(void *ctx, const char *key, struct slice json) {
	struct list_call *l = ctx;
	if (l->call.finished) return -ECANCELED;
	if (!strcmp(key, "metadata")) return on_metadata(l, json);
	if (!strcmp(key, "apiVersion")) l->api_version = head_of(l, json);
	if (!strcmp(key, "kind")) {
		l->kind = head_of(l, json);
		if (slice_ends(l->kind, SLICE_LIT("List"))) l->kind.n -= 4;
	}
	if (strcmp(key, "items") || json.p[0] != '{') return 0;
	l->items++;
	l->h.on_item(l->ctx, json, l->kind, l->api_version);
	return l->call.finished ? -ECANCELED : 0;
}

static void on_data(void *ctx, struct k8c_bytes bytes) {
	struct list_call *l = ctx;
	if (l->broken || l->call.finished) return;
	call_ref(&l->call);
	l->broken = jsonstream_feed(&l->stream, slice_of(bytes));
	if (l->broken && !l->call.finished && l->page) k8c_call_cancel(l->page);
	call_unref(&l->call);
}

static void start_page(void *arg);

static void on_page(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct list_call *l = ctx;
	struct k8c_error e;
	l->page = NULL;
	if (l->call.finished) return;
	if (l->broken || (!err && !jsonstream_complete(&l->stream))) {
		error_from_errno(l->arena, l->broken == -ENOMEM ? -ENOMEM : l->broken == -E2BIG ? -E2BIG : -EPROTO, l->broken == -E2BIG ?
				 "an item of the list is larger than this client takes" : "the server's list is cut short or no JSON", &e);
		err = &e;
	}
	l->empty_pages = l->items == l->items_before ? l->empty_pages + 1 : 0;
	if (!err && l->cont && l->empty_pages >= LIST_EMPTY_PAGES_MAX) {
		error_from_errno(l->arena, -EPROTO, "the server's list goes on without an end", &e);
		err = &e;
	}
	if (!err && l->cont) {
		l->next = loop_timer_start(l->call.client->loop, 0, 0, start_page, l);
		if (l->next) return;
		error_from_errno(l->arena, -ENOMEM, NULL, &e);
		err = &e;
	}
	finish(l, err);
}

static void start_page(void *arg) {
	static const struct k8c_request_handler h = { .on_data = on_data, .on_done = on_page };
	struct list_call *l = arg;
	struct k8c_op op = l->op;
	l->next = NULL;
	l->items_before = l->items;
	_cleanup_free_ char *cont = TAKE_PTR(l->cont);
	op.cont = cont ? cont : op.cont;
	if (op.cont) op.resource_version = NULL;
	jsonstream_done(&l->stream);
	jsonstream_init(&l->stream, JSONSTREAM_LIST, l->call.client->max_body, on_value, l);
	arena_free(l->heads);
	l->heads = arena_new(0);
	l->kind = l->api_version = SLICE_NULL;
	int r = l->heads ? k8c_op_start(l->call.client, &op, &h, l, &l->page) : -ENOMEM;
	if (r == 0) {
		if (l->paused) k8c_call_pause(l->page, true);
		return;
	}
	struct k8c_error e;
	error_from_errno(l->arena, r, NULL, &e);
	finish(l, &e);
}

static int copy_op(struct list_call *l, const struct k8c_op *given) {
	struct k8c_op op = { 0 };
	memcpy(&op, given, given->size < sizeof(op) ? given->size : sizeof(op));
	op.size = sizeof(op);
	op.verb = K8C_LIST;
	if (!op.limit) op.limit = LIST_PAGE;
	if (op.limit == UINT32_MAX) op.limit = 0;
	const char **strings[] = { &op.target.group,	 &op.target.version, &op.target.resource,
				   &op.target.ns,	 &op.label_selector, &op.field_selector,
				   &op.resource_version, &op.cont,	     &op.accept };
	for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
		if (!*strings[i]) continue;
		*strings[i] = arena_strdup(l->arena, *strings[i]);
		if (!*strings[i]) return -ENOMEM;
	}
	l->op = op;
	return op.target.resource && op.target.version ? 0 : -EINVAL;
}

int client_list_start(struct k8c_client *c, const struct k8c_op *op, const struct list_handler *h, void *ctx, struct k8c_call **ret) {
	struct list_call *l = calloc(1, sizeof(*l));
	if (!l) return -ENOMEM;
	l->arena = arena_new(0);
	int r = l->arena ? copy_op(l, op) : -ENOMEM;
	if (r == 0) {
		l->next = loop_timer_start(c->loop, 0, 0, start_page, l);
		if (!l->next) r = -ENOMEM;
	}
	if (r < 0) {
		arena_free(l->arena);
		free(l);
		return r;
	}
	l->h = *h;
	l->ctx = ctx;
	call_init(&l->call, c, list_cancel, list_pause, list_free);
	if (ret) *ret = &l->call;
	return 0;
}

/* ---- the public face ---- */

struct plain {
	struct k8c_list_handler h;
	void *ctx;
	bool done;
	bool *ret_done;
	int err;
	int *ret_err;
};

static void plain_item(void *ctx, struct slice json, struct slice kind, struct slice api_version) {
	struct plain *p = ctx;
	if (p->h.on_item) p->h.on_item(p->ctx, bytes_of(json));
}

static void plain_done(void *ctx, const struct k8c_list_result *res, const struct k8c_error *err) {
	struct plain *p = ctx;
	p->h.on_done(p->ctx, res, err);
	if (p->ret_done) {
		*p->ret_done = true;
		*p->ret_err = err ? err->err : 0;
	}
	free(p);
}

static int plain_start(struct k8c_client *c, const struct k8c_op *op, const struct k8c_list_handler *h, void *ctx, bool *done,
		       int *err, struct k8c_call **ret) {
	static const struct list_handler mine = { plain_item, plain_done };
	if (!h->on_done) return -EINVAL;
	struct plain *p = calloc(1, sizeof(*p));
	if (!p) return -ENOMEM;
	*p = (struct plain){ .h = *h, .ctx = ctx, .ret_done = done, .ret_err = err };
	int r = client_list_start(c, op, &mine, p, ret);
	if (r < 0) free(p);
	return r;
}

int k8c_list_start(struct k8c_client *c, const struct k8c_op *op, const struct k8c_list_handler *h, void *ctx,
		   struct k8c_call **ret) {
	return plain_start(c, op, h, ctx, NULL, NULL, ret);
}

int k8c_list_wait(struct k8c_client *c, const struct k8c_op *op, const struct k8c_list_handler *h, void *ctx) {
	bool done = false;
	int err = 0;
	if (!c->own_loop || c->running) return -EBUSY;
	int r = plain_start(c, op, h, ctx, &done, &err, NULL);
	if (r == 0) r = client_run_until(c, &done);
	return r < 0 ? r : err;
}
