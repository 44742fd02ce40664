/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of the machine that the Node's status and the pods need. */
#pragma once

#include "base/arena.h"

struct machine {
	int64_t milli_cpu, memory, ephemeral; /* capacity: thousandths, bytes, bytes */
	const char *hostname, *machine_id, *boot_id, *system_uuid, *kernel, *os_image, *architecture;
	const char *ip;
};

/* Reads them; `data_dir` is on the file system whose size counts as ephemeral storage. Strings in the arena ("" when unknown).
 * `ip` NULL: the source address of the default route, else 127.0.0.1. 0 or -ENOMEM. */
int machine_read(struct arena *a, const char *data_dir, const char *ip, struct machine *ret);
/* Bytes of memory available and of the data directory's file system free, now. */
int64_t machine_memory_available(void);
int64_t machine_disk_available(const char *path, int64_t *ret_total);
