/* SPDX-License-Identifier: Apache-2.0 */
#include "access/rbac/feed.h"

#include "access/rbac/set.h"

#include <errno.h>

static const char *const watched[] = {
	"rbac.authorization.k8s.io/clusterroles",
	"rbac.authorization.k8s.io/roles",
	"rbac.authorization.k8s.io/clusterrolebindings",
	"rbac.authorization.k8s.io/rolebindings",
};

struct rbac_feed {
	struct access *acc;
	struct store_listener *listener;
	struct store_watch watches[ELEMENTSOF(watched)];
	bool stale; /* a compilation failed: try again at the next occasion */
	/* For a stop that another thread waits for. */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool stopped;
};

static int rebuild(struct access *acc) {
	struct rbac_set *set;
	struct store_snapshot *sn = store_snapshot(acc->store);
	if (!sn) return -ENOMEM;
	int r = rbac_compile(sn, atomic_load(&acc->generation) + 1, &set);
	store_snapshot_unref(sn);
	if (r < 0) return r;
	r = publish_set(&acc->rules, set);
	if (r < 0) rbac_set_unref(set);
	else atomic_fetch_add(&acc->generation, 1);
	return r;
}

/* One at a time, so that an older snapshot is never published after a newer one. */
int access_rebuild(struct access *acc) {
	pthread_mutex_lock(&acc->rebuild_lock);
	int r = rebuild(acc);
	pthread_mutex_unlock(&acc->rebuild_lock);
	return r;
}

void access_hold(struct access *acc, bool on) { atomic_store(&acc->held, on); }

/* Empties a watch. True when it had an event, or had lost some. */
static bool drain(struct rbac_feed *f, size_t i) {
	struct store_event *e;
	bool any = false;
	int r;
	while ((r = store_watch_next(&f->watches[i], &e)) > 0) {
		any = true;
		store_event_unref(e);
	}
	if (r == 0) return any;
	(void)store_watch_init(f->acc->store, slice_str(watched[i]), store_rv(f->acc->store), &f->watches[i]);
	return true;
}

static void on_revision(void *ctx, uint64_t rv) {
	struct rbac_feed *f = ctx;
	bool changed = f->stale;
	for (size_t i = 0; i < ELEMENTSOF(watched); i++) changed |= drain(f, i);
	/* Asked after draining: what was drained while it was held is in the snapshot of whoever lets go. */
	if (changed && !atomic_load(&f->acc->held)) f->stale = access_rebuild(f->acc) < 0;
}

static int follow(struct rbac_feed *f) {
	uint64_t rv = store_rv(f->acc->store);
	int r = 0;
	for (size_t i = 0; r == 0 && i < ELEMENTSOF(watched); i++)
		r = store_watch_init(f->acc->store, slice_str(watched[i]), rv, &f->watches[i]);
	return r < 0 ? r : store_listen(f->acc->store, f->acc->loop, on_revision, f, &f->listener);
}

/* Listens before it reads: what changes in between is seen by one of the two. */
int rbac_feed_start(struct access *acc) {
	if (!acc->loop) return access_rebuild(acc);
	struct rbac_feed *f = calloc(1, sizeof(*f));
	if (!f) return -ENOMEM;
	f->acc = acc;
	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->cond, NULL);
	int r = follow(f);
	if (r < 0) {
		free(f);
		return r;
	}
	acc->feed = f;
	return access_rebuild(acc);
}

static void stop_here(void *arg) {
	struct rbac_feed *f = arg;
	store_unlisten(f->listener);
	pthread_mutex_lock(&f->lock);
	f->stopped = true;
	pthread_cond_signal(&f->cond);
	pthread_mutex_unlock(&f->lock);
}

void rbac_feed_stop(struct access *acc) {
	struct rbac_feed *f = acc->feed;
	if (!f) return;
	/* When the loop has ended nothing runs there any more and this thread may do it. */
	if (loop_current() == acc->loop || loop_post(acc->loop, stop_here, f) < 0) stop_here(f);
	pthread_mutex_lock(&f->lock);
	while (!f->stopped) pthread_cond_wait(&f->cond, &f->lock);
	pthread_mutex_unlock(&f->lock);
	pthread_mutex_destroy(&f->lock);
	pthread_cond_destroy(&f->cond);
	free(f);
	acc->feed = NULL;
}
