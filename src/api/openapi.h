/* SPDX-License-Identifier: Apache-2.0 */
/* GET /openapi/v3 and below: the index and one document for each group version, made on first use and kept. */
#pragma once

#include "api/request.h"

struct openapi;

void openapi_index_handle(struct request *r);
void openapi_document_handle(struct request *r);
/* Frees what is kept. After the last request. */
void openapi_free(struct openapi *o);
