/* SPDX-License-Identifier: Apache-2.0 */
#include "api/crd/finish.h"

#include "api/encode.h"
#include "api/meta.h"
#include "api/stored.h"
#include "codec/timestamp.h"

#include <errno.h>

/* 1: one more op, 0: nothing to do for this object now. */
static int mark(struct arena *a, const struct schema_resource *res, const struct store_obj *o, int64_t now_sec, struct store_op *op) {
	char now[TIMESTAMP_TEXT];
	yyjson_mut_doc *doc = request_parse(a, res, o);
	yyjson_mut_val *root = doc ? yyjson_mut_doc_get_root(doc) : NULL, *meta = json_get(root, "metadata");
	if (!meta) return -ENOMEM;
	op->kind = STORE_DELETE;
	if (!meta_has_finalizers(root)) return (op->json = stored_unversioned(o->json, &op->rv_at)) ? 1 : -ENOMEM;
	if (json_get(meta, "deletionTimestamp")) return 0;
	timestamp_format(now_sec, now);
	op->kind = STORE_UPDATE;
	if (!json_set_str(doc, meta, "deletionTimestamp", slice_str(now)) || !json_set_int(doc, meta, "deletionGracePeriodSeconds", 0) ||
	    !json_set_int(doc, meta, "generation", json_path_int(meta, "generation", 0) + 1))
		return -ENOMEM;
	return stored_encode(a, res, doc, root, &op->json, &op->rv_at) ? -ENOMEM : 1;
}

int finish_instances(struct arena *a, const struct store_snapshot *sn, const struct schema_resource *stored, int64_t now_sec, struct store_op *ops) {
	struct store_cursor cursor;
	struct store_obj *o;
	int n = 0, got = 0;
	struct store_key key = request_key(a, stored, SLICE_NULL, SLICE_NULL);
	store_scan(sn, key.resource, SLICE_NULL, NULL, &cursor);
	while (got >= 0 && n < STORE_TXN_MAX && (o = store_next(&cursor))) {
		ops[n] = (struct store_op){ .key = o->key, .expect_rv = o->rv };
		got = mark(a, stored, o, now_sec, &ops[n]);
		if (got > 0) n++;
	}
	for (int i = 0; got < 0 && i < n; i++) blob_unref(ops[i].json);
	return got < 0 ? got : n;
}
