/* SPDX-License-Identifier: Apache-2.0 */
/* What parses is written as YAML and as JSON; both read back to the same tree. */
#include "codec/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf out = BUF_INIT(64u << 20), json = BUF_INIT(64u << 20), again = BUF_INIT(64u << 20);
	struct slice text = slice_make(data, size), rest = text, doc_text;
	yyjson_mut_doc *doc, *back;
	struct yaml_error err = { 0 };
	const char *dups;
	while (yaml_next_document(&rest, &doc_text)) {}
	(void)yaml_is_json(text);
	(void)yaml_duplicates(a, text, &dups);
	(void)yaml_parse(a, text, YAML_STRICT, &doc, &err);
	if (yaml_parse(a, text, 0, &doc, &err) < 0) return 0;
	if (yaml_write(&out, doc->root) < 0 || json_write(&json, doc->root) < 0) return 0;
	if (yaml_parse(a, buf_slice(&out), 0, &back, &err) < 0) abort();
	json_write(&again, back->root);
	if (!slice_eq(buf_slice(&json), buf_slice(&again))) abort();
	return 0;
}
