/* SPDX-License-Identifier: Apache-2.0 */
/* Life of the client: load, follow, and after a failure again. */
#include "etcd/etcd.h"
#include "etcd/impl.h"

#include <errno.h>
#include <stdio.h>

#define TICK_MS 500u
/* A stream that is back within this is not missed; then the store hears of it. */
#define LOST_MS 3000u

/* ---- again and again ---- */

static void attempt(void *arg) {
	struct etcd *e = arg;
	e->retry = NULL;
	if (e->loaded) etcd_watch_start(e);
	else etcd_load(e);
}

static uint64_t backoff(struct etcd *e) {
	uint64_t ms = ETCD_RETRY_FIRST_MS;
	for (unsigned i = 1; i < e->failures && ms < ETCD_RETRY_LAST_MS; i++) ms *= 2;
	if (ms > ETCD_RETRY_LAST_MS) ms = ETCD_RETRY_LAST_MS;
	return ms - ms / 4 + env_uniform(e->env, ms / 4 + 1);
}

void etcd_failed(struct etcd *e, bool anew, int err, const char *why) {
	if (e->stopping) return;
	uint64_t now = etcd_now_ms(e);
	if (anew) e->loaded = false;
	if (!e->lost_ms) e->lost_ms = now;
	e->failures++;
	if (now - e->lost_ms >= LOST_MS || err != -ENOLINK) e->sink->health(e->ctx, err, why);
	/* Should there be no memory for the timer, the tick tries. */
	if (!e->retry) e->retry = loop_timer_start(e->loop, backoff(e), 0, attempt, e);
}

void etcd_loaded(struct etcd *e, uint64_t rv) {
	e->loaded = true;
	e->reached = rv;
	etcd_watch_start(e);
}

void etcd_alive(struct etcd *e) {
	e->failures = 0;
	e->lost_ms = 0;
	e->sink->health(e->ctx, 0, "");
	etcd_lease_check(e);
	if (e->watch.wanted > e->reached) etcd_watch_want(e, e->watch.wanted);
}

static void on_tick(void *arg) {
	struct etcd *e = arg;
	bool idle = !e->retry && !e->watch.call && !e->loading;
	if (idle) attempt(e);
	etcd_watch_check(e);
	if (e->lost_ms && etcd_now_ms(e) - e->lost_ms >= LOST_MS) e->sink->health(e->ctx, -ENOLINK, e->why[0] ? e->why : "etcd does not answer");
	if (!e->watch.created) return;
	etcd_lease_check(e);
	etcd_compact_check(e);
}

/* ---- the seam ---- */

static struct etcd *of(struct remote *r) { return CONTAINER_OF(r, struct etcd, remote); }
static struct slice pem(const struct etcd *e, size_t i) { return slice_str(e->pem[i]); }

static int etcd_start(struct remote *r, struct loop *l, const struct remote_sink *sink, void *ctx) {
	struct etcd *e = of(r);
	bool tls = slice_starts(slice_str(e->endpoint[0]), SLICE_LIT("https:"));
	struct net_client_options o = {
		.ca_pem = pem(e, 0), .cert_pem = pem(e, 1), .key_pem = pem(e, 2), .http2_only = true, .http2_prior = !tls, .connect_timeout_ms = ETCD_CONNECT_MS,
	};
	e->loop = l;
	e->sink = sink;
	e->ctx = ctx;
	int err = net_client_new(l, &o, &e->net);
	if (err == 0 && !(e->tick = loop_timer_start(l, TICK_MS, TICK_MS, on_tick, e))) err = -ENOMEM;
	if (err) {
		net_client_free(e->net);
		e->net = NULL;
		return err;
	}
	e->lost_ms = etcd_now_ms(e);
	etcd_load(e);
	return 0;
}

static void etcd_stop(struct remote *r) {
	struct etcd *e = of(r);
	e->stopping = true;
	e->tick = loop_timer_stop(e->tick);
	e->retry = loop_timer_stop(e->retry);
	etcd_watch_stop(e);
	etcd_calls_cancel(e);
	net_client_free(e->net);
	e->net = NULL;
}

static void etcd_free(struct remote *r) {
	struct etcd *e = of(r);
	for (size_t i = 0; i < ELEMENTSOF(e->pem); i++) free(e->pem[i]);
	free(e->urls);
	free(e);
}

static int remote_txn(struct remote *r, const struct remote_txn *t, void (*done)(void *, int, bool, uint64_t), void *ctx) {
	return etcd_txn(of(r), t, done, ctx);
}

static int remote_revision(struct remote *r, void (*done)(void *, int, bool, uint64_t), void *ctx) { return etcd_revision(of(r), done, ctx); }
static void remote_want(struct remote *r, uint64_t rv) { etcd_watch_want(of(r), rv); }

static const struct remote_ops ops = { etcd_start, etcd_stop, etcd_free, remote_txn, remote_revision, remote_want };

/* ---- making one ---- */

static int split_urls(struct etcd *e, char *msg, size_t msg_size) {
	for (char *at = e->urls; *at;) {
		char *end = strchrnul(at, ',');
		bool more = *end;
		*end = 0;
		bool known = !strncmp(at, "https://", 8) || !strncmp(at, "http://", 7);
		bool same = !e->n_endpoints || !strncmp(at, e->endpoint[0], 5);
		if (!known || !same || e->n_endpoints == ETCD_ENDPOINTS_MAX) {
			snprintf(msg, msg_size, "etcd endpoint \"%.100s\": %s", at, !known ? "https://HOST:PORT or http://HOST:PORT is needed" :
				 !same ? "all have to use TLS, or none" : "there are too many");
			return -EINVAL;
		}
		e->endpoint[e->n_endpoints++] = at;
		at = end + more;
	}
	if (!e->n_endpoints) snprintf(msg, msg_size, "etcd: an endpoint is needed, as in etcd=https://HOST:PORT");
	return e->n_endpoints ? 0 : -EINVAL;
}

static int fill(struct etcd *e, const struct etcd_options *o) {
	const struct slice from[] = { o->ca_pem, o->cert_pem, o->key_pem };
	e->urls = strdup(o->urls);
	for (size_t i = 0; i < ELEMENTSOF(from); i++) e->pem[i] = strndup(from[i].p ? from[i].p : "", from[i].n);
	return e->urls && e->pem[0] && e->pem[1] && e->pem[2] ? 0 : -ENOMEM;
}

int etcd_new(const struct etcd_options *o, struct remote **ret, char *msg, size_t msg_size) {
	struct etcd *e = calloc(1, sizeof(*e));
	if (!e) return -ENOMEM;
	e->remote.ops = &ops;
	e->env = o->env;
	e->compaction.interval_ms = o->compact_ms;
	list_init(&e->calls);
	int r = fill(e, o);
	if (r == 0) r = split_urls(e, msg, msg_size);
	if (r < 0) etcd_free(&e->remote);
	else *ret = &e->remote;
	return r;
}
