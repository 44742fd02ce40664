/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route/paths.h"

#include "api/discovery.h"
#include "api/health.h"
#include "api/metrics.h"
#include "api/oidc.h"
#include "api/openapi.h"
#include "api/root.h"
#include "api/version.h"

/* How a path is matched: as it is, also with a slash behind it, or everything below it. */
enum match { EXACT, SLASH, BELOW };

static const struct path {
	const char *path;
	enum match match;
	bool any_method;
	void (*handle)(struct request *r);
} paths[] = {
	{ "/", EXACT, true, root_handle },
	{ "/api", SLASH, false, discovery_api_handle },
	{ "/apis", SLASH, false, discovery_apis_handle },
	{ "/api/", BELOW, false, discovery_core_handle },
	{ "/apis/", BELOW, true, discovery_group_handle },
	{ "/version", SLASH, false, version_handle },
	{ "/healthz", EXACT, true, health_handle },
	{ "/livez", EXACT, true, health_handle },
	{ "/readyz", EXACT, true, health_handle },
	{ "/healthz/", BELOW, true, health_check_handle },
	{ "/livez/", BELOW, true, health_check_handle },
	{ "/readyz/", BELOW, true, health_check_handle },
	{ "/metrics", EXACT, true, metrics_handle },
	{ "/openapi/v2", EXACT, false, openapi_v2_handle },
	{ "/openapi/v3", SLASH, false, openapi_index_handle },
	{ "/openapi/v3/", BELOW, false, openapi_document_handle },
	{ "/.well-known/openid-configuration", SLASH, false, oidc_config_handle },
	{ "/openid/v1/jwks", SLASH, false, oidc_jwks_handle },
};

static bool fits(const struct path *p, struct slice path) {
	struct slice want = slice_str(p->path);
	switch (p->match) {
	case EXACT: return slice_eq(path, want);
	case SLASH: return slice_eq(path, want) || (path.n == want.n + 1 && slice_starts(path, want) && path.p[want.n] == '/');
	case BELOW: return path.n > want.n && slice_starts(path, want);
	}
	return false;
}

void paths_route(struct request *r) {
	for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
		const struct path *p = &paths[i];
		if (!fits(p, r->info.path)) continue;
		if (p->any_method || slice_eqs(r->x->head.method, "GET")) p->handle(r);
		else request_status(r, status_method_not_allowed());
		return;
	}
	request_status(r, status_page_not_found());
}
