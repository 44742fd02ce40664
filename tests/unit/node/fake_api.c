/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_api.h"

#include "base/buf.h"
#include "base/list.h"
#include "codec/json.h"
#include "codec/patch.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

struct object {
	struct list node;
	char *resource, *ns, *name, *json;
};

struct call {
	struct list node;
	struct fake_api *api;
	struct k8c_transport_handler h;
	void *hctx;
	char *method, *target, *body;
	char *resource, *ns, *name, *sub; /* of the target */
	bool watch, initial, begun, cancelled;
};

struct fake_api {
	struct loop *loop;
	struct list objects, calls;
	unsigned long long revision;
	unsigned tokens;
	struct buf events;
};

struct fake_api *fake_api_new(struct loop *l) {
	struct fake_api *f = calloc(1, sizeof(*f));
	f->loop = l;
	f->revision = 100;
	f->events = BUF_INIT(16 * 1024 * 1024);
	list_init(&f->objects);
	list_init(&f->calls);
	return f;
}

static void object_free(struct object *o) {
	list_del(&o->node);
	free(o->resource);
	free(o->ns);
	free(o->name);
	free(o->json);
	free(o);
}

static void call_free(struct call *c) {
	list_del(&c->node);
	free(c->method);
	free(c->target);
	free(c->body);
	free(c->resource);
	free(c->ns);
	free(c->name);
	free(c->sub);
	free(c);
}

void fake_api_free(struct fake_api *f) {
	list_foreach(&f->objects, n) object_free(list_entry(n, struct object, node));
	list_foreach(&f->calls, n) call_free(list_entry(n, struct call, node));
	buf_done(&f->events);
	free(f);
}

static struct object *find(struct fake_api *f, const char *resource, const char *ns, const char *name) {
	list_foreach(&f->objects, n) {
		struct object *o = list_entry(n, struct object, node);
		if (strcmp(o->resource, resource) == 0 && strcmp(o->ns, ns) == 0 && strcmp(o->name, name) == 0) return o;
	}
	return NULL;
}

/* kind and apiVersion in front, as watches carry them. */
static const char *kind_of(const char *resource) {
	static const char *const kinds[][2] = { { "pods", "Pod" }, { "configmaps", "ConfigMap" }, { "secrets", "Secret" }, { "services", "Service" }, { "nodes", "Node" } };
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
		if (strcmp(kinds[i][0], resource) == 0) return kinds[i][1];
	return "Thing";
}

static bool selected(const struct call *c, const struct object *o) {
	const char *at = strstr(c->target, "metadata.name%3D");
	if (strcmp(o->resource, c->resource) != 0 || (*c->ns && strcmp(c->ns, o->ns) != 0)) return false;
	if (!at) return true;
	size_t n = strlen(o->name);
	return strncmp(at + 16, o->name, n) == 0 && (at[16 + n] == 0 || at[16 + n] == '&');
}

static void tell(struct call *c, const char *type, const char *json) {
	_cleanup_buf_ struct buf b = BUF_INIT(16 * 1024 * 1024);
	buf_printf(&b, "{\"type\":\"%s\",\"object\":%s}\n", type, json);
	c->h.on_data(c->hctx, (struct k8c_bytes){ b.p, b.n });
}

static void tell_all(struct fake_api *f, const struct object *o, const char *type) {
	list_foreach(&f->calls, n) {
		struct call *c = list_entry(n, struct call, node);
		if (c->watch && c->begun && !c->cancelled && selected(c, o)) tell(c, type, o->json);
	}
}

void fake_api_put(struct fake_api *f, const char *resource, const char *json) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	char text[64];
	if (json_parse(a, slice_str(json), &doc, &err) < 0) abort();
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	json_set_str(doc, root, "kind", slice_str(kind_of(resource)));
	json_set_str(doc, root, "apiVersion", SLICE_LIT("v1"));
	snprintf(text, sizeof(text), "%llu", ++f->revision);
	json_set_str(doc, json_ensure_obj(doc, root, "metadata"), "resourceVersion", slice_str(text));
	if (!json_path(root, "metadata.uid")) {
		snprintf(text, sizeof(text), "00000000-0000-4000-8000-%012llu", f->revision);
		json_set_str(doc, json_ensure_obj(doc, root, "metadata"), "uid", slice_str(text));
	}
	const char *ns = arena_slice_str(a, json_path_str(root, "metadata.namespace")), *name = arena_slice_str(a, json_path_str(root, "metadata.name"));
	_cleanup_buf_ struct buf b = BUF_INIT(16 * 1024 * 1024);
	json_write(&b, root);
	struct object *o = find(f, resource, ns, name);
	bool fresh = o == NULL;
	if (fresh) {
		o = calloc(1, sizeof(*o));
		o->resource = strdup(resource);
		o->ns = strdup(ns);
		o->name = strdup(name);
		list_add_tail(&f->objects, &o->node);
	}
	free(o->json);
	o->json = buf_take(&b, NULL);
	tell_all(f, o, fresh ? "ADDED" : "MODIFIED");
}

