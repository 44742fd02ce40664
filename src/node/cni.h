/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod network through CNI plugins (CNI specification 0.4.0) run as commands: bridge with host-local addresses, portmap
 * for host ports. Own bridge, own address store; nothing of Docker's or Podman's is touched. From the loop's thread.
 */
#pragma once

#include "base/arena.h"
#include "loop/loop.h"

struct cni_network {
	struct loop *loop;
	const char *plugin_dir;  /* "/usr/lib/cni" */
	const char *state_dir;   /* host-local's leases */
	const char *bridge;      /* "k8c0": at most 15 characters */
	const char *subnet;      /* "10.244.0.0/24" */
	bool masquerade;         /* addresses leaving the pod network are rewritten by the bridge plugin (iptables) */
};

struct cni_port {
	uint16_t host_port, container_port;
	const char *protocol;    /* "tcp", "udp", "sctp" */
	const char *host_ip;     /* or NULL */
};

struct cni_result {
	int err;                 /* 0 or -EIO; why: the plugin's message */
	const char *why;
	const char *ip;          /* "10.244.0.7" */
};

/* Connects the namespace bound at `netns` under the id. done runs once, later. 0 or -errno (done does not run). */
int cni_add(const struct cni_network *n, const char *id, const char *netns, const struct cni_port *ports, size_t n_ports,
	    void (*done)(void *ctx, const struct cni_result *res), void *ctx);
/* The reverse; also after a half-done add and when the namespace is gone. done's err is informative. */
int cni_del(const struct cni_network *n, const char *id, const char *netns, const struct cni_port *ports, size_t n_ports,
	    void (*done)(void *ctx, const struct cni_result *res), void *ctx);
/* Whether another interface of the machine overlaps the subnet: its name in the arena, or NULL. */
const char *cni_overlap(const struct cni_network *n, struct arena *a);
/* Removes the bridge. 0 (also when there is none) or -errno. */
int cni_bridge_remove(const struct cni_network *n);

/* Pure parts, for tests. Appends the plugin's configuration. */
#include "base/buf.h"
int cni_bridge_config(struct buf *b, const struct cni_network *n);
int cni_portmap_config(struct buf *b, const struct cni_network *n, const struct cni_port *ports, size_t n_ports,
		       struct slice prev_result);
/* The first address of an ADD result, without its prefix length, in the arena. 0 or -EBADMSG. */
int cni_result_ip(struct arena *a, struct slice json, const char **ret);
