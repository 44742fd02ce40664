/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of discovery documents, of a catalog's resources. Appends compact JSON; errors stick in the buffer. Pure. */
#pragma once

#include "base/buf.h"

#include "api/crd/catalog.h"

/* Groups in order; index 0 is core (""). False past the end. */
bool discovery_group_at(const struct catalog *c, size_t i, const char **ret_group);
/* Versions of a group, preferred first. False past the end. */
bool discovery_version_at(const struct catalog *c, const char *group, size_t i, const char **ret_version);

void discovery_put_api(struct buf *b, const char *server_address);            /* APIVersions */
void discovery_put_groups(const struct catalog *c, struct buf *b);                                      /* APIGroupList */
void discovery_put_group(const struct catalog *c, struct buf *b, const char *group);                    /* APIGroup */
void discovery_put_resources(const struct catalog *c, struct buf *b, const char *group, const char *version); /* APIResourceList */
void discovery_put_aggregated(const struct catalog *c, struct buf *b, bool core);                       /* APIGroupDiscoveryList */
