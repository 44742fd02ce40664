/* SPDX-License-Identifier: Apache-2.0 */
/* Reflector and handlers: keeps a store (cache.h) equal to what the server has, and tells the differences. */
#include "client/cache.h"
#include "client/error.h"
#include "client/jsonslice.h"
#include "client/list.h"

#include <errno.h>

#define INFORMER_BACKOFF_MIN_MS 800u
#define INFORMER_BACKOFF_MAX_MS 30000u

struct handler {
	struct list link;
	struct k8c_informer_handler h;
	void *ctx;
	bool told; /* has been told what was there before it came */
};

struct k8c_informer {
	struct k8c_client *client;
	struct arena *arena;
	struct k8c_informer_options o;
	struct cache *cache;
	struct list handlers;
	struct k8c_call *call;      /* the list or watch under way */
	struct loop_timer *timer;   /* waiting to list again */
	struct loop_timer *replay;  /* late handlers are to be told */
	uint64_t gen;               /* of the list under way or last done */
	unsigned failures;
	bool started, synced, no_watch_list, no_pages;
};

static void begin(void *arg);

/* ---- telling ---- */

static void tell_add(struct k8c_informer *i, struct k8c_object *o) {
	list_foreach(&i->handlers, n) {
		struct handler *h = list_entry(n, struct handler, link);
		if (h->told && h->h.on_add) h->h.on_add(h->ctx, o);
	}
}

static void tell_update(struct k8c_informer *i, struct k8c_object *old, struct k8c_object *o) {
	list_foreach(&i->handlers, n) {
		struct handler *h = list_entry(n, struct handler, link);
		if (h->told && h->h.on_update) h->h.on_update(h->ctx, old, o);
	}
}

static void tell_delete(struct k8c_informer *i, struct k8c_object *o) {
	list_foreach(&i->handlers, n) {
		struct handler *h = list_entry(n, struct handler, link);
		if (h->told && h->h.on_delete) h->h.on_delete(h->ctx, o);
	}
}

static void tell_error(struct k8c_informer *i, const struct k8c_error *e) {
	list_foreach(&i->handlers, n) {
		struct handler *h = list_entry(n, struct handler, link);
		if (h->h.on_error) h->h.on_error(h->ctx, e);
	}
}

static void tell_synced(struct k8c_informer *i) {
	if (i->synced) return;
	i->synced = true;
	list_foreach(&i->handlers, n) {
		struct handler *h = list_entry(n, struct handler, link);
		if (h->told && h->h.on_synced) h->h.on_synced(h->ctx);
	}
}

static void replay(void *arg) {
	struct k8c_informer *i = arg;
	i->replay = NULL;
	list_foreach(&i->handlers, n) {
		struct handler *h = list_entry(n, struct handler, link);
		struct k8c_object *o;
		size_t it = 0;
		if (h->told) continue;
		h->told = true;
		while (h->h.on_add && (o = cache_next(i->cache, &it))) h->h.on_add(h->ctx, o);
		if (i->synced && h->h.on_synced) h->h.on_synced(h->ctx);
	}
}

/* ---- applying ---- */

static int upsert(struct k8c_informer *i, struct slice json, struct slice kind, struct slice api_version) {
	struct k8c_object *o, *old;
	int r = object_new(i->client, json, kind, api_version, &o);
	if (r < 0) return r;
	o->gen = i->gen;
	old = cache_get(i->cache, o->ns, o->name);
	if (old && slice_eq(old->rv, o->rv) && slice_eq(old->uid, o->uid)) {
		old->gen = i->gen;
		k8c_object_unref(o);
		return 0;
	}
	if (old) k8c_object_ref(old);
	r = cache_put(i->cache, o);
	if (r == 0 && old) tell_update(i, old, o);
	else if (r == 0) tell_add(i, o);
	k8c_object_unref(old);
	k8c_object_unref(o);
	return r;
}

