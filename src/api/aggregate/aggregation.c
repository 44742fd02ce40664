/* SPDX-License-Identifier: Apache-2.0 */
#include "api/aggregate/aggregation.h"

#include "api/aggregate/probe.h"
#include "api/convert.h"

#include <errno.h>

/* How often a server that answers is asked again, and one that does not, at first. */
#define CHECK_EVERY_NS (30u * (uint64_t)NSEC_PER_SEC)
#define CHECK_AGAIN_NS (1u * (uint64_t)NSEC_PER_SEC)
#define TICK_MS 1000u
#define REMOTES_MAX 4096u

static const struct slice watched[] = { SLICE_LIT(API_SERVICES), SLICE_LIT("/services"), SLICE_LIT("discovery.k8s.io/endpointslices") };

/* One remote APIService. */
struct remote {
	struct aggregation *ag;
	char *name;
	struct blob *resources;      /* under the lock */
	struct api_local_call *write;
	unsigned refs;               /* the table's, and one of work under way */
	bool busy, again;            /* being asked or written; and something changed meanwhile */
	bool gone, seen;
	unsigned failures;
	uint64_t next;               /* monotonic ns */
};

struct aggregation {
	struct api *api;
	pthread_mutex_t lock;
	struct map *remotes;         /* by name; changed on the first loop, under the lock */
	atomic_size_t n;
	struct store_watch watches[ELEMENTSOF(watched)];
	bool watching, stopped;
	struct loop_timer *tick;
};

static void check(struct remote *m);

static void remote_unref(struct remote *m) {
	if (--m->refs) return;
	blob_unref(m->resources);
	free(m->name);
	free(m);
}

static void remote_drop(void *p) {
	struct remote *m = p;
	m->gone = true;
	if (m->write) api_local_cancel(m->write);
	remote_unref(m);
}

/* ---- one check ---- */

static void work_done(struct remote *m) {
	bool again = m->again && !m->gone;
	m->busy = m->again = false;
	if (again) check(m);
	remote_unref(m);
}

static void write_head(void *ctx k8c_unused, int status k8c_unused, const struct http_headers *h k8c_unused) {}
static void write_data(void *ctx k8c_unused, struct slice bytes k8c_unused) {}
static void write_done(void *ctx, int err k8c_unused) {
	struct remote *m = ctx;
	/* A lost race shows as an event, which brings the next check. */
	m->write = NULL;
	work_done(m);
}

static int put_status(struct remote *m, struct arena *a, const yyjson_mut_val *api_service) {
	static const struct slice groups[] = { SLICE_LIT("system:masters"), SLICE_LIT("system:authenticated") };
	static const struct access_user user = { .name = SLICE_LIT("system:apiserver"), .groups = groups, .n_groups = 2 };
	static const struct api_local_handler handler = { write_head, write_data, write_done };
	static struct http_header headers[] = { { SLICE_LIT("user-agent"), SLICE_LIT("kube-apiserver/v1.34.9") },
						{ SLICE_LIT("content-type"), SLICE_LIT("application/json") } };
	_cleanup_buf_ struct buf body = BUF_INIT(REQUEST_BODY_MAX);
	const char *target = arena_printf(a, "/apis/apiregistration.k8s.io/v1/apiservices/%s/status", m->name);
	if (!target || json_write(&body, api_service) < 0) return -ENOMEM;
	struct http_request_head head = { .version = HTTP_2, .method = SLICE_LIT("PUT"), .target = slice_str(target), .headers = { headers, 2, 2 } };
	return api_local_start(m->ag->api, m->ag->api->loops[0].loop, &user, &head, buf_slice(&body), &handler, m, &m->write);
}

