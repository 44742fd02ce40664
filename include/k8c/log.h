/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logs of containers, as they are or as they come.
 */
#pragma once

#include <k8c/request.h>

#ifdef __cplusplus
extern "C" {
#endif

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
/* on_data gets the text as it comes; with `follow` until the container ends or the call is cancelled. 0, -EINVAL, -ENOMEM. `ret` may
 * be NULL. */
K8C_EXPORT int k8c_log_start(struct k8c_client *c, const struct k8c_log_options *o, const struct k8c_request_handler *h,
			     void *ctx, struct k8c_call **ret);

#ifdef __cplusplus
}
#endif
