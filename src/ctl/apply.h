/* SPDX-License-Identifier: Apache-2.0 */
/* apply and its parts. */
#pragma once

#include "ctl/command.h"

#define APPLY_RETRIES 5u /* conflicts of one object */
#define APPLY_MANAGER "kubectl-client-side-apply"
#define APPLY_SERVER_MANAGER "kubectl"

/* The three-way patch of an object. */
struct apply_patch {
	yyjson_mut_doc *doc;
	const char *content_type;
};
/* From what `current` was applied with last (its annotation) to `modified`. 0 or 1 with a fault noted. */
int apply_patch_make(struct ctl *c, const struct resource *r, const yyjson_mut_val *modified, const yyjson_mut_val *current, struct apply_patch *ret);

/* Leaves out what -l does not match. 0 or 1 with a fault noted. */
int apply_select(struct ctl *c, struct infos *l);
/* Server-side apply of one object; i->doc becomes the answer. 0 or 1 with a fault noted. */
int apply_server_side(struct ctl *c, struct info *i, const char *manager);
/* Turns what a client-side apply owned into what `manager` applied. Problems are warnings. True when the object was changed and has to be
 * applied again. */
bool apply_migrate(struct ctl *c, struct info *i, const char *manager);

/* Checks --prune-allowlist. 0 or 1 with a fault noted. */
int apply_prune_check(struct ctl *c);
/* Deletes what was applied before, fits the selector and is not among `done`. 0 or 1 with a fault noted. */
int apply_prune(struct ctl *c, const struct infos *done);

extern const struct command apply_view_last_applied;
extern const struct command apply_set_last_applied;
