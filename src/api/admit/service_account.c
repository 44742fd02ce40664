/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceAccount: a pod gets its account, the account's pull secrets, and the volume with token, root CA and namespace
 * (plugin/pkg/admission/serviceaccount). Validation repeats what a later mutation could have broken.
 */
#include "api/admit/plugins.h"
#include "api/admit/mountable_secrets.h"

#define MOUNT_PATH "/var/run/secrets/kubernetes.io/serviceaccount"
#define VOLUME_PREFIX "kube-api-access-"
/* Not 3600: the token endpoint recognises tokens asked for by this volume (spec.expirationSeconds of a TokenRequest). */
#define TOKEN_SECONDS 3607
/* The default account is made by a controller right after its namespace. */
#define DEFAULT_ACCOUNT_TRIES 10

struct lookup {
	struct admit *ad;
	struct request_token *token;
	unsigned tries;
	uint64_t pause_ms;
};

static bool handles(const struct admit *ad) {
	return admit_is(ad, "", "pods", NULL) || admit_is(ad, "", "pods", "ephemeralcontainers");
}

static int deny(const struct status **ret_st, const struct status *st) {
	*ret_st = st;
	return ADMIT_DENY;
}

/* The account as it is now, which may be newer than the snapshot of the write. */
static yyjson_mut_val *account_find(struct admit *ad, struct slice name) {
	struct request *r = ad->r;
	const struct schema_resource *res = schema_find(SLICE_NULL, SLICE_LIT("v1"), SLICE_LIT("serviceaccounts"));
	struct store_snapshot *now = store_snapshot(r->api->store);
	struct store_key key = request_key(r->a, res, ad->ns, name);
	const struct store_obj *found = store_get(now, &key);
	yyjson_mut_doc *doc = found ? request_parse(r->a, res, found) : NULL;
	store_snapshot_unref(now);
	return doc ? yyjson_mut_doc_get_root(doc) : NULL;
}

static void look_again(void *arg) {
	struct lookup *l = arg;
	if (request_resume(l->token)) admit_again(l->ad);
	free(l);
}

/* Another try after 100 to 199 ms. False when there are none left. */
static bool account_wait(struct admit *ad) {
	unsigned *tries = ad->plugin_state;
	if (!tries) ad->plugin_state = tries = arena_new_of(ad->r->a, unsigned);
	if (!tries || ++*tries >= DEFAULT_ACCOUNT_TRIES) return false;
	struct lookup *l = malloc(sizeof(*l));
	if (!l) return false;
	l->ad = ad;
	l->token = request_wait(ad->r);
	uint64_t pause = 100 + env_uniform(ad->r->api->env, 100);
	if (l->token && loop_timer_start(ad->r->x->loop, pause, 0, look_again, l)) return true;
	if (l->token) (void)request_resume(l->token);
	free(l);
	return false;
}

static const struct status *account_missing(struct admit *ad, struct slice name) {
	return admit_forbidden(ad, "error looking up service account %.*s/%.*s: serviceaccount \"%.*s\" not found", SLICE_FMT(ad->ns),
			       SLICE_FMT(name), SLICE_FMT(name));
}

static bool automount(const yyjson_mut_val *pod, const yyjson_mut_val *account) {
	const yyjson_mut_val *own = json_path(pod, "spec.automountServiceAccountToken");
	if (json_is_bool(own)) return json_path_bool(pod, "spec.automountServiceAccountToken", true);
	return json_path_bool(account, "automountServiceAccountToken", true);
}

/* The name of a token volume the pod brought along, or a new one; *ret_new tells which. */
static struct slice volume_name(struct admit *ad, yyjson_mut_val *spec, bool *ret_new) {
	yyjson_mut_val *volume;
	*ret_new = false;
	if (json_get(spec, "volumes"))
		json_each(json_get(spec, "volumes"), volume) {
			struct slice name = json_path_str(volume, "name");
			if (slice_starts(name, SLICE_LIT(VOLUME_PREFIX))) return name;
		}
	char suffix[6];
	if (env_name_suffix(ad->r->api->env, suffix, 5) < 0) return SLICE_NULL;
	*ret_new = true;
	return slice_str(arena_printf(ad->r->a, VOLUME_PREFIX "%s", suffix));
}

struct mount { struct admit *ad; struct slice volume; bool any; };

static int mount_into(void *ctx, const char *what, yyjson_mut_val *container) {
	struct mount *m = ctx;
	yyjson_mut_val *mounts = json_get(container, "volumeMounts"), *mount;
	if (strcmp(what, "ephemeralContainers") == 0) return 0;
	if (!mounts) {
		mounts = yyjson_mut_arr(m->ad->doc);
		if (!json_set(m->ad->doc, container, "volumeMounts", mounts)) return -1;
	}
	json_each(mounts, mount)
		if (slice_eqs(json_path_str(mount, "mountPath"), MOUNT_PATH)) return 0;
	mount = yyjson_mut_obj(m->ad->doc);
	m->any = true;
	return json_set_str(m->ad->doc, mount, "name", m->volume) && json_set_bool(m->ad->doc, mount, "readOnly", true) &&
	       json_set_str(m->ad->doc, mount, "mountPath", SLICE_LIT(MOUNT_PATH)) && yyjson_mut_arr_append(mounts, mount) ? 0 : -1;
}

static const char volume_format[] =
	"{\"name\":\"%.*s\",\"projected\":{\"sources\":["
	"{\"serviceAccountToken\":{\"expirationSeconds\":%d,\"path\":\"token\"}},"
	"{\"configMap\":{\"name\":\"kube-root-ca.crt\",\"items\":[{\"key\":\"ca.crt\",\"path\":\"ca.crt\"}]}},"
	"{\"downwardAPI\":{\"items\":[{\"path\":\"namespace\",\"fieldRef\":{\"apiVersion\":\"v1\",\"fieldPath\":\"metadata.namespace\"}}]}}],"
	"\"defaultMode\":420}}";

