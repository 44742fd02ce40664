/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every controller is made of: a definition in the table, a work queue, and tasks. A task works on one key; it may ask
 * the API several times, one request after another, and ends exactly once.
 */
#pragma once

#include "base/limits.h"
#include "base/list.h"
#include "client/workqueue.h"
#include "codec/json.h"
#include "control/control.h"

#define TASK_ARENA_MAX (16u * MIB)

/* Kinds that are watched for everybody. */
enum kind {
	KIND_NAMESPACE, KIND_SERVICE_ACCOUNT, KIND_CONFIG_MAP_CA, KIND_SECRET_TOKEN, KIND_SERVICE, KIND_POD, KIND_NODE, KIND_NODE_LEASE,
	KIND_ENDPOINTS, KIND_ENDPOINT_SLICE, KIND_CLUSTER_ROLE,
	KIND_DISRUPTION_BUDGET, KIND_CLAIM, KIND_VOLUME, KIND_QUOTA,
	KIND_MAX
};

struct controller;
struct task;

struct controller_def {
	const char *name;        /* of its log lines */
	const char *component;   /* whose identity it writes with */
	/* Adds its handlers to informers. 0 or -errno. */
	int (*setup)(struct controller *c);
	/* Works on t->key; calls task_end once, now or later. */
	void (*sync)(struct task *t);
	uint32_t parallel;
	/* Told that an object of any kind but events is gone (the garbage collector sees them all); may be NULL. */
	void (*on_deleted)(struct controller *c, struct slice group, struct slice resource, struct slice ns);
	void (*teardown)(struct controller *c); /* frees c->state; may be NULL */
};

/* NULL-terminated (control/table.c). */
extern const struct controller_def *const controller_defs[];

struct control {
	struct control_options o;
	struct arena *a;             /* what lives as long as the whole */
	struct k8c_client *reader;
	struct k8c_informer *informers[KIND_MAX];
	struct controller *controllers;
	size_t n_controllers;
};

struct controller {
	const struct controller_def *def;
	struct control *control;
	struct k8c_client *client;
	struct workqueue *queue;
	struct list tasks;
	void *state;
	bool stopping;           /* answers end their tasks; nothing more is asked */
};

/* The shared informer of a kind, made on first use. NULL when out of memory. */
struct k8c_informer *controller_informer(struct controller *c, enum kind kind);
/* Every added, changed and deleted object of the kind is queued under its own namespace/name. 0 or -errno. */
int controller_watch(struct controller *c, enum kind kind);
/* The same through a function that queues what an object means to the controller. */
int controller_watch_mapped(struct controller *c, enum kind kind, void (*map)(struct controller *c, struct k8c_object *o));
/* An object of the shared cache as a tree, or NULL. Valid until control goes back to the loop. */
const yyjson_mut_val *controller_get(struct controller *c, enum kind kind, struct slice ns, struct slice name);

/* Tells every controller with on_deleted. */
void control_deleted(struct control *ctl, struct slice group, struct slice resource, struct slice ns);

/* False when one of the kinds has not been listed yet: the task has ended then, and its key comes back soon. */
bool task_synced(struct task *t, const enum kind *kinds, size_t n);
#define TASK_SYNCED(t, ...) task_synced((t), (const enum kind[]){ __VA_ARGS__ }, sizeof((const enum kind[]){ __VA_ARGS__ }) / sizeof(enum kind))

struct task {
	struct controller *c;
	struct arena *a;
	struct slice key, ns, name;
	struct k8c_call *call;
	void (*answered)(struct task *t, const struct k8c_response *res, const struct k8c_error *err);
	void (*on_item)(struct task *t, struct slice json);
	void (*listed)(struct task *t, const struct k8c_error *err);
	void *state;             /* in the arena */
	struct list link;
};

/* One request as the controller; `fn` gets the answer (res or err), and has to end the task or ask again. When the request cannot
 * be started the task ends by itself. */
void task_op(struct task *t, const struct k8c_op *op, void (*fn)(struct task *t, const struct k8c_response *res, const struct k8c_error *err));
void task_request(struct task *t, const struct k8c_request *req, void (*fn)(struct task *t, const struct k8c_response *res, const struct k8c_error *err));
/* A list, item after item (JSON text, valid during the call), then `done`, which has to end the task or ask again. */
void task_list(struct task *t, const struct k8c_op *op, void (*item)(struct task *t, struct slice json), void (*done)(struct task *t, const struct k8c_error *err));
/* `result` 0: done; negative: again, later. The task is gone. */
void task_end(struct task *t, int result);
/* Ends with the answer's error, logged; -ENOENT, -EEXIST and conflicts are outcomes of races and not logged. */
void task_end_with(struct task *t, const struct k8c_error *err);
/* For the last request of a task. */
void task_finish(struct task *t, const struct k8c_response *res, const struct k8c_error *err);
/* JSON text of a tree, in the task's arena. p NULL when out of memory. */
struct k8c_bytes task_body(struct task *t, const yyjson_mut_val *v);
/* A private copy of a cached tree that may be changed, with its document. NULL when out of memory. */
yyjson_mut_doc *task_copy(struct task *t, const yyjson_mut_val *v);
/* NUL-terminated in the arena. */
static inline const char *task_str(struct task *t, struct slice s) { return arena_slice_str(t->a, s); }
