/* SPDX-License-Identifier: Apache-2.0 */
/* Taking "https://host:port" apart. */
#pragma once

#include "net/client_pool.h"

/* Default ports 443 and 80; an IPv6 address stands in brackets; a path is ignored. 0 or -EINVAL. */
int endpoint_parse(const char *url, struct endpoint *ret);
bool endpoint_eq(const struct endpoint *a, const struct endpoint *b);
/* "host:port", the port left out when it is the default. */
char *endpoint_authority(struct arena *a, const struct endpoint *e, bool always_port);
