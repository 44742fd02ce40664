/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/crd.h"

#include "codec/json_stack.h"

#define RULES "x-kubernetes-validations"

/* A property of that name has a schema, which is no list. */
static bool is_rules(yyjson_mut_val *key, yyjson_mut_val *v) {
	return slice_eqs(json_str(key), RULES) && yyjson_mut_is_arr(v) && yyjson_mut_arr_size(v) > 0;
}

static bool push(struct json_stack *st, yyjson_mut_val *v) {
	return !yyjson_mut_is_ctn(v) || json_stack_push(st, (struct json_frame){ v, NULL, 0 }) == 0;
}

/* 1: found, or out of memory; 0: everything below is on the stack. */
static bool look(struct json_stack *st, yyjson_mut_val *v) {
	yyjson_mut_val *key, *x;
	size_t i, n;
	if (yyjson_mut_is_arr(v)) {
		yyjson_mut_arr_foreach(v, i, n, x)
			if (!push(st, x)) return true;
		return false;
	}
	yyjson_mut_obj_foreach(v, i, n, key, x)
		if (is_rules(key, x) || !push(st, x)) return true;
	return false;
}

bool schema_has_rules(const yyjson_mut_val *schema) {
	_cleanup_json_stack_ struct json_stack st;
	json_stack_init(&st);
	bool found = !push(&st, (yyjson_mut_val *)(uintptr_t)schema);
	while (!found && st.n) found = look(&st, (yyjson_mut_val *)(uintptr_t)st.v[--st.n].a);
	return found;
}
