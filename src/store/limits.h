/* SPDX-License-Identifier: Apache-2.0 */
/* Every named maximum of the store. */
#pragma once

#include "base/limits.h"

/* History kept for watches and reads at old revisions; whichever is reached first cuts it. */
#define STORE_HISTORY_EVENTS 100000u
#define STORE_HISTORY_SECONDS 300u
#define STORE_HISTORY_BYTES (64u * MIB)
/* A root is kept at least every so many events; revisions between are made from the next newer root. */
#define STORE_ROOT_EVERY 64u

/* Transactions waiting for the commit thread, and the bytes of their objects. */
#define STORE_QUEUE_MAX 16384u
#define STORE_QUEUE_BYTES_MAX (256u * MIB)
/* One durable transaction. */
#define STORE_BATCH_TXNS 1024u
#define STORE_BATCH_BYTES (16u * MIB)

/* Labels and field values indexed per object. */
#define STORE_INDEX_PAIRS_MAX 8192u
#define STORE_KEY_PART_MAX 1024u

/* A database page: two pods of the usual size. */
#define STORE_PAGE_BYTES 8192u
/* Log pages before they are moved into the database, and the size the log file is cut back to. */
#define STORE_WAL_PAGES 1000u
#define STORE_WAL_FILE_MAX (16u * MIB)
/* Rows of the event log removed at a time; free pages tolerated before the file is shrunk, and pages given back at a time. */
#define STORE_LOG_TRIM_ROWS 256u
#define STORE_FREE_PAGES 1024u
#define STORE_VACUUM_PAGES 256u
/* Disk space kept back: enough to move a log of STORE_WAL_PAGES into the database when the disk is full, and then to delete. */
#define STORE_RESERVE_BYTES (8u * MIB)
#define STORE_RESERVE_EVERY 64u /* commits between two attempts to take it */
#define STORE_CACHE_KIB 1024u
#define STORE_BUSY_MS 5000
/* Revisions skipped by a restore, so that none that a client may have seen is given out again. */
#define STORE_RESTORE_RV_GAP (1u << 20)
#define STORE_MSG_MAX 512u
