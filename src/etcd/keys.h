/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kube-apiserver's key layout (pkg/kubeapiserver/default_storage_factory_builder.go, apiserver's storage factory): built-in resources lie
 * under /registry/<resource>/, a few under older names, custom ones under /registry/<group>/<resource>/. Pure.
 */
#pragma once

#include "base/buf.h"
#include "store/store.h"

#define ETCD_PREFIX "/registry/"
/* The first key behind all that begin with ETCD_PREFIX. */
#define ETCD_PREFIX_END "/registry0"

/* Appends the etcd key of an object. 0, b->err, or -EINVAL: a resource that is neither built in nor in a group with a dot. */
int etcd_key_put(struct buf *b, const struct store_key *key);
/* The object a key names. Its resource is written into `text` (emptied first), its other parts point into `key`. 0; -ENOENT: not an
 * object that this server keeps (health checks, other servers' leases); -ENOMEM. */
int etcd_key_parse(struct slice key, struct buf *text, struct store_key *ret);
