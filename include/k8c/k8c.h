/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libk8c: a client library for the Kubernetes API.
 *
 * Rules for everything below:
 * - No threads, no prints, no exits. A client and all that is made from it belong to one thread. A configuration may be shared
 *   between threads (it is counted and does not change).
 * - The program either polls k8c_client_fd() and calls k8c_client_run_once() when it is readable or k8c_client_timeout() has
 *   passed, or uses the blocking calls (..._wait), which run the client until they are answered. Callbacks run only inside
 *   these, never inside a ..._start call. Blocking calls must not be made from callbacks.
 * - Functions return 0, or a positive outcome named here, or a negative errno. Outputs (ret_*) are set only on success. A
 *   ..._start that fails runs no callback.
 * - Options structures start with their size (`.size = sizeof(...)`), so that programs built against an older header go on
 *   working; zero in every other field is the default. Pointers in options are needed only during the call (they are copied)
 *   unless the field says otherwise.
 * - Strings are UTF-8. Bytes given to a callback are valid only during that callback.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define K8C_EXPORT __attribute__((visibility("default")))
#else
#define K8C_EXPORT
#endif

struct yyjson_mut_doc;
struct yyjson_mut_val;

/* Borrowed bytes, not NUL-terminated. */
struct k8c_bytes {
	const char *p;
	size_t n;
};

struct k8c_header {
	const char *name; /* lower case */
	struct k8c_bytes value;
};

/* "0.1.0" */
K8C_EXPORT const char *k8c_version(void);

/* ==== errors ==== */

struct k8c_cause {
	const char *reason, *message, *field; /* "" when absent */
};

/*
 * What went wrong. `err` sums it up:
 *
 *   -EINVAL        400, 422
 *   -EKEYREJECTED  401, or the peer's certificate was refused
 *   -EPERM         403
 *   -ENOENT        404
 *   -EEXIST        409 AlreadyExists
 *   -EAGAIN        409 Conflict
 *   -ESTALE        410
 *   -E2BIG         413, or the answer was larger than the client takes
 *   -EBUSY         429
 *   -EIO           5xx
 *   -ETIMEDOUT     504, or no answer in time
 *   -EREMOTEIO     any other answer that is no success
 *
 * and without an answer (status 0) -ECANCELED, -ECONNREFUSED, -ECONNRESET, -EPROTO, -ENOMEM, ...
 * Strings are never NULL and live as long as what holds the error.
 */
struct k8c_error {
	int err;
	int status;            /* HTTP status; 0 without an answer */
	const char *reason;    /* "NotFound", "Forbidden", ... */
	const char *message;
	const char *group, *kind, *name, *uid; /* details */
	const struct k8c_cause *causes;
	size_t n_causes;
	uint32_t retry_after;  /* seconds; 0 when not given */
};

/* ==== configuration ==== */

struct k8c_config;

struct k8c_config_options {
	size_t size;
	const char *kubeconfig;   /* files joined by ':'; NULL: $KUBECONFIG, else ~/.kube/config */
	const char *context;      /* NULL: current-context */
	/* These override what the files say. */
	const char *cluster, *user, *ns, *server, *token, *token_file, *ca_file, *cert_file, *key_file, *tls_server_name, *proxy_url;
	const char *impersonate_user, *impersonate_uid;
	const char *const *impersonate_groups; /* NULL-terminated */
	bool insecure;
	bool no_kubeconfig;       /* use only what is given here */
	bool no_in_cluster;       /* never fall back to the pod's own credentials */
	const char *service_account_dir; /* NULL: /var/run/secrets/kubernetes.io/serviceaccount */
	uint32_t exec_timeout_ms; /* how long a credential plugin may take; 0: 60 s */
};

/* The way kubectl does it: kubeconfig files merged (first one wins for each setting), overrides, and, when no file says anything,
 * the pod's mounted credentials. 0; -ENOENT: nothing is configured; -EBADMSG: a file is broken; -EINVAL; -errno of reading.
 * *ret_msg (may be NULL): one sentence that says which file and why; the caller frees it. */
