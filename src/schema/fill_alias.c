/* SPDX-License-Identifier: Apache-2.0 */
/* Members that say the same twice: v1 has the single value and the list, or the old and the new name. */
#include "schema/calls.h"

#include <errno.h>

/* serviceAccount is the old name of serviceAccountName; answers have both. */
SCHEMA_FILL(pod_spec_service_account) {
	struct slice name = json_path_str(obj, "serviceAccountName");
	if (!name.n) name = json_path_str(obj, "serviceAccount");
	if (!name.n) return 0;
	if (!json_set_str(doc, obj, "serviceAccountName", name)) return -ENOMEM;
	return json_set_str(doc, obj, "serviceAccount", json_path_str(obj, "serviceAccountName")) ? 0 : -ENOMEM;
}

/* The list wins only when it begins with the single value; else it becomes the single value. */
static int sync_first(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *one, const char *many, const char *member) {
	struct slice single = json_path_str(obj, one), first = SLICE_NULL;
	yyjson_mut_val *head = yyjson_mut_arr_get_first(json_get(obj, many));
	if (head) first = member ? json_path_str(head, member) : json_str(head);
	if (!single.n && first.n) return json_set_str(doc, obj, one, first) ? 0 : -ENOMEM;
	if (!single.n || (head && slice_eq(single, first))) return 0;
	yyjson_mut_val *list = yyjson_mut_arr(doc),
		       *entry = member ? yyjson_mut_obj(doc) : yyjson_mut_strncpy(doc, single.p, single.n);
	if (!list || !entry || (member && !json_set_str(doc, entry, member, single))) return -ENOMEM;
	yyjson_mut_arr_append(list, entry);
	return json_set(doc, obj, many, list) ? 0 : -ENOMEM;
}

SCHEMA_FILL(pod_status_ips) { return sync_first(doc, obj, "podIP", "podIPs", "ip"); }
SCHEMA_FILL(node_pod_cidrs) { return sync_first(doc, obj, "podCIDR", "podCIDRs", NULL); }

/* Annotations in which versions before 1.8 kept init containers. */
SCHEMA_FILL(pod_init_annotations) {
	static const char *const old[] = {
		"pod.beta.kubernetes.io/init-containers",
		"pod.alpha.kubernetes.io/init-containers",
		"pod.beta.kubernetes.io/init-container-statuses",
		"pod.alpha.kubernetes.io/init-container-statuses",
	};
	yyjson_mut_val *annotations = json_path(obj, "metadata.annotations");
	for (size_t i = 0; annotations && i < ELEMENTSOF(old); i++) json_del(annotations, old[i]);
	return 0;
}
