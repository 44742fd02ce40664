/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SQLite VFS over the machine's own that fails on command and remembers what was synced: `vfs_power_cut` makes a
 * folder with just the bytes that were on the disk for certain, as after a power failure that lost everything else.
 */
#pragma once

#include <stdbool.h>

enum vfs_fault { VFS_NONE, VFS_WRITE_EIO, VFS_SYNC_EIO, VFS_WRITE_FULL, VFS_SHORT };

/* Registers it as the default. Once per process. */
void vfs_install(void);
/* The `nth` (from 1) matching call from now on fails, and `times` - 1 after it (0: all after it). */
void vfs_arm(enum vfs_fault fault, long nth, long times);
void vfs_disarm(void);
/* Calls that failed. */
long vfs_failures(void);
/* Write and sync calls counted since vfs_arm. */
long vfs_calls(void);
/* Keeps the synced image of every file in `dir`; NULL stops. */
void vfs_shadow(const char *dir);
