/* SPDX-License-Identifier: Apache-2.0 */
/* What changed between two trees, and what a tree says (structured-merge-diff's Compare and ToFieldSet). */
#include "schema/patch/typed.h"

enum { ADDED, MODIFIED, REMOVED };

/* What became of one place: bit i of self, and what lies below. */
struct change {
	unsigned self;
	const struct fieldset *below[3];
};

static struct change compare(struct typed *w, struct typed_ref r, yyjson_mut_val *old, yyjson_mut_val *now, unsigned depth);

static struct change leaf(struct typed *w, struct typed_ref r, yyjson_mut_val *old, yyjson_mut_val *now) {
	struct change c = { 0 };
	if (!old) c.self = 1u << ADDED;
	else if (!now) c.self = 1u << REMOVED;
	else if (!typed_equal(w, r, old, now)) c.self = 1u << MODIFIED;
	return c;
}

static void note(struct typed *w, const struct element *at, const struct change *c) {
	for (unsigned i = 0; i < 3; i++) fieldset_add(&w->sets, &w->stack[i], at, (c->self >> i) & 1u, c->below[i]);
}

static void note_self(struct typed *w, const struct element *at, unsigned which) {
	struct change c = { .self = 1u << which };
	note(w, at, &c);
}

/* Equal lists of equally named elements. */
static bool same_twins(struct typed *w, struct typed_ref item, size_t at, size_t mid, size_t end) {
	if (mid - at != end - mid) return false;
	for (size_t i = 0; at + i < mid; i++)
		if (!typed_equal(w, item, w->parts.v[at + i].v, w->parts.v[mid + i].v)) return false;
	return true;
}

/* Elements [at, mid) of the old container and [mid, end) of the new one have the same name. */
static void compare_group(struct typed *w, struct typed_ref item, size_t at, size_t mid, size_t end, unsigned depth) {
	struct element name = w->parts.v[at].at;
	size_t n_old = mid - at, n_now = end - mid;
	yyjson_mut_val *old = n_old ? w->parts.v[at].v : NULL, *now = n_now ? w->parts.v[mid].v : NULL;
	if (n_old >= 2 && n_now >= 2) {
		if (!same_twins(w, item, at, mid, end)) note_self(w, &name, MODIFIED);
		return;
	}
	if (n_old >= 2 && !now) {
		note_self(w, &name, REMOVED);
		return;
	}
	if (n_now >= 2 && !old) {
		note_self(w, &name, ADDED);
		return;
	}
	struct change c = compare(w, item, n_old >= 2 ? NULL : old, n_now >= 2 ? NULL : now, depth + 1);
	if (n_old >= 2) c.self |= 1u << REMOVED;
	if (n_now >= 2) c.self |= 1u << ADDED;
	note(w, &name, &c);
}

static void compare_parts(struct typed *w, struct typed_ref item, size_t mark, unsigned depth) {
	size_t mid;
	typed_sort(w, mark);
	for (size_t at = mark, end; at < w->parts.n; at = end) {
		end = typed_group(w, at, &mid);
		compare_group(w, item, at, mid, end, depth);
	}
	w->parts.n = mark;
}

/* Members the type does not know: whatever their values look like. */
static void compare_unknown(struct typed *w, struct typed_ref r, yyjson_mut_val *old, yyjson_mut_val *now, unsigned depth) {
	size_t mark = w->parts.n;
	if (!(r.type->flags & TYPE_PRESERVE_UNKNOWN)) return;
	typed_parts(w, r, TYPED_OBJECT, old, false, true);
	typed_parts(w, r, TYPED_OBJECT, now, true, true);
	compare_parts(w, (struct typed_ref){ 0 }, mark, depth);
}

