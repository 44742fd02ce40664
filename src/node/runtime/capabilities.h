/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capability sets of containers as bit masks (bit n: capability number n of linux/capability.h): the runtime's default,
 * securityContext.capabilities add and drop ("ALL" allowed), and what this machine can give at all.
 */
#pragma once

#include "codec/json.h"

#define CAPABILITIES_DEFAULT 0xa80425fbull
#define CAPABILITIES_ALL ((1ull << 41) - 1)

/* "CAP_CHOWN", or NULL for a number out of range. */
const char *capability_name(unsigned number);
/* The number for "CHOWN" or "CAP_CHOWN" in any case; -1 when unknown. */
int capability_number(struct slice name);
/* Applies securityContext.capabilities to the default (or, privileged, to everything). Drop is done before add, as the
 * runtimes do with ALL. 0 or -EINVAL (*ret_bad is the unknown name). */
int capabilities_mask(const yyjson_mut_val *security_context, uint64_t *ret, struct slice *ret_bad);
/* The bounding set of this process: what containers can be given. */
uint64_t capabilities_available(void);
