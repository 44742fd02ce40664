/* SPDX-License-Identifier: Apache-2.0 */
/* The objects that `run` makes, from its flags. */
#pragma once

#include "ctl/ctl.h"

/* The flags that say what the pod is. */
extern const struct flag run_pod_flags[];

/* The pod, with --overrides in it. 0, or 1 with a fault noted. */
int run_pod(struct ctl *c, const char *name, const char *const *args, size_t n, yyjson_mut_doc **ret);
/* The service of --expose. */
int run_service(struct ctl *c, const char *name, yyjson_mut_doc **ret);
