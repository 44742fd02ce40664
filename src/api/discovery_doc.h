/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of discovery documents, from the schema tables. Appends compact JSON; errors stick in the buffer. Pure. */
#pragma once

#include "base/buf.h"

#include <stddef.h>

/* Groups in order; index 0 is core (""). False past the end. */
bool discovery_group_at(size_t i, const char **ret_group);
/* Versions of a group, preferred first. False past the end. */
bool discovery_version_at(const char *group, size_t i, const char **ret_version);

void discovery_put_api(struct buf *b, const char *server_address);            /* APIVersions */
void discovery_put_groups(struct buf *b);                                      /* APIGroupList */
void discovery_put_group(struct buf *b, const char *group);                    /* APIGroup */
void discovery_put_resources(struct buf *b, const char *group, const char *version); /* APIResourceList */
void discovery_put_aggregated(struct buf *b, bool core);                       /* APIGroupDiscoveryList */
