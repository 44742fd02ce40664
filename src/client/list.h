/* SPDX-License-Identifier: Apache-2.0 */
/* k8c_list_start with what the items themselves leave out. */
#pragma once

#include "client/client.h"

#define LIST_PAGE 500u

struct list_handler {
	/* kind and apiVersion of the items as the list's head tells them; empty when the head did not come before the items. */
	void (*on_item)(void *ctx, struct slice json, struct slice kind, struct slice api_version);
	void (*on_done)(void *ctx, const struct k8c_list_result *res, const struct k8c_error *err);
};
/* op->limit UINT32_MAX: everything in one page. */
int client_list_start(struct k8c_client *c, const struct k8c_op *op, const struct list_handler *h, void *ctx, struct k8c_call **ret);
