/* SPDX-License-Identifier: Apache-2.0 */
/* Two JSON texts, a line each: a target and a patch, applied both ways. */
#include "codec/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf before = BUF_INIT(64u << 20), after = BUF_INIT(64u << 20);
	struct slice rest = slice_make(data, size), first = slice_cut(&rest, '\n');
	yyjson_mut_doc *target, *patch;
	const char *msg;
	if (json_parse(a, first, &target, NULL) < 0 || json_parse(a, rest, &patch, NULL) < 0) return 0;
	json_write(&before, patch->root);
	yyjson_mut_val *root = json_copy(target, target->root);
	if (patch_merge(target, &root, patch->root) < 0) abort();
	root = json_copy(target, target->root);
	if (patch_json_check(a, patch->root, &msg) == 0) (void)patch_json(a, target, &root, patch->root, &msg);
	json_write(&after, patch->root);
	if (!slice_eq(buf_slice(&before), buf_slice(&after))) abort();
	return 0;
}
