/* SPDX-License-Identifier: Apache-2.0 */
/* Label and field selectors of a request against what the store's index keeps of an object. Pure. */
#pragma once

#include "api/request.h"
#include "codec/fields.h"
#include "codec/labels.h"

struct selector {
	struct labels_selector labels;
	struct fields_selector fields;
	bool everything;         /* nothing is selected against */
	const struct schema_resource *custom; /* fields beyond the metadata are looked up in the object: a definition may change what is selectable */
	struct slice name, ns;   /* exactly this name or namespace is demanded; p NULL: no */
};
/* 400 when one cannot be parsed or names a field that is no selector. In the request's arena. */
const struct status *selector_parse(struct request *r, const struct list_options *o, struct selector *ret);
bool selector_match(const struct selector *s, const struct store_obj *o);
