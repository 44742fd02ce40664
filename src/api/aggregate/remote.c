/* SPDX-License-Identifier: Apache-2.0 */
#include "api/aggregate/remote.h"

#include "codec/base64.h"
#include "codec/goquote.h"
#include "codec/timestamp.h"

#include <errno.h>

static yyjson_mut_val *parsed(struct arena *a, const struct store_obj *o) {
	yyjson_mut_doc *doc;
	struct json_error e;
	return o && json_parse(a, blob_slice(o->json), &doc, &e) == 0 ? yyjson_mut_doc_get_root(doc) : NULL;
}

static yyjson_mut_val *available_of(const yyjson_mut_val *api_service) {
	yyjson_mut_val *c;
	json_each(json_path(api_service, "status.conditions"), c)
		if (slice_eqs(json_path_str(c, "type"), "Available")) return c;
	return NULL;
}

int remote_read(struct arena *a, const yyjson_mut_val *s, struct remote_service *ret) {
	const yyjson_mut_val *spec = json_get(s, "spec"), *service = json_get(spec, "service");
	struct slice bundle = json_path_str(spec, "caBundle"), pem = SLICE_NULL;
	if (!service || yyjson_mut_is_null((yyjson_mut_val *)(uintptr_t)service)) return 0;
	int err = bundle.n ? base64_decode_new(a, BASE64_STD, bundle, &pem) : 0;
	if (err) return err;
	*ret = (struct remote_service){
		.name = json_path_str(s, "metadata.name"), .group = json_path_str(spec, "group"), .version = json_path_str(spec, "version"),
		.ns = json_path_str(service, "namespace"), .service = json_path_str(service, "name"), .port = json_path_int(service, "port", 443),
		.ca_pem = pem, .insecure = json_path_bool(spec, "insecureSkipTLSVerify", false),
		.available = slice_eqs(json_path_str(available_of(s), "status"), "True"),
		.group_priority = json_path_int(spec, "groupPriorityMinimum", 0), .version_priority = json_path_int(spec, "versionPriority", 0),
	};
	return 1;
}

int remote_find(struct arena *a, const struct store_snapshot *snap, struct slice name, struct remote_service *ret) {
	struct store_key key = { .resource = SLICE_LIT(API_SERVICES), .name = name };
	struct store_obj *o = store_get(snap, &key);
	const yyjson_mut_val *s = parsed(a, o);
	if (!s) return o ? -ENOMEM : 0;
	return remote_read(a, s, ret);
}

static int by_rank(const void *x, const void *y) {
	const struct remote_service *a = x, *b = y;
	int groups = slice_cmp(a->group, b->group);
	if (groups && a->group_priority != b->group_priority) return a->group_priority > b->group_priority ? -1 : 1;
	if (groups) return groups;
	if (a->version_priority != b->version_priority) return a->version_priority > b->version_priority ? -1 : 1;
	return slice_cmp(a->version, b->version);
}

/* A group ranks by the best of its versions. */
static void level_groups(struct remote_service *v, size_t n) {
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++)
			if (slice_eq(v[i].group, v[k].group) && v[k].group_priority > v[i].group_priority) v[i].group_priority = v[k].group_priority;
}

int remote_all(struct arena *a, const struct store_snapshot *snap, struct remote_service **ret, size_t *ret_n) {
	struct slice resource = SLICE_LIT(API_SERVICES);
	struct remote_service *v = arena_array(a, store_count(snap, resource, SLICE_NULL) + 1, sizeof(*v));
	struct store_cursor c;
	struct store_obj *o;
	size_t n = 0;
	if (!v) return -ENOMEM;
	store_scan(snap, resource, SLICE_NULL, NULL, &c);
	while ((o = store_next(&c))) {
		/* Most are local, which their bytes tell. */
		if (slice_find(blob_slice(o->json), SLICE_LIT("\"service\":")) < 0) continue;
		int got = remote_read(a, parsed(a, o), &v[n]);
		if (got == -ENOMEM) return got;
		n += got == 1;
	}
	level_groups(v, n);
	qsort(v, n, sizeof(*v), by_rank);
	*ret = v;
	*ret_n = n;
	return 0;
}

/* ---- checks ---- */

static bool absent(struct arena *a, struct remote_condition *ret, const char *reason, const char *fmt, ...) k8c_printf(4, 5);
static bool absent(struct arena *a, struct remote_condition *ret, const char *reason, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	const char *message = arena_vprintf(a, fmt, ap);
	va_end(ap);
	*ret = (struct remote_condition){ "False", reason, message ? message : "" };
	return false;
}

