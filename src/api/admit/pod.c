/* SPDX-License-Identifier: Apache-2.0 */
/* What several admission plugins look at in a pod. */
#include "api/admit/plugins.h"

int pod_each_container(const yyjson_mut_val *spec, pod_container_fn fn, void *ctx) {
	static const char *const lists[] = { "initContainers", "containers", "ephemeralContainers" };
	for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
		yyjson_mut_val *list = json_get(spec, lists[i]), *container;
		if (!yyjson_mut_is_arr(list)) continue;
		json_each(list, container) {
			int r = fn(ctx, lists[i], container);
			if (r != 0) return r;
		}
	}
	return 0;
}

struct slice meta_entry(const yyjson_mut_val *obj, const char *part, const char *key) {
	return json_str(json_get(json_get(json_get(obj, "metadata"), part), key));
}

bool pod_is_mirror(const yyjson_mut_val *pod) {
	return json_get(json_path(pod, "metadata.annotations"), "kubernetes.io/config.mirror") != NULL;
}
