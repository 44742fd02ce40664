/* SPDX-License-Identifier: Apache-2.0 */
/* Server-side apply (structured-merge-diff's Updater.Apply and the managers around it). */
#include "schema/patch/manage_parts.h"

#include "base/limits.h"
#include "codec/goquote.h"

#include <errno.h>

/* Who owns what was there before anybody applied. */
#define BEFORE_FIRST_APPLY "before-first-apply"
/* kubectl's own record of client-side apply, which its server-side apply takes over. */
#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"
#define KUBECTL "kubectl"
#define LIVE_TEXT_MAX (8u * REQUEST_BODY_MAX)

/* ---- the live object as Go's struct shows it ---- */

static int live_tree(struct work *x, const yyjson_mut_val *live, yyjson_mut_val **ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(LIVE_TEXT_MAX);
	struct json_error e;
	yyjson_mut_doc *doc;
	const yyjson_mut_val *v = live ? live : yyjson_mut_obj(x->m->doc);
	if (!v || schema_encode_json(x->m->type, v, &b) < 0 || json_parse(x->m->a, buf_slice(&b), &doc, &e) < 0) return -ENOMEM;
	*ret = yyjson_mut_doc_get_root(doc);
	(void)json_del(json_get(*ret, "metadata"), "managedFields");
	return 0;
}

/* ---- giving up: what the manager applied before, not now, and nobody else owns ---- */

static const struct fieldset *named_set(struct work *x, yyjson_mut_val *v) {
	return typed_named(&x->w, x->m->type, typed_set(&x->w, x->m->type, v));
}

/* Entries of other versions are read by the schema of this one: versions differ in a few members only. */
static const struct fieldset *owned(struct work *x) {
	const struct fieldset *s = NULL;
	for (size_t i = 0; i < x->managers.n; i++) s = fieldset_union(&x->w.sets, s, x->managers.v[i].set);
	return typed_named(&x->w, x->m->type, s);
}

static yyjson_mut_val *prune(struct work *x, yyjson_mut_val *merged, const struct fieldset *last) {
	struct fieldsets *f = &x->w.sets;
	const struct schema_type *t = x->m->type;
	const struct fieldset *named = typed_named(&x->w, t, last), *all = named_set(x, merged);
	yyjson_mut_val *pruned = typed_remove(&x->w, t, merged, named);
	const struct fieldset *stays = fieldset_union(f, named_set(x, pruned), owned(x));
	pruned = typed_remove(&x->w, t, merged, fieldset_difference(f, all, stays));
	/* Nothing goes that was not applied before. */
	const struct fieldset *gone = fieldset_intersection(f, fieldset_difference(f, all, named_set(x, pruned)), named);
	return typed_remove(&x->w, t, merged, gone);
}

/* ---- conflicts ---- */

struct listing {
	struct work *x;
	struct manage_conflicts *out;
	const char *manager;
	size_t cap;
};

static const char *manager_text(struct work *x, const struct manager *e) {
	struct arena *a = x->m->a;
	const char *text = goquote(a, e->name), *sub = e->subresource.n ? goquote(a, e->subresource) : "";
	if (!text || !sub) return NULL;
	if (*sub) text = arena_printf(a, "%s with subresource %s", text, sub);
	return !text || e->applied ? text : arena_printf(a, "%s using %.*s", text, SLICE_FMT(e->version));
}

static void list_conflict(void *ctx, const struct element *const *path, size_t n) {
	struct listing *l = ctx;
	_cleanup_buf_ struct buf b = BUF_INIT(MIB);
	for (size_t i = 0; i < n; i++) element_show(&b, path[i]);
	const char *field = buf_err(&b) ? NULL : arena_strndup(l->x->m->a, b.p, b.n);
	if (l->out->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		struct manage_conflict *v = arena_realloc(l->x->m->a, l->out->v, l->cap * sizeof(*v), cap * sizeof(*v));
		if (v) {
			l->out->v = v;
			l->cap = cap;
		}
	}
	if (!field || !l->manager || l->out->n == l->cap) l->x->w.sets.no_memory = true;
	else l->out->v[l->out->n++] = (struct manage_conflict){ .manager = l->manager, .field = field };
}

static int by_name(const void *a, const void *b) {
	const struct manager *x = *(const struct manager *const *)a, *y = *(const struct manager *const *)b;
	int c = slice_cmp(x->name, y->name);
	if (!c) c = (int)y->applied - (int)x->applied;
	if (!c) c = slice_cmp(x->version, y->version);
	return c ? c : slice_cmp(x->subresource, y->subresource);
}

