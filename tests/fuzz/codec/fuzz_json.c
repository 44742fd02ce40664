/* SPDX-License-Identifier: Apache-2.0 */
/* What parses is written, parsed again and written the same (a double may come back as the integer that its shortest digits are);
 * what does not is said to be wrong by the scanner too, or is a range or encoding matter. */
#include "codec/json.h"
#include "codec/json_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf out = BUF_INIT(64u << 20), second = BUF_INIT(64u << 20), pretty = BUF_INIT(256u << 20),
				 again = BUF_INIT(256u << 20);
	struct slice text = slice_make(data, size);
	yyjson_mut_doc *doc, *back;
	struct json_error err = { 0 };
	if (json_parse(a, text, &doc, &err) < 0) {
		if (!err.msg || err.offset > size) abort();
		return 0;
	}
	if (!json_scan(a, text, &err)) abort();
	if (json_write(&out, doc->root) < 0) abort();
	if (json_parse(a, buf_slice(&out), &back, &err) < 0 || json_write(&second, back->root) < 0) abort();
	if (!slice_eq(buf_slice(&out), buf_slice(&second))) abort();
	if (!json_equal(json_copy(doc, doc->root), doc->root)) abort();
	json_write_pretty(&pretty, doc->root);
	json_pretty(&again, buf_slice(&out));
	if (pretty.err == 0 && again.err == 0 && !slice_eq(buf_slice(&pretty), buf_slice(&again))) abort();
	return 0;
}
