/* SPDX-License-Identifier: Apache-2.0 */
#include "api/metrics.h"

#include "api/internal.h"
#include "api/version.h"

#include <stdio.h>

#define BUCKETS 8192u /* power of two, more than METRICS_SERIES_MAX */
_Static_assert(BUCKETS > METRICS_SERIES_MAX, "an open hash needs room");

/* What a series is about: pointers into tables that live as long as the program (custom resources are counted as one). */
struct series {
	const char *verb, *group, *version, *resource, *subresource, *scope;
	int code;
	bool dry_run;
	atomic_uint_least64_t count, duration_us;
};
struct metrics {
	atomic_size_t n;                       /* how many of v are there for readers */
	uint16_t buckets[BUCKETS];             /* index + 1; the owning thread's */
	struct series v[METRICS_SERIES_MAX];
};

struct metrics *metrics_new(void) { return calloc(1, sizeof(struct metrics)); }
struct metrics *metrics_free(struct metrics *m) {
	free(m);
	return NULL;
}

/* ---- counting ---- */

static const char *verb_of(const struct request *r) {
	static const struct { const char *verb, *name; } names[] = {
		{ "get", "GET" }, { "list", "LIST" }, { "watch", "WATCH" }, { "create", "POST" }, { "update", "PUT" }, { "patch", "PATCH" },
		{ "delete", "DELETE" }, { "deletecollection", "DELETECOLLECTION" }, { "post", "POST" }, { "put", "PUT" },
	};
	if (slice_eqs(r->info.verb, "patch") && slice_eqs(media_strip(request_get_header(r, "content-type")), "application/apply-patch+yaml")) return "APPLY";
	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		if (slice_eqs(r->info.verb, names[i].verb)) return names[i].name;
	return "other";
}

static const char *scope_of(const struct request *r) {
	if (!r->res) return "";
	if (r->info.name.n && r->info.n_parts > 1) return "resource";
	return r->info.ns.n ? "namespace" : "cluster";
}

static struct series key_of(const struct request *r) {
	bool known = r->res && !r->res->is_custom;
	return (struct series){ .verb = verb_of(r), .scope = scope_of(r), .code = r->code, .group = known ? r->res->group : "",
				.version = known ? r->res->version : "", .resource = known ? r->res->resource : r->res ? "customresources" : "",
				.subresource = r->sub && known ? r->sub->name : "", .dry_run = query_get(&r->query, "dryRun").p != NULL };
}

static bool same(const struct series *a, const struct series *b) {
	return a->verb == b->verb && a->group == b->group && a->version == b->version && a->resource == b->resource &&
	       a->subresource == b->subresource && a->scope == b->scope && a->code == b->code && a->dry_run == b->dry_run;
}

static size_t hash_of(const struct series *s) {
	uint64_t h = 14695981039346656037u;
	const uintptr_t parts[] = { (uintptr_t)s->verb, (uintptr_t)s->group, (uintptr_t)s->resource, (uintptr_t)s->subresource, (uintptr_t)s->scope,
				    (uintptr_t)s->code * 2 + s->dry_run, (uintptr_t)s->version };
	for (size_t i = 0; i < ELEMENTSOF(parts); i++) h = (h ^ parts[i]) * 1099511628211u;
	return (size_t)(h ^ h >> 29);
}

static struct series *find(struct metrics *m, const struct series *key) {
	for (size_t i = hash_of(key);; i++) {
		uint16_t at = m->buckets[i % BUCKETS];
		if (at && same(&m->v[at - 1], key)) return &m->v[at - 1];
		if (at) continue;
		size_t n = atomic_load_explicit(&m->n, memory_order_relaxed);
		if (n == METRICS_SERIES_MAX) return NULL;
		struct series *s = &m->v[n];
		*s = *key;
		m->buckets[i % BUCKETS] = (uint16_t)(n + 1);
		atomic_store_explicit(&m->n, n + 1, memory_order_release);
		return s;
	}
}

void metrics_count(struct request *r) {
	struct series key = key_of(r), *s = r->al->metrics ? find(r->al->metrics, &key) : NULL;
	if (!s) return;
	uint64_t us = (env_mono(r->api->env) - r->started) / 1000;
	atomic_fetch_add_explicit(&s->count, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->duration_us, us, memory_order_relaxed);
}

/* ---- the text ---- */

static void put_labels(struct buf *b, const struct series *s) {
	buf_printf(b, "{code=\"%d\",component=\"apiserver\",dry_run=\"%s\",group=\"%s\",resource=\"%s\",scope=\"%s\",subresource=\"%s\",verb=\"%s\",version=\"%s\"}",
		   s->code, s->dry_run ? "All" : "", s->group, s->resource, s->scope, s->subresource, s->verb, s->version);
}

/* Loops count on their own; the same series of several loops are added up here. */
static uint64_t total(struct api *api, const struct series *key, bool durations) {
	uint64_t sum = 0;
	for (size_t l = 0; l < api->n_loops; l++) {
		struct metrics *m = api->loops[l].metrics;
		size_t n = m ? atomic_load_explicit(&m->n, memory_order_acquire) : 0;
		for (size_t i = 0; i < n; i++)
			if (same(&m->v[i], key)) sum += atomic_load_explicit(durations ? &m->v[i].duration_us : &m->v[i].count, memory_order_relaxed);
	}
	return sum;
}

