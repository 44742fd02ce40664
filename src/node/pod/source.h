/* SPDX-License-Identifier: Apache-2.0 */
/* How the code that puts volumes and environments together asks for ConfigMaps and Secrets. */
#pragma once

#include "codec/json.h"

enum object_kind { OBJECT_CONFIGMAP, OBJECT_SECRET };

struct objects_source {
	/* The object's tree, valid until control goes back to the loop. 0; -ENOENT it does not exist; -EAGAIN not known yet (the pod will
	 * be looked at again); -EPERM the API refuses (*ret_why says more, may be left alone). */
	int (*get)(void *ctx, enum object_kind kind, struct slice ns, struct slice name, const yyjson_mut_val **ret,
		   const char **ret_why);
	void *ctx;
};

/* "configmap", "secret" */
static inline const char *object_kind_name(enum object_kind k) { return k == OBJECT_CONFIGMAP ? "configmap" : "secret"; }