K8C_EXPORT int k8c_config_load(const struct k8c_config_options *o, struct k8c_config **ret, char **ret_msg);
/* Only the pod's own: KUBERNETES_SERVICE_HOST/_PORT and `dir` (NULL: the usual one). -ENOENT: not in a pod. */
K8C_EXPORT int k8c_config_in_cluster(const char *dir, struct k8c_config **ret, char **ret_msg);
K8C_EXPORT struct k8c_config *k8c_config_ref(struct k8c_config *c);
/* NULL is allowed. */
K8C_EXPORT void k8c_config_unref(struct k8c_config *c);
/* The server's URL, the namespace ("default" when none is set), the context's and user's names ("" in a pod). */
K8C_EXPORT const char *k8c_config_server(const struct k8c_config *c);
K8C_EXPORT const char *k8c_config_namespace(const struct k8c_config *c);
K8C_EXPORT const char *k8c_config_context(const struct k8c_config *c);
K8C_EXPORT const char *k8c_config_user(const struct k8c_config *c);
K8C_EXPORT bool k8c_config_is_in_cluster(const struct k8c_config *c);

/* ==== transport ==== */

/* Carries requests. The library brings one (HTTPS on its own loop); a program may bring another. All calls and callbacks on the
 * client's thread. */
struct k8c_transport_request {
	size_t size;
	const char *method;
	const char *target;               /* "/api/v1/pods?watch=true" */
	const struct k8c_header *headers; /* without host and content-length */
	size_t n_headers;
	struct k8c_bytes body;
	uint32_t timeout_ms;              /* whole exchange; 0: none */
};
struct k8c_stream; /* an upgraded connection; the transport's own structure */
struct k8c_stream_handler {
	void (*on_data)(void *ctx, struct k8c_bytes bytes);
	/* The peer closed (0) or the connection broke. Nothing follows but on_close. */
	void (*on_end)(void *ctx, int err);
	/* What was queued has been sent, after stream_write returned 1. */
	void (*on_drain)(void *ctx);
	/* Exactly once, last. */
	void (*on_close)(void *ctx);
};
struct k8c_transport_handler {
	void (*on_head)(void *ctx, int status, const struct k8c_header *headers, size_t n);
	void (*on_data)(void *ctx, struct k8c_bytes bytes);
	/* Exactly once, last, unless on_upgrade ran. err 0 or negative errno; msg may be NULL. */
	void (*on_done)(void *ctx, int err, const char *msg);
	/* After on_head with 101. NULL when the caller expects none: the transport then answers -EPROTO. stream_attach is called
	 * inside. */
	void (*on_upgrade)(void *ctx, struct k8c_stream *s);
};
struct k8c_transport {
	size_t size;
	/* Copies the request. Callbacks not before it has returned. 0 or -errno. */
	int (*start)(void *ctx, const struct k8c_transport_request *req, const struct k8c_transport_handler *h, void *hctx,
		     void **ret_call);
	/* Ends a call that is under way; its on_done(-ECANCELED) runs before the return. */
	void (*cancel)(void *ctx, void *call);
	/* Stops (true) and resumes the flow of on_data. */
	void (*pause)(void *ctx, void *call, bool on);
	void (*stream_attach)(struct k8c_stream *s, const struct k8c_stream_handler *h, void *hctx);
	/* Queues a copy. 0; 1: wait for on_drain before more; -EPIPE. */
	int (*stream_write)(struct k8c_stream *s, struct k8c_bytes bytes);
	/* Sends what is queued, then closes; on_close follows. */
	void (*stream_close)(struct k8c_stream *s);
	/* Runs when the client is freed; may be NULL. */
	void (*free)(void *ctx);
};

/* ==== client ==== */

struct k8c_client;

struct k8c_client_options {
	size_t size;
	const char *user_agent;       /* NULL: "k8c/VERSION" */
	const struct k8c_transport *transport; /* NULL: the built-in one; must outlive the client */
	void *transport_ctx;
	/* Default for requests, and how long exec, attach and port-forward wait for their stream; 0: 60 s. What has begun to stream
	 * (watches, logs, commands) has none. */
	uint32_t timeout_ms;
	uint32_t retries;             /* how often a request that may be repeated is repeated; 0: 10; UINT32_MAX: never */
	size_t max_body;              /* largest answer that is collected; 0: 64 MiB */
	bool http1_only;
	/* A Warning header's text, as the server sends it. May be NULL. */
	void (*on_warning)(void *ctx, const char *text);
	void *warning_ctx;
};

