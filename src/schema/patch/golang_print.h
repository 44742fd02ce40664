/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON value as Go's %v prints what encoding/json decoded it into: maps as map[a:1 b:[x y]], keys sorted. Pure. */
#pragma once

#include "codec/json.h"

/* Deeper values are printed as "...". */
#define GOLANG_PRINT_DEPTH 64
/* 0 or b->err. */
int golang_print(struct buf *b, const yyjson_mut_val *v);
