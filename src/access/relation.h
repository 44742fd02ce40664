/* SPDX-License-Identifier: Apache-2.0 */
/* What a node has to do with an object: through the pods that run on it (plugin/pkg/auth/authorizer/node/graph.go). */
#pragma once

#include "access/access.h"

enum relation_kind {
	RELATION_SECRET, RELATION_CONFIGMAP, RELATION_ACCOUNT, RELATION_PVC, RELATION_CLAIM, /* named by a pod */
	RELATION_POD, RELATION_PV, RELATION_ATTACHMENT, RELATION_SLICE,
};

/* Does a pod on the node, or the object itself, tie it to the node? */
bool relation_exists(const struct store_snapshot *sn, struct slice node, enum relation_kind kind, struct slice ns,
		     struct slice name);