/* `cfg` may be NULL when a transport is given that needs none. 0, -EINVAL, -EBADMSG (bad certificate or key), -ENOMEM. */
K8C_EXPORT int k8c_client_new(struct k8c_config *cfg, const struct k8c_client_options *o, struct k8c_client **ret,
			      char **ret_msg);
/* Everything under way ends with -ECANCELED first. Informers, elections, recorders made from it have to be freed before. NULL is
 * allowed. */
K8C_EXPORT void k8c_client_free(struct k8c_client *c);
/* To be polled for POLLIN. -1 for a client that runs on another loop. */
K8C_EXPORT int k8c_client_fd(const struct k8c_client *c);
/* Milliseconds after which run_once has something to do even without the descriptor; -1: none. */
K8C_EXPORT int k8c_client_timeout(const struct k8c_client *c);
/* Runs callbacks that are due; waits for up to timeout_ms for the first (0: not at all, -1: for ever). 0, or -EBUSY inside a
 * callback. */
K8C_EXPORT int k8c_client_run_once(struct k8c_client *c, int timeout_ms);
K8C_EXPORT struct k8c_config *k8c_client_config(const struct k8c_client *c); /* borrowed; may be NULL */

/* ==== requests ==== */

struct k8c_call; /* something under way: a request, list, watch, wait, update */
/* Its on_done runs with -ECANCELED before the return; the call is gone. NULL is allowed. */
K8C_EXPORT void k8c_call_cancel(struct k8c_call *c);
/* Stops and resumes on_data / on_item / on_event (back-pressure). */
K8C_EXPORT void k8c_call_pause(struct k8c_call *c, bool on);

#define K8C_NO_TIMEOUT UINT32_MAX
enum {
	K8C_REQ_NO_RETRY = 1,
	K8C_REQ_REPEATABLE = 2, /* may be repeated although the method is not idempotent */
};
struct k8c_request {
	size_t size;
	const char *method;       /* NULL: GET */
	const char *path;         /* escaped, starts with '/' */
	const char *query;        /* escaped, without '?', or NULL */
	const char *content_type; /* NULL: application/json when there is a body */
	const char *accept;       /* NULL: application/json */
	struct k8c_bytes body;
	const struct k8c_header *headers;
	size_t n_headers;
	uint32_t timeout_ms;      /* 0: the client's; K8C_NO_TIMEOUT */
	unsigned flags;
};
struct k8c_response {
	int status;
	const struct k8c_header *headers;
	size_t n_headers;
	struct k8c_bytes body;    /* collected body; empty with on_data */
};
struct k8c_request_handler {
	void (*on_head)(void *ctx, const struct k8c_response *head); /* may be NULL */
	/* Not NULL: bodies of successful answers come here piece by piece and are not collected (and the request is not
	 * repeated once the first piece has come). */
	void (*on_data)(void *ctx, struct k8c_bytes bytes);
	/* Exactly once, last. err is NULL for 2xx; res is NULL when there was no answer. The call is gone afterwards. */
	void (*on_done)(void *ctx, const struct k8c_response *res, const struct k8c_error *err);
};
/* Repeats by itself what may be repeated (GET, HEAD, PUT, DELETE when no answer came, and on 5xx with Retry-After; anything on 429 and
 * on 503 with Retry-After), with back-off and jitter; a Retry-After of more than a minute is not waited for but told. After 401
 * re-reads the credentials and repeats once. 0, -EINVAL, -ENOMEM. `ret` may be
 * NULL. */
K8C_EXPORT int k8c_request_start(struct k8c_client *c, const struct k8c_request *req, const struct k8c_request_handler *h,
				 void *ctx, struct k8c_call **ret);
/* First header of that name (lower case), or an empty one. */
K8C_EXPORT struct k8c_bytes k8c_response_header(const struct k8c_response *r, const char *name);

