/* SPDX-License-Identifier: Apache-2.0 */
/* Every named maximum of the api room. */
#pragma once

#include "base/limits.h"

/* Requests being worked on, per loop, before others have to queue (kube-apiserver: 200 mutating of 600 in all). */
#define INFLIGHT_MUTATING_MAX 200u
#define INFLIGHT_READING_MAX 400u
/* Queues that users are dealt to, and how many requests one of them holds. */
#define FLOW_QUEUES 64u
#define FLOW_QUEUE_LENGTH 50u

#define REQUEST_TIMEOUT_MS 60000u      /* --request-timeout */
#define WRITE_TIMEOUT_MS 34000u        /* mutating handlers */
#define WATCH_TIMEOUT_MIN_S 1800u      /* --min-request-timeout */
#define RV_WAIT_MS 3000u               /* reads "not older than" a revision that has not come yet */
#define BOOKMARK_INTERVAL_MS 60000u
#define BOOKMARK_BEFORE_END_MS 2000u

#define GZIP_MIN_BYTES (128u * KIB)
#define RESPONSE_BYTES_MAX ((size_t)512u * MIB)
#define TABLE_ROW_BYTES_MAX (8u * MIB)
#define WARNINGS_TOTAL_BYTES 4096u
#define WARNING_TRUNCATED_BYTES 256u
#define WARNINGS_MAX 128u
#define PATH_PARTS_MAX 256u
#define SELECTOR_REQUIREMENTS_MAX 1024u
#define IMPERSONATION_ITEMS_MAX 256u
#define WRITE_RETRIES_MAX 5u           /* upstream: MaxRetryWhenPatchConflicts */
#define WRITE_SPLICE_RETRIES_MAX 1000u /* lost races of writes that do not name a revision */
#define GENERATE_NAME_TRIES 8u
#define GENERATE_NAME_BASE_MAX 58u
#define FIELD_MANAGER_MAX 128u
#define LIST_PULL_MIN (16u * KIB)
#define DELETE_COLLECTION_WORKERS 16u
#define LOCAL_CALL_QUEUE_BYTES (1u * MIB)
#define DISCOVERY_BYTES_MAX (4u * MIB)
#define METRICS_BYTES_MAX (16u * MIB)
#define OPENAPI_BYTES_MAX (64u * MIB)
