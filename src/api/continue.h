/* SPDX-License-Identifier: Apache-2.0 */
/* Continue tokens of chunked lists (KEP-365; apiserver's storage/continue.go). Pure; memory in the arena. */
#pragma once

#include "api/status.h"
#include "store/store.h"

struct continue_token {
	int64_t rv;              /* -1: whatever is current */
	struct slice ns, name;   /* the object behind which the list goes on */
};
/* 400 for what is no token. `ns_in_key`: the list goes over namespaces, so the key holds one. */
const struct status *continue_parse(struct arena *a, struct slice text, bool ns_in_key, struct continue_token *ret);
/* NULL: out of memory. */
const char *continue_format(struct arena *a, int64_t rv, bool ns_in_key, struct slice ns, struct slice name);
