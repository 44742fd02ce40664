/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing and member access; writing is in json_write.c, copying and comparing in json_tree.c. */
#include "codec/json.h"
#include "base/limits.h"
#include "codec/gofloat.h"
#include "codec/json_scan.h"
#include "codec/utf8.h"

#include <errno.h>

/* A double as it is written. */
#define NUMBER_TEXT_MAX 512u

/* ---- memory ---- */

static void *alc_malloc(void *ctx, size_t n) { return arena_alloc(ctx, n); }
static void *alc_realloc(void *ctx, void *p, size_t old, size_t n) { return arena_realloc(ctx, p, old, n); }
static void alc_free(void *ctx, void *p) {}

const yyjson_alc *json_alc(struct arena *a) {
	yyjson_alc *alc = arena_new_of(a, yyjson_alc);
	if (alc) *alc = (yyjson_alc){ alc_malloc, alc_realloc, alc_free, a };
	return alc;
}

yyjson_mut_doc *json_doc(struct arena *a) {
	const yyjson_alc *alc = json_alc(a);
	return alc ? yyjson_mut_doc_new(alc) : NULL;
}

/* ---- parse ---- */

static void yyjson_doc_freep(yyjson_doc **d) {
	if (*d) yyjson_doc_free(*d);
}
#define _cleanup_yyjson_ _cleanup_(yyjson_doc_freep)

/* The deepest nesting of brackets outside strings; only roughly right for text that is no JSON. */
static bool too_deep(struct slice text) {
	size_t depth = 0;
	bool in_string = false;
	if (text.n <= JSON_DEPTH_MAX) return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (in_string) {
			if (c == '\\') i++;
			else if (c == '"') in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > JSON_DEPTH_MAX) return true;
		} else if ((c == '}' || c == ']') && depth) {
			depth--;
		}
	}
	return false;
}

static int hex4(const char *p, const char *end, unsigned *ret) {
	unsigned v = 0;
	if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return -EINVAL;
	for (int i = 2; i < 6; i++) {
		char c = p[i];
		unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
		v = v << 4 | d;
	}
	*ret = v;
	return 0;
}

/* Copies one \uXXXX (or a pair) at p, unpaired surrogates as U+FFFD. Returns the bytes consumed. */
static size_t repair_escape(struct buf *b, const char *p, const char *end) {
	unsigned hi, lo;
	if (hex4(p, end, &hi) < 0 || hi < 0xd800 || hi > 0xdfff) {
		size_t n = p + 1 < end ? 2 : 1;
		buf_put(b, p, n);
		return n;
	}
	if (hi < 0xdc00 && hex4(p + 6, end, &lo) == 0 && lo >= 0xdc00 && lo <= 0xdfff) {
		buf_put(b, p, 12);
		return 12;
	}
	buf_puts(b, "\\ufffd");
	return 6;
}

/* Text of valid grammar whose strings are not valid Unicode: what Go would have read. */
static int repair(struct slice text, struct buf *b) {
	const char *p = text.p, *end = p + text.n;
	while (p < end) {
		if (*p == '\\') {
			p += repair_escape(b, p, end);
			continue;
		}
		size_t n = utf8_len(p, (size_t)(end - p));
		if (n) buf_put(b, p, n);
		else buf_puts(b, "\xef\xbf\xbd");
		p += n ? n : 1;
	}
	return b->err;
}

/* Where yyjson stopped is a number beyond float64: Go's sentence for it. */
static int out_of_range(struct arena *a, struct slice text, size_t pos, struct json_error *err) {
	size_t start = pos < text.n ? pos : text.n, end;
	while (start > 0 && strchr("+-.eE0123456789", text.p[start - 1]) && text.p[start - 1]) start--;
	for (end = start; end < text.n && text.p[end] && strchr("+-.eE0123456789", text.p[end]);) end++;
	const char *m = arena_printf(a, "json: cannot unmarshal number %.*s into Go value of type float64", (int)(end - start),
				     text.p + start);
	*err = (struct json_error){ start, m };
	return m ? -EBADMSG : -ENOMEM;
}