static bool volume_append(struct admit *ad, yyjson_mut_val *spec, struct slice name) {
	struct json_error err;
	yyjson_mut_doc *parsed;
	char *text = arena_printf(ad->r->a, volume_format, SLICE_FMT(name), TOKEN_SECONDS);
	if (!text || json_parse(ad->r->a, slice_str(text), &parsed, &err) < 0) return false;
	yyjson_mut_val *volume = json_copy(ad->doc, yyjson_mut_doc_get_root(parsed)), *volumes = json_get(spec, "volumes");
	if (!volumes) {
		volumes = yyjson_mut_arr(ad->doc);
		if (!json_set(ad->doc, spec, "volumes", volumes)) return false;
	}
	return volume && yyjson_mut_arr_append(volumes, volume);
}

static bool mount_token(struct admit *ad, yyjson_mut_val *spec) {
	bool is_new;
	struct mount m = { .ad = ad, .volume = volume_name(ad, spec, &is_new) };
	if (!m.volume.p || pod_each_container(spec, mount_into, &m) != 0) return false;
	return !is_new || !m.any || volume_append(ad, spec, m.volume);
}

/* The account's pull secrets, when the pod has none of its own. */
static bool pull_secrets(struct admit *ad, yyjson_mut_val *spec, const yyjson_mut_val *account) {
	yyjson_mut_val *theirs = json_get(account, "imagePullSecrets"), *secret, *own = json_get(spec, "imagePullSecrets");
	if (!json_size(theirs) || json_size(own)) return true;
	own = yyjson_mut_arr(ad->doc);
	json_each(theirs, secret) {
		yyjson_mut_val *ref = yyjson_mut_obj(ad->doc);
		if (!json_set_str(ad->doc, ref, "name", json_path_str(secret, "name")) || !yyjson_mut_arr_append(own, ref)) return false;
	}
	return json_set(ad->doc, spec, "imagePullSecrets", own);
}

static bool has_token_projection(const yyjson_mut_val *spec) {
	yyjson_mut_val *volume, *source;
	yyjson_mut_val *volumes = json_get(spec, "volumes");
	if (!volumes) return false;
	json_each(volumes, volume) {
		yyjson_mut_val *sources = json_path(volume, "projected.sources");
		if (!sources) continue;
		json_each(sources, source)
			if (json_get(source, "serviceAccountToken")) return true;
	}
	return false;
}

static const struct status *mirror_check(struct admit *ad, const yyjson_mut_val *spec) {
	if (!slice_empty(json_path_str(spec, "serviceAccountName"))) return admit_forbidden(ad, "a mirror pod may not reference service accounts");
	if (pod_names_a_secret(spec)) return admit_forbidden(ad, "a mirror pod may not reference secrets");
	if (has_token_projection(spec)) return admit_forbidden(ad, "a mirror pod may not use ServiceAccountToken volume projections");
	return NULL;
}

/* Finds the pod's account: ADMIT_OK with *ret, ADMIT_WAIT, ADMIT_DENY. */
static int account_of(struct admit *ad, struct slice name, yyjson_mut_val **ret, const struct status **ret_st) {
	*ret = account_find(ad, name);
	if (*ret) return ADMIT_OK;
	if (slice_eqs(name, "default") && account_wait(ad)) return ADMIT_WAIT;
	return deny(ret_st, account_missing(ad, name));
}

static int mutate(struct admit *ad, const struct status **ret_st) {
	yyjson_mut_val *spec = json_get(ad->obj, "spec"), *account;
	if (ad->op != ADMIT_CREATE || ad->sub || pod_is_mirror(ad->obj)) return ADMIT_OK;
	struct slice name = json_path_str(spec, "serviceAccountName");
	if (slice_empty(name)) name = SLICE_LIT("default");
	int r = account_of(ad, name, &account, ret_st);
	if (r != ADMIT_OK) return r;
	/* The deprecated alias always shows the same name (core/v1 conversion). */
	bool ok = json_set_str(ad->doc, spec, "serviceAccountName", name) && json_set_str(ad->doc, spec, "serviceAccount", name);
	if (ok && automount(ad->obj, account)) ok = mount_token(ad, spec);
	return ok && pull_secrets(ad, spec, account) ? ADMIT_OK : deny(ret_st, status_no_memory());
}

static int validate(struct admit *ad, const struct status **ret_st) {
	yyjson_mut_val *spec = json_get(ad->obj, "spec"), *account;
	struct slice name = json_path_str(spec, "serviceAccountName");
	if (ad->op == ADMIT_UPDATE && !ad->sub) return ADMIT_OK;
	if (pod_is_mirror(ad->obj)) {
		*ret_st = ad->op == ADMIT_CREATE ? mirror_check(ad, spec) : NULL;
		return *ret_st ? ADMIT_DENY : ADMIT_OK;
	}
	if (slice_empty(name))
		return deny(ret_st, admit_forbidden(ad, "no service account specified for pod %.*s/%.*s", SLICE_FMT(ad->ns), SLICE_FMT(ad->name)));
	int r = account_of(ad, name, &account, ret_st);
	if (r != ADMIT_OK) return r;
	*ret_st = mountable_secrets_check(ad, spec, account);
	return *ret_st ? ADMIT_DENY : ADMIT_OK;
}

const struct admit_plugin admit_service_account = {
	.name = "ServiceAccount",
	.ops = ADMIT_CREATE | ADMIT_UPDATE,
	.handles = handles,
	.mutate = mutate,
	.validate = validate,
};
