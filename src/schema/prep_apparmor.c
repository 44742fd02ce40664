/* SPDX-License-Identifier: Apache-2.0 */
/* AppArmor profiles used to be annotations; what they say is copied into the members that replaced them. */
#include "schema/calls.h"

#include <errno.h>

#define ANNOTATION_PREFIX "container.apparmor.security.beta.kubernetes.io/"
#define PROFILE_NAME_MAX 4095

static bool set_profile(yyjson_mut_doc *doc, yyjson_mut_val *profile, const char *type, struct slice local) {
	if (!json_set_str(doc, profile, "type", slice_str(type))) return false;
	return !local.n || json_set_str(doc, profile, "localhostProfile", local);
}

/* The profile an annotation means, as an object; *ret NULL when it means none. 0 or -ENOMEM. */
static int profile_of(yyjson_mut_doc *doc, struct slice text, yyjson_mut_val **ret) {
	static const char local_prefix[] = "localhost/";
	bool is_local = slice_starts(text, slice_str(local_prefix));
	struct slice local = is_local ? slice_from(text, sizeof(local_prefix) - 1) : SLICE_NULL;
	const char *type = slice_eqs(text, "runtime/default") ? "RuntimeDefault"
			   : slice_eqs(text, "unconfined")    ? "Unconfined"
			   : is_local                         ? "Localhost"
							      : NULL;
	*ret = NULL;
	if (!type || (is_local && (!local.n || local.n > PROFILE_NAME_MAX || slice_trim(local).n != local.n))) return 0;
	yyjson_mut_val *profile = yyjson_mut_obj(doc);
	if (!profile || !set_profile(doc, profile, type, local)) return -ENOMEM;
	*ret = profile;
	return 0;
}

static yyjson_mut_val *annotation_for(const yyjson_mut_val *pod, struct slice container) {
	yyjson_mut_val *k, *v;
	size_t i, n;
	yyjson_mut_obj_foreach(json_path(pod, "metadata.annotations"), i, n, k, v) {
		struct slice key = json_str(k);
		if (slice_starts(key, SLICE_LIT(ANNOTATION_PREFIX)) && slice_eq(slice_from(key, sizeof(ANNOTATION_PREFIX) - 1), container))
			return v;
	}
	return NULL;
}

static int sync_container(yyjson_mut_doc *doc, const yyjson_mut_val *pod, yyjson_mut_val *container) {
	yyjson_mut_val *annotation = annotation_for(pod, json_path_str(container, "name")), *profile;
	if (!annotation || json_path(container, "securityContext.appArmorProfile")) return 0;
	int r = profile_of(doc, json_str(annotation), &profile);
	if (r < 0 || !profile) return r;
	yyjson_mut_val *of_pod = json_path(pod, "spec.securityContext.appArmorProfile");
	if (of_pod && json_equal(of_pod, profile)) return 0;
	yyjson_mut_val *context = json_ensure_obj(doc, container, "securityContext");
	return context && json_set(doc, context, "appArmorProfile", profile) ? 0 : -ENOMEM;
}

SCHEMA_PREP(pod_apparmor) {
	static const char *const lists[] = { "initContainers", "containers", "ephemeralContainers" };
	yyjson_mut_val *c;
	size_t i, n;
	if (slice_eqs(json_path_str(obj, "spec.os.name"), "windows")) return 0;
	for (size_t l = 0; l < ELEMENTSOF(lists); l++) {
		yyjson_mut_arr_foreach(json_get(json_get(obj, "spec"), lists[l]), i, n, c) {
			if (sync_container(doc, obj, c) < 0) return -ENOMEM;
		}
	}
	return 0;
}
