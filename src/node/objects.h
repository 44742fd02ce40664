/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ConfigMaps and Secrets that pods of this node use: each is watched by name while a pod needs it (pkg/kubelet/util/manager).
 * From the loop's thread.
 */
#pragma once

#include "loop/loop.h"
#include "node/pod/source.h"

#include <k8c/k8c.h>

struct objects;

/* `changed(ctx)` runs when something asked for has come, changed or gone. 0 or -ENOMEM. */
int objects_new(struct k8c_client *c, void (*changed)(void *ctx), void *ctx, struct objects **ret);
void objects_free(struct objects *o);
/* As objects_source.get, for one pod: the first call starts the watch. The tree is valid until control goes back to the loop. */
int objects_get(struct objects *o, struct slice pod_uid, enum object_kind kind, struct slice ns, struct slice name,
		const yyjson_mut_val **ret, const char **ret_why);
/* The pod is gone: watches nobody needs any more end. Not from `changed`. */
void objects_release(struct objects *o, struct slice pod_uid);
/* Watches open now. */
size_t objects_count(const struct objects *o);
