/* SPDX-License-Identifier: Apache-2.0 */
#include "control/disruption_count.h"

/* IntOrString; percentages of `total` are rounded up. */
static int64_t scaled(const yyjson_mut_val *v, int64_t total) {
	struct slice s = json_str(v);
	if (!s.p) return yyjson_mut_get_sint((yyjson_mut_val *)(uintptr_t)v);
	int64_t percent = 0;
	for (size_t i = 0; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && percent < 1000000; i++) percent = percent * 10 + (s.p[i] - '0');
	return (percent * total + 99) / 100;
}

struct disruption_numbers disruption_numbers(const yyjson_mut_val *budget, const struct disruption_pods *n) {
	const yyjson_mut_val *max = json_path(budget, "spec.maxUnavailable"), *min = json_path(budget, "spec.minAvailable");
	struct disruption_numbers r = { .healthy = n->healthy, .expected = n->pods };
	if (max) r.desired = r.expected - scaled(max, r.expected);
	else if (min) r.desired = scaled(min, r.expected);
	if (r.desired < 0) r.desired = 0;
	r.allowed = r.healthy - r.desired;
	if (r.expected <= 0 || r.allowed < 0) r.allowed = 0;
	return r;
}
