/* SPDX-License-Identifier: Apache-2.0 */
/* What every request of a client carries, also those that become streams. */
#pragma once

#include "client/client.h"

/* Appends user-agent, authorization and impersonation headers; `max` is the size of `h`, at least 64. Strings in `a`, the client
 * or its configuration. 0; -E2BIG; -ENOMEM; -errno of the credential with *ret_msg. */
int request_headers(struct k8c_client *c, struct arena *a, struct k8c_header *h, size_t *n, size_t max, const char **ret_msg);
/* 0, or -EINVAL with *ret_msg (in `a`): a value holds a line end or another control character, and would become something else on
 * the wire. */
int request_check_headers(struct arena *a, const struct k8c_header *h, size_t n, const char **ret_msg);
/* The request that an operation is. Strings in `a`. 0, -EINVAL, -ENOMEM. */
int op_request(struct arena *a, const struct k8c_op *op, struct k8c_request *ret);
/* Deep copy of the target of one object. 0, -EINVAL (no resource, version or name), -ENOMEM. */
int target_copy(struct arena *a, const struct k8c_target *t, struct k8c_target *ret);
