/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read, change, write: again on fresh state when somebody else was faster.
 */
#pragma once

#include <k8c/operation.h>

#ifdef __cplusplus
extern "C" {
#endif

struct k8c_update_handler {
	/* Changes `root` (a tree in `doc`). 0: write it; 1: nothing to do, finish with success; negative errno: give up with it.
	 * Runs again on fresh state after a conflict. */
	int (*change)(void *ctx, struct yyjson_mut_doc *doc, struct yyjson_mut_val *root);
	/* res is the written (or, with 1, the read) object. */
	void (*on_done)(void *ctx, const struct k8c_response *res, const struct k8c_error *err);
};
/* GET, change, PUT; again after a Conflict, at most 5 times with back-off. Unknown fields survive. */
K8C_EXPORT int k8c_update_start(struct k8c_client *c, const struct k8c_target *t, const struct k8c_update_handler *h, void *ctx,
				struct k8c_call **ret);
/* The same, blocking; on_done (may be NULL) runs before the return, whose value is its err. -EBUSY from a callback. */
K8C_EXPORT int k8c_update_wait(struct k8c_client *c, const struct k8c_target *t, const struct k8c_update_handler *h, void *ctx);

#ifdef __cplusplus
}
#endif
