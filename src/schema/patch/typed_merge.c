/* SPDX-License-Identifier: Apache-2.0 */
/* One tree laid over another, and trees without some of their members (structured-merge-diff's Merge and RemoveItems). */
#include "schema/patch/typed.h"

#define NONE SIZE_MAX

static yyjson_mut_val *copy(struct typed *w, const yyjson_mut_val *v) {
	yyjson_mut_val *c = v ? json_copy(w->doc, v) : NULL;
	if (v && !c) w->sets.no_memory = true;
	return c;
}

static void append(struct typed *w, yyjson_mut_val *list, yyjson_mut_val *v) {
	if (v && !yyjson_mut_arr_append(list, v)) w->sets.no_memory = true;
}

static void put(struct typed *w, yyjson_mut_val *obj, struct slice name, yyjson_mut_val *v) {
	yyjson_mut_val *k = v ? yyjson_mut_strncpy(w->doc, name.p ? name.p : "", name.n) : NULL;
	if (v && !yyjson_mut_obj_add(obj, k, v)) w->sets.no_memory = true;
}

static yyjson_mut_val *merge(struct typed *w, struct typed_ref r, yyjson_mut_val *live, yyjson_mut_val *config, unsigned depth);

/* ---- lists: the order of the configuration among its own elements, what is live stays where it was ---- */

/* All elements of one name: the live one (null when there are twins) and the configured one. */
struct same_name { yyjson_mut_val *live, *config; bool merged; };
struct lists {
	struct same_name *names;
	size_t *live, *config, *shared;  /* per element its name's index; shared: names of both, as configured */
	yyjson_mut_val **live_v;
	size_t n_names, n_live, n_config, n_shared;
};

static bool lists_alloc(struct typed *w, struct lists *l, size_t n_live, size_t n_config) {
	l->names = arena_array(w->sets.a, n_live + n_config, sizeof(*l->names));
	l->live = arena_array(w->sets.a, n_live + 2 * n_config, sizeof(*l->live));
	l->live_v = arena_array(w->sets.a, n_live, sizeof(*l->live_v));
	if (!l->names || !l->live || !l->live_v) w->sets.no_memory = true;
	l->config = l->live + n_live;
	l->shared = l->config + n_config;
	return !w->sets.no_memory;
}

static yyjson_mut_val *twins(struct typed *w) {
	yyjson_mut_val *v = yyjson_mut_null(w->doc);
	if (!v) w->sets.no_memory = true;
	return v;
}

static void index_lists(struct typed *w, struct lists *l, size_t mark) {
	size_t mid;
	typed_sort(w, mark);
	for (size_t at = mark, end; at < w->parts.n; at = end) {
		const struct typed_part *v = w->parts.v;
		end = typed_group(w, at, &mid);
		struct same_name *s = l->names + l->n_names;
		*s = (struct same_name){ .live = mid - at == 1 ? v[at].v
						 : mid > at    ? twins(w)
							       : NULL,
					 .config = end > mid ? v[mid].v : NULL };
		for (size_t i = at; i < mid; i++) {
			l->live[v[i].order] = l->n_names;
			l->live_v[v[i].order] = v[i].v;
		}
		for (size_t i = mid; i < end; i++) l->config[v[i].order] = l->n_names;
		l->n_names++;
	}
	for (size_t i = 0; i < l->n_config; i++)
		if (l->names[l->config[i]].live) l->shared[l->n_shared++] = l->config[i];
}

static void take_config(struct typed *w, struct lists *l, size_t name, struct typed_ref item, yyjson_mut_val *out,
			unsigned depth) {
	struct same_name *s = l->names + name;
	s->merged = true;
	append(w, out, merge(w, item, s->live, s->config, depth + 1));
}

static void merge_elements(struct typed *w, struct lists *l, struct typed_ref item, yyjson_mut_val *out, unsigned depth) {
	size_t i = 0, j = 0, k = 0;
	while ((i < l->n_live || j < l->n_config) && !w->sets.no_memory) {
		size_t next = k < l->n_shared ? l->shared[k] : NONE, name = i < l->n_live ? l->live[i] : NONE;
		if (name != NONE && j < l->n_config) {
			if (name == l->config[j]) {
				take_config(w, l, name, item, out, depth);
				i++, j++, k++;
				continue;
			}
			if (l->names[name].config && next != NONE && next != name) {
				/* Shared, but not the one whose turn it is. */
				i++;
				continue;
			}
		}
		if (name != NONE) {
			if (!l->names[name].config) {
				append(w, out, merge(w, item, l->live_v[i++], NULL, depth + 1));
				continue;
			}
			if (l->names[name].merged) i++;
		}
		if (j < l->n_config) {
			take_config(w, l, l->config[j], item, out, depth);
			if (next == l->config[j]) k++;
			j++;
		}
	}
}

static yyjson_mut_val *merge_lists(struct typed *w, struct typed_ref r, yyjson_mut_val *live, yyjson_mut_val *config,
				   unsigned depth) {
	size_t mark = w->parts.n;
	struct lists l = { .n_live = yyjson_mut_arr_size(live), .n_config = yyjson_mut_arr_size(config) };
	yyjson_mut_val *out = yyjson_mut_arr(w->doc);
	if (!out || !lists_alloc(w, &l, l.n_live, l.n_config)) {
		w->sets.no_memory = true;
		return NULL;
	}
	typed_parts(w, r, TYPED_LIST, live, false, false);
	typed_parts(w, r, TYPED_LIST, config, true, false);
	bool named = w->parts.n - mark == l.n_live + l.n_config;
	if (named) index_lists(w, &l, mark);
	w->parts.n = mark;
	if (named && !w->sets.no_memory) merge_elements(w, &l, typed_item_ref(r), out, depth);
	return json_size(out) ? out : NULL;
}

