/* SPDX-License-Identifier: Apache-2.0 */
/* What patch.c and apply.c share. */
#pragma once

#include "api/write.h"

/* Server-side apply: body is YAML; options have been read. Starts the write. */
void apply_start(struct request *r, struct write *w);
/* 400 when metadata of a patched object names another object than the URL. */
const struct status *patch_check_name(struct request *r, const yyjson_mut_val *obj);
