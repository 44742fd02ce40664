/* SPDX-License-Identifier: Apache-2.0 */
#include "api/subresource.h"

static const struct subresource_handler *const tables[] = { review_handlers, pod_handlers, stream_handlers, scale_handlers };

static bool fits(const struct subresource_handler *h, struct slice group, struct slice resource, struct slice sub, unsigned verb) {
	return slice_eqs(group, h->group) && slice_eqs(resource, h->resource) && slice_eq(sub, slice_str(h->subresource)) && (!verb || (h->verbs & verb));
}

const struct subresource_handler *subresource_handler_find(struct slice group, struct slice resource, struct slice sub, unsigned verb) {
	for (size_t t = 0; t < ELEMENTSOF(tables); t++)
		for (const struct subresource_handler *h = tables[t]; h->handle; h++)
			if (fits(h, group, resource, sub, verb)) return h;
	return NULL;
}
