/* SPDX-License-Identifier: Apache-2.0 */
/* One version of an object as an informer keeps it: its JSON text, and the names found in it. */
#pragma once

#include "client/client.h"

struct k8c_object {
	unsigned refs;
	uint64_t gen;             /* informer: the list in which it was last seen */
	struct k8c_client *client;
	struct slice json, ns, name, uid, rv; /* inside `text` */
	struct list parsed;       /* in client->parsed while there is a tree */
	struct arena *arena;      /* of the tree */
	yyjson_mut_val *tree;
	char text[];
};

/* Copies `json`; `kind` and `api_version` (may be empty) are put in front where the object carries none. 0; -EBADMSG: no object
 * with a name; -ENOMEM. */
int object_new(struct k8c_client *c, struct slice json, struct slice kind, struct slice api_version, struct k8c_object **ret);
/* Frees all trees made on demand. */
void objects_drop_parsed(struct k8c_client *c);
