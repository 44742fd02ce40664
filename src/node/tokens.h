/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceAccount tokens for pods (pkg/kubelet/token): asked for by TokenRequest, kept in memory, renewed at 80 % of their
 * life or after a day, dropped with their pod. From the loop's thread.
 */
#pragma once

#include "base/env.h"
#include "node/volume/payload.h"

#include <k8c/k8c.h>

struct tokens;

/* `changed(ctx)` runs when a request has been answered. 0 or -ENOMEM. */
int tokens_new(struct k8c_client *c, const struct env *env, void (*changed)(void *ctx), void *ctx, struct tokens **ret);
void tokens_free(struct tokens *t);
/* As token_source.get with `tokens` as ctx: a good token, or -EAGAIN while it is being fetched. A token that could not be renewed
 * is given as long as it has not expired. A failed request is reported once, and asked again at the next call. */
int tokens_get(void *tokens, const struct token_request *q, struct slice *ret, const char **ret_why);
void tokens_release(struct tokens *t, struct slice pod_uid);
/* Expired tokens nobody has asked to renew. Once a minute. */
void tokens_collect(struct tokens *t);

/* Whether a token with this end (seconds since 1970) and life is due for renewal; jitter: whole seconds 0..9. */
bool token_needs_refresh(int64_t now, int64_t expiration, int64_t ttl, int64_t jitter);
