/* SPDX-License-Identifier: Apache-2.0 */
/* Buffered output to a descriptor. Errors stick (a closed pipe) and are told by sink_flush. */
#pragma once

#include "base/buf.h"

#define SINK_BUFFER ((size_t)32 * 1024)
#define SINK_TEXT_MAX ((size_t)1024 * 1024 * 1024)

struct sink {
	int fd;
	struct buf b;
	uint64_t written; /* bytes so far */
	int err;
};

void sink_init(struct sink *s, int fd);
void sink_put(struct sink *s, struct slice text);
void sink_vprintf(struct sink *s, const char *fmt, va_list ap) k8c_printf(2, 0);
/* 0 or -errno of the first write that failed. */
int sink_flush(struct sink *s);
/* Flushes and frees. */
int sink_done(struct sink *s);
/* All of it, whatever the descriptor takes at once. 0 or -errno. */
int write_all(int fd, struct slice s);
