/* SPDX-License-Identifier: Apache-2.0 */
/* A remote datastore in memory: decides at once, numbers revisions, and tells its changes when it is allowed to. */
#pragma once

#include "store/remote.h"

struct fake_remote;
struct remote *fake_remote_new(struct fake_remote **ret);

/* All from the test's thread. Changes are told only up to the revision that was let out; UINT64_MAX: at once. */
void fake_let_out(struct fake_remote *f, uint64_t rv);
/* Another server's write (NULL value: deletion). Returns its revision. */
uint64_t fake_write(struct fake_remote *f, const char *name, const char *value);
/* The next n transactions get err; `after`: they are done all the same. */
void fake_fail(struct fake_remote *f, int n, int err, bool after);
/* Revision questions get err from now on (0: answers). */
void fake_fail_reads(struct fake_remote *f, int err);
/* Says that the stream is gone, or back (err 0). */
void fake_health(struct fake_remote *f, int err);
/* Changes up to now are told no more; the whole state is. */
void fake_load_anew(struct fake_remote *f);
/* Transactions that have been asked for. */
int fake_txns(struct fake_remote *f);
