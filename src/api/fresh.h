/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that have to see everything acknowledged before them, by whichever server: on a datastore that others write as well they
 * wait until this server's state has caught up (KEP-2340). Elsewhere it always has.
 */
#pragma once

#include "api/internal.h"

/* Runs fn(r) now or when the state is fresh enough for what is asked; answers 503 when the datastore does not say. */
void fresh_start(struct request *r, void (*fn)(struct request *r));
