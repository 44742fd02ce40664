/* SPDX-License-Identifier: Apache-2.0 */
#include "client/cache.h"
#include "base/map.h"

#include <errno.h>

#define KEY_MAX 640u

/* The objects that have one value in an index. */
struct bucket {
	struct k8c_object **v;
	size_t n, cap;
};

struct index {
	struct k8c_index def;
	struct map *buckets;
};

struct cache {
	struct map *objects;
	struct index *indexes; /* the first is "namespace" */
	size_t n_indexes;
};

/* "ns/name" in buf. */
static struct slice make_key(char buf[KEY_MAX], struct slice ns, struct slice name) {
	if (ns.n + name.n + 1 > KEY_MAX) return SLICE_NULL;
	if (ns.n) memcpy(buf, ns.p, ns.n);
	buf[ns.n] = '/';
	if (name.n) memcpy(buf + ns.n + 1, name.p, name.n);
	return slice_make(buf, ns.n + name.n + 1);
}

static void namespace_values(void *ctx, struct k8c_object *o, void (*emit)(void *sink, struct k8c_bytes value), void *sink) {
	emit(sink, bytes_of(o->ns));
}

static void bucket_free(void *p) {
	struct bucket *b = p;
	free(b->v);
	free(b);
}

int cache_new(const struct k8c_index *indexes, size_t n, struct cache **ret) {
	struct cache *c = calloc(1, sizeof(*c));
	if (!c) return -ENOMEM;
	c->objects = map_new(CACHE_OBJECTS_MAX);
	c->indexes = calloc(n + 1, sizeof(*c->indexes));
	bool ok = c->objects && c->indexes;
	for (size_t i = 0; ok && i <= n; i++) {
		c->indexes[i].def = i ? indexes[i - 1] : (struct k8c_index){ "namespace", namespace_values, NULL };
		c->indexes[i].def.name = strdup(c->indexes[i].def.name);
		c->indexes[i].buckets = map_new(CACHE_OBJECTS_MAX);
		c->n_indexes = i + 1;
		ok = c->indexes[i].buckets && c->indexes[i].def.name;
	}
	if (!ok) {
		cache_free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

static void unref_object(void *p) { k8c_object_unref(p); }

void cache_free(struct cache *c) {
	if (!c) return;
	for (size_t i = 0; i < c->n_indexes; i++) {
		map_free(c->indexes[i].buckets, bucket_free);
		free((char *)(uintptr_t)c->indexes[i].def.name);
	}
	free(c->indexes);
	map_free(c->objects, unref_object);
	free(c);
}

/* ---- indexes ---- */

struct change {
	struct index *index;
	struct k8c_object *o;
	int err;
};

static struct bucket *bucket_for(struct index *x, struct slice value) {
	struct bucket *b = map_get(x->buckets, value);
	if (b) return b;
	b = calloc(1, sizeof(*b));
	if (b && map_put(x->buckets, value, b, NULL) < 0) {
		free(b);
		return NULL;
	}
	return b;
}

static size_t position(const struct bucket *b, const struct k8c_object *o) {
	size_t i = 0;
	while (i < b->n && b->v[i] != o) i++;
	return i;
}

static void emit_add(void *sink, struct k8c_bytes value) {
	struct change *ch = sink;
	struct bucket *b = bucket_for(ch->index, slice_of(value));
	if (!b) {
		ch->err = -ENOMEM;
		return;
	}
	/* A value told twice for one object counts once; the newest stands last. */
	if (b->n && b->v[b->n - 1] == ch->o) return;
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 4;
		struct k8c_object **v = realloc(b->v, cap * sizeof(*v));
		if (!v) {
			ch->err = -ENOMEM;
			return;
		}
		b->v = v;
		b->cap = cap;
	}
	b->v[b->n++] = ch->o;
}

static void emit_remove(void *sink, struct k8c_bytes value) {
	struct change *ch = sink;
	struct bucket *b = map_get(ch->index->buckets, slice_of(value));
	size_t at = b ? position(b, ch->o) : 0;
	if (!b || at == b->n) return;
	b->v[at] = b->v[--b->n];
	if (b->n) return;
	map_del(ch->index->buckets, slice_of(value));
	bucket_free(b);
}

static int index_object(struct cache *c, struct k8c_object *o, bool add) {
	int err = 0;
	for (size_t i = 0; i < c->n_indexes; i++) {
		struct change ch = { &c->indexes[i], o, 0 };
		ch.index->def.values(ch.index->def.ctx, o, add ? emit_add : emit_remove, &ch);
		if (ch.err) err = ch.err;
	}
	return err;
}

/* ---- objects ---- */

int cache_put(struct cache *c, struct k8c_object *o) {
	char buf[KEY_MAX];
	struct slice key = make_key(buf, o->ns, o->name);
	void *old = NULL;
	if (!key.p) return -E2BIG;
	int r = index_object(c, o, true);
	if (r == 0) r = map_put(c->objects, key, o, &old);
	if (r < 0) {
		index_object(c, o, false);
		return r;
	}
	k8c_object_ref(o);
	if (old) {
		index_object(c, old, false);
		k8c_object_unref(old);
	}
	return 0;
}

struct k8c_object *cache_take(struct cache *c, struct slice ns, struct slice name) {
	char buf[KEY_MAX];
	struct slice key = make_key(buf, ns, name);
	struct k8c_object *o = key.p ? map_del(c->objects, key) : NULL;
	if (o) index_object(c, o, false);
	return o;
}

struct k8c_object *cache_get(const struct cache *c, struct slice ns, struct slice name) {
	char buf[KEY_MAX];
	struct slice key = make_key(buf, ns, name);
	return key.p ? map_get(c->objects, key) : NULL;
}

size_t cache_count(const struct cache *c) { return map_count(c->objects); }

struct k8c_object *cache_next(const struct cache *c, size_t *it) {
	struct slice key;
	void *o;
	return map_next(c->objects, it, &key, &o) ? o : NULL;
}

struct k8c_object *cache_index_next(const struct cache *c, const char *index, struct slice value, size_t *it) {
	for (size_t i = 0; i < c->n_indexes; i++) {
		if (strcmp(c->indexes[i].def.name, index)) continue;
		const struct bucket *b = map_get(c->indexes[i].buckets, value);
		return b && *it < b->n ? b->v[(*it)++] : NULL;
	}
	return NULL;
}
