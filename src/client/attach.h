/* SPDX-License-Identifier: Apache-2.0 */
/* What programs of this project use of libk8c beyond <k8c/k8c.h>: clients on a loop that exists already. */
#pragma once

#include "base/env.h"
#include "base/slice.h"
#include "loop/loop.h"

#include <k8c/k8c.h>

/* As k8c_client_new, but the client runs on `l`, from whose thread everything about it has to be called; k8c_client_fd gives
 * -1 and the blocking calls and run_once give -EBUSY. `env` may be NULL (the machine's); it must outlive the client. */
int client_new_on_loop(struct loop *l, const struct env *env, struct k8c_config *cfg, const struct k8c_client_options *o,
		       struct k8c_client **ret, char **ret_msg);
struct loop *client_loop(const struct k8c_client *c);
const struct env *client_env(const struct k8c_client *c);

static inline struct slice slice_of(struct k8c_bytes b) { return (struct slice){ b.p, b.n }; }
static inline struct k8c_bytes bytes_of(struct slice s) { return (struct k8c_bytes){ s.p, s.n }; }
