/* SPDX-License-Identifier: Apache-2.0 */
#include "api/admit/mountable_secrets.h"
#include "api/admit/plugins.h"

struct search {
	struct admit *ad;               /* NULL: any secret at all is a find */
	const yyjson_mut_val *account;
	const struct status *denied;
	bool found;
};

static bool listed(const yyjson_mut_val *refs, struct slice name) {
	yyjson_mut_val *ref;
	if (!refs) return false;
	json_each(refs, ref)
		if (slice_eq(json_path_str(ref, "name"), name)) return true;
	return false;
}

/* A secret that is not to be named: notes it and says stop. */
static bool refused(struct search *s, struct slice name) {
	s->found = true;
	return !s->ad || !listed(json_get(s->account, "secrets"), name);
}

static const char *account_name(const struct search *s) { return arena_slice_str(s->ad->r->a, json_path_str(s->account, "metadata.name")); }

static int env_secrets(struct search *s, const char *prefix, yyjson_mut_val *container) {
	yyjson_mut_val *env;
	struct slice who = json_path_str(container, "name");
	if (json_get(container, "env"))
		json_each(json_get(container, "env"), env) {
			const yyjson_mut_val *ref = json_path(env, "valueFrom.secretKeyRef");
			struct slice name = json_path_str(ref, "name"), variable = json_path_str(env, "name");
			if (!ref || !refused(s, name)) continue;
			if (s->ad)
				s->denied = admit_forbidden(s->ad, "%scontainer %.*s with envVar %.*s referencing secret.secretName=\"%.*s\" is not allowed "
							    "because service account %s does not reference that secret",
							    prefix, SLICE_FMT(who), SLICE_FMT(variable), SLICE_FMT(name), account_name(s));
			return 1;
		}
	if (json_get(container, "envFrom"))
		json_each(json_get(container, "envFrom"), env) {
			const yyjson_mut_val *ref = json_get(env, "secretRef");
			struct slice name = json_path_str(ref, "name");
			if (!ref || !refused(s, name)) continue;
			if (s->ad)
				s->denied = admit_forbidden(s->ad, "%scontainer %.*s with envFrom referencing secret.secretName=\"%.*s\" is not allowed "
							    "because service account %s does not reference that secret",
							    prefix, SLICE_FMT(who), SLICE_FMT(name), account_name(s));
			return 1;
		}
	return 0;
}

static int container_secrets(void *ctx, const char *what, yyjson_mut_val *container) {
	const char *prefix = strcmp(what, "initContainers") == 0 ? "init " : strcmp(what, "ephemeralContainers") == 0 ? "ephemeral " : "";
	return env_secrets(ctx, prefix, container);
}

static int volume_secrets(struct search *s, const yyjson_mut_val *spec) {
	yyjson_mut_val *volume;
	if (!json_get(spec, "volumes")) return 0;
	json_each(json_get(spec, "volumes"), volume) {
		const yyjson_mut_val *secret = json_get(volume, "secret");
		struct slice name = json_path_str(secret, "secretName");
		if (!secret || !refused(s, name)) continue;
		if (s->ad)
			s->denied = admit_forbidden(s->ad, "volume with secret.secretName=\"%.*s\" is not allowed because service account %s does not "
						    "reference that secret", SLICE_FMT(name), account_name(s));
		return 1;
	}
	return 0;
}

static int pull_secret_refs(struct search *s, const yyjson_mut_val *spec) {
	yyjson_mut_val *ref;
	size_t at = 0;
	if (!json_get(spec, "imagePullSecrets")) return 0;
	json_each(json_get(spec, "imagePullSecrets"), ref) {
		struct slice name = json_path_str(ref, "name");
		s->found = true;
		if (!s->ad) return 1;
		if (listed(json_get(s->account, "imagePullSecrets"), name)) {
			at++;
			continue;
		}
		s->denied = admit_forbidden(s->ad, "imagePullSecrets[%zu].name=\"%.*s\" is not allowed because service account %s does not reference "
					    "that imagePullSecret", at, SLICE_FMT(name), account_name(s));
		return 1;
	}
	return 0;
}

static void search_run(struct search *s, const yyjson_mut_val *spec) {
	if (volume_secrets(s, spec) == 0 && pod_each_container(spec, container_secrets, s) == 0) (void)pull_secret_refs(s, spec);
}

bool pod_names_a_secret(const yyjson_mut_val *spec) {
	struct search s = { 0 };
	search_run(&s, spec);
	return s.found;
}

const struct status *mountable_secrets_check(struct admit *ad, const yyjson_mut_val *spec, const yyjson_mut_val *account) {
	struct search s = { .ad = ad, .account = account };
	if (!slice_eqs(meta_entry(account, "annotations", "kubernetes.io/enforce-mountable-secrets"), "true")) return NULL;
	search_run(&s, spec);
	return s.denied;
}
