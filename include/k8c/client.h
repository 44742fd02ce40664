/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client: connections to one server as one identity, and all that is under way on them. It belongs to one thread.
 */
#pragma once

#include <k8c/config.h>
#include <k8c/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

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
/* The configuration it was made from: borrowed, NULL when there was none. */
K8C_EXPORT struct k8c_config *k8c_client_config(const struct k8c_client *c);


struct k8c_call; /* something under way: a request, list, watch, wait, update */
/* Its on_done runs with -ECANCELED before the return; the call is gone. NULL is allowed. */
K8C_EXPORT void k8c_call_cancel(struct k8c_call *c);
/* Stops and resumes on_data / on_item / on_event (back-pressure). */
K8C_EXPORT void k8c_call_pause(struct k8c_call *c, bool on);

#ifdef __cplusplus
}
#endif
