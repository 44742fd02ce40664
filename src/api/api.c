/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"

#include "api/aggregate/aggregation.h"
#include "api/bootstrap.h"
#include "api/chain.h"
#include "api/crd/definitions.h"
#include "api/openapi.h"
#include "api/flow.h"
#include "api/legacy_use.h"
#include "api/metrics.h"
#include "api/rvwait.h"
#include "api/watch.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>

#define TICK_MS 1000u
#define DRAIN_POLL_US 2000u

struct api_loop *api_loop_current(struct api *api) {
	struct loop *l = loop_current();
	for (size_t i = 0; i < api->n_loops; i++)
		if (api->loops[i].loop == l) return &api->loops[i];
	return &api->loops[0];
}

int api_loop_on_stop(struct api_loop *al, void (*fn)(struct api_loop *al)) {
	if (al->n_on_stop == ELEMENTSOF(al->on_stop)) return -ENOMEM;
	al->on_stop[al->n_on_stop++] = fn;
	return 0;
}

/* ---- a loop's part ---- */

static void on_revision(void *ctx, uint64_t rv) {
	struct api_loop *al = ctx;
	if (al == al->api->loops) definitions_advance(al->api->definitions);
	if (al == al->api->loops) aggregation_advance(al->api->aggregation);
	rvwait_wake(al);
	watch_wake_all(al);
}

static void on_tick(void *arg) {
	struct api_loop *al = arg;
	request_sweep(al);
	if (al == al->api->loops) openapi_tick(al->api->openapi, env_mono(al->api->env));
}

static void loop_begin(void *arg) {
	struct api_loop *al = arg;
	if (store_listen(al->api->store, al->loop, on_revision, al, &al->listener) < 0) al->listener = NULL;
	al->tick = loop_timer_start(al->loop, TICK_MS, TICK_MS, on_tick, al);
	if (al == al->api->loops) definitions_advance(al->api->definitions);
	if (al == al->api->loops) aggregation_advance(al->api->aggregation);
}

static void loop_end(struct api_loop *al) {
	if (al->stopped) return;
	al->stopped = true;
	watch_end_all(al);
	request_end_all(al);
	if (al == al->api->loops) definitions_stop(al->api->definitions);
	if (al == al->api->loops) aggregation_stop(al->api->aggregation);
	while (al->n_on_stop) al->on_stop[--al->n_on_stop](al);
	if (al->listener) store_unlisten(al->listener);
	al->listener = NULL;
	al->tick = loop_timer_stop(al->tick);
}

static int loop_make(struct api *api, struct api_loop *al, struct loop *l) {
	*al = (struct api_loop){ .api = api, .loop = l, .limiter = flow_new(l), .metrics = metrics_new() };
	list_init(&al->inflight);
	list_init(&al->watches);
	list_init(&al->rv_waits);
	return al->limiter && al->metrics ? 0 : -ENOMEM;
}

/* ---- making ---- */

static int fill(struct api *api, const struct api_options *o) {
	api->o = *o;
	api->env = o->env;
	api->store = o->store;
	api->access = o->access;
	api->started_ns = env_mono(o->env);
	api->n_loops = o->n_loops;
	api->loops = calloc(o->n_loops, sizeof(*api->loops));
	if (!api->loops || asprintf(&api->server_address, strchr(o->advertise, ':') ? "[%s]:%u" : "%s:%u", o->advertise, (unsigned)o->port) < 0) return -ENOMEM;
	for (size_t i = 0; i < o->n_loops; i++)
		if (loop_make(api, &api->loops[i], o->loops[i]) < 0) return -ENOMEM;
	api->definitions = definitions_new(api);
	api->openapi = openapi_new();
	api->aggregation = aggregation_new(api);
	return api->definitions && api->openapi && api->aggregation ? 0 : -ENOMEM;
}

static void destroy(struct api *api) {
	for (size_t i = 0; api->loops && i < api->n_loops; i++) {
		flow_free(api->loops[i].limiter);
		metrics_free(api->loops[i].metrics);
	}
	bootstrap_free(api->bootstrap);
	aggregation_free(api->aggregation);
	definitions_free(api->definitions);
	openapi_free(api->openapi);
	free(api->server_address);
	free(api->loops);
	free(api);
}

int api_new(const struct api_options *o, struct api **ret, const char **ret_msg) {
	struct api *api = o->n_loops ? calloc(1, sizeof(*api)) : NULL;
	int err = api ? fill(api, o) : o->n_loops ? -ENOMEM : -EINVAL;
	for (size_t i = 0; !err && i < api->n_loops; i++) err = loop_post(api->loops[i].loop, loop_begin, &api->loops[i]);
	if (!err) legacy_use_follow(api);
	if (!err) err = bootstrap_start(api, &api->bootstrap, ret_msg);
	if (err) {
		if (ret_msg && !*ret_msg) *ret_msg = err == -EINVAL ? "no loop to serve requests on" : "out of memory";
		if (api) destroy(api);
		return err;
	}
	*ret = api;
	return 0;
}

bool api_ready(struct api *api) { return atomic_load(&api->bootstrapped); }

void api_handle(void *ctx, struct exchange *x) {
	struct api *api = ctx;
	chain_run(api_loop_current(api), x);
}

/* ---- ending ---- */

struct ending {
	struct api_loop *al;
	void (*fn)(struct api_loop *al);
	sem_t *done;
};

static void ending_run(void *arg) {
	struct ending *e = arg;
	e->fn(e->al);
	sem_post(e->done);
}

/* Runs fn on every loop's thread and waits for it; loops that have ended are skipped. */
static void on_all_loops(struct api *api, void (*fn)(struct api_loop *al)) {
	sem_t done;
	sem_init(&done, 0, 0);
	for (size_t i = 0; i < api->n_loops; i++) {
		struct ending e = { .al = &api->loops[i], .fn = fn, .done = &done };
		if (loop_post(e.al->loop, ending_run, &e) < 0) continue;
		while (sem_wait(&done) < 0) {}
	}
	sem_destroy(&done);
}

static size_t running(struct api *api) {
	size_t n = 0;
	for (size_t i = 0; i < api->n_loops; i++) n += atomic_load(&api->loops[i].running);
	return n;
}

void api_drain(struct api *api, unsigned timeout_ms) {
	uint64_t end = env_mono(api->env) + (uint64_t)timeout_ms * 1000000u;
	atomic_store(&api->draining, true);
	bootstrap_stop(api->bootstrap);
	on_all_loops(api, watch_end_all);
	while (running(api) && env_mono(api->env) < end) usleep(DRAIN_POLL_US);
}

void api_free(struct api *api) {
	if (!api) return;
	atomic_store(&api->draining, true);
	bootstrap_stop(api->bootstrap);
	on_all_loops(api, loop_end);
	destroy(api);
}
