/* SPDX-License-Identifier: Apache-2.0 */
/* What bootstrap.c makes, as data: paths and JSON bodies, some with the server's own addresses filled in. */
#pragma once

#include "api/internal.h"

struct bootstrap_object {
	int stage;                /* stages are made one after the other */
	const char *collection;   /* "/api/v1/namespaces/kube-system/configmaps" */
	struct store_key key;     /* where it will lie */
	struct slice json;
	bool reconcile;           /* RBAC: what is there is brought into line */
	bool refresh;             /* this server's addresses and certificates: members that differ are replaced */
};
#define BOOTSTRAP_STAGES 3

/* Every object, in the arena. 0 or -ENOMEM. */
int bootstrap_objects(struct api *api, struct arena *a, struct bootstrap_object **ret, size_t *ret_n);
