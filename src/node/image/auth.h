/* SPDX-License-Identifier: Apache-2.0 */
/* Pull credentials: Secrets of type kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg merged into one configuration. */
#pragma once

#include "base/buf.h"
#include "codec/json.h"

struct pull_auth {
	struct arena *arena;
	yyjson_mut_doc *doc;
	yyjson_mut_val *auths; /* registry -> {"auth": ...} */
};

/* 0 or -ENOMEM. */
int pull_auth_init(struct pull_auth *p, struct arena *a);
/* Adds a Secret's entries; the first one for a registry wins. 0, -EBADMSG (no usable content), -ENOMEM. */
int pull_auth_add(struct pull_auth *p, const yyjson_mut_val *secret);
/* {"auths":{...}} in the arena; empty when nothing was added. 0 or -ENOMEM. */
int pull_auth_text(struct pull_auth *p, struct slice *ret);