static int drop(struct k8c_informer *i, struct slice json) {
	struct k8c_object *o;
	int r = object_new(i->client, json, SLICE_NULL, SLICE_NULL, &o);
	if (r < 0) return r;
	struct k8c_object *old = cache_take(i->cache, o->ns, o->name);
	if (old) tell_delete(i, o);
	k8c_object_unref(old);
	k8c_object_unref(o);
	return 0;
}

/* What the list that has just ended did not show is gone. */
static void sweep(struct k8c_informer *i) {
	struct k8c_object *o;
	size_t it = 0;
	while ((o = cache_next(i->cache, &it))) {
		if (o->gen == i->gen) continue;
		o = cache_take(i->cache, o->ns, o->name);
		tell_delete(i, o);
		k8c_object_unref(o);
	}
	tell_synced(i);
}

/* ---- list and watch ---- */

static void again(struct k8c_informer *i, const struct k8c_error *err) {
	uint32_t delay = 0;
	if (err) tell_error(i, err);
	/* Lost history is no failure of the server, unless it goes on. */
	if (err && (err->err != -ESTALE || i->failures))
		delay = client_backoff(i->client->env, INFORMER_BACKOFF_MIN_MS, INFORMER_BACKOFF_MAX_MS, i->failures);
	if (err) i->failures++;
	if (i->timer) return;
	i->timer = loop_timer_start(i->client->loop, delay, 0, begin, i);
}

static void on_event(void *ctx, const struct k8c_event *e) {
	struct k8c_informer *i = ctx;
	int r = 0;
	i->failures = 0;
	if (e->type == K8C_DELETED) r = drop(i, slice_of(e->object));
	else if (e->type != K8C_BOOKMARK) r = upsert(i, slice_of(e->object), SLICE_NULL, SLICE_NULL);
	if (e->initial_end) sweep(i);
	/* An event that could not be taken leaves a hole: list again. */
	if (r < 0) k8c_call_cancel(i->call);
}

static void on_watch_done(void *ctx, const struct k8c_error *err) {
	struct k8c_informer *i = ctx;
	i->call = NULL;
	/* A server without WatchList: the old way, at once. */
	if (err && (err->status == 400 || err->status == 422) && !i->synced && !i->no_watch_list) {
		i->no_watch_list = true;
		err = NULL;
	}
	again(i, err);
}

static const struct k8c_watch_handler watch_handler = { on_event, on_watch_done };

static int watch(struct k8c_informer *i, const char *rv) {
	struct k8c_watch_options o = { .size = sizeof(o),
				       .target = i->o.target,
				       .label_selector = i->o.label_selector,
				       .field_selector = i->o.field_selector,
				       .resource_version = rv,
				       .initial_events = rv == NULL };
	return k8c_watch_start(i->client, &o, &watch_handler, i, &i->call);
}

static void on_item(void *ctx, struct slice json, struct slice kind, struct slice api_version) {
	struct k8c_informer *i = ctx;
	if (upsert(i, json, kind, api_version) == -ENOMEM) k8c_call_cancel(i->call);
}

static void on_list_done(void *ctx, const struct k8c_list_result *res, const struct k8c_error *err) {
	struct k8c_informer *i = ctx;
	i->call = NULL;
	if (err) {
		i->no_pages = err->err == -ESTALE;
		again(i, err);
		return;
	}
	i->failures = 0;
	i->no_pages = false;
	sweep(i);
	if (watch(i, res->resource_version) < 0)
		again(i, &(struct k8c_error){ .err = -ENOMEM, .reason = "", .message = "out of memory" });
}

static int list(struct k8c_informer *i) {
	static const struct list_handler h = { on_item, on_list_done };
	struct k8c_op op = { .size = sizeof(op), .verb = K8C_LIST, .target = i->o.target, .label_selector = i->o.label_selector,
			     .field_selector = i->o.field_selector, .limit = i->no_pages ? UINT32_MAX : 0 };
	return client_list_start(i->client, &op, &h, i, &i->call);
}

