/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Controllers and scheduler on a datastore that other servers serve as well: they run on the one that holds the lease which
 * kube-controller-manager's instances hold among themselves. Everything here is the control loop's.
 */
#include "base/log.h"
#include "client/client.h"
#include "cmd/house.h"
#include "cmd/inproc.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#define LEASE_NAMESPACE "kube-system"
#define LEASE_NAME "kube-controller-manager"

static void on_started(void *ctx) {
	struct house *h = ctx;
	int r = control_run(h);
	if (r < 0) log_error("control", "the controllers cannot be started: %s", strerror(-r));
	else log_info("control", "the controllers run on this server");
}

static void on_stopped(void *ctx) {
	struct house *h = ctx;
	control_stop(h->control);
	h->control = NULL;
	log_warn("control", "the controllers run on this server no longer");
}

static void on_leader(void *ctx, const char *identity) { log_info("control", "the controllers' lease is held by %s", identity); }

static int stand(void *arg) {
	static const struct k8c_election_handler handler = { on_started, on_stopped, on_leader };
	struct house *h = arg;
	char uuid[37], identity[sizeof(h->plan->hostname) + sizeof(uuid)];
	int r = env_uuid(h->env, uuid);
	if (r == 0) r = inproc_client(h->api, h->control_loop, h->env, LEASE_NAME, &h->candidate);
	if (r < 0) return r;
	snprintf(identity, sizeof(identity), "%s_%s", h->plan->hostname, uuid);
	struct k8c_election_options o = { .size = sizeof(o), .ns = LEASE_NAMESPACE, .name = LEASE_NAME, .identity = identity };
	return k8c_election_start(h->candidate, &o, &handler, h, &h->election);
}

int leader_up(struct house *h) { return house_run_on(h->control_loop, stand, h); }

static void begun(void *arg) { sem_post(arg); }

struct resignation { struct house *h; sem_t begun; };

/* The write that gives the lease up is begun by a timer of its own: the one behind it tells that it is on its way. */
static int resign(void *arg) {
	struct resignation *g = arg;
	k8c_election_free(g->h->election);
	g->h->election = NULL;
	if (!loop_timer_start(g->h->control_loop, 0, 0, begun, &g->begun)) sem_post(&g->begun);
	return 0;
}

static int forget(void *arg) {
	struct house *h = arg;
	k8c_client_free(h->candidate);
	h->candidate = NULL;
	return 0;
}

void leader_resign(struct house *h) {
	struct resignation g = { .h = h };
	if (!h->election) return;
	sem_init(&g.begun, 0, 0);
	if (house_run_on(h->control_loop, resign, &g) == 0)
		while (sem_wait(&g.begun) < 0) {}
	sem_destroy(&g.begun);
}

void leader_down(struct house *h) {
	if (h->candidate) (void)house_run_on(h->control_loop, forget, h);
}
