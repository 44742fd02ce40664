/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route/route.h"

#include "api/aggregate/proxy.h"
#include "api/internal.h"
#include "api/resources.h"
#include "api/route/paths.h"
#include "api/subresource.h"
#include "api/verbs.h"
#include "schema/crd.h"

static const struct { const char *verb; unsigned bit; void (*handle)(struct request *r); } verbs[] = {
	{ "get", VERB_GET, get_handle }, { "list", VERB_LIST, list_handle }, { "watch", VERB_WATCH, watch_handle },
	{ "create", VERB_CREATE, create_handle }, { "update", VERB_UPDATE, update_handle }, { "patch", VERB_PATCH, patch_handle },
	{ "delete", VERB_DELETE, delete_handle }, { "deletecollection", VERB_DELETECOLLECTION, deletecollection_handle },
};

static const char *const patch_types[] = {
	"application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json", "application/apply-patch+yaml",
};

unsigned route_verb_bit(struct slice verb) {
	for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
		if (slice_eqs(verb, verbs[i].verb)) return verbs[i].bit;
	return 0;
}

bool route_is_long_running(const struct request *r) {
	static const char *const streams[] = { "attach", "exec", "log", "portforward", "proxy" };
	if (!r->info.is_resource) return false;
	if (slice_eqs(r->info.verb, "watch") || slice_eqs(r->info.verb, "proxy")) return true;
	for (size_t i = 0; i < ELEMENTSOF(streams); i++)
		if (slice_eqs(r->info.subresource, streams[i])) return true;
	return false;
}

/* ---- does the path exist? ---- */

/* Does the URL's namespace fit the scope? /api/v1/namespaces/<x> is cluster-scoped with a namespace in its info. */
static bool scope_fits(const struct request *r) {
	bool of_namespace = !strcmp(r->res->resource, "namespaces") && r->info.n_parts > 1;
	bool in_ns = r->info.ns.n > 0 && !of_namespace;
	if (!r->res->namespaced) return !in_ns;
	return in_ns || slice_empty(r->info.ns);
}

/* Verbs that a collection's or an object's path takes at all, by method. */
static unsigned methods_of_path(const struct request *r, bool has_name) {
	bool across = r->res->namespaced && slice_empty(r->info.ns);
	unsigned collection = VERB_LIST | VERB_WATCH | (across ? 0 : VERB_CREATE | VERB_DELETECOLLECTION);
	/* Custom resources are served by what the request is about, not by routes. */
	if (r->res->is_custom && has_name) return r->res->verbs & (VERB_GET | VERB_UPDATE | VERB_PATCH | VERB_DELETE | VERB_CREATE);
	return r->res->verbs & (has_name ? VERB_GET | VERB_UPDATE | VERB_PATCH | VERB_DELETE : collection);
}

static bool is_legacy_watch(const struct request *r) { return r->info.legacy_watch && slice_eqs(r->x->head.method, "GET"); }

static unsigned verbs_at(struct request *r, const struct status **ret) {
	const struct request_info *i = &r->info;
	bool has_name = i->n_parts > 1;
	*ret = r->res->is_custom ? status_page_not_found() : status_unknown_resource();
	if (!scope_fits(r) || i->legacy_proxy) return 0;
	if (i->n_parts > 3 && !slice_eqs(i->subresource, "proxy")) return 0;
	bool across = r->res->namespaced && slice_empty(i->ns);
	if (has_name && across) return 0;
	if (i->legacy_watch) return i->n_parts <= 2 ? r->res->verbs & VERB_WATCH : 0;
	if (i->n_parts <= 2) return methods_of_path(r, has_name);
	r->sub = schema_subresource_find(r->res, i->subresource);
	if (!r->sub && r->res->is_custom) *ret = status_not_found(r->a, i->group, i->resource, i->name);
	return r->sub ? r->sub->verbs : 0;
}

/* ---- the filters of a route ---- */

/* Proxies take them too (ConnectMethods of registry/core/service/proxy.go). */
static bool is_proxy_method(const struct request *r) {
	bool head = slice_eqs(r->x->head.method, "HEAD"), options = slice_eqs(r->x->head.method, "OPTIONS");
	return (head || options) && r->sub && slice_eqs(r->info.subresource, "proxy");
}

static bool method_is_known(const struct request *r) {
	static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };
	if (r->res->is_custom && slice_eqs(r->x->head.method, "HEAD")) return true;
	for (size_t i = 0; i < ELEMENTSOF(methods); i++)
		if (slice_eqs(r->x->head.method, methods[i])) return true;
	return false;
}

static const struct status *check_method(struct request *r, unsigned verbs_here) {
	unsigned bit = route_verb_bit(r->info.verb);
	if (r->info.legacy_watch) return is_legacy_watch(r) ? NULL : status_method_not_allowed();
	if (is_proxy_method(r)) return NULL;
	if (!method_is_known(r) || !(verbs_here & bit)) return status_method_not_allowed();
	return NULL;
}

