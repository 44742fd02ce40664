/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's log file as conmon writes it (CRI log format): "TIME STREAM TAG text\n", TAG "F" for the end of a line, "P" for a
 * piece of one. Pure: bytes in, the text a reader asked for out. Sources: KEP-2133 (CRI), kubelet's pkg/kubelet/kuberuntime/logs.
 */
#pragma once

#include "base/buf.h"

#define CRI_LINE_MAX (64u * 1024u)

struct cri_log_options {
	bool timestamps;
	int64_t since_ns;       /* lines before are left out; 0: none */
	int64_t limit_bytes;    /* -1: none */
};

struct cri_log {
	struct cri_log_options o;
	int64_t left;
	bool in_line;           /* the last piece of a stream did not end its line */
};

void cri_log_init(struct cri_log *l, const struct cri_log_options *o);
/* One line of the file, without its '\n'. Appends what is to be sent. 0; 1: the limit is reached, nothing more follows; or
 * out->err. Lines that are no log lines are left out. */
int cri_log_line(struct cri_log *l, struct slice line, struct buf *out);
/* Offset in `file` (a whole file or its end) where its last n lines (ends of lines, not pieces) begin. */
size_t cri_log_tail(struct slice file, int64_t n);
