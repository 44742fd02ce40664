/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/calls.h"

#include "codec/quantity.h"

#include <errno.h>

#define NANO_PER_MILLI 1000000

/* Amounts of resources are multiples of 1/1000, rounded away from zero. */
SCHEMA_FILL(resource_list_milli) {
	yyjson_mut_val *k, *v;
	size_t i, n;
	yyjson_mut_obj_foreach(obj, i, n, k, v) {
		struct quantity q;
		char out[QUANTITY_TEXT];
		if (!yyjson_mut_is_str(v) ||
		    quantity_parse(slice_make(yyjson_mut_get_str(v), yyjson_mut_get_len(v)), &q, NULL) < 0)
			continue;
		__int128 rest = q.nano % NANO_PER_MILLI;
		if (rest == 0) continue;
		q.nano += rest > 0 ? NANO_PER_MILLI - rest : -NANO_PER_MILLI - rest;
		quantity_format(q, out);
		yyjson_mut_val *copy = yyjson_mut_strcpy(doc, out);
		if (!copy) return -ENOMEM;
		yyjson_mut_set_strn(v, yyjson_mut_get_str(copy), yyjson_mut_get_len(copy));
	}
	return 0;
}
