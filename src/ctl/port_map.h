/* SPDX-License-Identifier: Apache-2.0 */
/* What port-forward's arguments mean: [LOCAL:]REMOTE, ports by name, a service's ports. */
#pragma once

#include "ctl/pod.h"

#define PORT_MAPS_MAX 1024u

struct port_map {
	uint16_t local;   /* 0: any */
	uint16_t remote;
};
/* Ports of `pod`, reached through `obj` (a service's ports are those of its pod). 0, or 1 with a fault noted. */
int port_maps(struct ctl *c, const struct info *obj, const struct info *pod, const char *const *args, size_t n, struct port_map *ret);
