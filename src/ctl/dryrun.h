/* SPDX-License-Identifier: Apache-2.0 */
/* --dry-run and the other flags of commands that write. */
#pragma once

#include "ctl/ctl.h"

enum dryrun { DRYRUN_NONE, DRYRUN_CLIENT, DRYRUN_SERVER };

/* --dry-run, --field-manager (without a default: tables name their own). */
extern const struct flag dryrun_flags[];

/* Checks --dry-run once. 0, or 1 with a fault noted. */
int dryrun_check(struct ctl *c);
enum dryrun dryrun_mode(const struct ctl *c);
/* Appends dryRun=All where the server shall only try, and the field manager. */
void dryrun_query(struct ctl *c, struct buf *query, const char *manager);
