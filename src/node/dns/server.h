/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cluster DNS on the wire: UDP and TCP on one address and port, answers from a zone, the rest forwarded to the machine's own
 * resolvers. From the loop's thread.
 */
#pragma once

#include "base/env.h"
#include "loop/loop.h"
#include "node/dns/answer.h"

#define DNS_UPSTREAMS_MAX 3
#define DNS_FORWARDS_MAX 1024u
#define DNS_CONNECTIONS_MAX 256u
#define DNS_FORWARD_MS 2000u    /* one resolver's time to answer; then the next is asked */
#define DNS_IDLE_MS 10000u      /* of a TCP connection */

struct dns_server;

struct dns_server_options {
	struct loop *loop;
	const struct env *env;
	const char *address;        /* IPv4; need not exist yet */
	uint16_t port;              /* 0: a free one */
	struct dns_zone zone;
	struct slice resolv_conf;   /* text of the machine's resolv.conf: its resolvers are asked */
};

/* 0 or -errno (-EADDRINUSE, -EACCES). */
int dns_server_new(const struct dns_server_options *o, struct dns_server **ret);
uint16_t dns_server_port(const struct dns_server *s);
void dns_server_free(struct dns_server *s);

/* The IPv4 resolvers of a resolv.conf, at most DNS_UPSTREAMS_MAX; `not_this` is left out (a loop). Pure. */
size_t dns_upstreams(struct slice resolv_conf, const char *not_this, char ret[DNS_UPSTREAMS_MAX][16]);
