/* SPDX-License-Identifier: Apache-2.0 */
/* Reads "not older than" a revision that has not been committed yet: they wait up to RV_WAIT_MS, then 504 (spec 8.10). */
#pragma once

#include "api/internal.h"

/* Runs fn(r) now or when the store has reached rv; answers 504 when it does not. */
void rvwait_start(struct request *r, uint64_t rv, void (*fn)(struct request *r));
/* The store has reached a new revision: called by the loop's listener. */
void rvwait_wake(struct api_loop *al);
