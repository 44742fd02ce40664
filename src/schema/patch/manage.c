/* SPDX-License-Identifier: Apache-2.0 */
/* managedFields of plain writes. */
#include "schema/patch/manage_parts.h"

#include "codec/timestamp.h"

#include <errno.h>

/* stripmeta.go */
static const char *const never_owned[] = { "apiVersion",
					   "kind",
					   "metadata",
					   "metadata.name",
					   "metadata.namespace",
					   "metadata.creationTimestamp",
					   "metadata.selfLink",
					   "metadata.uid",
					   "metadata.clusterName",
					   "metadata.generation",
					   "metadata.managedFields",
					   "metadata.resourceVersion",
					   NULL };

void manage_begin(struct work *x, const struct manage *m) {
	*x = (struct work){ .m = m, .w = { .sets = { .a = m->a }, .doc = m->doc, .go = true } };
	x->reset = fieldset_of_paths(&x->w.sets, m->reset);
	timestamp_format(m->now_sec, x->now);
}

const struct fieldset *manage_stripped(struct work *x, const struct fieldset *s) {
	return fieldset_difference(&x->w.sets, s, fieldset_of_paths(&x->w.sets, never_owned));
}

int manage_in_version(struct work *x, struct slice version, const yyjson_mut_val *v, yyjson_mut_val **ret,
		      const struct schema_type **ret_type) {
	if (slice_eq(version, x->m->version) || !x->m->convert) {
		*ret = (yyjson_mut_val *)(uintptr_t)v;
		*ret_type = x->m->type;
		return 0;
	}
	return x->m->convert(x->m, version, v, ret, ret_type);
}

int manage_change(struct work *x, struct slice version, const yyjson_mut_val *old, const yyjson_mut_val *now,
		  struct typed_change *ret) {
	const struct schema_type *t;
	yyjson_mut_val *a, *b;
	int err = manage_in_version(x, version, old, &a, &t);
	if (!err) err = manage_in_version(x, version, now, &b, &t);
	if (err) return err;
	struct typed_change c = typed_compare(&x->w, t, a, b);
	ret->added = fieldset_without(&x->w.sets, c.added, x->reset);
	ret->modified = fieldset_without(&x->w.sets, c.modified, x->reset);
	ret->removed = fieldset_without(&x->w.sets, c.removed, x->reset);
	return x->w.sets.no_memory ? -ENOMEM : 0;
}

const struct fieldset *manage_touched(struct work *x, const struct typed_change *c) {
	return fieldset_union(&x->w.sets, fieldset_union(&x->w.sets, c->added, c->modified), c->removed);
}

int manage_take(struct work *x, const struct manager *self, const struct typed_change *own, const yyjson_mut_val *old,
		const yyjson_mut_val *now) {
	struct slice version = x->m->version;
	const struct fieldset *gone = manage_touched(x, own);
	bool exists = true;
	for (size_t i = 0; i < x->managers.n; i++) {
		struct manager *e = x->managers.v + i;
		struct typed_change c = *own;
		if (e == self) continue;
		if (!slice_eq(version, e->version)) {
			int err = slice_eq(e->version, x->m->version) ? 0 : manage_change(x, e->version, old, now, &c);
			if (err && err != -ENOENT) return err;
			exists = !err;
			version = e->version;
			gone = manage_touched(x, &c);
		}
		e->set = exists ? fieldset_difference(&x->w.sets, e->set, gone) : NULL;
	}
	return x->w.sets.no_memory ? -ENOMEM : 0;
}

int manage_give(struct work *x, struct slice name, const struct fieldset *set) {
	struct manager who = { .name = name.n ? name : SLICE_LIT("unknown"),
			       .version = x->m->version,
			       .subresource = x->m->subresource };
	if (!set) return x->w.sets.no_memory ? -ENOMEM : 0;
	struct manager *e = managers_take(&x->w.sets, &x->managers, &who);
	if (!e) return -ENOMEM;
	e->set = fieldset_union(&x->w.sets, set, e->set);
	e->time = slice_str(x->now);
	return x->w.sets.no_memory ? -ENOMEM : 0;
}

/* ---- which entries count ---- */

/* `[]` and `[{}]` make the server forget. */
static bool is_reset(const yyjson_mut_val *list) {
	if (!yyjson_mut_is_arr((yyjson_mut_val *)(uintptr_t)list)) return false;
	return json_size(list) == 0 || (json_size(list) == 1 && json_size(json_first(list)) == 0);
}