/* An answer that is kept. */
struct k8c_reply {
	struct k8c_response response;
	struct k8c_error error; /* error.err is 0 for success */
};
K8C_EXPORT void k8c_reply_free(struct k8c_reply *r);
/* Blocking. Returns 0 and an answer (success or not: see ret->error), or -errno when the request could not be started. */
K8C_EXPORT int k8c_request_wait(struct k8c_client *c, const struct k8c_request *req, struct k8c_reply **ret);

/* ==== objects ==== */

/* What kind, where, which. */
struct k8c_target {
	const char *group;       /* "" or NULL: core */
	const char *version;     /* "v1" */
	const char *resource;    /* plural: "pods" */
	const char *ns;          /* NULL: cluster-scoped, or all namespaces */
	const char *name;        /* NULL: the collection */
	const char *subresource; /* "status", or NULL */
};
/* Path of a target, escaped; the caller frees it. NULL when out of memory. */
K8C_EXPORT char *k8c_target_path(const struct k8c_target *t);

enum k8c_verb { K8C_GET, K8C_LIST, K8C_CREATE, K8C_UPDATE, K8C_PATCH, K8C_DELETE, K8C_DELETE_COLLECTION };
enum k8c_patch { K8C_PATCH_MERGE, K8C_PATCH_JSON, K8C_PATCH_STRATEGIC, K8C_PATCH_APPLY };
enum k8c_propagation { K8C_PROPAGATION_DEFAULT, K8C_PROPAGATION_BACKGROUND, K8C_PROPAGATION_FOREGROUND, K8C_PROPAGATION_ORPHAN };

struct k8c_op {
	size_t size;
	enum k8c_verb verb;
	struct k8c_target target;
	struct k8c_bytes body;         /* create, update, patch: JSON (apply: YAML or JSON) */
	enum k8c_patch patch;
	/* reading */
	const char *label_selector, *field_selector;
	const char *resource_version;  /* get, list, watch */
	uint32_t limit;                /* list: page size; 0: 500 for k8c_list_start, none for a plain list */
	const char *cont;              /* continue token */
	/* writing */
	const char *field_manager, *field_validation;
	bool force;                    /* apply */
	bool dry_run;
	/* deleting */
	bool has_grace;
	int64_t grace_seconds;
	enum k8c_propagation propagation;
	const char *precondition_uid, *precondition_rv;
	/* any */
	const char *accept;            /* NULL: application/json */
	uint32_t timeout_ms;
	unsigned flags;
};
/* One request for it: 0 or -errno as k8c_request_start. on_data may be NULL. */
K8C_EXPORT int k8c_op_start(struct k8c_client *c, const struct k8c_op *op, const struct k8c_request_handler *h, void *ctx,
			    struct k8c_call **ret);
K8C_EXPORT int k8c_op_wait(struct k8c_client *c, const struct k8c_op *op, struct k8c_reply **ret);

/* A list, page after page, item after item, in flat memory. */
struct k8c_list_result {
	const char *resource_version; /* of the (first page of the) list */
	size_t items;
};
struct k8c_list_handler {
	/* One element of `items`, as the server wrote it (elements of built-in lists carry no kind and apiVersion). */
	void (*on_item)(void *ctx, struct k8c_bytes json);
	/* Exactly once, last. err NULL: all items came. 410 in the middle of the pages is -ESTALE. */
	void (*on_done)(void *ctx, const struct k8c_list_result *res, const struct k8c_error *err);
};
K8C_EXPORT int k8c_list_start(struct k8c_client *c, const struct k8c_op *op, const struct k8c_list_handler *h, void *ctx,
			      struct k8c_call **ret);
/* Blocking. on_done runs before the return, whose value is its err. */
K8C_EXPORT int k8c_list_wait(struct k8c_client *c, const struct k8c_op *op, const struct k8c_list_handler *h, void *ctx);

/* ==== watch ==== */

