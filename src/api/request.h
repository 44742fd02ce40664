/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One API request on its way through the house, in the exchange's arena: what was asked, by whom, in which form it is to be
 * answered, and the few ways to answer. A handler answers exactly once with one of request_*; after that the request may
 * be gone. All functions: only on the loop that owns the exchange.
 */
#pragma once

#include "access/access.h"
#include "api/negotiate.h"
#include "api/options.h"
#include "api/route/requestinfo.h"
#include "api/status.h"
#include "base/list.h"
#include "net/exchange.h"
#include "schema/schema.h"
#include "store/store.h"

struct api;
struct api_loop;
struct request_token;

struct request {
	struct api *api;
	struct api_loop *al;
	struct exchange *x;
	struct arena *a;              /* the exchange's */
	struct request_info info;
	struct query query;
	const struct access_user *user; /* who acts: after impersonation */
	struct negotiated out;        /* how the answer is written */
	const struct schema_resource *res;   /* NULL for non-resource requests */
	const struct schema_subresource *sub;
	struct http_headers headers;  /* of the answer: audit-id, cache-control, warnings, ... */
	const char **warnings;
	size_t n_warnings;
	struct slice body;            /* borrowed from the exchange */
	uint64_t started;             /* monotonic ns */
	int64_t now;                  /* wall clock ns when it came in */
	bool long_running, mutating, answered, counted;
	int code;                     /* of the answer */
	struct request_token *token;  /* what outlives the request while it waits; see request_wait */
	struct list inflight;         /* in the loop's list of requests not answered yet */
	uint64_t deadline;            /* monotonic ns; 0: none */
	void (*next)(struct request *r); /* continuation of a queued request */
	struct flow_entry *flow;      /* its place in a queue (flow.h), or NULL */
	struct webhook_outcome *webhook_outcomes; /* what webhooks said, for retries (webhook/call.h) */
	void *ctx;                    /* the handler's own */
};

/* ---- answers ---- */

/* A Status (error or success); takes the client's media type. */
void request_status(struct request *r, const struct status *st);
/* Bytes in the arena or static. */
void request_bytes(struct request *r, int code, const char *content_type, struct slice body);
/* A copy of a buffer's bytes, or 500 when its err is set. */
void request_buf(struct request *r, int code, const char *content_type, struct buf *b);
/* Shared bytes, one reference of which is taken over, already in `coding` (NULL: plain, and packed here when the client likes it). */
void request_blob(struct request *r, int code, const char *content_type, struct blob *blob, const char *coding);
/* A typed tree of `type` (NULL: unstructured), encoded as the client accepts; the tree has kind and apiVersion. */
void request_tree(struct request *r, int code, const struct schema_type *type, yyjson_mut_doc *doc, yyjson_mut_val *root);
/* The same for an object of a kind that is none of r->res (Scale), which may be asked for as a Table or as its metadata. */
struct table_form;
void request_form_tree(struct request *r, int code, const struct schema_type *type, const struct table_form *form, yyjson_mut_doc *doc, yyjson_mut_val *obj);
/* A stored object of r->res, as the client accepts (Table and metadata forms included). A reference is taken. */
void request_object(struct request *r, int code, struct store_obj *o);
/* The same for a tree of r->res that is not stored (dry runs, objects just changed). */
void request_object_tree(struct request *r, int code, yyjson_mut_doc *doc, yyjson_mut_val *obj);
/* A body that is pulled. `content_type` static or arena. */
void request_source(struct request *r, int code, const char *content_type, struct body_source body);
/* A pulled body of another server, `length` bytes (-1: unknown), under r->headers alone. */
void request_relayed(struct request *r, int code, int64_t length, struct body_source body);
/* The answer is a raw stream after 101 (exchange_upgrade): headers in `h` are added to the request's own. */
void request_upgrade(struct request *r, int code, const struct stream_handler *h, void *ctx, struct stream **ret);

/* A header of the answer. 0 or -ENOMEM. */
int request_header(struct request *r, const char *name, struct slice value);
/* A Warning header: `299 - "text"`, duplicates dropped. `text` must live as long as the request. */
void request_warn(struct request *r, const char *text);
static inline struct slice request_get_header(const struct request *r, const char *name) { return http_headers_get(&r->x->head.headers, name); }

/* ---- reading ---- */

/* Key of an object of a resource as the store knows it (strings in the arena). ns is dropped for cluster-scoped ones. */
struct store_key request_key(struct arena *a, const struct schema_resource *res, struct slice ns, struct slice name);
/* The target of messages: group, plural and name of r->res. */
struct status_target request_target(const struct request *r);
/* Parses a body as one object of (type, group, version, kind): JSON, YAML or protobuf by Content-Type, with
 * fieldValidation's warnings and errors as apiserver's create handler words them. kind and apiVersion are set in the tree.
 * The tree is typed and not yet defaulted. NULL and *ret_doc, or the status to answer. */
const struct status *request_decode(struct request *r, const struct schema_type *type, const char *group, const char *version, const char *kind,
				    enum schema_field_mode mode, yyjson_mut_doc **ret_doc);
/* A stored object as a tree of r's served version (parsed JSON; a private copy). NULL: out of memory or damaged. */
yyjson_mut_doc *request_parse(struct arena *a, const struct schema_resource *res, const struct store_obj *o);

/* ---- waiting ---- */

/*
 * Work elsewhere (the commit thread, timers, a call to a node) gets a token, not the request: the request may be answered by
 * the time-out meanwhile and be gone. request_wait gives one that remembers what to run; request_resume gives the request
 * back, or NULL when it is gone. Every wait is resumed exactly once, on the loop's thread.
 */
struct request_token *request_wait(struct request *r);
struct request *request_resume(struct request_token *t);
/* Runs fn(r) after ms (not when the request is gone by then). 0 or -ENOMEM. */
int request_after(struct request *r, uint64_t ms, void (*fn)(struct request *r));
/* store_txn whose outcome comes back as fn(r, ctx, res); not when the request is gone. NULL or the status to answer. */
typedef void (*request_txn_fn)(struct request *r, void *ctx, const struct store_result *res);
const struct status *request_txn(struct request *r, const struct store_op *ops, size_t n, request_txn_fn fn, void *ctx);
