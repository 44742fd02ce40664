/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request and its answer: any method on any path.
 */
#pragma once

#include <k8c/client.h>
#include <k8c/error.h>

#ifdef __cplusplus
extern "C" {
#endif

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
/* NULL is allowed. */
K8C_EXPORT void k8c_reply_free(struct k8c_reply *r);
/* Blocking. Returns 0 and an answer (success or not: see ret->error), or -errno when the request could not be started. */
K8C_EXPORT int k8c_request_wait(struct k8c_client *c, const struct k8c_request *req, struct k8c_reply **ret);

#ifdef __cplusplus
}
#endif
