/* SPDX-License-Identifier: Apache-2.0 */
/* Every named maximum of the etcd client. Times in milliseconds. */
#pragma once

#include "base/limits.h"

#define ETCD_ENDPOINTS_MAX 16u
/* An answer: a page of ETCD_PAGE objects of the greatest size that etcd takes, 1.5 MiB. */
#define ETCD_PAGE 128
#define ETCD_MESSAGE_MAX (256u * MIB)
/* What one transaction may carry to etcd (its own limit is 1.5 MiB and the caller is told of that by it). */
#define ETCD_REQUEST_MAX (32u * MIB)
#define ETCD_KEY_MAX (4u * KIB)

/* etcd itself gives up on a request after 5 s and two elections. */
#define ETCD_CALL_MS 8000u
#define ETCD_CONNECT_MS 2000u
/* Between two attempts to connect: doubled up to the second, with a quarter of it left to chance. */
#define ETCD_RETRY_FIRST_MS 50u
#define ETCD_RETRY_LAST_MS 1000u
/* A watch that is silent for so long is asked for a sign of life, and given up after as long again. */
#define ETCD_SILENCE_MS 2000u
/* While somebody waits for a revision the watch is asked for progress this often. */
#define ETCD_PROGRESS_MS 20u

/* Kubernetes' own (storage/etcd3/compact.go, lease_manager.go; --event-ttl). */
#define ETCD_COMPACT_MS 300000u
#define ETCD_EVENT_TTL_S 3600u
#define ETCD_LEASE_REUSE_S 60u
#define ETCD_LEASE_KEYS_MAX 1000u
