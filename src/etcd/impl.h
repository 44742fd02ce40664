/* SPDX-License-Identifier: Apache-2.0 */
/* The insides of an etcd client. All of it belongs to the loop's thread. */
#pragma once

#include "base/list.h"
#include "etcd/etcd.h"
#include "etcd/limits.h"
#include "etcd/messages.h"
#include "net/client.h"
#include "wire/grpc.h"

#define ETCD_MSG_MAX 400u

struct etcd_lease { uint64_t id, granted_ms, keys; bool asking; };
struct etcd_compaction { uint64_t turn, revision, again_ms, interval_ms; bool asking; };

struct etcd_watch {
	struct net_call *call;
	struct grpc_reader reader;
	size_t endpoint;
	bool created, asked;  /* asked: a sign of life has been asked for since anything was heard */
	bool compacted;       /* what it should begin with is gone */
	uint64_t heard_ms, wanted;
	struct loop_timer *progress;
	char why[ETCD_MSG_MAX];
};

struct etcd {
	struct remote remote;
	const struct env *env;
	char *urls, *endpoint[ETCD_ENDPOINTS_MAX];
	size_t n_endpoints, at; /* the one in use */
	char *pem[3];           /* ca, cert, key */
	struct loop *loop;
	const struct remote_sink *sink;
	void *ctx;
	struct net_client *net;
	struct list calls;
	struct etcd_watch watch;
	struct etcd_lease lease;
	struct etcd_compaction compaction;
	uint64_t reached, cluster;
	uint64_t lost_ms;       /* since when there has been no stream; 0: there is one */
	unsigned failures;      /* in a row */
	char why[ETCD_MSG_MAX]; /* what was wrong with the last call that found no answer */
	struct loop_timer *retry, *tick;
	bool loaded, loading, stopping;
};

static inline uint64_t etcd_now_ms(const struct etcd *e) { return env_mono(e->env) / 1000000; }

/* ---- call.c: one request, one answer ---- */

/* `answer` is valid during the call. err: as remote_ops.txn, and -ESTALE: the revision is compacted. */
typedef void (*etcd_call_fn)(void *ctx, int err, struct slice answer);
/* `method`: "/etcdserverpb.KV/Range". `message` is copied. 0 or -errno (then fn does not run; never from inside the call). */
int etcd_call(struct etcd *e, const char *method, struct slice message, etcd_call_fn fn, void *ctx);
/* Ends every call with -ECANCELED. */
void etcd_calls_cancel(struct etcd *e);
/* Request headers of every gRPC call. 0 or -ENOMEM. */
int etcd_head(struct arena *a, const char *method, struct http_request_head *head);
/* What a gRPC status means for the caller. */
int etcd_error(int code, struct slice message);
/* Something is wrong with the endpoint: the next one is used from now on. */
void etcd_turn_away(struct etcd *e, size_t endpoint);

/* ---- load.c, watch.c, txn.c, lease.c, compact.c ---- */

/* Reads everything; etcd_loaded follows, or etcd_failed. */
void etcd_load(struct etcd *e);
/* Follows the changes behind e->reached; etcd_failed when it ends. */
void etcd_watch_start(struct etcd *e);
void etcd_watch_stop(struct etcd *e);
/* Asks for a sign of life, or gives the stream up. Every tick. */
void etcd_watch_check(struct etcd *e);
void etcd_watch_want(struct etcd *e, uint64_t rv);
int etcd_txn(struct etcd *e, const struct remote_txn *t, void (*done)(void *, int, bool, uint64_t), void *ctx);
int etcd_revision(struct etcd *e, void (*done)(void *, int, bool, uint64_t), void *ctx);
/* A lease for an event that is written now, or 0: one is being granted. */
uint64_t etcd_lease_take(struct etcd *e);
void etcd_lease_check(struct etcd *e);
void etcd_compact_check(struct etcd *e);

/* One pair as an object: key, revisions, value with its resourceVersion. 0; 1: not an object of ours; -EBADMSG, -ENOMEM. `text` holds
 * the resource. */
int etcd_object(const struct etcd_kv *kv, struct buf *text, struct remote_change *ret);

/* ---- etcd.c ---- */
void etcd_loaded(struct etcd *e, uint64_t rv);
/* Loading or following has ended; it is tried again after a while. `anew`: from the whole state. */
void etcd_failed(struct etcd *e, bool anew, int err, const char *why);
/* The stream is there. */
void etcd_alive(struct etcd *e);
