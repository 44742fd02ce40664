/* SPDX-License-Identifier: Apache-2.0 */
/* What was applied last: the annotation kubectl.kubernetes.io/last-applied-configuration. */
#pragma once

#include "ctl/ctl.h"

#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

/* The annotation's text; NULL when the object has none. */
const char *last_applied_text(const yyjson_mut_val *obj);
/* What the annotation of `obj` shall say: the object without it, members sorted, a newline at the end. */
const char *last_applied_make(struct ctl *c, const yyjson_mut_val *obj);
/* The same as it is said without having been applied: the object as it stands, a newline at the end. */
const char *last_applied_plain(struct ctl *c, const yyjson_mut_val *obj);
/* A copy of `obj` with that annotation. */
yyjson_mut_doc *last_applied_with(struct ctl *c, const yyjson_mut_val *obj);
/* Sets the annotation when it is there, or `always` (--save-config). */
void last_applied_update(struct ctl *c, yyjson_mut_doc *doc, bool always);
