/* SPDX-License-Identifier: Apache-2.0 */
#include "api/webhook/set.h"

#include "codec/base64.h"

#include <errno.h>

#define GROUP "admissionregistration.k8s.io"
#define TIMEOUT_DEFAULT_S 10

static const struct slice resources[2] = {
	{ GROUP "/validatingwebhookconfigurations", sizeof(GROUP "/validatingwebhookconfigurations") - 1 },
	{ GROUP "/mutatingwebhookconfigurations", sizeof(GROUP "/mutatingwebhookconfigurations") - 1 },
};

static void set_unref(void *p) {
	struct webhook_set *s = p;
	if (s && --s->refs == 0) arena_free(s->a);
}

/* ---- reading ---- */

static enum webhook_version version_of(const yyjson_mut_val *h) {
	yyjson_mut_val *v;
	json_each(json_get(h, "admissionReviewVersions"), v) {
		if (slice_eqs(json_str(v), "v1")) return WEBHOOK_V1;
		if (slice_eqs(json_str(v), "v1beta1")) return WEBHOOK_V1BETA1;
	}
	return WEBHOOK_UNKNOWN;
}

/* An absent selector is an empty one here: everything (defaults write it down). */
static int read_selector(struct arena *a, const yyjson_mut_val *h, const char *name, struct labels_selector *ret, const char **ret_broken) {
	const yyjson_mut_val *s = json_get(h, name);
	const char *msg = NULL;
	*ret = (struct labels_selector){ 0 };
	int err = s ? labels_from_object(a, s, ret, &msg) : 0;
	if (err == -EBADMSG) *ret_broken = msg;
	return err == -EBADMSG ? 0 : err;
}

static int read_client(struct arena *a, const yyjson_mut_val *h, struct webhook *w) {
	const yyjson_mut_val *c = json_get(h, "clientConfig"), *service = json_get(c, "service");
	struct slice bundle = json_path_str(c, "caBundle");
	w->url = json_path_str(c, "url");
	w->service_ns = json_path_str(service, "namespace");
	w->service_name = json_path_str(service, "name");
	w->service_path = json_path_str(service, "path");
	w->service_port = json_path_int(service, "port", 443);
	if (!w->url.n && !service) w->broken = "could not get REST client: webhook configuration must have either service or URL";
	int err = bundle.n ? base64_decode_new(a, BASE64_STD, bundle, &w->ca_pem) : 0;
	if (err == -EBADMSG) w->broken = "could not get REST client: unable to load root certificates: unable to parse bytes as PEM block";
	return err == -EBADMSG ? 0 : err;
}

static int read_webhook(struct webhook_set *s, struct slice configuration, const yyjson_mut_val *h) {
	struct webhook *w = &s->v[s->n];
	*w = (struct webhook){
		.configuration = configuration, .name = json_path_str(h, "name"), .at = s->n, .rules = json_get(h, "rules"), .version = version_of(h),
		.fail_open = slice_eqs(json_path_str(h, "failurePolicy"), "Ignore"), .equivalent = !slice_eqs(json_path_str(h, "matchPolicy"), "Exact"),
		.if_needed = slice_eqs(json_path_str(h, "reinvocationPolicy"), "IfNeeded"), .conditional = json_size(json_get(h, "matchConditions")) > 0,
		.timeout_ms = (unsigned)json_path_int(h, "timeoutSeconds", TIMEOUT_DEFAULT_S) * 1000u,
	};
	struct slice effects = json_path_str(h, "sideEffects");
	w->dry_runs = slice_eqs(effects, "None") || slice_eqs(effects, "NoneOnDryRun");
	if (w->version == WEBHOOK_UNKNOWN) w->broken = "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)";
	int err = read_selector(s->a, h, "namespaceSelector", &w->namespaces, &w->broken);
	if (!err) err = read_selector(s->a, h, "objectSelector", &w->objects, &w->broken);
	if (!err) err = read_client(s->a, h, w);
	if (!err) s->n++;
	return err;
}

static int read_configuration(struct webhook_set *s, const struct store_obj *o) {
	yyjson_mut_doc *doc;
	struct json_error e;
	yyjson_mut_val *h;
	int err = json_parse(s->a, blob_slice(o->json), &doc, &e);
	if (err) return err;
	const yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *list = json_get(root, "webhooks");
	size_t size = sizeof(*s->v);
	s->v = arena_realloc(s->a, s->v, s->n * size, (s->n + json_size(list) + 1) * size);
	if (!s->v) return -ENOMEM;
	json_each(list, h)
		if ((err = read_webhook(s, json_path_str(root, "metadata.name"), h)) < 0) return err;
	return 0;
}

static int read_set(const struct store_snapshot *snap, struct slice resource, struct webhook_set **ret) {
	struct arena *a = arena_new(0);
	struct webhook_set *s = a ? arena_new_of(a, struct webhook_set) : NULL;
	uint64_t *revs = s ? arena_array(a, store_count(snap, resource, SLICE_NULL), sizeof(*revs)) : NULL;
	struct store_cursor c;
	struct store_obj *o;
	int err = revs ? 0 : -ENOMEM;
	if (s) *s = (struct webhook_set){ .refs = 1, .a = a, .revs = revs };
	store_scan(snap, resource, SLICE_NULL, NULL, &c);
	while (!err && (o = store_next(&c))) {
		revs[s->n_revs++] = o->rv;
		err = read_configuration(s, o);
	}
	if (err) arena_free(a);
	else *ret = s;
	return err;
}

/* ---- keeping ---- */

static bool is_current(const struct webhook_set *s, const struct store_snapshot *snap, struct slice resource) {
	struct store_cursor c;
	struct store_obj *o;
	size_t i = 0;
	if (!s || s->n_revs != store_count(snap, resource, SLICE_NULL)) return false;
	store_scan(snap, resource, SLICE_NULL, NULL, &c);
	while ((o = store_next(&c)))
		if (i == s->n_revs || s->revs[i++] != o->rv) return false;
	return true;
}

static void on_stop(struct api_loop *al) {
	for (size_t i = 0; i < ELEMENTSOF(al->webhooks); i++) {
		set_unref(al->webhooks[i]);
		al->webhooks[i] = NULL;
	}
}

static int keep(struct api_loop *al, bool mutating, struct webhook_set *s) {
	bool first = !al->webhooks[0] && !al->webhooks[1];
	if (al->stopped || (first && api_loop_on_stop(al, on_stop) < 0)) return -ENOMEM;
	set_unref(al->webhooks[mutating]);
	al->webhooks[mutating] = s;
	return 0;
}

int webhook_set_get(struct request *r, const struct store_snapshot *snap, bool mutating, struct webhook_set **ret) {
	struct api_loop *al = r->al;
	struct slice resource = resources[mutating];
	struct webhook_set *s = NULL;
	if (!store_count(snap, resource, SLICE_NULL)) {
		*ret = NULL;
		return 0;
	}
	if (!is_current(al->webhooks[mutating], snap, resource)) {
		int err = read_set(snap, resource, &s);
		if (!err && (err = keep(al, mutating, s)) < 0) set_unref(s);
		if (err) return err;
	}
	s = al->webhooks[mutating];
	s->refs++;
	if (arena_defer(r->a, set_unref, s) < 0) return -ENOMEM;
	*ret = s;
	return 0;
}
