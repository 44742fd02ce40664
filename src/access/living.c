/* SPDX-License-Identifier: Apache-2.0 */
#include "access/living.h"

#include "codec/json.h"
#include "codec/timestamp.h"

struct store_obj *living_get(const struct store_snapshot *sn, const char *resource, struct slice ns, struct slice name) {
	struct store_key k = { .resource = slice_str(resource), .ns = ns, .name = name };
	return store_get(sn, &k);
}

/* metadata.deletionTimestamp, or SLICE_NULL. Few objects are being deleted: the text is looked at before it is parsed. */
static struct slice deletion_time(struct arena *a, const struct store_obj *o) {
	struct slice json = blob_slice(o->json);
	if (slice_find(json, SLICE_LIT("\"deletionTimestamp\"")) < 0) return SLICE_NULL;
	const yyjson_alc *alc = json_alc(a);
	yyjson_doc *d = alc ? yyjson_read_opts((char *)(uintptr_t)json.p, json.n, 0, alc, NULL) : NULL;
	if (!d) return SLICE_LIT("unreadable"); /* out of memory, say: better no access than one too many */
	yyjson_val *v = yyjson_obj_get(yyjson_obj_get(yyjson_doc_get_root(d), "metadata"), "deletionTimestamp");
	return yyjson_is_str(v) ? slice_make(yyjson_get_str(v), yyjson_get_len(v)) : SLICE_NULL;
}

bool living_deleting(struct arena *a, const struct store_obj *o) { return deletion_time(a, o).p != NULL; }

bool living_deleted_before(struct arena *a, const struct store_obj *o, int64_t when) {
	struct slice text = deletion_time(a, o);
	struct timestamp t;
	if (!text.p) return false;
	if (timestamp_parse(a, text, &t, NULL) < 0) return true;
	return t.sec < when / NSEC_PER_SEC || (t.sec == when / NSEC_PER_SEC && t.nsec < when % NSEC_PER_SEC);
}

struct slice living_label(const struct store_obj *o, const char *key) {
	for (size_t i = 0; i < o->n_labels; i++)
		if (slice_eqs(o->labels[i].key, key)) return o->labels[i].value;
	return SLICE_NULL;
}
