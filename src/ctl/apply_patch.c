/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/apply.h"
#include "ctl/last_applied.h"
#include "ctl/merge3.h"
#include "ctl/openapi.h"
#include "ctl/tree.h"

static int original_of(struct ctl *c, const yyjson_mut_val *current, const yyjson_mut_val **ret) {
	const char *text = last_applied_text(current), *msg;
	yyjson_mut_doc *doc;
	*ret = NULL;
	if (!text || !*text) return 0;
	if (tree_parse(c, slice_str(text), &doc, &msg) < 0) return ctl_fail(c, "invalid JSON document");
	*ret = doc->root;
	return 0;
}

int apply_patch_make(struct ctl *c, const struct resource *r, const yyjson_mut_val *modified, const yyjson_mut_val *current, struct apply_patch *ret) {
	struct merge3 m = { .c = c, .doc = tree_new(c) };
	const yyjson_mut_val *original, *document, *schema = NULL;
	if (original_of(c, current, &original)) return 1;
	if (openapi_document(c, r->group, r->version, &document) == 0 && openapi_strategic(document, r->group, r->version, r->kind)) {
		schema = openapi_kind(document, r->group, r->version, r->kind);
		if (schema) m.document = document;
	}
	yyjson_mut_val *patch = merge3_patch(&m, original, modified, current, schema);
	if (!patch) return 1;
	tree_sort(c, patch);
	m.doc->root = patch;
	*ret = (struct apply_patch){ m.doc, schema ? "application/strategic-merge-patch+json" : "application/merge-patch+json" };
	return 0;
}
