/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The garbage collector (pkg/controller/garbagecollector): watches every kind that can be listed, watched and deleted, and works
 * on keys of three sorts: the kinds themselves ("kinds"), one kind to be listed and watched ("kind/N"), an object ("uid/...").
 */
#pragma once

#include "control/controller.h"
#include "control/gc/graph.h"

#define GC_KINDS_MAX 4096u
/* A watch of the collector is left alone for so long: it has no reason to come back earlier. */
#define GC_WATCH_SECONDS 86400u
#define GC_KEY_MAX 128u

struct gc_kind {
	struct controller *c;
	size_t index;
	char *group, *version, *resource, *kind;
	bool namespaced, synced, gone, listed_again;
	struct k8c_call *call;   /* the list or watch under way */
	uint64_t gen;
	unsigned failures;       /* lists and watches in a row that went wrong */
	bool seen;               /* in the discovery documents just read */
};

struct collector {
	struct gc_graph *graph;
	struct gc_kind **kinds;  /* never moved while the collector lives */
	size_t n_kinds;
	bool stopping, discovered;
};

/* Reads what kinds there are; ends the task. */
void gc_kinds_sync(struct task *t);
/* (Re)starts the watching of one kind; ends the task. */
void gc_kind_sync(struct task *t);
/* Works on one object; ends the task. */
void gc_object_sync(struct task *t);
/* True when every kind has been listed: before that, what seems to have no dependents may have some. */
bool gc_synced(const struct collector *g);
/* The kind of an apiVersion, NULL when it is not known (yet). */
const struct gc_kind *gc_kind_find(const struct collector *g, struct slice api_version, struct slice kind);
/* Ends all watching and frees. */
void gc_kinds_done(struct collector *g);