/* What others own of a change but for `allowed`, sorted by manager. */
static int conflicts(struct work *x, const struct manager *self, const yyjson_mut_val *live, const yyjson_mut_val *now,
		     const struct fieldset *allowed, struct manage_conflicts *ret) {
	const struct manager **v = arena_array(x->m->a, x->managers.n + 1, sizeof(*v));
	struct listing l = { .x = x, .out = ret };
	size_t n = 0;
	if (!v) return -ENOMEM;
	for (size_t i = 0; i < x->managers.n; i++)
		if (x->managers.v + i != self) v[n++] = x->managers.v + i;
	qsort(v, n, sizeof(*v), by_name);
	for (size_t i = 0; i < n; i++) {
		struct typed_change c = { 0 };
		int err = manage_change(x, v[i]->version, live, now, &c);
		if (err == -ENOENT) continue;
		if (err) return err;
		const struct fieldset *taken =
			fieldset_intersection(&x->w.sets, v[i]->set, fieldset_union(&x->w.sets, c.modified, c.added));
		taken = fieldset_difference(&x->w.sets, taken, allowed);
		if (taken && !(l.manager = manager_text(x, v[i]))) return -ENOMEM;
		fieldset_each(taken, list_conflict, &l);
	}
	return x->w.sets.no_memory ? -ENOMEM : ret->n ? -EBUSY : 0;
}

/* ---- kubectl's client-side apply ---- */

/* Fields that kubectl applied from the client's side and nobody changed since: its server-side apply may take them. */
static const struct fieldset *last_applied(struct work *x, yyjson_mut_val *live) {
	yyjson_mut_doc *doc;
	struct json_error e;
	struct slice text = json_str(json_get(json_path(live, "metadata.annotations"), LAST_APPLIED));
	if (slice_empty(text) || json_parse(x->m->a, text, &doc, &e) < 0) return NULL;
	yyjson_mut_val *was = yyjson_mut_doc_get_root(doc);
	if (!slice_eq(json_path_str(was, "apiVersion"), x->m->version) || typed_complaints(&x->w, x->m->type, was)) return NULL;
	struct typed_change c = typed_compare(&x->w, x->m->type, was, live);
	return fieldset_difference(&x->w.sets, typed_set(&x->w, x->m->type, was), manage_touched(x, &c));
}

static int name_cmp(const void *a, const void *b) {
	return slice_cmp(json_str(*(yyjson_mut_val *const *)a), json_str(*(yyjson_mut_val *const *)b));
}

/* Members sorted as Go writes a map; depth is bounded by what typed_complaints let pass. */
static int write_sorted(struct work *x, struct buf *b, yyjson_mut_val *v) {
	size_t n = yyjson_mut_obj_size(v), i = 0;
	yyjson_mut_val *k, *e;
	if (yyjson_mut_is_arr(v)) {
		buf_putc(b, '[');
		json_each(v, e) {
			if (i++) buf_putc(b, ',');
			write_sorted(x, b, e);
		}
		return buf_putc(b, ']');
	}
	if (!yyjson_mut_is_obj(v)) return json_write(b, v);
	yyjson_mut_val **keys = arena_array(x->m->a, n + 1, sizeof(*keys));
	if (!keys) return b->err = -ENOMEM;
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(v);
	while ((k = yyjson_mut_obj_iter_next(&it))) keys[i++] = k;
	qsort(keys, n, sizeof(*keys), name_cmp);
	buf_putc(b, '{');
	for (i = 0; i < n; i++) {
		if (i) buf_putc(b, ',');
		json_write_string(b, json_str(keys[i]));
		buf_putc(b, ':');
		write_sorted(x, b, yyjson_mut_obj_iter_get_val(keys[i]));
	}
	return buf_putc(b, '}');
}

/* Keeps kubectl's record in step, where there is one (lastappliedupdater.go). */
static int update_record(struct work *x, yyjson_mut_val *patch, yyjson_mut_val *obj) {
	_cleanup_buf_ struct buf b = BUF_INIT(ANNOTATIONS_BYTES_MAX);
	yyjson_mut_val *notes = json_path(obj, "metadata.annotations");
	if (!slice_eq(x->m->manager, SLICE_LIT(KUBECTL)) || slice_empty(json_str(json_get(notes, LAST_APPLIED)))) return 0;
	yyjson_mut_val *record = json_copy(x->m->doc, patch);
	if (!record) return -ENOMEM;
	(void)json_del(json_path(record, "metadata.annotations"), LAST_APPLIED);
	write_sorted(x, &b, record);
	buf_putc(&b, '\n');
	if (buf_err(&b) == -E2BIG) json_del(notes, LAST_APPLIED);
	else if (buf_err(&b) || !json_set_str(x->m->doc, notes, LAST_APPLIED, buf_slice(&b))) return -ENOMEM;
	return 0;
}

/* ---- applying ---- */

