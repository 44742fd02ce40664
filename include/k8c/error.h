/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong: the status, reason, message, details and causes of an answer, or why there was none.
 */
#pragma once

#include <k8c/common.h>

#ifdef __cplusplus
extern "C" {
#endif

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

#ifdef __cplusplus
}
#endif
