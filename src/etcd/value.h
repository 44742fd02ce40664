/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The difference between an object as Kubernetes keeps it in etcd, without metadata.resourceVersion (the revision is the key's), and as
 * the store hands it out. Pure: nothing is parsed beyond finding the ends of values.
 */
#pragma once

#include "base/buf.h"

/* Appends an object's text without the empty resourceVersion whose two quotes `rv_at` lies between. 0, b->err, -EINVAL. */
int etcd_value_strip(struct buf *b, struct slice json, size_t rv_at);
/* Appends an object's text with `"resourceVersion":"<rv>"` in its metadata, where Kubernetes writes it: behind the uid. A final line
 * feed goes. 0, b->err, -EBADMSG (not an object with metadata, or with a resourceVersion already). */
int etcd_value_splice(struct buf *b, struct slice json, uint64_t rv);
