/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/calls.h"

#include "base/limits.h"
#include "codec/base64.h"

#include <errno.h>

/* stringData is written into data, over what is there, and never comes back. */
SCHEMA_FILL(secret_string_data) {
	yyjson_mut_val *from = json_get(obj, "stringData"), *data, *k, *v;
	size_t i, n;
	if (!from) return 0;
	if (yyjson_mut_obj_size(from)) {
		data = json_ensure_obj(doc, obj, "data");
		if (!data) return -ENOMEM;
		yyjson_mut_obj_foreach(from, i, n, k, v) {
			_cleanup_buf_ struct buf b = BUF_INIT(2u * REQUEST_BODY_MAX);
			base64_encode(&b, BASE64_STD, slice_make(yyjson_mut_get_str(v), yyjson_mut_get_len(v)));
			yyjson_mut_val *text = buf_err(&b) ? NULL : yyjson_mut_strncpy(doc, b.p ? b.p : "", b.n);
			if (!text || !json_set(doc, data, yyjson_mut_get_str(k), text)) return -ENOMEM;
		}
	}
	json_del(obj, "stringData");
	return 0;
}
