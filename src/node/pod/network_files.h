/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod finds as /etc/hosts, /etc/resolv.conf and /etc/hostname (pkg/kubelet/kubelet_pods.go, pkg/kubelet/network/dns). */
#pragma once

#include "base/buf.h"
#include "codec/json.h"

/* spec.hostname or the pod's name, at most 63 characters; on hostNetwork the node's. In the arena; NULL when out of memory. */
const char *pod_hostname(struct arena *a, const yyjson_mut_val *pod, const char *node_hostname, const char *cluster_domain);
/* "<subdomain>.<ns>.svc.<cluster domain>" or NULL when the pod has no subdomain (or out of memory). */
const char *pod_domain(struct arena *a, const yyjson_mut_val *pod, const char *cluster_domain);

/* `host_file`: the node's own /etc/hosts, used with hostNetwork. 0 or b->err. */
int pod_hosts_write(struct buf *b, struct arena *a, const yyjson_mut_val *pod, const char *pod_ip, const char *hostname,
		    const char *cluster_domain, struct slice host_file);

struct resolv_facts {
	const char *cluster_dns;    /* address, or NULL */
	const char *cluster_domain;
	struct slice host_file;     /* the node's /etc/resolv.conf */
};
/* What was left out or fell back, for an event; zero when all is well. */
struct resolv_notes {
	bool missing_cluster_dns, nameservers_dropped, searches_dropped;
};
int pod_resolv_write(struct buf *b, struct arena *a, const yyjson_mut_val *pod, const struct resolv_facts *f,
		     struct resolv_notes *ret);
