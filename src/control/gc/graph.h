/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns whom, by uid. Only what matters is kept: objects that have owners, objects whose deletion waits for the collector, and,
 * without any data of their own, the owners pointed at. Pure; on one loop.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"

#define GC_OBJECTS_MAX 4000000u
#define GC_OWNERS_MAX 1024u

enum gc_flags {
	GC_DELETING = 1,   /* has a deletionTimestamp */
	GC_FOREGROUND = 2, /* has the finalizer foregroundDeletion */
	GC_ORPHAN = 4,     /* has the finalizer orphan */
};

struct gc_node {
	char *uid, *ns, *name;   /* ns, name NULL while only pointed at */
	const void *resource;    /* whose object it is */
	unsigned flags;
	bool real;               /* seen itself */
	bool known;              /* the server has confirmed that it exists */
	uint64_t gen;            /* of the list that showed it last */
	struct list owners;      /* gc_edge.of_item */
	struct list dependents;  /* gc_edge.of_owner */
};
struct gc_edge {
	struct list of_item, of_owner;
	struct gc_node *item, *owner;
	bool blocks;             /* blockOwnerDeletion */
};

struct gc_owner { struct slice uid; bool blocks; };
struct gc_object {
	struct slice uid, ns, name;
	const void *resource;
	unsigned flags;
	uint64_t gen;
	const struct gc_owner *owners;
	size_t n_owners;
};

struct gc_graph;

/* Told what has to be looked at because of a change. Must not change the graph. */
typedef void (*gc_dirty_fn)(void *ctx, const struct gc_node *n);

/* NULL when out of memory. */
struct gc_graph *gc_graph_new(gc_dirty_fn dirty, void *ctx);
void gc_graph_free(struct gc_graph *g); /* NULL is allowed */
/* The object is as `o` says (text copied). Objects that mean nothing to the graph leave no trace. 0, -ENOMEM, -E2BIG. */
int gc_graph_put(struct gc_graph *g, const struct gc_object *o);
/* It is gone: its dependents, and owners that wait for it, are dirty. */
void gc_graph_remove(struct gc_graph *g, struct slice uid);
/* Borrowed until the graph changes; NULL when it has no part in it. */
struct gc_node *gc_graph_find(const struct gc_graph *g, struct slice uid);
/* The server has confirmed that an owner exists. */
void gc_graph_confirm(struct gc_graph *g, struct slice uid);
/* Nothing is sure any more (events have been lost, kinds have appeared): everything is dirty. Objects of `resource` (NULL: no
 * sweep) that are not of list `gen` are gone. */
void gc_graph_doubt(struct gc_graph *g, const void *resource, uint64_t gen);
/* True when a dependent holds back the deletion of its owner. */
bool gc_node_blocked(const struct gc_node *n);
size_t gc_graph_count(const struct gc_graph *g);
