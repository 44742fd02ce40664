/* SPDX-License-Identifier: Apache-2.0 */
/* The class that objects which name none get: the one marked as default. */
#pragma once

#include "api/admit/plugins.h"

/* Sets spec.<field> to the newest class of `resource` ("group/plural") that one of two annotations marks (the second may be NULL);
 * of the same age the first by name. Nothing when there is none. ADMIT_OK, or ADMIT_DENY with *ret_st when out of memory. */
int default_class_set(struct admit *ad, const char *field, const char *resource, const char *const marks[2], const struct status **ret_st);