/* ---- objects ---- */

static yyjson_mut_val *merge_members(struct typed *w, struct typed_ref r, enum typed_shape s, yyjson_mut_val *live,
				     yyjson_mut_val *config, unsigned depth) {
	size_t mark = w->parts.n, mid;
	yyjson_mut_val *out = yyjson_mut_obj(w->doc);
	if (!out) {
		w->sets.no_memory = true;
		return NULL;
	}
	typed_parts(w, r, TYPED_MAP, live, false, false);
	typed_parts(w, r, TYPED_MAP, config, true, false);
	typed_sort(w, mark);
	size_t n = w->parts.n;
	for (size_t at = mark, end; at < n && !w->sets.no_memory; at = end) {
		end = typed_group(w, at, &mid);
		struct slice name = w->parts.v[at].at.name;
		struct typed_ref below = s == TYPED_OBJECT ? typed_member_ref(r, name) : typed_item_ref(r);
		put(w, out, name,
		    merge(w, below, mid > at ? w->parts.v[mid - 1].v : NULL, end > mid ? w->parts.v[end - 1].v : NULL,
			  depth + 1));
	}
	w->parts.n = mark;
	return json_size(out) ? out : NULL;
}

static bool has_parts(enum typed_shape s, const yyjson_mut_val *v) {
	return v && json_size(v) > 0 &&
	       (s == TYPED_LIST ? yyjson_mut_is_arr((yyjson_mut_val *)(uintptr_t)v)
				: yyjson_mut_is_obj((yyjson_mut_val *)(uintptr_t)v));
}

static yyjson_mut_val *merge(struct typed *w, struct typed_ref r, yyjson_mut_val *live, yyjson_mut_val *config, unsigned depth) {
	enum typed_shape s = typed_shape_of(r, config ? config : live, depth);
	bool from_live = has_parts(s, live), from_config = has_parts(s, config);
	if (s == TYPED_LEAF || (!from_live && !from_config)) return copy(w, config ? config : live);
	if (!from_live) live = NULL;
	if (!from_config) config = NULL;
	return s == TYPED_LIST ? merge_lists(w, r, live, config, depth) : merge_members(w, r, s, live, config, depth);
}

yyjson_mut_val *typed_merge(struct typed *w, const struct schema_type *t, yyjson_mut_val *live, yyjson_mut_val *config) {
	yyjson_mut_val *out = merge(w, (struct typed_ref){ .type = t }, live, config, 0);
	return w->sets.no_memory || w->fault ? NULL : out;
}

/* ---- removal ---- */

static yyjson_mut_val *without(struct typed *w, struct typed_ref r, yyjson_mut_val *v, const struct fieldset *gone,
			       unsigned depth);

/* What is left of a part: the value itself, less, or null when nothing is. False: it goes altogether. */
static bool part_left(struct typed *w, struct typed_ref r, const struct element *at, yyjson_mut_val *v,
		      const struct fieldset *gone, unsigned depth, yyjson_mut_val **ret) {
	const struct fieldset_item *x = fieldset_find(gone, at);
	if (x && x->member) return false;
	*ret = x && x->below ? without(w, r, v, x->below, depth + 1) : copy(w, v);
	if (!*ret) *ret = yyjson_mut_null(w->doc);
	if (!*ret) w->sets.no_memory = true;
	return *ret != NULL;
}

static yyjson_mut_val *list_without(struct typed *w, struct typed_ref r, yyjson_mut_val *v, const struct fieldset *gone,
				    unsigned depth) {
	yyjson_mut_val *out = yyjson_mut_arr(w->doc), *x, *left;
	json_each(v, x) {
		struct element at;
		const char *why = NULL;
		if (!out || w->sets.no_memory) return NULL;
		if (!typed_element(w, r.type, x, &at, &why)) append(w, out, copy(w, x));
		else if (part_left(w, typed_item_ref(r), &at, x, gone, depth, &left)) append(w, out, left);
	}
	return json_size(out) ? out : NULL;
}

static yyjson_mut_val *object_without(struct typed *w, struct typed_ref r, enum typed_shape s, yyjson_mut_val *v,
				      const struct fieldset *gone, unsigned depth) {
	yyjson_mut_val *out = yyjson_mut_obj(w->doc), *k, *x, *left;
	size_t i, n;
	yyjson_mut_obj_foreach(v, i, n, k, x) {
		struct element at = { .kind = ELEMENT_FIELD, .name = json_str(k) };
		struct typed_ref below = s == TYPED_OBJECT ? typed_member_ref(r, at.name) : typed_item_ref(r);
		if (!out || w->sets.no_memory) return NULL;
		if (part_left(w, below, &at, x, gone, depth, &left)) put(w, out, at.name, left);
	}
	return json_size(out) ? out : NULL;
}

static yyjson_mut_val *without(struct typed *w, struct typed_ref r, yyjson_mut_val *v, const struct fieldset *gone,
			       unsigned depth) {
	enum typed_shape s = typed_shape_of(r, v, depth);
	if (s == TYPED_LEAF) return yyjson_mut_is_ctn(v) ? NULL : copy(w, v);
	if (!has_parts(s, v)) return NULL;
	return s == TYPED_LIST ? list_without(w, r, v, gone, depth) : object_without(w, r, s, v, gone, depth);
}

yyjson_mut_val *typed_remove(struct typed *w, const struct schema_type *t, yyjson_mut_val *v, const struct fieldset *gone) {
	if (!v) return NULL;
	return gone ? without(w, (struct typed_ref){ .type = t }, v, gone, 0) : copy(w, v);
}
