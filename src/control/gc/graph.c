/* SPDX-License-Identifier: Apache-2.0 */
#include "control/gc/graph.h"

#include <errno.h>
#include <stdlib.h>

struct gc_graph {
	struct map *nodes;
	gc_dirty_fn dirty;
	void *ctx;
};

static void node_free(void *p) {
	struct gc_node *n = p;
	free(n->uid);
	free(n->ns);
	free(n->name);
	free(n);
}

struct gc_graph *gc_graph_new(gc_dirty_fn dirty, void *ctx) {
	struct gc_graph *g = calloc(1, sizeof(*g));
	if (!g) return NULL;
	*g = (struct gc_graph){ map_new(GC_OBJECTS_MAX), dirty, ctx };
	if (g->nodes) return g;
	free(g);
	return NULL;
}

static void edge_free(struct gc_edge *e) {
	list_del(&e->of_item);
	list_del(&e->of_owner);
	free(e);
}

void gc_graph_free(struct gc_graph *g) {
	if (!g) return;
	struct slice key;
	void *p;
	for (size_t it = 0; map_next(g->nodes, &it, &key, &p);) {
		struct gc_node *n = p;
		list_foreach(&n->owners, pos) edge_free(list_entry(pos, struct gc_edge, of_item));
	}
	map_free(g->nodes, node_free);
	free(g);
}

struct gc_node *gc_graph_find(const struct gc_graph *g, struct slice uid) { return map_get(g->nodes, uid); }
size_t gc_graph_count(const struct gc_graph *g) { return map_count(g->nodes); }

static char *text(struct slice s) { return strndup(s.p ? s.p : "", s.n); }

static struct gc_node *node_for(struct gc_graph *g, struct slice uid, int *ret_err) {
	struct gc_node *n = gc_graph_find(g, uid);
	if (n) return n;
	n = calloc(1, sizeof(*n));
	*ret_err = -ENOMEM;
	if (!n) return NULL;
	n->uid = text(uid);
	list_init(&n->owners);
	list_init(&n->dependents);
	if (n->uid) *ret_err = map_put(g->nodes, uid, n, NULL);
	if (*ret_err == 0) return n;
	node_free(n);
	return NULL;
}

/* Nodes that nothing points at and that are nothing themselves go. */
static void node_trim(struct gc_graph *g, struct gc_node *n) {
	if (n->real || !list_empty(&n->dependents)) return;
	map_del(g->nodes, slice_str(n->uid));
	node_free(n);
}

static bool waits(const struct gc_node *n) { return (n->flags & GC_DELETING) && (n->flags & (GC_FOREGROUND | GC_ORPHAN)); }

static void dirty(struct gc_graph *g, const struct gc_node *n) {
	if (n->real) g->dirty(g->ctx, n);
}

static void dirty_dependents(struct gc_graph *g, const struct gc_node *n) {
	list_foreach(&n->dependents, pos) dirty(g, list_entry(pos, struct gc_edge, of_owner)->item);
}

static struct gc_edge *edge_between(const struct gc_node *item, struct slice owner) {
	list_foreach(&item->owners, pos) {
		struct gc_edge *e = list_entry(pos, struct gc_edge, of_item);
		if (slice_eqs(owner, e->owner->uid)) return e;
	}
	return NULL;
}

/* An owner that waits is told when something that may have held it back has changed. */
static void edge_drop(struct gc_graph *g, struct gc_edge *e) {
	struct gc_node *owner = e->owner;
	edge_free(e);
	if (waits(owner)) dirty(g, owner);
	node_trim(g, owner);
}

static bool named(const struct gc_object *o, const char *uid) {
	for (size_t i = 0; i < o->n_owners; i++)
		if (slice_eqs(o->owners[i].uid, uid)) return true;
	return false;
}