/* yyjson refused: either the grammar is broken (say how) or the strings need repair. */
static int parse_refused(struct arena *a, struct slice text, const yyjson_read_err *why, yyjson_doc **ret,
			 struct json_error *err) {
	_cleanup_buf_ struct buf fixed = BUF_INIT(text.n * 3 + 16);
	yyjson_read_err again;
	if (why->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return -ENOMEM;
	if (!json_scan(a, text, err)) return -EBADMSG;
	if (repair(text, &fixed) < 0) return -ENOMEM;
	*ret = yyjson_read_opts(fixed.p, fixed.n, 0, NULL, &again);
	if (*ret) return 0;
	if (again.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return -ENOMEM;
	return out_of_range(a, buf_slice(&fixed), again.pos, err);
}

/* Fractions whose text is not what a writer would make of their value become raw values of that text, held by *ret_raw. The
 * values of two readings of one text lie in the same order. */
static int keep_fractions(struct slice text, yyjson_doc *doc, yyjson_doc **ret_raw) {
	_cleanup_yyjson_ yyjson_doc *raw = NULL;
	for (size_t i = 0; i < doc->val_read; i++) {
		yyjson_val *v = doc->root + i;
		if (!unsafe_yyjson_is_real(v)) continue;
		_cleanup_buf_ struct buf b = BUF_INIT(NUMBER_TEXT_MAX);
		if (!raw) raw = yyjson_read_opts((char *)(uintptr_t)text.p, text.n, YYJSON_READ_NUMBER_AS_RAW, NULL, NULL);
		if (!raw || gofloat_json(&b, v->uni.f64) < 0) return -ENOMEM;
		yyjson_val *was = raw->root + i;
		if (!slice_eq(buf_slice(&b), slice_make(was->uni.str, unsafe_yyjson_get_len(was)))) *v = *was;
	}
	*ret_raw = TAKE_PTR(raw);
	return 0;
}

static int parse(struct arena *a, struct slice text, bool fractions, yyjson_mut_doc **ret, struct json_error *err) {
	_cleanup_yyjson_ yyjson_doc *doc = NULL, *raw = NULL;
	yyjson_read_err why = { 0 };
	struct json_error unused;
	if (!err) err = &unused;
	if (text.n == 0 || too_deep(text)) {
		if (!json_scan(a, text, err)) return -EBADMSG;
	}
	/* yyjson does not write to the text without the in-situ flag. */
	doc = yyjson_read_opts((char *)(uintptr_t)text.p, text.n, 0, NULL, &why);
	if (!doc) {
		int r = parse_refused(a, text, &why, &doc, err);
		if (r < 0) return r;
	} else if (fractions && keep_fractions(text, doc, &raw) < 0) {
		return -ENOMEM;
	}
	const yyjson_alc *alc = json_alc(a);
	yyjson_mut_doc *copy = alc ? yyjson_doc_mut_copy(doc, alc) : NULL;
	if (!copy) return -ENOMEM;
	*ret = copy;
	return 0;
}

int json_parse(struct arena *a, struct slice text, yyjson_mut_doc **ret, struct json_error *err) { return parse(a, text, false, ret, err); }
int json_parse_fractions(struct arena *a, struct slice text, yyjson_mut_doc **ret, struct json_error *err) { return parse(a, text, true, ret, err); }

/* ---- members ---- */

yyjson_mut_val *json_getn(const yyjson_mut_val *v, struct slice name) {
	yyjson_mut_val *found = NULL, *obj = (yyjson_mut_val *)(uintptr_t)v, *k, *val;
	size_t i, n;
	if (!yyjson_mut_is_obj(obj)) return NULL;
	yyjson_mut_obj_foreach(obj, i, n, k, val) {
		if (slice_eq(json_str(k), name)) found = val;
	}
	return found;
}

yyjson_mut_val *json_get(const yyjson_mut_val *v, const char *name) { return json_getn(v, slice_str(name)); }

yyjson_mut_val *json_path(const yyjson_mut_val *v, const char *path) {
	struct slice rest = slice_str(path);
	while (v && rest.p) v = json_getn(v, slice_cut(&rest, '.'));
	return (yyjson_mut_val *)(uintptr_t)v;
}

struct slice json_str(const yyjson_mut_val *v) {
	yyjson_mut_val *val = (yyjson_mut_val *)(uintptr_t)v;
	return yyjson_mut_is_str(val) ? slice_make(yyjson_mut_get_str(val), yyjson_mut_get_len(val)) : SLICE_NULL;
}

struct slice json_path_str(const yyjson_mut_val *v, const char *path) { return json_str(json_path(v, path)); }

int64_t json_path_int(const yyjson_mut_val *v, const char *path, int64_t dflt) {
	yyjson_mut_val *x = json_path(v, path);
	if (yyjson_mut_is_uint(x) && yyjson_mut_get_uint(x) > INT64_MAX) return dflt;
	return yyjson_mut_is_int(x) ? yyjson_mut_get_sint(x) : dflt;
}

bool json_path_bool(const yyjson_mut_val *v, const char *path, bool dflt) {
	yyjson_mut_val *x = json_path(v, path);
	return yyjson_mut_is_bool(x) ? yyjson_mut_get_bool(x) : dflt;
}

bool json_setn(yyjson_mut_doc *doc, yyjson_mut_val *obj, struct slice name, yyjson_mut_val *v) {
	if (!v || !yyjson_mut_is_obj(obj)) return false;
	size_t n = yyjson_mut_obj_size(obj);
	yyjson_mut_val *k = obj->uni.ptr, *found = NULL;
	for (size_t i = 0; i < n; i++) {
		k = k->next->next;
		if (slice_eq(json_str(k), name)) found = k;
	}
	if (found) {
		v->next = found->next->next;
		found->next = v;
		return true;
	}
	yyjson_mut_val *key = yyjson_mut_strncpy(doc, name.p ? name.p : "", name.n);
	return key && yyjson_mut_obj_add(obj, key, v);
}

bool json_set(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *name, yyjson_mut_val *v) {
	return json_setn(doc, obj, slice_str(name), v);
}

bool json_set_str(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *name, struct slice s) {
	return json_set(doc, obj, name, yyjson_mut_strncpy(doc, s.p ? s.p : "", s.n));
}

bool json_set_int(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *name, int64_t v) {
	return json_set(doc, obj, name, yyjson_mut_sint(doc, v));
}

bool json_set_bool(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *name, bool v) {
	return json_set(doc, obj, name, yyjson_mut_bool(doc, v));
}

bool json_del(yyjson_mut_val *obj, const char *name) { return yyjson_mut_obj_remove_key(obj, name) != NULL; }

yyjson_mut_val *json_ensure_obj(yyjson_mut_doc *doc, yyjson_mut_val *obj, const char *path) {
	struct slice rest = slice_str(path);
	while (rest.p && yyjson_mut_is_obj(obj)) {
		struct slice name = slice_cut(&rest, '.');
		yyjson_mut_val *next = json_getn(obj, name);
		if (!next) {
			next = yyjson_mut_obj(doc);
			if (!json_setn(doc, obj, name, next)) return NULL;
		}
		obj = next;
	}
	return yyjson_mut_is_obj(obj) ? obj : NULL;
}
