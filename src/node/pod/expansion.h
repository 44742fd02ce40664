/* SPDX-License-Identifier: Apache-2.0 */
/* $(VAR) references in env values, command and args (third_party/forked/golang/expansion). */
#pragma once

#include "base/buf.h"

/* Appends `text` with every $(NAME) that `lookup` knows replaced; unknown ones stay as they are, "$$" becomes "$". 0 or b->err. */
int expand_references(struct buf *b, struct slice text, bool (*lookup)(void *ctx, struct slice name, struct slice *ret),
		      void *ctx);
