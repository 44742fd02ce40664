/* SPDX-License-Identifier: Apache-2.0 */
/* Image references ("registry.example/a/b:tag@sha256:..."; the distribution project's reference grammar). */
#pragma once

#include "base/slice.h"

/* The tag: "latest" when there is neither tag nor digest, empty when there is only a digest. 0; -EINVAL: not a reference. */
int imageref_tag(struct slice image, struct slice *ret_tag);
