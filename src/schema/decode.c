/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/decode_ctx.h"

#include "codec/base64.h"

#include <errno.h>

static bool stopped(const struct decode *d) { return d->hard || d->nomem; }

static struct slice key_of(yyjson_mut_val *k) { return slice_make(yyjson_mut_get_str(k), yyjson_mut_get_len(k)); }

/* What Go leaves in a list element or map value that was null: the type's zero value. */
static void set_zero(const struct schema_type *t, yyjson_mut_val *v) {
	switch (t->kind) {
	case SCHEMA_OBJECT: yyjson_mut_set_obj(v); break;
	case SCHEMA_STRING:
	case SCHEMA_BYTES: yyjson_mut_set_strn(v, "", 0); break;
	case SCHEMA_BOOL: yyjson_mut_set_bool(v, false); break;
	case SCHEMA_INT32:
	case SCHEMA_INT64:
	case SCHEMA_DOUBLE: yyjson_mut_set_uint(v, 0); break;
	case SCHEMA_LIST: yyjson_mut_set_arr(v); break;
	case SCHEMA_MAP: yyjson_mut_set_obj(v); break;
	default:
		if (t->special == SPECIAL_QUANTITY) yyjson_mut_set_strn(v, "0", 1);
		if (t->special == SPECIAL_INT_OR_STRING) yyjson_mut_set_uint(v, 0);
	}
}

/* A value within a list or map: null there is a value. */
static void decode_item(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	if (!yyjson_mut_is_null(v)) decode_value(d, t, v, at);
	else if (!(t->flags & TYPE_CUSTOM)) set_zero(t, v);
}

/* Wrong shapes are errors here, except in custom resources. */
static void wrong_shape(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	if (!(t->flags & TYPE_CUSTOM)) decode_mismatch(d, false, decode_word(v), t->go, at);
}

static void decode_list(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	if (!yyjson_mut_is_arr(v)) {
		wrong_shape(d, t, v, at);
		return;
	}
	struct decode_frame f = { .up = at, .depth = at->depth + 1 };
	yyjson_mut_val *e;
	size_t i, n;
	yyjson_mut_arr_foreach(v, i, n, e) {
		if (stopped(d)) return;
		f.index = i;
		decode_item(d, t->item, e, &f);
	}
}

struct map_member {
	struct slice key;
	size_t at;
	yyjson_mut_val *k; /* its value is k->next */
	bool again;        /* an earlier member has this name */
	bool dropped;      /* a later one has */
};

static int member_cmp(const void *a, const void *b) {
	const struct map_member *x = a, *y = b;
	int c = slice_cmp(x->key, y->key);
	return c ? c : (x->at > y->at) - (x->at < y->at);
}

static int member_place_cmp(const void *a, const void *b) {
	const struct map_member *x = a, *y = b;
	return (x->at > y->at) - (x->at < y->at);
}

/* The members of a map in document order, with duplicates marked. */
static struct map_member *map_members(struct decode *d, yyjson_mut_val *v, size_t n) {
	struct map_member *m = arena_array(d->a, n, sizeof(*m));
	if (!m) {
		d->nomem = true;
		return NULL;
	}
	yyjson_mut_val *k, *e;
	size_t i, max;
	yyjson_mut_obj_foreach(v, i, max, k, e) m[i] = (struct map_member){ .key = key_of(k), .at = i, .k = k };
	qsort(m, n, sizeof(*m), member_cmp);
	for (size_t j = 1; j < n; j++)
		if (slice_eq(m[j].key, m[j - 1].key)) m[j - 1].dropped = m[j].again = true;
	qsort(m, n, sizeof(*m), member_place_cmp);
	return m;
}

static void decode_map(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	if (!yyjson_mut_is_obj(v)) {
		wrong_shape(d, t, v, at);
		return;
	}
	size_t n = yyjson_mut_obj_size(v);
	struct map_member *m = n ? map_members(d, v, n) : NULL;
	if (!m) return;
	struct decode_frame f = { .up = at, .depth = at->depth + 1 };
	for (size_t i = 0; i < n && !stopped(d); i++) {
		f.name = m[i].key;
		if (m[i].again) decode_duplicate(d, m[i].key, at);
		decode_item(d, t->item, m[i].k->next, &f);
	}
	yyjson_mut_obj_clear(v);
	for (size_t i = 0; i < n; i++)
		if (!m[i].dropped) yyjson_mut_obj_add(v, m[i].k, m[i].k->next);
}

