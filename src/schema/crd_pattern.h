/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of schemas (RE2's syntax) on the C library's regular expressions. */
#pragma once

#include "base/arena.h"

/* Longest pattern and longest text tried; beyond either nothing is said against the text. */
#define CRD_PATTERN_MAX 4096u
#define CRD_PATTERN_TEXT_MAX 65536u

/* 1 matches (somewhere), 0 does not, -EINVAL: the pattern is not understood. */
int crd_pattern_match(struct arena *a, struct slice pattern, struct slice text);
