/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RuntimeDefault seccomp profile: what ordinary programs need is allowed, the rest fails with EPERM (clone3 with ENOSYS, so
 * that C libraries fall back to clone). The list of calls is data in seccomp-calls.h.
 */
#pragma once

#include "base/buf.h"

/* Appends the "linux.seccomp" object for a container with these capabilities (capabilities.h). 0 or b->err. */
int seccomp_default_write(struct buf *b, uint64_t capabilities);