/* 1: something has to be looked at. */
static int edge_put(struct gc_graph *g, struct gc_node *item, const struct gc_owner *w) {
	struct gc_edge *e = edge_between(item, w->uid);
	int err = 0;
	if (e) {
		bool changed = e->blocks != w->blocks;
		e->blocks = w->blocks;
		if (changed && waits(e->owner)) dirty(g, e->owner);
		return 0;
	}
	e = calloc(1, sizeof(*e));
	struct gc_node *owner = e ? node_for(g, w->uid, &err) : NULL;
	if (!owner) {
		free(e);
		return err ? err : -ENOMEM;
	}
	*e = (struct gc_edge){ .item = item, .owner = owner, .blocks = w->blocks };
	list_add_tail(&item->owners, &e->of_item);
	list_add_tail(&owner->dependents, &e->of_owner);
	return waits(owner) || !owner->known;
}

static int set_owners(struct gc_graph *g, struct gc_node *n, const struct gc_object *o) {
	bool look = false;
	list_foreach(&n->owners, pos) {
		struct gc_edge *e = list_entry(pos, struct gc_edge, of_item);
		if (!named(o, e->owner->uid)) edge_drop(g, e);
	}
	for (size_t i = 0; i < o->n_owners && i < GC_OWNERS_MAX; i++) {
		/* Who owns itself has an owner that exists. */
		if (slice_eq(o->owners[i].uid, o->uid)) continue;
		int r = edge_put(g, n, &o->owners[i]);
		if (r < 0) return r;
		look = look || r > 0;
	}
	return look;
}

int gc_graph_put(struct gc_graph *g, const struct gc_object *o) {
	struct gc_node *n = gc_graph_find(g, o->uid);
	int err = 0;
	struct gc_node probe = { .flags = o->flags };
	if (!n && !o->n_owners && !waits(&probe)) return 0;
	if (!n) n = node_for(g, o->uid, &err);
	if (!n) return err;
	if (!n->name) {
		n->ns = text(o->ns);
		n->name = text(o->name);
		if (!n->ns || !n->name) return -ENOMEM;
	}
	bool began = (o->flags & ~n->flags) && waits(&probe);
	n->flags = o->flags;
	n->gen = o->gen;
	n->resource = o->resource;
	n->real = n->known = true;
	int r = set_owners(g, n, o);
	if (r < 0) return r;
	if (r > 0 || began) dirty(g, n);
	return 0;
}

void gc_graph_remove(struct gc_graph *g, struct slice uid) {
	struct gc_node *n = gc_graph_find(g, uid);
	if (!n) return;
	n->real = n->known = false;
	n->flags = 0;
	dirty_dependents(g, n);
	list_foreach(&n->owners, pos) edge_drop(g, list_entry(pos, struct gc_edge, of_item));
	node_trim(g, n);
}

void gc_graph_confirm(struct gc_graph *g, struct slice uid) {
	struct gc_node *n = gc_graph_find(g, uid);
	if (n) n->known = true;
}

/* An object of the resource that the list `gen` did not show; one at a time, because a removal may free others. */
static struct gc_node *stale(struct gc_graph *g, const void *resource, uint64_t gen) {
	struct slice key;
	void *p;
	for (size_t it = 0; map_next(g->nodes, &it, &key, &p);) {
		struct gc_node *n = p;
		if (n->real && n->resource == resource && n->gen != gen) return n;
	}
	return NULL;
}

void gc_graph_doubt(struct gc_graph *g, const void *resource, uint64_t gen) {
	struct gc_node *n;
	struct slice key;
	void *p;
	while (resource && (n = stale(g, resource, gen))) gc_graph_remove(g, slice_str(n->uid));
	for (size_t it = 0; map_next(g->nodes, &it, &key, &p);) {
		n = p;
		n->known = n->real;
		dirty(g, n);
	}
}

bool gc_node_blocked(const struct gc_node *n) {
	list_foreach(&n->dependents, pos)
		if (list_entry(pos, struct gc_edge, of_owner)->blocks) return true;
	return false;
}
