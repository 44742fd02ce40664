/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of any length in flat memory: page after page, item after item.
 */
#pragma once

#include <k8c/operation.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A list, page after page, item after item, in flat memory. */
struct k8c_list_result {
	const char *resource_version; /* of the (first page of the) list */
	size_t items;
};
struct k8c_list_handler {
	/* One element of `items`, as the server wrote it (elements of built-in lists carry no kind and apiVersion). */
	void (*on_item)(void *ctx, struct k8c_bytes json);
	/* Exactly once, last. err NULL: all items came. 410 in the middle of the pages is -ESTALE. */
	void (*on_done)(void *ctx, const struct k8c_list_result *res, const struct k8c_error *err);
};
/* op->verb is taken as K8C_LIST, op->limit as the size of a page. on_done must be there. 0, -EINVAL, -ENOMEM. `ret` may be NULL. */
K8C_EXPORT int k8c_list_start(struct k8c_client *c, const struct k8c_op *op, const struct k8c_list_handler *h, void *ctx,
			      struct k8c_call **ret);
/* Blocking. on_done runs before the return, whose value is its err. */
K8C_EXPORT int k8c_list_wait(struct k8c_client *c, const struct k8c_op *op, const struct k8c_list_handler *h, void *ctx);

#ifdef __cplusplus
}
#endif
