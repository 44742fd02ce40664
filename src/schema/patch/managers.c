/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/patch/managers.h"

#include <errno.h>

/* ---- entries ---- */

static bool same_identity(const struct manager *a, const struct manager *b) {
	return a->applied == b->applied && slice_eq(a->name, b->name) && slice_eq(a->subresource, b->subresource) &&
	       (a->applied || slice_eq(a->version, b->version));
}

struct manager *managers_find(struct managers *m, const struct manager *who) {
	for (size_t i = 0; i < m->n; i++)
		if (same_identity(&m->v[i], who)) return m->v + i;
	return NULL;
}

struct manager *managers_take(struct fieldsets *f, struct managers *m, const struct manager *who) {
	struct manager *there = managers_find(m, who);
	if (there) return there;
	if (m->n == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 8;
		struct manager *v = arena_realloc(f->a, m->v, m->cap * sizeof(*v), cap * sizeof(*v));
		if (!v) {
			f->no_memory = true;
			return NULL;
		}
		m->v = v;
		m->cap = cap;
	}
	m->v[m->n] = *who;
	m->v[m->n].set = NULL;
	return m->v + m->n++;
}

void managers_drop_empty(struct managers *m) {
	size_t n = 0;
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].set) m->v[n++] = m->v[i];
	m->n = n;
}

static int decode_entry(struct fieldsets *f, const yyjson_mut_val *v, struct managers *m) {
	struct slice operation = json_path_str(v, "operation");
	struct manager e = { .name = json_path_str(v, "manager"), .version = json_path_str(v, "apiVersion"),
			     .subresource = json_path_str(v, "subresource"), .time = json_path_str(v, "time"),
			     .applied = slice_eq(operation, SLICE_LIT("Apply")) };
	const yyjson_mut_val *fields = json_get(v, "fieldsV1");
	if (!e.applied && !slice_eq(operation, SLICE_LIT("Update"))) return -EBADMSG;
	if (slice_empty(e.version) || !slice_eq(json_path_str(v, "fieldsType"), SLICE_LIT("FieldsV1"))) return -EBADMSG;
	const struct fieldset *set = NULL;
	int err = fields ? fieldset_decode(f, fields, &set) : 0;
	if (err) return err;
	struct manager *there = managers_take(f, m, &e);
	if (!there) return -ENOMEM;
	*there = e;
	there->set = set;
	return 0;
}

int managers_decode(struct fieldsets *f, const yyjson_mut_val *list, struct managers *ret) {
	struct managers m = { 0 };
	yyjson_mut_val *v;
	json_each(list, v) {
		int err = decode_entry(f, v, &m);
		if (err) return err;
	}
	*ret = m;
	return 0;
}

/* ---- the cap ---- */

/* Oldest first. */
static int age_cmp(const void *a, const void *b) {
	const struct manager *x = *(const struct manager *const *)a, *y = *(const struct manager *const *)b;
	int c = slice_cmp(x->time, y->time);
	if (!c) c = slice_cmp(x->name, y->name);
	if (!c) c = slice_cmp(x->version, y->version);
	return c ? c : slice_cmp(x->subresource, y->subresource);
}

static struct manager *of_version(struct manager **v, size_t n, struct slice version) {
	for (size_t i = 0; i < n; i++)
		if (slice_eq(v[i]->version, version)) return v[i];
	return NULL;
}

/* Unites `from` with the entry of ancient changes of its version, which `first` becomes if there is none. */
static void bury(struct fieldsets *f, struct managers *m, struct manager *first, struct manager *from) {
	struct manager who = { .name = SLICE_LIT(MANAGERS_ANCIENT), .version = from->version };
	struct manager *grave = managers_find(m, &who);
	if (!grave) {
		grave = first;
		grave->name = who.name;
		grave->subresource = SLICE_NULL;
	}
	if (grave == from) return;
	grave->set = fieldset_union(f, grave->set, from->set);
	grave->time = from->time;
	from->set = NULL;
}

int managers_cap(struct fieldsets *f, struct managers *m) {
	size_t n = 0, firsts = 0;
	for (size_t i = 0; i < m->n; i++) n += !m->v[i].applied;
	if (n <= MANAGERS_UPDATES_MAX) return 0;
	struct manager **oldest = arena_array(f->a, n, sizeof(struct manager *)),
		       **first = arena_array(f->a, n, sizeof(struct manager *));
	if (!oldest || !first) return -ENOMEM;
	size_t left = n;
	n = 0;
	for (size_t i = 0; i < m->n; i++)
		if (!m->v[i].applied) oldest[n++] = m->v + i;
	qsort(oldest, n, sizeof(*oldest), age_cmp);
	for (size_t i = 0; i < n && left > MANAGERS_UPDATES_MAX; i++) {
		struct manager *of = of_version(first, firsts, oldest[i]->version);
		if (!of) {
			first[firsts++] = oldest[i];
			continue;
		}
		bury(f, m, of, oldest[i]);
		left--;
	}
	managers_drop_empty(m);
	return f->no_memory ? -ENOMEM : 0;
}

/* ---- writing ---- */

static int entry_cmp(const void *a, const void *b) {
	const struct manager *x = a, *y = b;
	if (x->applied != y->applied) return x->applied ? -1 : 1;
	int c = slice_cmp(x->time, y->time);
	if (!c) c = slice_cmp(x->name, y->name);
	if (!c) c = slice_cmp(x->version, y->version);
	return c ? c : slice_cmp(x->subresource, y->subresource);
}

static bool encode_entry(struct fieldsets *f, yyjson_mut_doc *doc, const struct manager *e, yyjson_mut_val *list) {
	yyjson_mut_val *v = yyjson_mut_obj(doc);
	bool ok = v && json_set_str(doc, v, "manager", e->name) &&
		  json_set_str(doc, v, "operation", e->applied ? SLICE_LIT("Apply") : SLICE_LIT("Update")) &&
		  json_set_str(doc, v, "apiVersion", e->version);
	if (ok && e->time.n) ok = json_set_str(doc, v, "time", e->time);
	if (ok)
		ok = json_set_str(doc, v, "fieldsType", SLICE_LIT("FieldsV1")) &&
		     json_set(doc, v, "fieldsV1", fieldset_encode(f, doc, e->set));
	if (ok && e->subresource.n) ok = json_set_str(doc, v, "subresource", e->subresource);
	return ok && yyjson_mut_arr_append(list, v);
}

int managers_encode(struct fieldsets *f, yyjson_mut_doc *doc, struct managers *m, yyjson_mut_val *meta) {
	if (f->no_memory) return -ENOMEM;
	if (m->n == 0) {
		json_del(meta, "managedFields");
		return 0;
	}
	qsort(m->v, m->n, sizeof(*m->v), entry_cmp);
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	for (size_t i = 0; list && i < m->n; i++)
		if (!encode_entry(f, doc, m->v + i, list)) return -ENOMEM;
	return list && json_set(doc, meta, "managedFields", list) ? 0 : -ENOMEM;
}
