/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the node room share of the agent. */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "client/attach.h"
#include "node/agent.h"
#include "node/cni.h"
#include "node/image/store.h"
#include "node/limits.h"
#include "net/client.h"
#include "node/machine.h"
#include "node/objects.h"
#include "node/runtime/conmon.h"
#include "node/tokens.h"

struct node_agent {
	unsigned refs;                 /* the owner and every pod: operations of pods may end after node_agent_free */
	struct loop *loop;
	const struct env *env;
	struct arena *arena;
	struct k8c_client *client;
	struct node_agent_options o;   /* strings in the arena, defaults filled in */
	struct node_paths paths;
	struct runtime runtime;
	struct machine machine;
	struct image_store *images;
	struct cni_network network;
	struct net_client *probe_client; /* no verification, no pool worth keeping */
	struct net_client *grpc_client;
	struct k8c_recorder *recorder;
	struct k8c_informer *pod_informer, *service_informer;
	struct objects *objects;
	struct tokens *tokens;
	struct node_status *status;
	struct map *pods;              /* uid -> struct pod */
	uv_fs_event_t exits;           /* inotify on run/exits */
	struct loop_timer *minute;
	struct slice host_resolv, host_hosts;
	bool exits_open, services_known, pods_known, stopping;
};

struct node_agent *agent_ref(struct node_agent *a);
void agent_unref(struct node_agent *a);

static inline uint64_t agent_now_ms(const struct node_agent *a) { return env_mono(a->env) / 1000000u; }
/* Wakes every pod (a ConfigMap, a token, the services have come). */
void agent_kick_all(void *agent);

/* agent_pods.c: informers, take-over of an earlier run. 0 or -errno. */
int agent_pods_start(struct node_agent *a);
void agent_pods_stop(struct node_agent *a);
