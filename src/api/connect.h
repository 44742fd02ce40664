/* SPDX-License-Identifier: Apache-2.0 */
/* Admission of what is a connection rather than an object: exec, attach, port-forward, proxy (apiserver's handlers/rest.go
 * ConnectResource). */
#pragma once

#include "api/request.h"

/* The options of a connection as its query says them: {"kind":"PodExecOptions","apiVersion":"v1","command":["ls"],...}, for r's
 * subresource. NULL: out of memory. */
yyjson_mut_doc *connect_options(struct arena *a, const struct schema_subresource *sub, const struct query *q, struct slice path);
/* Runs admission for r, then `then(r)`, now or later; a refusal is answered. */
void connect_admit(struct request *r, void (*then)(struct request *r));
