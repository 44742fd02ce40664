/* SPDX-License-Identifier: Apache-2.0 */
/*
 * etcd v3 as the store's remote datastore, with kube-apiserver's keys and JSON values: a Kubernetes that stores
 * application/json shares the data, or hands it over.
 */
#pragma once

#include "base/env.h"
#include "store/remote.h"

struct etcd_options {
	const struct env *env;
	const char *urls;             /* "https://10.0.0.1:2379,https://10.0.0.2:2379" */
	struct slice ca_pem;          /* roots that etcd's certificates are verified against; empty: the system's */
	struct slice cert_pem, key_pem; /* this client's, or empty */
	uint64_t compact_ms;          /* between two compactions; 0: never */
};

/* Makes one to be given to store_open; it connects when the store starts it. 0; -EINVAL (URLs), -EBADMSG (PEM), -ENOMEM; a sentence in
 * msg. */
int etcd_new(const struct etcd_options *o, struct remote **ret, char *msg, size_t msg_size);
