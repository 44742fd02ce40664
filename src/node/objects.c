/* SPDX-License-Identifier: Apache-2.0 */
#include "node/objects.h"

#include "base/map.h"
#include "client/attach.h"
#include "node/limits.h"

#include <errno.h>
#include <stdio.h>

#define OBJECTS_MAX 16384u
#define OBJECT_PODS_MAX 1024u

struct watched {
	struct objects *owner;
	struct k8c_informer *informer;
	char *ns, *name;
	char *error;            /* text of a refusal, until the next success */
	struct map *pods;       /* uid -> this */
};

struct objects {
	struct k8c_client *client;
	struct map *watched;    /* "kind/ns/name" -> struct watched */
	void (*changed)(void *);
	void *ctx;
};

static const char *const resources[] = { [OBJECT_CONFIGMAP] = "configmaps", [OBJECT_SECRET] = "secrets" };

static void watched_free(void *p) {
	struct watched *w = p;
	k8c_informer_free(w->informer);
	map_free(w->pods, NULL);
	free(w->ns);
	free(w->name);
	free(w->error);
	free(w);
}

int objects_new(struct k8c_client *c, void (*changed)(void *), void *ctx, struct objects **ret) {
	struct objects *o = calloc(1, sizeof(*o));
	if (!o) return -ENOMEM;
	*o = (struct objects){ c, map_new(OBJECTS_MAX), changed, ctx };
	if (!o->watched) {
		free(o);
		return -ENOMEM;
	}
	*ret = o;
	return 0;
}

void objects_free(struct objects *o) {
	if (!o) return;
	map_free(o->watched, watched_free);
	free(o);
}

size_t objects_count(const struct objects *o) { return map_count(o->watched); }

static void tell(struct watched *w) {
	free(TAKE_PTR(w->error));
	w->owner->changed(w->owner->ctx);
}

static void on_add(void *ctx, struct k8c_object *o) { tell(ctx); }
static void on_update(void *ctx, struct k8c_object *old, struct k8c_object *o) { tell(ctx); }
static void on_delete(void *ctx, struct k8c_object *o) { tell(ctx); }
static void on_synced(void *ctx) { tell(ctx); }

static void on_error(void *ctx, const struct k8c_error *err) {
	struct watched *w = ctx;
	if (err->err != -EPERM && err->err != -ENOENT) return;
	free(w->error);
	w->error = strdup(err->message);
	w->owner->changed(w->owner->ctx);
}

static int watch_start(struct watched *w, enum object_kind kind) {
	static const struct k8c_informer_handler handler = { on_add, on_update, on_delete, on_synced, on_error };
	char selector[512];
	snprintf(selector, sizeof(selector), "metadata.name=%s", w->name);
	struct k8c_informer_options o = {
		.size = sizeof(o), .field_selector = selector,
		.target = { .version = "v1", .resource = resources[kind], .ns = w->ns },
	};
	int r = k8c_informer_new(w->owner->client, &o, &w->informer);
	if (r == 0) r = k8c_informer_add_handler(w->informer, &handler, w);
	return r < 0 ? r : k8c_informer_start(w->informer);
}

static char *key_of(enum object_kind kind, struct slice ns, struct slice name) {
	char *key;
	return asprintf(&key, "%d/%.*s/%.*s", (int)kind, SLICE_FMT(ns), SLICE_FMT(name)) < 0 ? NULL : key;
}

static int watched_make(struct objects *o, enum object_kind kind, struct slice ns, struct slice name, const char *key,
			struct watched **ret) {
	struct watched *w = calloc(1, sizeof(*w));
	if (!w) return -ENOMEM;
	w->owner = o;
	w->ns = strndup(ns.p, ns.n);
	w->name = strndup(name.p, name.n);
	w->pods = map_new(OBJECT_PODS_MAX);
	int r = w->ns && w->name && w->pods ? watch_start(w, kind) : -ENOMEM;
	if (r == 0) r = map_put(o->watched, slice_str(key), w, NULL);
	if (r < 0) watched_free(w);
	else *ret = w;
	return r;
}

int objects_get(struct objects *o, struct slice pod_uid, enum object_kind kind, struct slice ns, struct slice name,
		const yyjson_mut_val **ret, const char **ret_why) {
	if (slice_empty(name)) return -ENOENT;
	_cleanup_free_ char *key = key_of(kind, ns, name);
	struct watched *w = key ? map_get(o->watched, slice_str(key)) : NULL;
	int r = key ? 0 : -ENOMEM;
	if (r == 0 && !w) r = watched_make(o, kind, ns, name, key, &w);
	if (r == 0) r = map_put(w->pods, pod_uid, w, NULL);
	if (r < 0) return r;
	struct k8c_object *object = k8c_informer_get(w->informer, bytes_of(ns), bytes_of(name));
	if (object) {
		*ret = (const yyjson_mut_val *)k8c_object_value(object);
		return *ret ? 0 : -ENOMEM;
	}
	if (k8c_informer_synced(w->informer)) return -ENOENT;
	if (!w->error) return -EAGAIN;
	*ret_why = w->error;
	return -EPERM;
}

void objects_release(struct objects *o, struct slice pod_uid) {
	struct slice key;
	size_t it = 0;
	void *v;
	while (map_next(o->watched, &it, &key, &v)) {
		struct watched *w = v;
		map_del(w->pods, pod_uid);
		if (map_count(w->pods)) continue;
		map_del(o->watched, key);
		watched_free(w);
	}
}
