/* SPDX-License-Identifier: Apache-2.0 */
/* What every resource with a pod in it does to the PodSpec before validation. */
#pragma once

#include "schema/table.h"

/* Drops members of features that are off, unless the old spec (NULL on create) has them already, and keeps both names of the
 * service account alike. `spec` may be NULL. 0 or -ENOMEM. */
int podspec_prepare(yyjson_mut_doc *doc, yyjson_mut_val *spec, const yyjson_mut_val *old);