void fake_api_remove(struct fake_api *f, const char *resource, const char *ns, const char *name) {
	struct object *o = find(f, resource, ns, name);
	if (!o) return;
	f->revision++;
	tell_all(f, o, "DELETED");
	object_free(o);
}

const char *fake_api_get(struct fake_api *f, const char *resource, const char *ns, const char *name) {
	struct object *o = find(f, resource, ns, name);
	return o ? o->json : NULL;
}

bool fake_api_event(struct fake_api *f, const char *reason) {
	char text[128];
	snprintf(text, sizeof(text), "\"reason\":\"%s\"", reason);
	return slice_find(buf_slice(&f->events), slice_str(text)) >= 0;
}

const char *fake_api_events(struct fake_api *f) {
	buf_putc(&f->events, 0);
	f->events.n--;
	return f->events.p;
}

unsigned fake_api_tokens_given(struct fake_api *f) { return f->tokens; }

static void answer(struct call *c, int status, const char *body) {
	static const struct k8c_header type = { "content-type", { "application/json", 16 } };
	c->h.on_head(c->hctx, status, &type, 1);
	if (!c->cancelled) c->h.on_data(c->hctx, (struct k8c_bytes){ body, strlen(body) });
	if (!c->cancelled && !c->watch) {
		void (*done)(void *, int, const char *) = c->h.on_done;
		void *hctx = c->hctx;
		call_free(c);
		done(hctx, 0, NULL);
	}
}

static void not_found(struct call *c) {
	answer(c, 404, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"not found\",\"reason\":\"NotFound\",\"code\":404}");
}

static void do_list(struct call *c) {
	_cleanup_buf_ struct buf b = BUF_INIT(16 * 1024 * 1024);
	const char *sep = "";
	buf_printf(&b, "{\"kind\":\"%sList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"%llu\"},\"items\":[", kind_of(c->resource), c->api->revision);
	list_foreach(&c->api->objects, n) {
		struct object *o = list_entry(n, struct object, node);
		if (!selected(c, o)) continue;
		buf_printf(&b, "%s%s", sep, o->json);
		sep = ",";
	}
	buf_puts(&b, "]}");
	buf_putc(&b, 0);
	answer(c, 200, b.p);
}

static void do_watch(struct call *c) {
	static const struct k8c_header type = { "content-type", { "application/json", 16 } };
	c->h.on_head(c->hctx, 200, &type, 1);
	c->begun = true;
	if (!c->initial) return;
	list_foreach(&c->api->objects, n) {
		struct object *o = list_entry(n, struct object, node);
		if (!c->cancelled && selected(c, o)) tell(c, "ADDED", o->json);
	}
	char end[256];
	snprintf(end, sizeof(end), "{\"kind\":\"%s\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"%llu\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}",
		 kind_of(c->resource), c->api->revision);
	if (!c->cancelled) tell(c, "BOOKMARK", end);
}

static void do_token(struct call *c) {
	char body[512], end[64];
	time_t at = time(NULL) + 3607;
	struct tm tm;
	strftime(end, sizeof(end), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	snprintf(body, sizeof(body), "{\"kind\":\"TokenRequest\",\"apiVersion\":\"authentication.k8s.io/v1\",\"metadata\":{},\"spec\":{\"expirationSeconds\":3607},"
		 "\"status\":{\"token\":\"token-%u\",\"expirationTimestamp\":\"%s\"}}", ++c->api->tokens, end);
	answer(c, 201, body);
}

static void do_patch(struct call *c) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct object *o = find(c->api, c->resource, c->ns, c->name);
	yyjson_mut_doc *doc, *patch;
	struct json_error err = { 0 };
	_cleanup_buf_ struct buf b = BUF_INIT(16 * 1024 * 1024);
	if (!o) return not_found(c);
	if (json_parse(a, slice_str(o->json), &doc, &err) < 0 || json_parse(a, slice_str(c->body), &patch, &err) < 0) abort();
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	patch_merge(doc, &root, yyjson_mut_doc_get_root(patch));
	json_write(&b, root);
	buf_putc(&b, 0);
	fake_api_put(c->api, c->resource, b.p);
	answer(c, 200, o->json);
}

