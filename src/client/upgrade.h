/* SPDX-License-Identifier: Apache-2.0 */
/* A request that turns its connection into a stream (101 Switching Protocols). */
#pragma once

#include "client/client.h"

struct upgrade;
struct upgrade_handler {
	/* The server agreed; `res` holds its headers. The stream has to be attached to here. */
	void (*on_stream)(void *ctx, const struct k8c_response *res, struct k8c_stream *s);
	void (*on_fail)(void *ctx, const struct k8c_error *err);
};
/* One of the two callbacks runs, from the loop; then it is gone. `headers` are added to what every request carries; all is
 * copied. 0, -ENOMEM. */
int upgrade_start(struct k8c_client *c, const char *method, const char *target, const struct k8c_header *headers,
		  size_t n_headers, const struct upgrade_handler *h, void *ctx, struct upgrade **ret);
/* No callback runs. */
void upgrade_cancel(struct upgrade *u);
