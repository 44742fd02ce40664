/* SPDX-License-Identifier: Apache-2.0 */
/* From answers and failures to struct k8c_error. */
#pragma once

#include "base/arena.h"
#include "codec/json.h"

#include <k8c/k8c.h>

/* No answer: `err` and a sentence about it (NULL: the errno's). Strings in `a`. */
void error_from_errno(struct arena *a, int err, const char *msg, struct k8c_error *ret);
/* An answer that is no success: its body is a Status object or whatever a proxy on the way said. */
void error_from_response(struct arena *a, int status, struct slice body, struct k8c_error *ret);
/* A decoded Status object (of a watch's ERROR event). */
void error_from_status(struct arena *a, int http_status, const yyjson_mut_val *status, struct k8c_error *ret);
/* Deep copy into `a`. */
void error_copy(struct arena *a, const struct k8c_error *e, struct k8c_error *ret);
