/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/last_applied.h"
#include "ctl/tree.h"

const char *last_applied_text(const yyjson_mut_val *obj) {
	const yyjson_mut_val *v = json_get(json_path(obj, "metadata.annotations"), LAST_APPLIED);
	return json_is_string(v) ? text_of(v) : NULL;
}

const char *last_applied_make(struct ctl *c, const yyjson_mut_val *obj) {
	yyjson_mut_doc *doc = tree_copy(c, obj);
	(void)json_del(tree_obj(c, doc, doc->root, "metadata.annotations"), LAST_APPLIED);
	tree_sort(c, doc->root);
	return ctl_printf(c, "%s\n", tree_text(c, doc->root).p);
}

const char *last_applied_plain(struct ctl *c, const yyjson_mut_val *obj) {
	yyjson_mut_doc *doc = tree_copy(c, obj);
	tree_sort(c, doc->root);
	return ctl_printf(c, "%s\n", tree_text(c, doc->root).p);
}

static void set(struct ctl *c, yyjson_mut_doc *doc, const char *text) {
	tree_set(c, doc, tree_obj(c, doc, doc->root, "metadata.annotations"), LAST_APPLIED, tree_string(c, doc, text));
}

yyjson_mut_doc *last_applied_with(struct ctl *c, const yyjson_mut_val *obj) {
	yyjson_mut_doc *doc = tree_copy(c, obj);
	set(c, doc, last_applied_make(c, obj));
	return doc;
}

void last_applied_update(struct ctl *c, yyjson_mut_doc *doc, bool always) {
	if (always || last_applied_text(doc->root)) set(c, doc, last_applied_make(c, doc->root));
}