enum k8c_event_type { K8C_ADDED, K8C_MODIFIED, K8C_DELETED, K8C_BOOKMARK };
struct k8c_watch_options {
	size_t size;
	struct k8c_target target;
	const char *label_selector, *field_selector;
	const char *resource_version;  /* events after this; NULL: begins with the present state as ADDED events */
	bool initial_events;           /* WatchList: sendInitialEvents, ends with a bookmark whose `initial_end` is set */
	bool bookmarks;                /* tell BOOKMARK events too (they are always asked for) */
	bool once;                     /* end with the connection instead of resuming */
	uint32_t timeout_seconds;      /* of one connection, server side; 0: between 5 and 10 minutes, drawn at random */
	bool no_bookmarks;             /* not even ask for them: nothing comes but events; not with initial_events */
};
struct k8c_event {
	enum k8c_event_type type;
	struct k8c_bytes object;       /* JSON */
	struct k8c_bytes resource_version;
	bool initial_end;              /* the bookmark that ends the initial events */
};
struct k8c_watch_handler {
	void (*on_event)(void *ctx, const struct k8c_event *e);
	/* Exactly once, last. -ESTALE: the history is gone, list again. Connection losses do not end a watch: it resumes behind the last
	 * revision seen, with back-off. err is NULL when `once` is set and the server closed. */
	void (*on_done)(void *ctx, const struct k8c_error *err);
};
K8C_EXPORT int k8c_watch_start(struct k8c_client *c, const struct k8c_watch_options *o, const struct k8c_watch_handler *h,
			       void *ctx, struct k8c_call **ret);

/* ==== informer ==== */

/* One version of an object in a cache: immutable, counted (not between threads). */
struct k8c_object;
K8C_EXPORT struct k8c_object *k8c_object_ref(struct k8c_object *o);
K8C_EXPORT void k8c_object_unref(struct k8c_object *o); /* NULL is allowed */
K8C_EXPORT struct k8c_bytes k8c_object_json(const struct k8c_object *o);
K8C_EXPORT struct k8c_bytes k8c_object_namespace(const struct k8c_object *o);
K8C_EXPORT struct k8c_bytes k8c_object_name(const struct k8c_object *o);
K8C_EXPORT struct k8c_bytes k8c_object_uid(const struct k8c_object *o);
K8C_EXPORT struct k8c_bytes k8c_object_resource_version(const struct k8c_object *o);
/* The object as a tree (yyjson), made on demand; valid until control goes back to the loop. Not to be changed. NULL when out of
 * memory. */
K8C_EXPORT const struct yyjson_mut_val *k8c_object_value(struct k8c_object *o);

/* Names an index and tells an object's values in it. */
struct k8c_index {
	const char *name;
	void (*values)(void *ctx, struct k8c_object *o, void (*emit)(void *sink, struct k8c_bytes value), void *sink);
	void *ctx;
};

struct k8c_informer;
struct k8c_informer_options {
	size_t size;
	struct k8c_target target;     /* name and subresource NULL; ns NULL: all */
	const char *label_selector, *field_selector;
	const struct k8c_index *indexes;
	size_t n_indexes;
	bool no_watch_list;           /* list and watch even where the server can send initial events */
};
/* Any may be NULL. `o`, `old` are borrowed for the call. */
struct k8c_informer_handler {
	void (*on_add)(void *ctx, struct k8c_object *o);
	void (*on_update)(void *ctx, struct k8c_object *old, struct k8c_object *o);
	/* The last state known (also when the deletion was only noticed by a new list). */
	void (*on_delete)(void *ctx, struct k8c_object *o);
	/* Once, after the first complete list has been told. */
	void (*on_synced)(void *ctx);
	/* A list or watch failed; it is tried again with back-off. */
	void (*on_error)(void *ctx, const struct k8c_error *err);
};
K8C_EXPORT int k8c_informer_new(struct k8c_client *c, const struct k8c_informer_options *o, struct k8c_informer **ret);
/* Several may be added; objects already in the cache are told as on_add at the next turn of the loop. -ENOMEM. */
K8C_EXPORT int k8c_informer_add_handler(struct k8c_informer *i, const struct k8c_informer_handler *h, void *ctx);
/* Begins to list and watch. 0 or -ENOMEM. */
K8C_EXPORT int k8c_informer_start(struct k8c_informer *i);
/* Stops and frees; no handler runs any more. Not from one of its handlers. NULL is allowed. */
K8C_EXPORT void k8c_informer_free(struct k8c_informer *i);
K8C_EXPORT bool k8c_informer_synced(const struct k8c_informer *i);
K8C_EXPORT size_t k8c_informer_count(const struct k8c_informer *i);
/* Borrowed until control goes back to the loop; NULL when absent. ns "" or NULL for cluster-scoped kinds. */
K8C_EXPORT struct k8c_object *k8c_informer_get(const struct k8c_informer *i, struct k8c_bytes ns, struct k8c_bytes name);
/* All objects, in no particular order: *it starts at 0; NULL at the end. The cache does not change meanwhile (no callbacks run).
 */