/* A zero that Go's encoding leaves out again; dropping it here makes equal objects equal trees. */
static bool drops_out(const struct schema_field *f, yyjson_mut_val *v) {
	if ((f->flags & (FIELD_POINTER | FIELD_OMITEMPTY)) != FIELD_OMITEMPTY) return false;
	switch (f->type->kind) {
	case SCHEMA_STRING:
	case SCHEMA_BYTES: return yyjson_mut_is_str(v) && yyjson_mut_get_len(v) == 0;
	case SCHEMA_BOOL: return yyjson_mut_is_false(v);
	case SCHEMA_INT32:
	case SCHEMA_INT64: return yyjson_mut_is_int(v) && yyjson_mut_get_uint(v) == 0;
	default: return false;
	}
}

/* Members of an object: known ones go to their slots, unknown ones are noted (and kept where the type says so). */
static void decode_object(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	if (!yyjson_mut_is_obj(v)) {
		wrong_shape(d, t, v, at);
		return;
	}
	yyjson_mut_val *slot[SCHEMA_FIELDS_MAX] = { NULL };
	yyjson_mut_val *rest = NULL, **rest_end = &rest;
	struct decode_frame f = { .up = at, .in = t, .depth = at->depth + 1 };
	size_t left = yyjson_mut_obj_size(v), index;
	yyjson_mut_val *k = left ? ((yyjson_mut_val *)v->uni.ptr)->next->next : NULL; /* uni.ptr is the last key */
	for (; left && !stopped(d); left--) {
		yyjson_mut_val *e = k->next, *next = e->next;
		const struct schema_field *field = schema_field_find(t, key_of(k), &index);
		f.name = key_of(k);
		if (field) {
			if (slot[index]) decode_duplicate(d, f.name, at);
			if (!yyjson_mut_is_null(e)) decode_value(d, field->type, e, &f);
			if (!yyjson_mut_is_null(e) || (field->flags & FIELD_NULLABLE)) slot[index] = k;
		} else if (t->flags & TYPE_PRESERVE_UNKNOWN) {
			e->next = NULL;
			*rest_end = k;
			rest_end = &e->next;
		} else {
			decode_unknown(d, f.name, at);
		}
		k = next;
	}
	yyjson_mut_obj_clear(v);
	for (size_t i = 0; i < t->n_fields; i++)
		if (slot[i] && !drops_out(t->fields + i, slot[i]->next)) yyjson_mut_obj_add(v, slot[i], slot[i]->next);
	for (yyjson_mut_val *next; rest; rest = next) {
		next = rest->next->next;
		yyjson_mut_obj_add(v, rest, rest->next);
	}
}

static void decode_string(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	if (!yyjson_mut_is_str(v)) decode_mismatch(d, false, decode_word(v), t->go, at);
}

static void decode_bool(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	if (!yyjson_mut_is_bool(v)) decode_mismatch(d, false, decode_word(v), t->go, at);
}

static bool int_fits(const yyjson_mut_val *cv, int64_t min, int64_t max) {
	yyjson_mut_val *v = (yyjson_mut_val *)cv;
	if (yyjson_mut_is_uint(v)) return yyjson_mut_get_uint(v) <= (uint64_t)max;
	return yyjson_mut_is_sint(v) && yyjson_mut_get_sint(v) >= min && yyjson_mut_get_sint(v) <= max;
}

static void decode_int(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	bool is32 = t->kind == SCHEMA_INT32;
	if (!yyjson_mut_is_num(v)) {
		decode_mismatch(d, false, decode_word(v), t->go, at);
	} else if (!int_fits(v, is32 ? INT32_MIN : INT64_MIN, is32 ? INT32_MAX : INT64_MAX)) {
		const char *number = decode_number_text(d, v);
		const char *what = number ? arena_printf(d->a, "number %s", number) : NULL;
		if (what) decode_mismatch(d, false, what, t->go, at);
		else d->nomem = true;
	}
}

