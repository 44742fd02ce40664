/* SPDX-License-Identifier: Apache-2.0 */
/* What a container left as its last words: terminationMessagePath, or the end of its log (terminationMessagePolicy). */
#pragma once

#include "node/pod/pod.h"

/* Sets c->now.message when there is one. */
void exit_message_read(struct container *c);
/* The last lines of a log in CRI format ("time stream F text"): at most TERMINATION_LOG_LINES and TERMINATION_LOG_BYTES of text. */
int exit_message_from_log(struct buf *out, struct slice log);