static bool is_of(const struct store_obj *o, struct slice service) {
	for (size_t i = 0; i < o->n_labels; i++)
		if (slice_eqs(o->labels[i].key, "kubernetes.io/service-name")) return slice_eq(o->labels[i].value, service);
	return false;
}

static bool serves(const yyjson_mut_val *slice, struct slice port_name) {
	yyjson_mut_val *e, *p;
	bool ready = false;
	json_each(json_get(slice, "endpoints"), e) ready |= json_path_bool(e, "conditions.ready", true);
	json_each(ready ? json_get(slice, "ports") : NULL, p)
		if (slice_eq(json_path_str(p, "name"), port_name) && json_get(p, "port")) return true;
	return false;
}

static bool check_endpoints(struct arena *a, const struct store_snapshot *snap, const struct remote_service *s, struct slice port_name, struct remote_condition *ret) {
	struct store_cursor c;
	struct store_obj *o;
	bool any = false, ready = false;
	const char *ns = goquote(a, s->ns), *port = goquote(a, port_name);
	store_scan(snap, SLICE_LIT("discovery.k8s.io/endpointslices"), s->ns, NULL, &c);
	while (!ready && (o = store_next(&c))) {
		if (!is_of(o, s->service)) continue;
		any = true;
		ready = serves(parsed(a, o), port_name);
	}
	if (!any) return absent(a, ret, "EndpointsNotFound", "cannot find endpointslices for service/%.*s in %s", SLICE_FMT(s->service), ns);
	if (!ready)
		return absent(a, ret, "MissingEndpoints", "endpointslices for service/%.*s in %s have no addresses with port name %s", SLICE_FMT(s->service), ns, port);
	return true;
}

bool remote_check(struct arena *a, const struct store_snapshot *snap, const struct remote_service *s, struct remote_condition *ret) {
	struct store_key key = { .resource = SLICE_LIT("/services"), .ns = s->ns, .name = s->service };
	const yyjson_mut_val *service = parsed(a, store_get(snap, &key));
	const char *ns = goquote(a, s->ns);
	yyjson_mut_val *p;
	if (!service) return absent(a, ret, "ServiceNotFound", "service/%.*s in %s is not present", SLICE_FMT(s->service), ns);
	if (!slice_eqs(json_path_str(service, "spec.type"), "ClusterIP")) return true;
	json_each(json_path(service, "spec.ports"), p)
		if (json_path_int(p, "port", -1) == s->port) return check_endpoints(a, snap, s, json_path_str(p, "name"), ret);
	return absent(a, ret, "ServicePortError", "service/%.*s in %s is not listening on port %lld", SLICE_FMT(s->service), ns, (long long)s->port);
}

/* ---- the condition ---- */

static bool says(const yyjson_mut_val *is, const struct remote_condition *c) {
	return is && slice_eqs(json_path_str(is, "status"), c->status) && slice_eqs(json_path_str(is, "reason"), c->reason) &&
	       slice_eqs(json_path_str(is, "message"), c->message);
}

static yyjson_mut_val *conditions_of(yyjson_mut_doc *doc, yyjson_mut_val *api_service) {
	yyjson_mut_val *status = json_ensure_obj(doc, api_service, "status"), *list = json_get(status, "conditions");
	if (!status || yyjson_mut_is_arr(list)) return list;
	list = yyjson_mut_arr(doc);
	return list && json_set(doc, status, "conditions", list) ? list : NULL;
}

int remote_condition_set(yyjson_mut_doc *doc, yyjson_mut_val *api_service, const struct remote_condition *c, int64_t now_sec) {
	yyjson_mut_val *is = available_of(api_service), *list = conditions_of(doc, api_service);
	char now[TIMESTAMP_TEXT];
	if (says(is, c)) return 0;
	if (!list) return -ENOMEM;
	bool turned = !is || !slice_eqs(json_path_str(is, "status"), c->status);
	if (!is && (!(is = yyjson_mut_obj(doc)) || !yyjson_mut_arr_append(list, is))) return -ENOMEM;
	timestamp_format(now_sec, now);
	bool ok = json_set_str(doc, is, "type", SLICE_LIT("Available")) && json_set_str(doc, is, "status", slice_str(c->status)) &&
		  (!turned || json_set_str(doc, is, "lastTransitionTime", slice_str(now))) && json_set_str(doc, is, "reason", slice_str(c->reason)) &&
		  json_set_str(doc, is, "message", slice_str(c->message));
	return ok ? 1 : -ENOMEM;
}