K8C_EXPORT struct k8c_object *k8c_informer_next(const struct k8c_informer *i, size_t *it);
/* Objects with this value in an index. The namespaces are an index too: "namespace". */
K8C_EXPORT struct k8c_object *k8c_informer_index_next(const struct k8c_informer *i, const char *index, struct k8c_bytes value,
						      size_t *it);

/* ==== read, change, write ==== */

struct k8c_update_handler {
	/* Changes `root` (a tree in `doc`). 0: write it; 1: nothing to do, finish with success; negative errno: give up with it.
	 * Runs again on fresh state after a conflict. */
	int (*change)(void *ctx, struct yyjson_mut_doc *doc, struct yyjson_mut_val *root);
	/* res is the written (or, with 1, the read) object. */
	void (*on_done)(void *ctx, const struct k8c_response *res, const struct k8c_error *err);
};
/* GET, change, PUT; again after a Conflict, at most 5 times with back-off. Unknown fields survive. */
K8C_EXPORT int k8c_update_start(struct k8c_client *c, const struct k8c_target *t, const struct k8c_update_handler *h, void *ctx,
				struct k8c_call **ret);
K8C_EXPORT int k8c_update_wait(struct k8c_client *c, const struct k8c_target *t, const struct k8c_update_handler *h, void *ctx);

/* ==== wait for a condition ==== */

struct k8c_wait_handler {
	/* 1: that is it; 0: go on; negative errno: give up. root NULL: the object does not exist (now). */
	int (*check)(void *ctx, const struct yyjson_mut_val *root);
	/* err NULL: the condition held. -ETIMEDOUT. */
	void (*on_done)(void *ctx, const struct k8c_error *err);
};
/* timeout_ms 0: for ever. */
K8C_EXPORT int k8c_wait_start(struct k8c_client *c, const struct k8c_target *t, uint32_t timeout_ms,
			      const struct k8c_wait_handler *h, void *ctx, struct k8c_call **ret);
K8C_EXPORT int k8c_wait_wait(struct k8c_client *c, const struct k8c_target *t, uint32_t timeout_ms,
			     const struct k8c_wait_handler *h, void *ctx);

/* ==== leader election (coordination.k8s.io Lease) ==== */

struct k8c_election;
struct k8c_election_options {
	size_t size;
	const char *ns, *name, *identity;
	uint32_t lease_ms, renew_ms, retry_ms; /* 0: 15000, 10000, 2000 */
	bool keep_on_free;                     /* do not give the lease up when freed */
};
struct k8c_election_handler {
	void (*on_started)(void *ctx);                       /* this one leads now */
	void (*on_stopped)(void *ctx);                       /* it does not any more */
	void (*on_leader)(void *ctx, const char *identity);  /* somebody (else) leads; may be NULL */
};
K8C_EXPORT int k8c_election_start(struct k8c_client *c, const struct k8c_election_options *o,
				  const struct k8c_election_handler *h, void *ctx, struct k8c_election **ret);
K8C_EXPORT bool k8c_election_leads(const struct k8c_election *e);
/* Gives the lease up (the write is sent but not waited for). NULL is allowed. */
K8C_EXPORT void k8c_election_free(struct k8c_election *e);

/* ==== events ==== */