/* Ends with work_done, now or later. */
static void write_condition(struct remote *m, const struct remote_condition *c) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct store_snapshot *snap = a ? store_snapshot(m->ag->api->store) : NULL;
	struct store_key key = { .resource = SLICE_LIT(API_SERVICES), .name = slice_str(m->name) };
	const struct schema_resource *res = schema_find(SLICE_LIT("apiregistration.k8s.io"), SLICE_LIT("v1"), SLICE_LIT("apiservices"));
	struct store_obj *o = snap && !m->gone ? store_get(snap, &key) : NULL;
	yyjson_mut_doc *doc = o ? request_parse(a, res, o) : NULL;
	int got = doc ? remote_condition_set(doc, yyjson_mut_doc_get_root(doc), c, env_now_sec(m->ag->api->env)) : 0;
	if (got == 1) got = put_status(m, a, yyjson_mut_doc_get_root(doc)) == 0;
	store_snapshot_unref(snap);
	if (got != 1) work_done(m);
}

static void plan_next(struct remote *m, bool failed) {
	uint64_t wait = CHECK_EVERY_NS;
	m->failures = failed ? m->failures + 1 : 0;
	if (failed && m->failures < 6 && (CHECK_AGAIN_NS << m->failures) < wait) wait = CHECK_AGAIN_NS << m->failures;
	m->next = env_mono(m->ag->api->env) + wait;
}

static void keep_resources(struct remote *m, struct slice body) {
	struct blob *b = blob_new(body.p, body.n);
	if (!b) return;
	pthread_mutex_lock(&m->ag->lock);
	struct blob *old = m->resources;
	m->resources = b;
	pthread_mutex_unlock(&m->ag->lock);
	blob_unref(old);
}

static void probed(void *ctx, const struct probe_result *res) {
	struct remote *m = ctx;
	struct remote_condition c = { "True", "Passed", "all checks passed" };
	if (res->failure) c = (struct remote_condition){ "False", "FailedDiscoveryCheck", res->failure };
	else keep_resources(m, res->body);
	plan_next(m, res->failure != NULL);
	if (m->gone || m->ag->stopped) work_done(m);
	else write_condition(m, &c);
}

static void look(struct remote *m, struct arena *a, const struct store_snapshot *snap) {
	struct remote_service s;
	struct remote_condition c;
	const char *why = "";
	int got = remote_find(a, snap, slice_str(m->name), &s);
	if (got == -EBADMSG) c = (struct remote_condition){ "False", "FailedDiscoveryCheck", "the caBundle cannot be read" };
	else if (got != 1) c = (struct remote_condition){ 0 };
	else if (!remote_check(a, snap, &s, &c)) plan_next(m, false);
	else if ((got = probe_start(&m->ag->api->loops[0], a, snap, &s, probed, m, &why)) == 0) return;
	else c = (struct remote_condition){ "False", "FailedDiscoveryCheck", why }, plan_next(m, true);
	if (c.status && got != -ENOMEM) write_condition(m, &c);
	else work_done(m);
}

static void check(struct remote *m) {
	if (m->busy) {
		m->again = true;
		return;
	}
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct store_snapshot *snap = a ? store_snapshot(m->ag->api->store) : NULL;
	if (!snap) return;
	m->busy = true;
	m->refs++;
	look(m, a, snap);
	store_snapshot_unref(snap);
}

/* ---- all of them ---- */

static void add_remote(struct aggregation *ag, struct slice name) {
	struct remote *m = calloc(1, sizeof(*m));
	if (m) *m = (struct remote){ .ag = ag, .refs = 1, .seen = true, .name = strndup(name.p, name.n) };
	pthread_mutex_lock(&ag->lock);
	bool ok = m && m->name && map_put(ag->remotes, name, m, NULL) == 0;
	pthread_mutex_unlock(&ag->lock);
	if (ok) atomic_fetch_add(&ag->n, 1);
	else if (m) remote_unref(m);
}

static void sweep(struct aggregation *ag) {
	struct slice key;
	void *v;
	for (size_t it = 0; map_next(ag->remotes, &it, &key, &v);) {
		struct remote *m = v;
		if (m->seen) continue;
		pthread_mutex_lock(&ag->lock);
		(void)map_del(ag->remotes, key);
		pthread_mutex_unlock(&ag->lock);
		atomic_fetch_sub(&ag->n, 1);
		remote_drop(m);
	}
}

