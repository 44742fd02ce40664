/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/quota/pod_amounts.h"

struct amounts pod_amounts(struct arena *a, const yyjson_mut_val *spec, const char *part) {
	struct amounts sum = { .a = a }, sidecars = { .a = a }, init = { .a = a }, own = { .a = a };
	yyjson_mut_val *c;
	json_each(json_get(spec, "containers"), c) amounts_add_list(&sum, json_get(json_get(c, "resources"), part));
	json_each(json_get(spec, "initContainers"), c) {
		const yyjson_mut_val *list = json_get(json_get(c, "resources"), part);
		struct amounts at = { .a = a };
		if (slice_eqs(json_path_str(c, "restartPolicy"), "Always")) {
			amounts_add_list(&sum, list);
			amounts_add_list(&sidecars, list);
		} else {
			amounts_add_list(&at, list);
		}
		amounts_add_all(&at, &sidecars);
		amounts_max_all(&init, &at);
	}
	amounts_max_all(&sum, &init);
	amounts_add_list(&own, json_get(json_get(spec, "resources"), part));
	for (size_t i = 0; i < own.n; i++) amounts_set(&sum, own.v[i].name, own.v[i].q);
	return sum;
}
