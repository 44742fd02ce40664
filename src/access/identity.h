/* SPDX-License-Identifier: Apache-2.0 */
/* A certificate's identity as one blob, for the memory of verified certificates. */
#pragma once

#include "access/access.h"
#include "base/blob.h"

/* NULL when out of memory. `until`: seconds since 1970, kept with it. */
struct blob *identity_pack(const struct access_user *u, int64_t until);
/* Takes the blob's reference over (the arena drops it); the user's strings lie in the blob. 0 or -ENOMEM. */
int identity_unpack(struct arena *a, struct blob *b, struct access_user **ret, int64_t *ret_until);
