/* SPDX-License-Identifier: Apache-2.0 */
/* The running parts of `k8c server`, in the order they are built; house_down takes them down in reverse. */
#pragma once

#include "access/access.h"
#include "api/api.h"
#include "cmd/pki_dir.h"
#include "cmd/plan.h"
#include "control/control.h"
#include "net/server.h"

#define HOUSE_LOOPS_MAX 64
/* How long requests in flight may take to end at shutdown. */
#define HOUSE_DRAIN_MS 5000
/* A PEM file given by a flag. */
#define ETCD_PEM_MAX (1u << 20)
/* How long the bootstrap objects may take. */
#define HOUSE_READY_MS 30000

struct agent_room;
struct k8c_election;

struct house {
	const struct plan *plan;
	const struct env *env;
	struct pki_dir pki;
	int lock;                    /* the data directory's; -1 */
	struct store *store;
	struct loop *loops[HOUSE_LOOPS_MAX];
	size_t n_loops;
	struct loop *access_loop;
	struct access *access;
	struct api *api;
	struct net_server *server;
	struct loop *control_loop;
	struct control *control;     /* NULL where another server runs the controllers */
	struct k8c_client *candidate; /* on a shared datastore: for the election of the server that does */
	struct k8c_election *election;
	struct agent_room *agent;
};

#define HOUSE_MESSAGE_MAX 768
/* Builds everything; ready when it returns 0. Else -errno with one sentence; what was built is down again. */
int house_up(struct house *h, const struct plan *p, char msg[HOUSE_MESSAGE_MAX]);
void house_down(struct house *h);

/* Runs fn(arg) on a loop's thread and waits for its result. Not from that thread. */
int house_run_on(struct loop *l, int (*fn)(void *arg), void *arg);

/* Starts controllers and scheduler. From the control loop. 0 or -errno. */
int control_run(struct house *h);
/* On a shared datastore: stands for election, and runs them when elected (leader.c). 0 or -errno. */
int leader_up(struct house *h);
/* Stops them and gives the lease up; the write is on its way until the API has drained, and leader_down ends what is left of it. */
void leader_resign(struct house *h);
void leader_down(struct house *h);

/* The node agent of this machine, on a loop of its own (agent.c). */
int agent_up(struct house *h, char msg[HOUSE_MESSAGE_MAX]);
void agent_down(struct house *h);
