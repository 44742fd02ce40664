/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets on an address that may not exist yet (the bridge comes with the first pod). */
#pragma once

#include "base/compiler.h"

/* A UDP and a TCP socket bound to the same port; *port 0: a free one, which is set. 0 or -errno. */
int dns_sockets(const char *address, uint16_t *port, int *ret_udp, int *ret_tcp);
