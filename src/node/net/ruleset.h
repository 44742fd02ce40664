/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet rules of one node as nft text: services to endpoints, ping, refusal of what no service answers, node ports, and the
 * source address of what leaves the pod network. One table of our own, replaced whole in one transaction; nothing else is touched.
 * Pure. IPv4.
 */
#pragma once

#include "base/buf.h"

#define RULESET_TABLE "k8c"
#define RULESET_MAX (64u * 1024u * 1024u)

struct ruleset_endpoint { const char *ip; uint16_t port; };

struct ruleset_port {
	const char *protocol;           /* "tcp", "udp", "sctp" */
	uint16_t port, node_port;       /* node_port 0: none */
	const struct ruleset_endpoint *endpoints;
	size_t n_endpoints;             /* 0: connections are refused */
};

struct ruleset_service {
	const char *cluster_ip;
	const char *const *other_ips;   /* external and load balancer addresses */
	size_t n_other_ips;
	bool sticky;                    /* sessionAffinity ClientIP: one client, one endpoint, by a hash of its address */
	const struct ruleset_port *ports;
	size_t n_ports;
};

struct ruleset {
	const char *pod_cidr;           /* "10.244.0.0/24" */
	const char *cluster_cidr;       /* all pods of all nodes */
	const char *gateway;            /* the bridge's address: answers pings of cluster addresses */
	const char *dns_ip;             /* cluster DNS; NULL: none */
	uint16_t dns_port;              /* where the agent's DNS listens on the gateway's address */
	const struct ruleset_service *services;
	size_t n_services;
};

/* Appends the transaction. Addresses and protocols must be valid (ruleset_is_ipv4). 0 or out->err. */
int ruleset_write(const struct ruleset *r, struct buf *out);
/* The transaction that removes the table, whether it is there or not. */
int ruleset_remove(struct buf *out);
bool ruleset_is_ipv4(const char *text);
