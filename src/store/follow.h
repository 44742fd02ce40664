/* SPDX-License-Identifier: Apache-2.0 */
/* The store on a remote datastore: its transactions, its reads that have to be fresh, and the changes it follows. */
#pragma once

#include "store/remote.h"

struct store;
struct follow;

/* Starts the commit loop and waits for the first state. 0 or -errno with a sentence in msg. */
int follow_open(struct store *s, struct remote *r, struct follow **ret, char *msg, size_t msg_size);
/* Ends it; transactions still out are answered with -ESHUTDOWN. NULL is allowed. */
void follow_close(struct follow *f);
/* There is something in the store's queue. Any thread. 0 or -errno. */
int follow_wake(struct follow *f);
/* store_sync's part. 1 or -errno. */
int follow_sync(struct follow *f, struct loop *reply, void (*fn)(void *ctx, int err), void *ctx);
