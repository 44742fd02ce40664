/* SPDX-License-Identifier: Apache-2.0 */
#include "api/health.h"

#include "api/internal.h"

#include <errno.h>

#define PLAIN "text/plain; charset=utf-8"
#define READY_ONLY 1u

/* ---- what is asked ---- */

static bool always(struct api *api) { return true; }
static bool bootstrapped(struct api *api) { return atomic_load(&api->bootstrapped); }
static bool not_draining(struct api *api) { return !atomic_load(&api->draining); }

/* After an I/O error only a start anew helps, which whoever supervises the server sees here. A full disk passes by itself. */
/* A datastore elsewhere may come back. */
static bool store_answers(struct api *api) { return store_health(api->store, NULL, 0) != -ENOLINK; }

static bool store_works(struct api *api) { return store_health(api->store, NULL, 0) != -EIO; }

static const struct check {
	const char *name;
	unsigned flags;
	bool (*ok)(struct api *api);
} checks[] = {
	{ "ping", 0, always },
	{ "log", 0, always },
	{ "etcd", 0, store_works },
	{ "etcd-readiness", READY_ONLY, store_answers },
	{ "informer-sync", READY_ONLY, bootstrapped },
	{ "poststarthook/start-apiserver-admission-initializer", 0, always },
	{ "poststarthook/generic-apiserver-start-informers", 0, always },
	{ "poststarthook/priority-and-fairness-config-consumer", 0, always },
	{ "poststarthook/priority-and-fairness-filter", 0, always },
	{ "poststarthook/storage-object-count-tracker-hook", 0, always },
	{ "poststarthook/start-apiextensions-informers", 0, always },
	{ "poststarthook/start-apiextensions-controllers", 0, always },
	{ "poststarthook/crd-informer-synced", 0, always },
	{ "poststarthook/start-system-namespaces-controller", 0, always },
	{ "poststarthook/start-cluster-authentication-info-controller", 0, always },
	{ "poststarthook/start-kube-apiserver-identity-lease-controller", 0, always },
	{ "poststarthook/start-kube-apiserver-identity-lease-garbage-collector", 0, always },
	{ "poststarthook/start-legacy-token-tracking-controller", 0, always },
	{ "poststarthook/start-service-ip-repair-controllers", 0, always },
	{ "poststarthook/rbac/bootstrap-roles", 0, bootstrapped },
	{ "poststarthook/scheduling/bootstrap-system-priority-classes", 0, bootstrapped },
	{ "poststarthook/priority-and-fairness-config-producer", 0, always },
	{ "poststarthook/bootstrap-controller", 0, bootstrapped },
	{ "poststarthook/start-kubernetes-service-cidr-controller", 0, bootstrapped },
	{ "poststarthook/aggregator-reload-proxy-client-cert", 0, always },
	{ "poststarthook/start-kube-aggregator-informers", 0, always },
	{ "poststarthook/apiservice-status-local-available-controller", 0, always },
	{ "poststarthook/apiservice-status-remote-available-controller", 0, always },
	{ "poststarthook/apiservice-registration-controller", 0, always },
	{ "poststarthook/apiservice-discovery-controller", 0, always },
	{ "poststarthook/kube-apiserver-autoregistration", 0, always },
	{ "autoregister-completion", 0, bootstrapped },
	{ "poststarthook/apiservice-openapi-controller", 0, always },
	{ "poststarthook/apiservice-openapiv3-controller", 0, always },
	{ "shutdown", READY_ONLY, not_draining },
};

/* ---- answers ---- */

static bool applies(const struct check *c, bool ready) { return ready || !(c->flags & READY_ONLY); }

static bool is_excluded(struct request *r, const char *name) {
	struct slice v;
	size_t it = 0;
	while (query_next(&r->query, "exclude", &it, &v))
		if (slice_eqs(v, name)) return true;
	return false;
}

/* Names to be left out that match no check. */
static void put_unmatched(struct request *r, bool ready, struct buf *b) {
	struct slice v;
	size_t it = 0, n = 0;
	while (query_next(&r->query, "exclude", &it, &v)) {
		bool known = false;
		for (size_t i = 0; i < ELEMENTSOF(checks); i++) known |= applies(&checks[i], ready) && slice_eqs(v, checks[i].name);
		if (known) continue;
		buf_puts(b, n++ ? "," : "warn: some health checks cannot be excluded: no matches for ");
		status_put_quoted(b, v);
	}
	if (n) buf_putc(b, '\n');
}

static bool run(struct request *r, bool ready, struct buf *b) {
	bool all = true;
	for (size_t i = 0; i < ELEMENTSOF(checks); i++) {
		const struct check *c = &checks[i];
		if (!applies(c, ready)) continue;
		if (is_excluded(r, c->name)) {
			buf_printf(b, "[+]%s excluded: ok\n", c->name);
			continue;
		}
		bool ok = c->ok(r->api);
		buf_printf(b, ok ? "[+]%s ok\n" : "[-]%s failed: reason withheld\n", c->name);
		all &= ok;
	}
	return all;
}

static void answer(struct request *r, int code, struct slice text) {
	struct slice copy = arena_slice_dup(r->a, text);
	(void)request_header(r, "x-content-type-options", SLICE_LIT("nosniff"));
	request_bytes(r, code, PLAIN, copy);
}

void health_handle(struct request *r) {
	_cleanup_buf_ struct buf b = BUF_INIT(64 * KIB);
	struct slice name = slice_from(r->info.path, 1);
	bool ready = slice_eqs(name, "readyz");
	bool ok = run(r, ready, &b);
	if (ok && !query_get(&r->query, "verbose").p) {
		answer(r, 200, SLICE_LIT("ok"));
		return;
	}
	put_unmatched(r, ready, &b);
	buf_printf(&b, ok ? "%.*s check passed\n" : "%.*s check failed\n", SLICE_FMT(name));
	answer(r, ok ? 200 : 500, buf_slice(&b));
}

void health_check_handle(struct request *r) {
	struct slice rest = slice_from(r->info.path, 1), root = slice_cut(&rest, '/');
	for (size_t i = 0; i < ELEMENTSOF(checks); i++) {
		if (!slice_eqs(rest, checks[i].name) || !applies(&checks[i], slice_eqs(root, "readyz"))) continue;
		if (checks[i].ok(r->api)) answer(r, 200, SLICE_LIT("ok"));
		else answer(r, 500, SLICE_LIT("internal server error: reason withheld\n"));
		return;
	}
	request_status(r, status_page_not_found());
}