static void begin(void *arg) {
	struct k8c_informer *i = arg;
	i->timer = NULL;
	i->gen++;
	int r = i->no_watch_list ? list(i) : watch(i, NULL);
	if (r < 0) again(i, &(struct k8c_error){ .err = r, .reason = "", .message = "out of memory" });
}

/* ---- making ---- */

static int copy_options(struct k8c_informer *i, const struct k8c_informer_options *given) {
	struct k8c_informer_options *o = &i->o;
	memcpy(o, given, given->size < sizeof(*o) ? given->size : sizeof(*o));
	o->target.name = o->target.subresource = NULL;
	i->no_watch_list = o->no_watch_list;
	if (!o->target.resource || !o->target.version) return -EINVAL;
	const char **strings[] = { &o->target.group, &o->target.version, &o->target.resource,
				   &o->target.ns,    &o->label_selector, &o->field_selector };
	for (size_t k = 0; k < ELEMENTSOF(strings); k++) {
		if (!*strings[k]) continue;
		*strings[k] = arena_strdup(i->arena, *strings[k]);
		if (!*strings[k]) return -ENOMEM;
	}
	return cache_new(o->indexes, o->n_indexes, &i->cache);
}

int k8c_informer_new(struct k8c_client *c, const struct k8c_informer_options *o, struct k8c_informer **ret) {
	struct k8c_informer *i = calloc(1, sizeof(*i));
	if (!i) return -ENOMEM;
	i->client = c;
	list_init(&i->handlers);
	i->arena = arena_new(0);
	int r = i->arena ? copy_options(i, o) : -ENOMEM;
	if (r < 0) {
		k8c_informer_free(i);
		return r;
	}
	*ret = i;
	return 0;
}

int k8c_informer_add_handler(struct k8c_informer *i, const struct k8c_informer_handler *h, void *ctx) {
	struct handler *n = calloc(1, sizeof(*n));
	if (!n) return -ENOMEM;
	*n = (struct handler){ .h = *h, .ctx = ctx, .told = !i->started };
	if (!n->told && !i->replay) {
		i->replay = loop_timer_start(i->client->loop, 0, 0, replay, i);
		if (!i->replay) {
			free(n);
			return -ENOMEM;
		}
	}
	list_add_tail(&i->handlers, &n->link);
	i->client->dirty = true;
	return 0;
}

int k8c_informer_start(struct k8c_informer *i) {
	if (i->started) return 0;
	i->timer = loop_timer_start(i->client->loop, 0, 0, begin, i);
	if (!i->timer) return -ENOMEM;
	i->started = true;
	i->client->dirty = true;
	return 0;
}

void k8c_informer_free(struct k8c_informer *i) {
	if (!i) return;
	list_foreach(&i->handlers, n) {
		list_del(n);
		free(list_entry(n, struct handler, link));
	}
	k8c_call_cancel(i->call);
	loop_timer_stop(i->timer);
	loop_timer_stop(i->replay);
	cache_free(i->cache);
	arena_free(i->arena);
	free(i);
}

bool k8c_informer_synced(const struct k8c_informer *i) { return i->synced; }
size_t k8c_informer_count(const struct k8c_informer *i) { return cache_count(i->cache); }
struct k8c_object *k8c_informer_get(const struct k8c_informer *i, struct k8c_bytes ns, struct k8c_bytes name) {
	return cache_get(i->cache, slice_of(ns), slice_of(name));
}
struct k8c_object *k8c_informer_next(const struct k8c_informer *i, size_t *it) { return cache_next(i->cache, it); }
struct k8c_object *k8c_informer_index_next(const struct k8c_informer *i, const char *index, struct k8c_bytes value, size_t *it) {
	return cache_index_next(i->cache, index, slice_of(value), it);
}