/* Objects nobody tracked belong to a manager of their own before the first apply. */
static int before_first(struct work *x, const yyjson_mut_val *live) {
	struct typed_change c;
	yyjson_mut_val *nothing = yyjson_mut_obj(x->m->doc);
	if (x->managers.n || !live) return 0;
	int err = nothing ? manage_change(x, x->m->version, nothing, live, &c) : -ENOMEM;
	return err ? err
		   : manage_give(x, SLICE_LIT(BEFORE_FIRST_APPLY),
				 manage_stripped(x, fieldset_union(&x->w.sets, c.added, c.modified)));
}

static int fail(struct work *x, int code, const char **ret_msg, const char *fmt, const char *what) {
	*ret_msg = arena_printf(x->m->a, fmt, what);
	return *ret_msg ? code : -ENOMEM;
}

/* The merged tree as a typed one. */
static int settle(struct work *x, yyjson_mut_val *merged, yyjson_mut_val **ret, const char **ret_msg) {
	const char *msg = NULL;
	yyjson_mut_doc_set_root(x->m->doc, merged);
	int err = schema_decode_tree(x->m->type, x->m->a, x->m->doc, NULL, &msg);
	*ret = yyjson_mut_doc_get_root(x->m->doc);
	return err == -EBADMSG ? fail(x, -EPROTO, ret_msg, "unable to convert unstructured object: %s", msg) : err;
}

/* The applied tree: merged, pruned, and taken from the others where that is allowed. */
static int merge(struct work *x, struct manager *self, yyjson_mut_val *live, yyjson_mut_val *patch, yyjson_mut_val **ret,
		 struct manage_conflicts *ret_conflicts, const char **ret_msg) {
	const struct schema_type *t = x->m->type;
	const struct fieldset *last = self->set;
	yyjson_mut_val *merged = typed_merge(&x->w, t, live, patch);
	if (x->w.fault) return fail(x, -EPROTO, ret_msg, "%s", x->w.fault);
	if (!merged) return -ENOMEM;
	self->version = x->m->version;
	self->set = fieldset_without(&x->w.sets, typed_set(&x->w, t, patch), x->reset);
	if (last && !(merged = prune(x, merged, last))) return -ENOMEM;
	bool by_kubectl = slice_eq(x->m->manager, SLICE_LIT(KUBECTL));
	struct typed_change c;
	int err = x->m->force ? 0 : conflicts(x, self, live, merged, by_kubectl ? last_applied(x, live) : NULL, ret_conflicts);
	if (!err) err = manage_change(x, x->m->version, live, merged, &c);
	if (!err && manage_touched(x, &c)) err = manage_take(x, self, &c, live, merged);
	self->set = manage_stripped(x, self->set);
	*ret = merged;
	return err;
}

static int apply(struct work *x, const yyjson_mut_val *live, yyjson_mut_val *patch, yyjson_mut_val **ret,
		 struct manage_conflicts *ret_conflicts, const char **ret_msg) {
	struct manager who = {
		.name = x->m->manager, .version = x->m->version, .subresource = x->m->subresource, .applied = true
	};
	struct manager *self = managers_take(&x->w.sets, &x->managers, &who);
	yyjson_mut_val *was, *merged;
	int err = self ? live_tree(x, live, &was) : -ENOMEM;
	if (!err) err = merge(x, self, was, patch, &merged, ret_conflicts, ret_msg);
	if (err) return err;
	bool same = live && json_equal(was, merged);
	if (!same) self->time = slice_str(x->now);
	err = same ? (*ret = json_copy(x->m->doc, live)) ? 0 : -ENOMEM : settle(x, merged, ret, ret_msg);
	if (!err) err = update_record(x, patch, *ret);
	managers_drop_empty(&x->managers);
	return err;
}

int manage_apply(const struct manage *m, const yyjson_mut_val *live, yyjson_mut_val *patch, yyjson_mut_val **ret,
		 struct manage_conflicts *ret_conflicts, const char **ret_msg) {
	struct work x;
	manage_begin(&x, m);
	const char *complaints = typed_complaints(&x.w, m->type, patch);
	if (complaints) return fail(&x, -EBADMSG, ret_msg, "%s", complaints);
	int err = managers_decode(&x.w.sets, json_path(live, "metadata.managedFields"), &x.managers);
	if (err == -EBADMSG)
		return fail(&x, -EPROTO, ret_msg, "failed to decode managed fields: %s",
			    "an entry is not of the form that entries have");
	if (!err) err = before_first(&x, live);
	/* From here on trees are what they look like. */
	x.w.go = false;
	if (!err) err = apply(&x, live, patch, ret, ret_conflicts, ret_msg);
	if (err) return err;
	yyjson_mut_val *meta = json_ensure_obj(m->doc, *ret, "metadata");
	return meta ? managers_encode(&x.w.sets, m->doc, &x.managers, meta) : -ENOMEM;
}