static const struct status *check_types(struct request *r) {
	if (slice_eqs(r->info.verb, "patch") && !(r->sub && r->long_running)) {
		struct slice t = media_strip(request_get_header(r, "content-type"));
		bool known = false;
		for (size_t i = 0; i < ELEMENTSOF(patch_types); i++) known |= slice_eqs(t, patch_types[i]);
		if (!known) return status_unsupported_patch();
	}
	if (r->sub && r->long_running) return NULL;
	bool watchable = slice_eqs(r->info.verb, "list") || slice_eqs(r->info.verb, "watch");
	return negotiate_routable(request_get_header(r, "accept")) ? NULL : status_not_acceptable_route(watchable);
}

/* The handler's own negotiation of what it answers with. */
static const struct status *negotiate(struct request *r) {
	bool watch = slice_eqs(r->info.verb, "watch");
	if (r->sub && r->long_running) return NULL;
	bool custom = r->res->is_custom && (!r->sub || !strcmp(r->sub->kind, r->res->kind));
	enum negotiate_for what = custom ? watch ? NEGOTIATE_CUSTOM_WATCH : NEGOTIATE_CUSTOM : watch ? NEGOTIATE_WATCH : NEGOTIATE_OBJECT;
	int err = negotiate_accept(request_get_header(r, "accept"), what, &r->out);
	return err ? status_not_acceptable(r->a, watch) : NULL;
}

static bool kept_in_object(const struct request *r) {
	return r->sub && !strcmp(r->sub->kind, r->res->kind) && !slice_eqs(r->info.subresource, "log");
}

/* API versions that still work but should not be used (prerelease-lifecycle tags of the types). */
static const struct { const char *group, *resource, *text; } deprecated[] = {
	{ "", "endpoints", "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice" },
	{ "", "componentstatuses", "v1 ComponentStatus is deprecated in v1.19+" },
};

static void warn_of_deprecation(struct request *r) {
	const struct schema_custom *custom = schema_custom_of(r->res);
	if (custom && custom->deprecation) request_warn(r, custom->deprecation);
	for (size_t i = 0; i < ELEMENTSOF(deprecated); i++)
		if (!strcmp(r->res->group, deprecated[i].group) && !strcmp(r->res->resource, deprecated[i].resource)) request_warn(r, deprecated[i].text);
}

static const struct status *refuse_in_terminating(struct request *r) {
	struct status *st = arena_new_of(r->a, struct status);
	if (!st) return status_no_memory();
	*st = *status_method_not_allowed();
	st->message = "create not allowed while custom resource definition is terminating";
	return st;
}

static void dispatch(struct request *r) {
	unsigned bit = route_verb_bit(r->info.verb);
	warn_of_deprecation(r);
	if (bit == VERB_CREATE && resources_terminating(r->api, r->a, r->res)) {
		request_status(r, refuse_in_terminating(r));
		return;
	}
	const struct subresource_handler *h = subresource_handler_find(r->info.group, r->info.resource, r->info.subresource, bit);
	if (h) {
		h->handle(r);
		return;
	}
	if (r->sub && r->res->is_custom && !strcmp(r->sub->name, "scale")) {
		scale_handle(r);
		return;
	}
	if (r->sub && !kept_in_object(r)) {
		request_status(r, status_unknown_resource());
		return;
	}
	for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
		if (verbs[i].bit != bit) continue;
		verbs[i].handle(r);
		return;
	}
	request_status(r, status_method_not_allowed());
}

/* Paths that only look like resources once their slashes are trimmed. */
static bool misshapen(const struct request *r) {
	bool core = slice_starts(r->info.path, SLICE_LIT("/api/")), grouped = slice_starts(r->info.path, SLICE_LIT("/apis/"));
	return !core && (!grouped || slice_empty(r->info.group));
}

static void route_resource(struct request *r) {
	const struct status *st = NULL;
	if (misshapen(r)) {
		request_status(r, status_page_not_found());
		return;
	}
	bool built_in = resources_built_in_group(r->info.group);
	r->res = resources_find(r->api, r->a, r->info.group, r->info.version, r->info.resource);
	if (!r->res) {
		request_status(r, built_in ? status_unknown_resource() : status_page_not_found());
		return;
	}
	unsigned here = verbs_at(r, &st);
	if (here) st = check_method(r, here);
	if (!st) st = check_types(r);
	if (!st) st = negotiate(r);
	if (st) request_status(r, st);
	else dispatch(r);
}

void route_request(struct request *r) {
	if (aggregate_take(r)) return;
	if (r->info.is_resource) route_resource(r);
	else paths_route(r);
}
