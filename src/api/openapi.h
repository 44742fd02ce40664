/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /openapi/v2, /openapi/v3 and below (kube-openapi's handlers): the documents of the catalog in force, in JSON and protobuf, plain
 * and packed. They are big, and asked for by many clients at once or by nobody for long: made on demand, kept a while in a bounded
 * cache, forgotten when the catalog changes. Their hashes stay.
 */
#pragma once

#include "api/request.h"

struct openapi;

/* NULL: out of memory. */
struct openapi *openapi_new(void);
/* After the last request. NULL is allowed. */
void openapi_free(struct openapi *o);

/* Drops documents that nobody asked for of late; `now` monotonic, in ns. Any thread, now and then. */
void openapi_tick(struct openapi *o, uint64_t now);

void openapi_v2_handle(struct request *r);
void openapi_index_handle(struct request *r);
void openapi_document_handle(struct request *r);
