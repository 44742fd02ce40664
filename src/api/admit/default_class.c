/* SPDX-License-Identifier: Apache-2.0 */
#include "api/admit/default_class.h"

/* The class marked by one of two annotations: the newest, then the first by name. */
static struct slice default_of(struct admit *ad, const char *resource, const char *const marks[2]) {
	struct store_cursor cursor;
	struct store_obj *o;
	struct slice best = SLICE_NULL, best_time = SLICE_NULL;
	store_scan(ad->snap, slice_str(resource), SLICE_NULL, NULL, &cursor);
	while ((o = store_next(&cursor))) {
		yyjson_mut_doc *doc;
		struct json_error err;
		if (json_parse(ad->r->a, blob_slice(o->json), &doc, &err) < 0) continue;
		const yyjson_mut_val *class = yyjson_mut_doc_get_root(doc);
		bool marked = slice_eqs(meta_entry(class, "annotations", marks[0]), "true");
		if (!marked && marks[1]) marked = slice_eqs(meta_entry(class, "annotations", marks[1]), "true");
		struct slice time = json_path_str(class, "metadata.creationTimestamp");
		if (!marked) continue;
		/* The store goes by name: of the same age the first one stays. */
		if (best.p && slice_cmp(time, best_time) <= 0) continue;
		best = json_path_str(class, "metadata.name");
		best_time = time;
	}
	return best;
}

int default_class_set(struct admit *ad, const char *field, const char *resource, const char *const marks[2], const struct status **ret_st) {
	struct slice name = default_of(ad, resource, marks);
	yyjson_mut_val *spec = json_ensure_obj(ad->doc, ad->obj, "spec");
	if (!name.p || (spec && json_set_str(ad->doc, spec, field, name))) return ADMIT_OK;
	*ret_st = status_no_memory();
	return ADMIT_DENY;
}
