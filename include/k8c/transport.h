/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What carries requests. The library brings one (HTTPS by OpenSSL on its own loop, HTTP/2 when offered); a program may bring another,
 * and with it its own TLS.
 */
#pragma once

#include <k8c/common.h>

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif
