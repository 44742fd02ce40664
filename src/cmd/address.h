/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses a server is told or finds out: HOST:PORT, CIDRs, the address others reach this machine by. */
#pragma once

#include "base/compiler.h"

#define ADDRESS_MAX 64

/* "0.0.0.0:6443" or "[::1]:0" into host (without brackets) and port. 0 or -EINVAL. */
int address_split(const char *text, char host[ADDRESS_MAX], uint16_t *ret_port);
/* The n-th address of an IPv4 or IPv6 CIDR ("10.96.0.0/12", 1 -> "10.96.0.1"). 0, -EINVAL, -ERANGE. */
int address_in_cidr(const char *cidr, uint32_t n, char out[ADDRESS_MAX]);
/* The source address the kernel would use towards other machines (nothing is sent); 127.0.0.1 when there is no route. */
void address_of_machine(char out[ADDRESS_MAX]);
bool address_is_loopback(const char *host);
bool address_is_any(const char *host);
