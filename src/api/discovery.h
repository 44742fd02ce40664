/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Discovery: which groups, versions and resources there are, in the legacy and the aggregated form (KEP-3352). The documents are
 * made once from the schema tables and shared as bytes.
 */
#pragma once

#include "api/request.h"

struct discovery;
struct catalog;
/* `server_address`: "10.0.0.1:6443". NULL: out of memory. */
struct discovery *discovery_new(const char *server_address, const struct catalog *c);
struct discovery *discovery_free(struct discovery *d);

void discovery_api_handle(struct request *r);    /* /api */
void discovery_apis_handle(struct request *r);   /* /apis */
void discovery_core_handle(struct request *r);   /* /api/v1 */
void discovery_group_handle(struct request *r);  /* /apis/<group>[/<version>] */
/* Calls fn with the path of every document, in order: "/api", "/api/v1", "/apis", "/apis/", "/apis/apps", ... */
void discovery_each_path(const struct catalog *c, void (*fn)(void *ctx, const char *path), void *ctx);
