/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 ranges of services. Pure. */
#pragma once

#include "base/slice.h"

struct cidr { uint32_t base, mask; };
/* "10.96.0.0/12". 0 or -EINVAL. */
int cidr_parse(const char *text, struct cidr *ret);
/* Dotted quad of a canonical IPv4 address. 0 or -EINVAL. */
int cidr_address(struct slice text, uint32_t *ret);
void cidr_format(uint32_t ip, char out[16]);
bool cidr_contains(const struct cidr *c, uint32_t ip);
/* Usable addresses: all but the network's and the broadcast address. */
uint32_t cidr_usable(const struct cidr *c);
/* How many of the first usable ones are left to be asked for by name (KEP-3070: min(max(16, n/16), 256), 0 for tiny ranges). */
uint32_t cidr_static_band(const struct cidr *c);
