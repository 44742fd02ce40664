/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands below `access` share: VERB RESOURCE [NAME], --for, sentences and tables. */
#pragma once

#include "ctl/command.h"
#include "ctl/rbac.h"
#include "ctl/tabs.h"

extern const struct command access_who_can, access_matrix, access_explain, access_suggest, access_lint, access_token;

/* -A */
extern const struct flag access_scope_flags[];
/* --for, --for-group */
extern const struct flag access_for_flags[];

/* Reads VERB, RESOURCE[/SUBRESOURCE] or /PATH, and NAME. 0, or 1 with a fault noted. */
int access_ask(struct ctl *c, const char *const *args, size_t n, struct ask *ret);
/* Who --for names (a user as the server knows it, or NAMESPACE:NAME of a service account); without it the caller, as the server says.
 * 0, or 1 with a fault noted. */
int access_identity(struct ctl *c, struct identity *ret);
/* "list pods in namespace "x"" */
const char *access_sentence(struct ctl *c, const struct ask *a);

/* A table whose cells are told apart by tabs; text of objects is made harmless for terminals. */
void access_row(struct ctl *c, struct tabs *t, const char *const *cells, size_t n);
void access_table(struct ctl *c, struct tabs *t);
/* A line of text with the same care. */
void access_line(struct ctl *c, const char *fmt, ...) k8c_printf(2, 3);
