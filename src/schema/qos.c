/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/qos.h"

#include "codec/quantity.h"

enum { CPU, MEMORY, COMPUTE };
static const char *const compute[COMPUTE] = { "cpu", "memory" };

struct totals {
	struct quantity requests[COMPUTE], limits[COMPUTE];
	bool guaranteed; /* every container so far limits both */
};

/* Adds one list; the number of resources that it names with an amount above zero. */
static unsigned add(struct quantity sum[COMPUTE], const yyjson_mut_val *list) {
	unsigned n = 0;
	for (int i = 0; i < COMPUTE; i++) {
		struct slice text = json_path_str(list, compute[i]);
		struct quantity q;
		if (!text.n || quantity_parse(text, &q, NULL) < 0 || quantity_sign(q) <= 0) continue;
		sum[i] = quantity_add(sum[i], q);
		n++;
	}
	return n;
}

static void add_resources(struct totals *t, const yyjson_mut_val *resources) {
	add(t->requests, json_get(resources, "requests"));
	if (add(t->limits, json_get(resources, "limits")) < COMPUTE) t->guaranteed = false;
}

static void add_containers(struct totals *t, const yyjson_mut_val *list) {
	yyjson_mut_val *c;
	size_t i, n;
	yyjson_mut_arr_foreach((yyjson_mut_val *)list, i, n, c) add_resources(t, json_get(c, "resources"));
}

const char *qos_class(const yyjson_mut_val *spec) {
	struct totals t = { .guaranteed = true };
	yyjson_mut_val *own = json_get(spec, "resources");
	if (yyjson_mut_obj_size(json_get(own, "limits")) || yyjson_mut_obj_size(json_get(own, "requests"))) {
		add_resources(&t, own);
	} else {
		add_containers(&t, json_get(spec, "containers"));
		add_containers(&t, json_get(spec, "initContainers"));
	}
	bool any = false;
	for (int i = 0; i < COMPUTE; i++) {
		any |= quantity_sign(t.requests[i]) || quantity_sign(t.limits[i]);
		t.guaranteed &= quantity_sign(t.limits[i]) && quantity_cmp(t.requests[i], t.limits[i]) == 0;
	}
	return !any ? "BestEffort" : t.guaranteed ? "Guaranteed" : "Burstable";
}