static void compare_fields(struct typed *w, const struct schema_type *t, yyjson_mut_val *old, yyjson_mut_val *now,
			   unsigned depth) {
	size_t x = w->slots.n, y = x;
	if (old) x = typed_slots(w, t, old);
	if (now) y = typed_slots(w, t, now);
	for (size_t i = 0; i < t->n_fields && !w->sets.no_memory; i++) {
		size_t index = t->by_name[i];
		const struct schema_field *f = t->fields + index;
		yyjson_mut_val *a = old ? w->slots.v[x + index] : NULL, *b = now ? w->slots.v[y + index] : NULL;
		if (!a && !b) continue;
		struct change c = compare(w, typed_field_ref(f), a, b, depth + 1);
		struct element at = { .kind = ELEMENT_FIELD, .name = slice_make(f->name, f->name_len) };
		note(w, &at, &c);
	}
	w->slots.n = x < y ? x : old ? x : y;
}

static bool is_container(enum typed_shape s, yyjson_mut_val *v) {
	return v && (s == TYPED_LIST ? yyjson_mut_is_arr(v) : s != TYPED_LEAF && yyjson_mut_is_obj(v));
}

/* Whether nothing is in it: a Go struct may have members though the tree has none. */
static bool is_bare(struct typed *w, struct typed_ref r, enum typed_shape s, yyjson_mut_val *v) {
	if (!is_container(s, v)) return true;
	if (json_size(v) > 0 && (s != TYPED_OBJECT || !w->go)) return false;
	if (s != TYPED_OBJECT) return true;
	size_t base = typed_slots(w, r.type, v), i = 0;
	while (i < r.type->n_fields && !w->sets.no_memory && !w->slots.v[base + i]) i++;
	w->slots.n = base;
	return i == r.type->n_fields && !((r.type->flags & TYPE_PRESERVE_UNKNOWN) && json_size(v) > 0);
}

static struct change descend(struct typed *w, struct typed_ref r, enum typed_shape s, yyjson_mut_val *old, yyjson_mut_val *now,
			     unsigned depth) {
	size_t mark[3] = { w->stack[0].n, w->stack[1].n, w->stack[2].n }, parts = w->parts.n;
	yyjson_mut_val *a = is_container(s, old) ? old : NULL, *b = is_container(s, now) ? now : NULL;
	struct change c = { 0 };
	if (s == TYPED_OBJECT) {
		compare_fields(w, r.type, a, b, depth);
		compare_unknown(w, r, a, b, depth);
	} else {
		typed_parts(w, r, s, a, false, false);
		typed_parts(w, r, s, b, true, false);
		compare_parts(w, typed_item_ref(r), parts, depth);
	}
	for (unsigned i = 0; i < 3; i++) c.below[i] = fieldset_end(&w->sets, &w->stack[i], mark[i]);
	if (!old) c.self |= 1u << ADDED;
	else if (!now) c.self |= 1u << REMOVED;
	return c;
}

/* At least one of the two is there. */
static struct change compare(struct typed *w, struct typed_ref r, yyjson_mut_val *old, yyjson_mut_val *now, unsigned depth) {
	enum typed_shape x = typed_shape_of(r, old ? old : now, depth), y = typed_shape_of(r, now ? now : old, depth);
	struct change c;
	if (old == now && old) return (struct change){ 0 };
	/* Members that a write leaves alone, as the spec under a change of status. Deeper down, looking twice would cost more. */
	if (depth == 1 && old && now && json_equal(old, now)) return (struct change){ 0 };
	if (x == y) {
		if (x == TYPED_LEAF || (is_bare(w, r, x, old) && is_bare(w, r, x, now))) return leaf(w, r, old, now);
		return descend(w, r, x, old, now, depth);
	}
	/* A value without a schema became another sort of value. */
	c = x == TYPED_LEAF ? descend(w, r, y, NULL, now, depth) : descend(w, r, x, old, NULL, depth);
	c.self = 1u << MODIFIED;
	return c;
}

struct typed_change typed_compare(struct typed *w, const struct schema_type *t, yyjson_mut_val *old, yyjson_mut_val *now) {
	if (!old && !now) return (struct typed_change){ 0 };
	struct change c = compare(w, (struct typed_ref){ .type = t }, old, now, 0);
	return (struct typed_change){ .added = c.below[ADDED], .modified = c.below[MODIFIED], .removed = c.below[REMOVED] };
}

