/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a request that may be made to the function that makes its answer: paths and methods as go-restful matches them (404 before
 * 405 before 415 before 406; spec sections 8.4 and 8.5).
 */
#pragma once

#include "api/request.h"

/* Answers r, at once or later. */
void route_request(struct request *r);
/* Exempt from time-outs and from the limit of requests in flight (server's longrunning check). */
bool route_is_long_running(const struct request *r);
/* "create" to VERB_CREATE; 0 for other words. */
unsigned route_verb_bit(struct slice verb);
/* Paths of the index at "/". */
void route_index_handle(struct request *r);
