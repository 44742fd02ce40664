/* SPDX-License-Identifier: Apache-2.0 */
#include "api/signer.h"

static yyjson_mut_val *strings(yyjson_mut_doc *doc, const struct slice *v, size_t n) {
	yyjson_mut_val *arr = yyjson_mut_arr(doc);
	for (size_t i = 0; arr && i < n; i++)
		if (!yyjson_mut_arr_add_strncpy(doc, arr, v[i].p ? v[i].p : "", v[i].n)) return NULL;
	return arr;
}

static bool put_extra(yyjson_mut_doc *doc, yyjson_mut_val *spec, const struct access_user *u) {
	yyjson_mut_val *extra = u->n_extra ? yyjson_mut_obj(doc) : NULL;
	for (size_t i = 0; extra && i < u->n_extra; i++)
		if (!json_setn(doc, extra, u->extra[i].key, strings(doc, u->extra[i].values, u->extra[i].n_values))) return false;
	return !u->n_extra || (extra && json_set(doc, spec, "extra", extra));
}

const struct status *signer_fill_requester(struct write *w) {
	static const char *const members[] = { "username", "uid", "groups", "extra" };
	const struct access_user *u = w->r->user;
	yyjson_mut_val *spec = json_get(w->obj, "spec");
	if (!w->created || w->sub || !spec) return NULL;
	for (size_t i = 0; i < ELEMENTSOF(members); i++) json_del(spec, members[i]);
	bool ok = json_set_str(w->doc, spec, "username", u->name) && (!u->uid.n || json_set_str(w->doc, spec, "uid", u->uid));
	ok = ok && (!u->n_groups || json_set(w->doc, spec, "groups", strings(w->doc, u->groups, u->n_groups)));
	return ok && put_extra(w->doc, spec, u) ? NULL : status_no_memory();
}
