/* SPDX-License-Identifier: Apache-2.0 */
/* A container's environment while it is put together: ordered, later values replace earlier ones in place. */
#pragma once

#include "base/arena.h"
#include "codec/json.h"

struct env_entry {
	struct slice name, value;
};
struct env_list {
	struct arena *arena;
	struct env_entry *entries;
	size_t n, cap, bytes;
};

/* Sets a variable; both slices are copied. 0, -E2BIG (ENV_VARS_MAX, ENV_BYTES_MAX), -ENOMEM. */
int env_list_set(struct env_list *l, struct slice name, struct slice value);
bool env_list_get(const struct env_list *l, struct slice name, struct slice *ret);
/* For expand_references. */
bool env_list_lookup(void *list, struct slice name, struct slice *ret);
/* "NAME=value" strings in the arena. 0 or -ENOMEM. */
int env_list_strings(const struct env_list *l, struct slice **ret);

/* The variables of one service (pkg/kubelet/envvars). A service without a cluster IP adds nothing. 0 or as env_list_set. */
int env_list_add_service(struct env_list *l, const yyjson_mut_val *service);