static void do_delete(struct call *c) {
	if (!find(c->api, c->resource, c->ns, c->name)) return not_found(c);
	fake_api_remove(c->api, c->resource, c->ns, c->name);
	answer(c, 200, "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Success\"}");
}

static void do_post(struct call *c) {
	if (strcmp(c->resource, "serviceaccounts") == 0) return do_token(c);
	if (strcmp(c->resource, "events") == 0) buf_printf(&c->api->events, "%s\n", c->body);
	if (strcmp(c->resource, "nodes") == 0) fake_api_put(c->api, "nodes", c->body);
	answer(c, 201, c->body);
}

static void do_call(void *arg) {
	struct call *c = arg;
	if (c->cancelled) return call_free(c);
	if (strcmp(c->method, "POST") == 0) do_post(c);
	else if (strcmp(c->method, "PATCH") == 0) do_patch(c);
	else if (strcmp(c->method, "DELETE") == 0) do_delete(c);
	else if (c->watch) do_watch(c);
	else if (*c->name && find(c->api, c->resource, c->ns, c->name)) answer(c, 200, find(c->api, c->resource, c->ns, c->name)->json);
	else if (*c->name) not_found(c);
	else do_list(c);
}

static char *element(struct slice *rest) {
	struct slice e = slice_cut(rest, '/');
	return e.p ? strndup(e.p, e.n) : strdup("");
}

/* /api/v1/[namespaces/NS/]RESOURCE[/NAME[/SUB]] and /apis/GROUP/VERSION/... */
static void target_parse(struct call *c) {
	struct slice rest = slice_str(c->target), path = slice_cut(&rest, '?');
	free(element(&path));
	char *root = element(&path);
	free(element(&path));
	if (strcmp(root, "apis") == 0) free(element(&path));
	free(root);
	c->resource = element(&path);
	if (strcmp(c->resource, "namespaces") == 0) {
		c->ns = element(&path);
		free(c->resource);
		c->resource = element(&path);
	} else {
		c->ns = strdup("");
	}
	c->name = element(&path);
	c->sub = element(&path);
	c->watch = strstr(c->target, "watch=") != NULL;
	c->initial = strstr(c->target, "sendInitialEvents=true") != NULL;
}

static int start(void *ctx, const struct k8c_transport_request *req, const struct k8c_transport_handler *h, void *hctx, void **ret_call) {
	struct call *c = calloc(1, sizeof(*c));
	c->api = ctx;
	c->h = *h;
	c->hctx = hctx;
	c->method = strdup(req->method);
	c->target = strdup(req->target);
	c->body = strndup(req->body.p ? req->body.p : "", req->body.n);
	target_parse(c);
	list_add_tail(&c->api->calls, &c->node);
	*ret_call = c;
	return loop_post(c->api->loop, do_call, c);
}

static void cancel(void *ctx, void *call) {
	struct call *c = call;
	void (*done)(void *, int, const char *) = c->h.on_done;
	void *hctx = c->hctx;
	c->cancelled = true;
	/* A watch that has begun is not in the mailbox any more. */
	if (c->begun) call_free(c);
	done(hctx, -ECANCELED, NULL);
}

static void pause_call(void *ctx, void *call, bool on) {}
static void stream_attach(struct k8c_stream *s, const struct k8c_stream_handler *h, void *hctx) {}
static int stream_write(struct k8c_stream *s, struct k8c_bytes bytes) { return -EPIPE; }
static void stream_close(struct k8c_stream *s) {}

const struct k8c_transport fake_api_transport = {
	.size = sizeof(struct k8c_transport), .start = start, .cancel = cancel, .pause = pause_call, .stream_attach = stream_attach,
	.stream_write = stream_write, .stream_close = stream_close,
};
