/* SPDX-License-Identifier: Apache-2.0 */
/* Remote groups in discovery (kube-aggregator's handler_apis.go, handler_discovery.go). */
#pragma once

#include "api/request.h"

/* The document of /apis with the remote groups behind the local ones: an APIGroupList, or an APIGroupDiscoveryList when `aggregated`.
 * `json` itself when there are none. p NULL when out of memory. */
struct slice aggregate_discovery(struct request *r, struct slice json, bool aggregated);
/* Answers /apis/GROUP for a group that has remote versions only; false: it is not one. */
bool aggregate_discovery_group(struct request *r, const struct store_snapshot *snap, struct slice group);
