/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod/resources.h"

#define SHARES_MIN 2u
#define SHARES_MAX 262144u
#define SHARES_PER_CPU 1024u
#define MILLI 1000
#define QUOTA_PERIOD_US 100000
#define QUOTA_MIN_US 1000

static const struct quantity zero = { 0 };

static bool lookup(const yyjson_mut_val *container, const char *which, const char *name, struct quantity *ret) {
	yyjson_mut_val *v = json_get(json_get(json_get(container, "resources"), which), name);
	return yyjson_mut_is_str(v) && quantity_parse(json_str(v), ret, NULL) == 0;
}

struct quantity container_resource(const yyjson_mut_val *container, const char *which, const char *name) {
	struct quantity q;
	if (lookup(container, which, name, &q)) return q;
	if (which[0] == 'r' && lookup(container, "limits", name, &q)) return q;
	return zero;
}

bool container_is_sidecar(const yyjson_mut_val *init_container) {
	return slice_eqs(json_path_str(init_container, "restartPolicy"), "Always");
}

static struct quantity larger(struct quantity a, struct quantity b) { return quantity_cmp(a, b) < 0 ? b : a; }

struct quantity pod_request(const yyjson_mut_val *pod, const char *name) {
	yyjson_mut_val *spec = json_get(pod, "spec"), *c;
	struct quantity app = zero, sidecars = zero, init = zero, q;
	size_t i, max;
	yyjson_mut_arr_foreach(json_get(spec, "containers"), i, max, c) app = quantity_add(app, container_resource(c, "requests", name));
	yyjson_mut_arr_foreach(json_get(spec, "initContainers"), i, max, c) {
		struct quantity one = container_resource(c, "requests", name);
		if (container_is_sidecar(c)) sidecars = quantity_add(sidecars, one), one = sidecars;
		else one = quantity_add(one, sidecars);
		init = larger(init, one);
	}
	struct quantity sum = larger(quantity_add(app, sidecars), init);
	if (lookup(spec, "requests", name, &q)) sum = q;
	yyjson_mut_val *overhead = json_get(json_get(spec, "overhead"), name);
	if (yyjson_mut_is_str(overhead) && quantity_parse(json_str(overhead), &q, NULL) == 0) sum = quantity_add(sum, q);
	return sum;
}

struct qos_view {
	bool any;        /* some request or limit is set */
	bool guaranteed; /* every container limits cpu and memory and requests no less */
};

static void qos_look(struct qos_view *v, const yyjson_mut_val *container) {
	static const char *const names[] = { "cpu", "memory" };
	for (size_t i = 0; i < ELEMENTSOF(names); i++) {
		struct quantity limit = container_resource(container, "limits", names[i]),
				request = container_resource(container, "requests", names[i]);
		if (quantity_sign(limit) > 0 || quantity_sign(request) > 0) v->any = true;
		if (quantity_sign(limit) <= 0 || quantity_cmp(limit, request) != 0) v->guaranteed = false;
	}
}

const char *pod_qos_class(const yyjson_mut_val *pod) {
	struct qos_view v = { false, true };
	yyjson_mut_val *spec = json_get(pod, "spec"), *c;
	size_t i, max;
	if (json_get(spec, "resources")) {
		qos_look(&v, spec);
	} else {
		yyjson_mut_arr_foreach(json_get(spec, "containers"), i, max, c) qos_look(&v, c);
		yyjson_mut_arr_foreach(json_get(spec, "initContainers"), i, max, c) qos_look(&v, c);
	}
	return !v.any ? "BestEffort" : v.guaranteed ? "Guaranteed" : "Burstable";
}

uint64_t cpu_shares_of(int64_t milli) {
	if (milli <= 0) return SHARES_MIN;
	uint64_t shares = (uint64_t)milli * SHARES_PER_CPU / MILLI;
	return shares < SHARES_MIN ? SHARES_MIN : shares > SHARES_MAX ? SHARES_MAX : shares;
}

int64_t cpu_quota_of(int64_t milli) {
	if (milli <= 0) return 0;
	int64_t quota = milli * QUOTA_PERIOD_US / MILLI;
	return quota < QUOTA_MIN_US ? QUOTA_MIN_US : quota;
}

int oom_score_adj_of(const char *qos, int64_t memory_request, int64_t memory_capacity, bool critical) {
	if (critical || strcmp(qos, "Guaranteed") == 0) return -997;
	if (strcmp(qos, "BestEffort") == 0) return 1000;
	int64_t adj = memory_capacity > 0 ? 1000 - (int64_t)((__int128)1000 * memory_request / memory_capacity) : 999;
	/* Never as well protected as Guaranteed, never as exposed as BestEffort. */
	return adj < 3 ? 3 : adj > 999 ? 999 : (int)adj;
}
