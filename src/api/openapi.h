/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /openapi/v2, /openapi/v3 and below (kube-openapi's handlers): the documents of the catalog in force, in JSON and protobuf. They
 * are big and asked for seldom, by clients that keep them: none is kept here. Each is made for the answer that carries it; only their
 * hashes are remembered, until the catalog changes.
 */
#pragma once

#include "api/request.h"

struct openapi;

/* NULL: out of memory. */
struct openapi *openapi_new(void);
/* After the last request. NULL is allowed. */
void openapi_free(struct openapi *o);

void openapi_v2_handle(struct request *r);
void openapi_index_handle(struct request *r);
void openapi_document_handle(struct request *r);