struct k8c_recorder;
struct k8c_recorder_options {
	size_t size;
	const char *component; /* source.component and reportingComponent */
	const char *host;      /* source.host, or NULL */
};
struct k8c_reference {
	const char *api_version, *kind, *ns, *name, *uid, *resource_version, *field_path; /* NULL or "": unset */
};
K8C_EXPORT int k8c_recorder_new(struct k8c_client *c, const struct k8c_recorder_options *o, struct k8c_recorder **ret);
/* What is still being sent goes on; NULL is allowed. */
K8C_EXPORT void k8c_recorder_free(struct k8c_recorder *r);
/* `type` "Normal" or "Warning". Repeated events are counted, similar ones combined, floods dropped, as client-go does. 0; 1:
 * dropped; -ENOMEM. */
K8C_EXPORT int k8c_recorder_event(struct k8c_recorder *r, const struct k8c_reference *about, const char *type, const char *reason,
				  const char *message);

/* ==== streams: exec, attach, port-forward, logs ==== */

struct k8c_exec;
struct k8c_exec_options {
	size_t size;
	const char *ns, *pod, *container;   /* container NULL: the only one */
	const char *const *command;         /* NULL-terminated; NULL: attach to the running process */
	bool in, out, err, tty;
};
struct k8c_exec_handler {
	void (*on_open)(void *ctx);                            /* may be NULL */
	void (*on_stdout)(void *ctx, struct k8c_bytes bytes);
	void (*on_stderr)(void *ctx, struct k8c_bytes bytes);
	void (*on_drain)(void *ctx);                           /* see k8c_exec_write; may be NULL */
	/* Exactly once, last. err NULL: the command ran and ended with `code`. */
	void (*on_exit)(void *ctx, int code, const struct k8c_error *err);
};
K8C_EXPORT int k8c_exec_start(struct k8c_client *c, const struct k8c_exec_options *o, const struct k8c_exec_handler *h, void *ctx,
			      struct k8c_exec **ret);
/* Standard input. 0; 1: taken, but wait for on_drain before more; -EPIPE. */
K8C_EXPORT int k8c_exec_write(struct k8c_exec *e, struct k8c_bytes bytes);
/* End of standard input (v5.channel.k8s.io; with older servers -ENOTSUP). */
K8C_EXPORT int k8c_exec_close_stdin(struct k8c_exec *e);
K8C_EXPORT int k8c_exec_resize(struct k8c_exec *e, uint16_t columns, uint16_t rows);
/* on_exit(-ECANCELED) runs before the return. NULL is allowed. */
K8C_EXPORT void k8c_exec_cancel(struct k8c_exec *e);

/* One connection to one port of a pod. */
struct k8c_forward;
struct k8c_forward_handler {
	void (*on_open)(void *ctx);
	void (*on_data)(void *ctx, struct k8c_bytes bytes);
	void (*on_drain)(void *ctx);
	/* Exactly once, last. err NULL: closed by the other side. */
	void (*on_close)(void *ctx, const struct k8c_error *err);
};
K8C_EXPORT int k8c_forward_start(struct k8c_client *c, const char *ns, const char *pod, uint16_t port,
				 const struct k8c_forward_handler *h, void *ctx, struct k8c_forward **ret);
K8C_EXPORT int k8c_forward_write(struct k8c_forward *f, struct k8c_bytes bytes); /* as k8c_exec_write */
/* Nothing more will be written; what the pod still sends comes. */
K8C_EXPORT int k8c_forward_finish(struct k8c_forward *f);
/* on_close(NULL) runs before the return. NULL is allowed. */
K8C_EXPORT void k8c_forward_close(struct k8c_forward *f);

struct k8c_log_options {
	size_t size;
	const char *ns, *pod, *container;
	bool follow, previous, timestamps;
	bool has_tail;
	int64_t tail_lines;
	int64_t since_seconds;      /* 0: all */
	const char *since_time;     /* RFC 3339, or NULL */
	int64_t limit_bytes;        /* 0: none */
};
/* on_data gets the text as it comes. */
K8C_EXPORT int k8c_log_start(struct k8c_client *c, const struct k8c_log_options *o, const struct k8c_request_handler *h,
			     void *ctx, struct k8c_call **ret);

#ifdef __cplusplus
}
#endif
