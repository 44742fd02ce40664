/* SPDX-License-Identifier: Apache-2.0 */
/* Files and standard input, whole. */
#pragma once

#include "ctl/ctl.h"

/* NUL-terminated in the run's arena. 0 or -errno (-E2BIG beyond CTL_FILE_MAX). */
int file_read(struct ctl *c, const char *path, struct slice *ret);
/* What is left of a descriptor. */
int file_read_fd(struct ctl *c, int fd, struct slice *ret);
/* Writes a file anew with this mode. 0 or -errno. */
int file_write(const char *path, struct slice text, unsigned mode);
/* "no such file or directory" for -ENOENT: errno's text as Go prints it. */
const char *file_error(int err);
