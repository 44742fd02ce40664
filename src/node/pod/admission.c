/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod/admission.h"

#include "node/pod/resources.h"

#include <stdio.h>

char *admission_check(const struct admission_room *r) {
	char *message;
	if (r->requested <= 0 || r->used + r->requested <= r->capacity) return NULL;
	return asprintf(&message, "Node didn't have enough resource: %s, requested: %lld, used: %lld, capacity: %lld", r->resource,
			(long long)r->requested, (long long)r->used, (long long)r->capacity) < 0 ? NULL : message;
}

/* What admitted pods that have not ended hold. */
static void sum_used(const struct pod *but, int64_t *cpu, int64_t *memory, int64_t *pods) {
	struct slice key;
	size_t it = 0;
	void *v;
	while (map_next(but->agent->pods, &it, &key, &v)) {
		const struct pod *q = v;
		if (q == but || !q->admitted || q->state == POD_ENDED) continue;
		*cpu += quantity_milli(pod_request(q->object, "cpu"));
		*memory += quantity_value(pod_request(q->object, "memory"));
		(*pods)++;
	}
}

static bool selector_matches(const struct pod *p) {
	/* Only what the node itself is sure of: its own name and system. The scheduler has looked at the rest. */
	yyjson_mut_val *selector = json_path(p->object, "spec.nodeSelector");
	const struct { const char *label, *value;
	} own[] = {
		{ "kubernetes.io/hostname", p->agent->o.node_name },
		{ "kubernetes.io/os", "linux" },
		{ "kubernetes.io/arch", p->agent->machine.architecture },
	};
	for (size_t i = 0; i < ELEMENTSOF(own); i++) {
		yyjson_mut_val *want = json_get(selector, own[i].label);
		if (want && !slice_eqs(json_str(want), own[i].value)) return false;
	}
	return true;
}

bool pod_admit(struct pod *p, char **ret_reason, char **ret_message) {
	const struct machine *m = &p->agent->machine;
	int64_t cpu = 0, memory = 0, pods = 0;
	sum_used(p, &cpu, &memory, &pods);
	const struct { struct admission_room room; const char *reason; } rooms[] = {
		{ { "pods", p->agent->o.max_pods, pods, 1 }, "OutOfpods" },
		{ { "cpu", m->milli_cpu, cpu, quantity_milli(pod_request(p->object, "cpu")) }, "OutOfcpu" },
		{ { "memory", m->memory, memory, quantity_value(pod_request(p->object, "memory")) }, "OutOfmemory" },
	};
	for (size_t i = 0; i < ELEMENTSOF(rooms); i++) {
		char *message = admission_check(&rooms[i].room);
		if (!message) continue;
		*ret_reason = strdup(rooms[i].reason);
		*ret_message = message;
		return false;
	}
	if (selector_matches(p)) return true;
	*ret_reason = strdup("NodeAffinity");
	*ret_message = strdup("Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector");
	return false;
}