static bool shown_by_earlier_loop(struct api *api, size_t loop, const struct series *key) {
	for (size_t l = 0; l < loop; l++) {
		struct metrics *m = api->loops[l].metrics;
		size_t n = m ? atomic_load_explicit(&m->n, memory_order_acquire) : 0;
		for (size_t i = 0; i < n; i++)
			if (same(&m->v[i], key)) return true;
	}
	return false;
}

static void each_series(struct api *api, struct buf *b, void (*put)(struct api *api, const struct series *s, struct buf *b)) {
	for (size_t l = 0; l < api->n_loops; l++) {
		struct metrics *m = api->loops[l].metrics;
		size_t n = m ? atomic_load_explicit(&m->n, memory_order_acquire) : 0;
		for (size_t i = 0; i < n; i++)
			if (!shown_by_earlier_loop(api, l, &m->v[i])) put(api, &m->v[i], b);
	}
}

static void put_count(struct api *api, const struct series *s, struct buf *b) {
	buf_puts(b, "apiserver_request_total");
	put_labels(b, s);
	buf_printf(b, " %llu\n", (unsigned long long)total(api, s, false));
}

static void put_duration(struct api *api, const struct series *s, struct buf *b) {
	buf_puts(b, "apiserver_request_duration_seconds_sum");
	put_labels(b, s);
	buf_printf(b, " %.6f\n", (double)total(api, s, true) / 1e6);
	buf_puts(b, "apiserver_request_duration_seconds_count");
	put_labels(b, s);
	buf_printf(b, " %llu\n", (unsigned long long)total(api, s, false));
}

static void put_gauge(struct buf *b, const char *name, const char *help, double v) {
	buf_printf(b, "# HELP %s %s\n# TYPE %s gauge\n%s %.17g\n", name, help, name, name, v);
}

static size_t in_flight(struct api *api) {
	size_t n = 0;
	for (size_t l = 0; l < api->n_loops; l++) n += atomic_load_explicit(&api->loops[l].running, memory_order_relaxed);
	return n;
}

static long resident_bytes(void) {
	long pages = 0, skip = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	if (!f) return 0;
	if (fscanf(f, "%ld %ld", &skip, &pages) != 2) pages = 0;
	fclose(f);
	return pages * sysconf(_SC_PAGESIZE);
}

static void put_store(struct api *api, struct buf *b) {
	struct store_stats s;
	store_stats(api->store, &s);
	put_gauge(b, "k8c_store_revision", "Newest committed revision.", (double)s.rv);
	put_gauge(b, "k8c_store_oldest_revision", "Oldest revision that can still be read or watched from.", (double)s.oldest_rv);
	put_gauge(b, "k8c_store_objects", "Live objects.", (double)s.objects);
	put_gauge(b, "k8c_store_bytes", "Bytes of live objects.", (double)s.bytes);
	put_gauge(b, "k8c_store_queue", "Transactions waiting for the commit thread.", (double)s.queue);
	put_gauge(b, "k8c_store_commits", "Durable transactions of the engine so far.", (double)s.commits);
}

static void put_objects(struct api *api, struct buf *b) {
	struct store_snapshot *snap = store_snapshot(api->store);
	buf_puts(b, "# HELP apiserver_storage_objects Number of stored objects at the time of last check split by kind.\n# TYPE apiserver_storage_objects gauge\n");
	for (size_t i = 0; snap && i < schema_builtin_count(); i++) {
		const struct schema_resource *r = schema_builtin(i);
		char key[512];
		if (!(r->verbs & VERB_LIST) || strcmp(r->group, r->storage_group) != 0 || strcmp(r->version, r->storage_version) != 0) continue;
		snprintf(key, sizeof(key), "%s/%s", r->group, r->resource);
		buf_printf(b, "apiserver_storage_objects{resource=\"%s%s%s\"} %zu\n", r->resource, *r->group ? "." : "", r->group,
			   store_count(snap, slice_str(key), SLICE_NULL));
	}
	store_snapshot_unref(snap);
}

void metrics_handle(struct request *r) {
	_cleanup_buf_ struct buf b = BUF_INIT(METRICS_BYTES_MAX);
	buf_puts(&b, "# HELP apiserver_request_total Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, "
		     "scope, component, and HTTP response code.\n# TYPE apiserver_request_total counter\n");
	each_series(r->api, &b, put_count);
	buf_puts(&b, "# HELP apiserver_request_duration_seconds Response latency distribution in seconds for each verb, dry run value, group, version, "
		     "resource, subresource, scope and component.\n# TYPE apiserver_request_duration_seconds summary\n");
	each_series(r->api, &b, put_duration);
	put_gauge(&b, "apiserver_current_inflight_requests", "Requests that are being answered, watches included.", (double)in_flight(r->api));
	put_store(r->api, &b);
	put_objects(r->api, &b);
	put_gauge(&b, "process_resident_memory_bytes", "Resident memory size in bytes.", (double)resident_bytes());
	buf_printf(&b, "# HELP kubernetes_build_info Version of the API.\n# TYPE kubernetes_build_info gauge\nkubernetes_build_info{git_version=\"%s\",major=\"1\",minor=\"34\"} 1\n",
		   KUBERNETES_VERSION);
	struct slice text = buf_err(&b) ? SLICE_NULL : arena_slice_dup(r->a, buf_slice(&b));
	if (slice_empty(text)) request_status(r, status_no_memory());
	else request_bytes(r, 200, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", text);
}
