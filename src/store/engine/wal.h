/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks at a SQLite write-ahead log before SQLite does. SQLite silently ends its recovery at the first frame whose checksum
 * is wrong; this tells an ordinary end (nothing more was written, or the last frame only in part) from damage in the middle, which
 * may have cost commits.
 * Format: https://www.sqlite.org/fileformat2.html, "The WAL File Format".
 */
#pragma once

#include "base/slice.h"

#define WAL_HEADER 32u
#define WAL_FRAME_HEADER 24u

struct wal_report {
	bool damaged;        /* frames of this log lie behind one that cannot be read, or the header cannot */
	uint64_t good;       /* frames up to the last whole commit */
	uint64_t lost;       /* upper bound of frames that may have been committed and cannot be read */
	uint64_t at;         /* offset of the damage */
};

/* Reads the log's bytes in one pass; pure. */
struct wal_scan {
	bool started, bad, swap; /* swap: checksums are over little-endian words on a big-endian machine or the other way round */
	uint32_t page, salt[2], sum[2];
	uint64_t offset, frames, committed, bad_at, behind;
};

/* The header's 32 bytes. False when it is none. */
bool wal_begin(struct wal_scan *w, const unsigned char h[WAL_HEADER]);
/* One frame: header and w->page bytes. */
void wal_frame(struct wal_scan *w, const unsigned char *frame);
struct wal_report wal_end(const struct wal_scan *w);

/* Scans a file. 0 (also when it does not exist or is empty), or -errno. */
int wal_check(const char *path, struct wal_report *ret);
