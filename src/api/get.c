/* SPDX-License-Identifier: Apache-2.0 */
/* GET of one object: a look into the newest snapshot and a reference to its bytes. */
#include "api/names.h"
#include "api/rvwait.h"
#include "api/verbs.h"

/* The registry of component statuses names itself in the singular, no other does. */
static const char *name_of(const struct schema_resource *res) {
	return strcmp(res->resource, "componentstatuses") == 0 && !res->group[0] ? res->singular : res->resource;
}

static void answer(struct request *r) {
	struct store_snapshot *snap = store_snapshot(r->api->store);
	if (!snap) {
		request_status(r, status_no_memory());
		return;
	}
	struct store_key key = request_key(r->a, r->res, r->info.ns, r->info.name);
	struct store_obj *o = store_get(snap, &key);
	if (o) request_object(r, 200, o);
	else request_status(r, status_not_found(r->a, slice_str(r->res->group), slice_str(name_of(r->res)), r->info.name));
	store_snapshot_unref(snap);
}

void get_handle(struct request *r) {
	uint64_t rv = 0;
	const struct status *st = name_check(r);
	if (!st) st = options_rv(r->a, query_get(&r->query, "resourceVersion"), false, &rv);
	if (st) request_status(r, st);
	else rvwait_start(r, rv, answer);
}
