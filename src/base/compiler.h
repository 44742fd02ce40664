/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler attributes and the few macros every room uses. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define k8c_printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define k8c_unused __attribute__((unused))
#define k8c_nonnull __attribute__((nonnull))
#define k8c_warn_unused __attribute__((warn_unused_result))

/* Runs `func(&var)` when the variable leaves its scope: `_cleanup_(buf_done) struct buf b = {0};` */
#define _cleanup_(func) __attribute__((cleanup(func)))

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))

/* Moves a pointer out of a variable that a cleanup attribute guards. */
#define TAKE_PTR(p) __extension__({ __typeof__(p) *pp_ = &(p); __typeof__(p) v_ = *pp_; *pp_ = NULL; v_; })

#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void free_charp(char **p) { free(*p); *p = NULL; }
#define _cleanup_free_ _cleanup_(free_charp)

static inline void close_fdp(int *fd) {
	if (*fd >= 0) (void)close(*fd);
	*fd = -1;
}
static inline int take_fd(int *fd) { int v = *fd; *fd = -1; return v; }
/* Moves a descriptor out of a variable that _cleanup_close_ guards. */
#define TAKE_FD(fd) take_fd(&(fd))
#define _cleanup_close_ _cleanup_(close_fdp)
