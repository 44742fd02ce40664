/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Services to endpoints on one node: follows Services and EndpointSlices and keeps the packet rules (ruleset.h) in step, through
 * libnftables. A change is applied within SERVICE_PROXY_DELAY_MS, many changes together. From the loop's thread.
 */
#pragma once

#include "base/arena.h"
#include "client/attach.h"

#define SERVICE_PROXY_DELAY_MS 20u

struct service_proxy;

struct service_proxy_options {
	struct loop *loop;
	struct k8c_client *client;
	const char *pod_cidr, *cluster_cidr, *gateway;
	const char *dns_ip;
	uint16_t dns_port;
};

/* 0 or -errno. */
int service_proxy_new(const struct service_proxy_options *o, struct service_proxy **ret);
/* Stops following; the rules stay, as the pods do. NULL is allowed. */
void service_proxy_free(struct service_proxy *p);
/* Removes the table. Any thread; blocks. 0 or -EIO. */
int service_proxy_cleanup(void);
/* The informers, for whoever else asks for services and their endpoints (cluster DNS). */
struct k8c_informer *service_proxy_services(struct service_proxy *p);
struct k8c_informer *service_proxy_slices(struct service_proxy *p);
/* Name of the index of slices by "namespace/service". */
#define SLICES_BY_SERVICE "service"
