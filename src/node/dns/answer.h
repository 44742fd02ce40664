/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cluster DNS, the pure part: a query packet in, an answer packet out (Kubernetes DNS-Based Service Discovery 1.1.0; RFC 1035). Names
 * outside the cluster's domain are the forwarder's.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#define DNS_TTL 5u
#define DNS_PACKET_MAX 65535u
#define DNS_UDP_MAX 1232u   /* what is sent at most over UDP, whatever a client says it takes (DNS flag day 2020) */
#define DNS_ANSWERS_MAX 1000u

struct dns_port { struct slice name, protocol; uint16_t port; };  /* protocol "TCP", "UDP", "SCTP" */
struct dns_endpoint { struct slice ip, hostname; const struct dns_port *ports; size_t n_ports; };

struct dns_service {
	bool headless;
	struct slice cluster_ip;        /* of a service that is not headless */
	struct slice external_name;     /* type ExternalName, else empty */
	const struct dns_port *ports; size_t n_ports;
	const struct dns_endpoint *endpoints; size_t n_endpoints;  /* of a headless one: those that are to be published */
};

struct dns_zone {
	struct slice domain;            /* "cluster.local" */
	void *ctx;
	/* 0, or -ENOENT. Everything in `a`. Names are lower case. */
	int (*service)(void *ctx, struct arena *a, struct slice ns, struct slice name, struct dns_service *ret);
	bool (*has_namespace)(void *ctx, struct slice ns);
	/* The name below the domain ("kubernetes.default.svc") that an address belongs to. 0 or -ENOENT. */
	int (*reverse)(void *ctx, struct arena *a, struct slice ip, struct slice *ret);
};

enum dns_verdict {
	DNS_ANSWERED,  /* `out` holds the answer */
	DNS_FORWARD,   /* not ours */
	DNS_DROP,      /* not a query, or too broken to answer */
};
/* `tcp`: no size limit below DNS_PACKET_MAX. A verdict, or -ENOMEM. */
int dns_answer(const struct dns_zone *z, struct arena *a, struct slice query, bool tcp, struct buf *out);
/* An answer without records: rcode 2 (SERVFAIL) or 5 (REFUSED), for queries that cannot be forwarded. Same results. */
int dns_refuse(struct slice query, unsigned rcode, struct buf *out);
