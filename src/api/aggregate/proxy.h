/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests for groups that other servers answer for: they are passed on, in the name of the user who was authorised here
 * (kube-aggregator's handler_proxy.go, handler_apis.go).
 */
#pragma once

#include "api/request.h"

/* True: the request is about a group and version of a remote APIService, or about such a group, and is answered, now or later. */
bool aggregate_take(struct request *r);
/* The headers of a request to an aggregated server: the client's without credentials and without any X-Remote header of its own; who
 * the user is. 0 or -ENOMEM. */
int aggregate_headers(struct request *r, bool upgrade, struct http_headers *ret);
