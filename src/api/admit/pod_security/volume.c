/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of volumes of the restricted level. */
#include "api/admit/pod_security/policy.h"

static const char *const allowed[] = { "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret" };

static bool has_any(const yyjson_mut_val *volume) {
	for (size_t i = 0; i < ELEMENTSOF(allowed); i++)
		if (json_get(volume, allowed[i])) return true;
	return false;
}

/* A volume's one source is its member beside the name. */
static struct slice type_of(const yyjson_mut_val *volume) {
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with((yyjson_mut_val *)(uintptr_t)volume);
	yyjson_mut_val *key;
	while ((key = yyjson_mut_obj_iter_next(&it)))
		if (!slice_eqs(json_str(key), "name")) return json_str(key);
	return SLICE_LIT("unknown");
}

struct ps_finding ps_restricted_volumes(const struct ps_pod *pod) {
	struct words bad = { .a = pod->a }, types = { .a = pod->a };
	yyjson_mut_val *volume;
	json_each(json_get(pod->spec, "volumes"), volume) {
		if (has_any(volume)) continue;
		words_add(&bad, json_path_str(volume, "name"));
		words_add_once(&types, type_of(volume));
	}
	if (!bad.n) return (struct ps_finding){ 0 };
	words_sort(&types);
	return (struct ps_finding){ "restricted volume types",
				    arena_printf(pod->a, "%s %s %s %s %s", words_plural(&bad, "volume", "volumes"), words_quoted(&bad), words_plural(&bad, "uses", "use"),
						 words_plural(&types, "restricted volume type", "restricted volume types"), words_quoted(&types)) };
}
