/* SPDX-License-Identifier: Apache-2.0 */
/* One request that writes, and what is common to the commands that do. */
#pragma once

#include "ctl/command.h"

/* --field-manager with this command's default; ended by an empty entry. */
#define FLAG_MANAGER(dflt_) { "field-manager", FLAG_STRING, dflt_, 0, NULL, "who writes, in metadata.managedFields" }
/* --validate */
extern const struct flag validate_flags[];
/* The value of fieldValidation that --validate asks for; NULL with a fault noted. */
const char *validate_mode(struct ctl *c);

/* Sends `body` to an object (i->name) or, with POST, to its collection; dry runs and the field manager are added to `query`
 * (may be NULL). The answer replaces i->doc. 0, or 1 with a fault: "error when CREATING "x.yaml": ...". */
int write_send(struct ctl *c, struct info *i, const char *method, const char *content_type, struct slice body, const char *query,
	       const char *doing);
/* Several objects' flags: -f or arguments with -l, --all. */
struct pick write_pick(struct ctl *c, const char *const *args, size_t n, unsigned flags);
