/* SPDX-License-Identifier: Apache-2.0 */
/* Downward API: values of pod fields and container resources as text (pkg/fieldpath, pkg/api/v1/resource). */
#pragma once

#include "codec/json.h"

struct field_facts {
	const yyjson_mut_val *pod;
	struct slice node_name, pod_ip, host_ip;    /* IPs may be empty */
	int64_t node_milli_cpu, node_memory;        /* allocatable: the default of unset limits */
	int64_t node_ephemeral;
};

/* fieldRef.fieldPath. 0; -EINVAL (*ret_why in the arena); -ENOMEM. */
int field_value(struct arena *a, const struct field_facts *f, struct slice path, struct slice *ret, const char **ret_why);
/* resourceFieldRef of a container (divisor applied, rounded up). 0; -EINVAL; -ENOMEM. */
int resource_field_value(struct arena *a, const struct field_facts *f, const yyjson_mut_val *container, const yyjson_mut_val *ref,
			 struct slice *ret, const char **ret_why);
/* containers and initContainers of the pod by name; NULL when there is none. */
const yyjson_mut_val *pod_container(const yyjson_mut_val *pod, struct slice name);
