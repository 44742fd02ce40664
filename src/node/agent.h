/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node agent: makes this machine a node. It registers the Node, keeps its Lease, runs the pods bound to it and reports
 * their state. It sees the API only through libk8c. One loop; everything from that loop's thread unless it says otherwise.
 */
#pragma once

#include "base/env.h"
#include "base/slice.h"
#include "loop/loop.h"

#include <k8c/k8c.h>

struct node_agent;

struct node_agent_options {
	const char *node_name;
	const char *data_dir;          /* absolute; the agent's folder in it is data_dir/agent */
	const char *image_dir;         /* archives to preload (*.tar), or NULL */
	const char *cluster_dns;       /* address pods are given, or NULL: no cluster DNS */
	const char *cluster_domain;    /* "cluster.local" when NULL */
	const char *pod_cidr;          /* "10.244.0.0/24": addresses of this node's pods */
	const char *service_cidr;
	const char *node_ip;           /* address to report; NULL: the one the default route uses, else 127.0.0.1 */
	const char *bridge;            /* "k8c0" when NULL */
	bool no_masquerade;            /* the bridge plugin leaves source addresses alone (somebody else rewrites them) */
	unsigned max_pods;             /* 110 when 0 */
	struct slice registries;       /* image/registries.h; may be empty */
	uint16_t port;                 /* of the agent's HTTPS endpoint, told in the Node's status; 0: none */
	const char *version;           /* "v1.34.0": kubeletVersion of the Node */
	const struct env *env;         /* NULL: the machine's */
};

/* Starts the agent: checks the machine, takes over the containers of an earlier run, registers. `client` is authenticated as
 * system:node:<node_name>; it runs on `l` and outlives the agent. Strings are copied.
 * 0; -EPERM, -ENOENT (something is missing: *ret_why says what to install or do, freed by the caller); -EINVAL; -errno. */
int node_agent_new(struct loop *l, struct k8c_client *client, const struct node_agent_options *o, struct node_agent **ret,
		   char **ret_why);
/* Lets go: containers run on, their conmon writes their logs, and a later agent with the same data directory takes them over.
 * Pods in the middle of an operation are left as they are on disk. NULL is allowed. */
void node_agent_free(struct node_agent *a);
/* Ends every container of the data directory and removes what the agent has made on the machine: mounts, namespaces, bridge,
 * cgroups, run folder (images and logs stay). Blocks. Without an agent running on that directory. 0 or -errno. */
int node_agent_cleanup(const char *data_dir, const char *bridge);

/* How the endpoint of the agent (exec, attach, logs, port-forward) finds things. */
struct node_container_view {
	const char *id;          /* runtime id; valid until control goes back to the loop */
	const char *log_path;
	bool running, terminal, std_in, std_in_once;
};
/* `previous`: the run before. 0; -ENOENT no such pod or container, -ESRCH it has not run (*ret_why, static). */
int node_agent_find(struct node_agent *a, struct slice ns, struct slice pod, struct slice container, bool previous,
		    struct node_container_view *ret, const char **ret_why);
/* File of the pod's network namespace, or NULL (unknown, not ready). "" for a pod on the host's network. */
const char *node_agent_netns(struct node_agent *a, struct slice ns, struct slice pod);
/* For exec and attach. */
struct runtime;
struct runtime *node_agent_runtime(struct node_agent *a);
/* Pods under care: for tests and metrics. */
size_t node_agent_pod_count(const struct node_agent *a);