static void rescan(struct aggregation *ag) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct store_snapshot *snap = a ? store_snapshot(ag->api->store) : NULL;
	struct remote_service *v;
	struct slice key;
	size_t n;
	void *p;
	if (!snap || remote_all(a, snap, &v, &n) < 0) {
		store_snapshot_unref(snap);
		return;
	}
	for (size_t it = 0; map_next(ag->remotes, &it, &key, &p);) ((struct remote *)p)->seen = false;
	for (size_t i = 0; i < n; i++) {
		struct remote *m = map_get(ag->remotes, v[i].name);
		if (m) m->seen = true;
		else add_remote(ag, v[i].name);
	}
	sweep(ag);
	store_snapshot_unref(snap);
}

static void check_all(struct aggregation *ag, bool due_only) {
	uint64_t now = env_mono(ag->api->env);
	struct slice key;
	void *p;
	for (size_t it = 0; map_next(ag->remotes, &it, &key, &p);) {
		struct remote *m = p;
		if (!due_only || (!m->busy && now >= m->next)) check(m);
	}
}

static void on_tick(void *arg) { check_all(arg, true); }

/* A bit for every resource that changed. */
static unsigned changed(struct aggregation *ag) {
	unsigned bits = 0;
	for (size_t i = 0; i < ELEMENTSOF(watched); i++) {
		struct store_event *e;
		int got = ag->watching ? 0 : -ESTALE;
		while (got >= 0 && (got = store_watch_next(&ag->watches[i], &e)) == 1) {
			store_event_unref(e);
			bits |= 1u << i;
		}
		if (got != -ESTALE) continue;
		bits |= 1u << i;
		(void)store_watch_init(ag->api->store, watched[i], store_rv(ag->api->store), &ag->watches[i]);
	}
	ag->watching = true;
	return bits;
}

void aggregation_advance(struct aggregation *ag) {
	unsigned bits = ag->stopped ? 0 : changed(ag);
	if (bits & 1) rescan(ag);
	if (!bits || !atomic_load(&ag->n)) return;
	if (!ag->tick) ag->tick = loop_timer_start(ag->api->loops[0].loop, TICK_MS, TICK_MS, on_tick, ag);
	check_all(ag, false);
}

bool aggregation_any(const struct aggregation *ag) { return atomic_load(&ag->n) > 0; }

static void drop_blob(void *b) { blob_unref(b); }

struct slice aggregation_resources(struct aggregation *ag, struct arena *a, struct slice name) {
	pthread_mutex_lock(&ag->lock);
	struct remote *m = map_get(ag->remotes, name);
	struct blob *b = m && m->resources ? blob_ref(m->resources) : NULL;
	pthread_mutex_unlock(&ag->lock);
	return b && arena_defer(a, drop_blob, b) == 0 ? blob_slice(b) : SLICE_NULL;
}

/* ---- beginning and end ---- */

struct aggregation *aggregation_new(struct api *api) {
	struct aggregation *ag = calloc(1, sizeof(*ag));
	if (!ag || !(ag->remotes = map_new(REMOTES_MAX))) {
		free(ag);
		return NULL;
	}
	ag->api = api;
	pthread_mutex_init(&ag->lock, NULL);
	return ag;
}

void aggregation_stop(struct aggregation *ag) {
	ag->stopped = true;
	ag->tick = loop_timer_stop(ag->tick);
	pthread_mutex_lock(&ag->lock);
	struct map *m = ag->remotes;
	ag->remotes = map_new(1);
	pthread_mutex_unlock(&ag->lock);
	atomic_store(&ag->n, 0);
	map_free(m, remote_drop);
}

struct aggregation *aggregation_free(struct aggregation *ag) {
	if (!ag) return NULL;
	map_free(ag->remotes, remote_drop);
	pthread_mutex_destroy(&ag->lock);
	free(ag);
	return NULL;
}