static void decode_double(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	if (!yyjson_mut_is_num(v)) decode_mismatch(d, false, decode_word(v), t->go, at);
}

/* []byte: a base64 string, rewritten without the line breaks that decoding allows. */
static void decode_bytes(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	if (!yyjson_mut_is_str(v)) {
		decode_mismatch(d, false, decode_word(v), t->go, at);
		return;
	}
	struct slice text = key_of(v);
	_cleanup_buf_ struct buf raw = BUF_INIT(base64_decoded_max(text.n) + 1), again = BUF_INIT(text.n + 8);
	size_t bad_at = 0;
	int r = base64_decode(&raw, BASE64_STD, text, &bad_at);
	if (r == -EBADMSG) {
		decode_soft(d, arena_printf(d->a, "illegal base64 data at input byte %zu", bad_at));
		return;
	}
	if (r < 0 || base64_encode(&again, BASE64_STD, buf_slice(&raw)) < 0) {
		d->nomem = true;
		return;
	}
	if (slice_eq(text, buf_slice(&again))) return;
	struct slice copy = arena_slice_dup(d->a, buf_slice(&again));
	if (!copy.p) d->nomem = true;
	else yyjson_mut_set_strn(v, copy.p, copy.n);
}

typedef void decode_fn(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at);

static decode_fn *const decoders[] = {
	[SCHEMA_OBJECT] = decode_object,   [SCHEMA_LIST] = decode_list,     [SCHEMA_MAP] = decode_map,
	[SCHEMA_STRING] = decode_string,   [SCHEMA_BOOL] = decode_bool,     [SCHEMA_INT32] = decode_int,
	[SCHEMA_INT64] = decode_int,       [SCHEMA_DOUBLE] = decode_double, [SCHEMA_BYTES] = decode_bytes,
	[SCHEMA_SPECIAL] = decode_special,
};

/* Only what Go keeps as the text it came as (RawExtension, FieldsV1) has numbers written in more ways than one. */
static void plain_numbers(struct decode *d, const struct schema_type *t, yyjson_mut_val *v) {
	bool keeps = t->special == SPECIAL_ANY && strcmp(t->name, "JSON") != 0;
	if ((yyjson_mut_is_raw(v) || t->special == SPECIAL_ANY) && !keeps && json_plain_numbers(v) < 0) d->nomem = true;
}

void decode_value(struct decode *d, const struct schema_type *t, yyjson_mut_val *v, const struct decode_frame *at) {
	if (stopped(d)) return;
	plain_numbers(d, t, v);
	if (at->depth > SCHEMA_DEPTH_MAX) decode_hard(d, "exceeded max depth");
	else decoders[t->kind](d, t, v, at);
}

/* Custom resources: what metadata does not know comes first, the rest by name. */
static int issue_cmp(const void *x, const void *y) {
	static const char meta[] = "unknown field \"metadata.";
	const char *a = *(const char *const *)x, *b = *(const char *const *)y;
	bool p = !strncmp(a, meta, sizeof(meta) - 1), q = !strncmp(b, meta, sizeof(meta) - 1);
	return p != q ? q - p : strcmp(a, b);
}

int schema_decode_tree(const struct schema_type *t, struct arena *a, yyjson_mut_doc *doc, struct schema_issues *issues,
		       const char **ret_msg) {
	struct decode d = { .a = a, .doc = doc, .issues = issues };
	struct decode_frame root = { 0 };
	if (issues) *issues = (struct schema_issues){ 0 };
	yyjson_mut_val *v = yyjson_mut_doc_get_root(doc);
	if (!v) return -ENOMEM;
	if (yyjson_mut_is_null(v)) set_zero(t, v);
	else decode_value(&d, t, v, &root);
	if (d.nomem) return -ENOMEM;
	if (issues && issues->n_unknown > 1 && (t->flags & TYPE_CUSTOM)) qsort(issues->unknown, issues->n_unknown, sizeof(*issues->unknown), issue_cmp);
	const char *msg = d.hard ? d.hard : d.soft;
	if (!msg) return 0;
	if (ret_msg) *ret_msg = msg;
	return -EBADMSG;
}