/* The object's own entries, or, when it has none that can be read, those of the live one. */
static int entries(struct work *x, const yyjson_mut_val *live, const yyjson_mut_val *given) {
	int err = 0;
	if (!x->m->subresource.n) {
		if (is_reset(given)) return 0;
		err = managers_decode(&x->w.sets, given, &x->managers);
		if (err == -ENOMEM) return err;
		if (!err && x->managers.n) return 0;
	}
	err = managers_decode(&x->w.sets, json_path(live, "metadata.managedFields"), &x->managers);
	return err == -EBADMSG ? 0 : err;
}

static int take_update(struct work *x, const yyjson_mut_val *live, yyjson_mut_val *obj) {
	struct typed_change c;
	int err = manage_change(x, x->m->version, live, obj, &c);
	/* An object that cannot be read by its schema has nobody who owns its fields. */
	if (!err && x->w.fault) x->managers.n = 0;
	if (err || x->w.fault) return err;
	if (manage_touched(x, &c)) err = manage_take(x, NULL, &c, live, obj);
	if (!err) err = manage_give(x, x->m->manager, manage_stripped(x, fieldset_union(&x->w.sets, c.added, c.modified)));
	managers_drop_empty(&x->managers);
	return err ? err : managers_cap(&x->w.sets, &x->managers);
}

int manage_update(const struct manage *m, const yyjson_mut_val *live, yyjson_mut_val *obj) {
	struct work x;
	yyjson_mut_val *meta = json_ensure_obj(m->doc, obj, "metadata");
	if (!meta) return -ENOMEM;
	manage_begin(&x, m);
	int err = entries(&x, live, json_get(meta, "managedFields"));
	if (err) return err;
	json_del(meta, "managedFields");
	const yyjson_mut_val *old = live ? live : yyjson_mut_obj(m->doc);
	if (!old) return -ENOMEM;
	/* Objects that were made without are not tracked by updates. */
	if (live && x.managers.n == 0) return 0;
	err = take_update(&x, old, obj);
	return err ? err : managers_encode(&x.w.sets, m->doc, &x.managers, meta);
}

/* ---- times ---- */

static bool same_but_time(yyjson_mut_val *a, yyjson_mut_val *b) {
	static const char *const members[] = { "manager", "operation", "apiVersion", "fieldsType", "fieldsV1", "subresource" };
	for (size_t i = 0; i < ELEMENTSOF(members); i++) {
		yyjson_mut_val *x = json_get(a, members[i]), *y = json_get(b, members[i]);
		if (x != y && (!x || !y || !json_equal(x, y))) return false;
	}
	return true;
}

static bool lists_differ_in_time(const yyjson_mut_val *a, const yyjson_mut_val *b) {
	yyjson_mut_arr_iter ia = json_arr_iter(a), ib = json_arr_iter(b);
	yyjson_mut_val *x, *y;
	if (json_size(a) == 0 || json_size(a) != json_size(b)) return false;
	while ((x = yyjson_mut_arr_iter_next(&ia)) && (y = yyjson_mut_arr_iter_next(&ib)))
		if (!same_but_time(x, y)) return false;
	return !json_equal(a, b);
}

int manage_settle(const struct manage *m, const yyjson_mut_val *live, yyjson_mut_val *obj) {
	static const char *const apart[] = { "metadata.managedFields", "metadata.resourceVersion", NULL };
	yyjson_mut_val *was = json_path(live, "metadata.managedFields"), *is = json_path(obj, "metadata.managedFields");
	struct work x;
	if (!lists_differ_in_time(was, is)) return 0;
	manage_begin(&x, m);
	struct typed_change c = typed_compare(&x.w, m->type, (yyjson_mut_val *)(uintptr_t)live, obj);
	const struct fieldset *rest = fieldset_difference(&x.w.sets, manage_touched(&x, &c), fieldset_of_paths(&x.w.sets, apart));
	if (x.w.sets.no_memory) return -ENOMEM;
	if (rest || x.w.fault) return 0;
	yyjson_mut_val *copy = json_copy(m->doc, was);
	return copy && json_set(m->doc, json_get(obj, "metadata"), "managedFields", copy) ? 0 : -ENOMEM;
}
