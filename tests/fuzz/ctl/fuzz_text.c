/* SPDX-License-Identifier: Apache-2.0 */
/* What objects are printed with: any text laid out in columns keeps its characters; any JSON re-indented or printed as Go does ends. */
#include "ctl/goprint.h"
#include "ctl/tabs.h"
#include "ctl/tree.h"

static size_t visible(struct slice s) {
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) n += !strchr(" \t\n", s.p[i] ? s.p[i] : 'x');
	return n;
}

static void columns(struct slice s) {
	_cleanup_buf_ struct buf out = BUF_INIT(1u << 26);
	struct tabs t;
	tabs_init(&t, 6, 3, true);
	tabs_put(&t, s);
	if (tabs_flush(&t, &out) == 0 && visible(s) != visible(buf_slice(&out))) abort();
	tabs_done(&t);
}

static void json(struct slice s) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf compact = BUF_INIT(1u << 26), pretty = BUF_INIT(1u << 26), text = BUF_INIT(1u << 26);
	yyjson_mut_doc *doc, *again;
	struct json_error err;
	if (!a || json_parse(a, s, &doc, &err) < 0) return;
	(void)json_write(&compact, doc->root);
	tree_indent(&pretty, buf_slice(&compact), 4);
	if (!compact.err && !pretty.err && (json_parse(a, buf_slice(&pretty), &again, &err) < 0 || !json_equal(doc->root, again->root))) abort();
	(void)goprint_v(&text, doc->root);
	(void)goprint_sharp(&text, doc->root);
	buf_clear(&text);
	escape_terminal(&text, s);
	if (text.n && memchr(text.p, '\x1b', text.n)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct slice s = slice_make(data, size < 4096 ? size : 4096);
	columns(s);
	json(s);
	return 0;
}