/* ---- everything a tree says ---- */

static bool set_of(struct typed *w, struct typed_ref r, yyjson_mut_val *v, unsigned depth, const struct fieldset **ret);

static void set_fields(struct typed *w, const struct schema_type *t, yyjson_mut_val *v, unsigned depth) {
	size_t base = typed_slots(w, t, v);
	for (size_t i = 0; i < t->n_fields && !w->sets.no_memory; i++) {
		size_t index = t->by_name[i];
		const struct schema_field *f = t->fields + index;
		yyjson_mut_val *x = w->slots.v[base + index];
		const struct fieldset *below = NULL;
		struct element at = { .kind = ELEMENT_FIELD, .name = slice_make(f->name, f->name_len) };
		if (!x) continue;
		bool member = set_of(w, typed_field_ref(f), x, depth + 1, &below);
		member |= yyjson_mut_is_null(x) || (yyjson_mut_is_obj(x) && json_size(x) == 0 && !below);
		fieldset_add(&w->sets, &w->stack[0], &at, member, below);
	}
	w->slots.n = base;
}

/* Elements and values of maps are members whatever is in them; twins are nothing but that. */
static void set_parts(struct typed *w, struct typed_ref item, size_t mark, unsigned depth) {
	size_t mid;
	typed_sort(w, mark);
	for (size_t at = mark, end; at < w->parts.n; at = end) {
		end = typed_group(w, at, &mid);
		struct element name = w->parts.v[at].at;
		const struct fieldset *below = NULL;
		if (end - at == 1) (void)set_of(w, item, w->parts.v[at].v, depth + 1, &below);
		fieldset_add(&w->sets, &w->stack[0], &name, true, below);
	}
	w->parts.n = mark;
}

/* True: the place is itself a member. */
static bool set_of(struct typed *w, struct typed_ref r, yyjson_mut_val *v, unsigned depth, const struct fieldset **ret) {
	enum typed_shape s = typed_shape_of(r, v, depth);
	size_t mark = w->stack[0].n, parts = w->parts.n;
	if (s == TYPED_LEAF) return true;
	if (!is_container(s, v)) return false;
	if (s == TYPED_OBJECT) set_fields(w, r.type, v, depth);
	if (s != TYPED_OBJECT || (r.type->flags & TYPE_PRESERVE_UNKNOWN)) {
		typed_parts(w, r, s, v, false, s == TYPED_OBJECT);
		set_parts(w, typed_item_ref(r), parts, depth);
	}
	*ret = fieldset_end(&w->sets, &w->stack[0], mark);
	return false;
}

const struct fieldset *typed_set(struct typed *w, const struct schema_type *t, yyjson_mut_val *v) {
	const struct fieldset *s = NULL;
	if (v) (void)set_of(w, (struct typed_ref){ .type = t }, v, 0, &s);
	return s;
}

/* ---- struct members on the way ---- */

static const struct fieldset *named(struct typed *w, struct typed_ref r, const struct fieldset *s) {
	size_t mark = w->stack[0].n;
	const struct schema_type *t = r.type;
	for (size_t i = 0; s && i < s->n; i++) {
		struct fieldset_item x = s->v[i];
		const struct schema_field *f = x.at.kind == ELEMENT_FIELD && t && t->kind == SCHEMA_OBJECT
						       ? schema_field_find(t, x.at.name, NULL)
						       : NULL;
		struct typed_ref below = x.at.kind == ELEMENT_FIELD ? typed_member_ref(r, x.at.name) : typed_item_ref(r);
		if (x.below) x.below = named(w, below, x.below);
		fieldset_add(&w->sets, &w->stack[0], &x.at, x.member || f, x.below);
	}
	return fieldset_end(&w->sets, &w->stack[0], mark);
}

const struct fieldset *typed_named(struct typed *w, const struct schema_type *t, const struct fieldset *s) {
	return named(w, (struct typed_ref){ .type = t }, s);
}
