/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata, selectors, conditions. Source: apimachinery's meta/v1 and labels. */
#include "schema/validate/function.h"
#include "base/limits.h"
#include "codec/base64.h"

#include <ctype.h>

/* nil, or that the annotations take too much room. */
RULE_DEF(ValidateAnnotationsSize) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	size_t sum = 0;
	while (rv_next(a, &c, &k, &v)) sum += rv_len(&k) + rv_len(&v);
	return sum > ANNOTATIONS_BYTES_MAX ? rule_textf(s, "annotations size %zu is larger than limit %u", sum,
		ANNOTATIONS_BYTES_MAX) : RV_NONE;
}

/* The version of an apiVersion; empty when it cannot be read. */
RULE_DEF(versionOf) {
	struct slice v = rv_slice(a);
	ptrdiff_t slash = slice_chr(v, '/');
	if (slash < 0) return rv_str(v);
	struct slice version = slice_from(v, (size_t)slash + 1);
	return rv_str(slice_chr(version, '/') >= 0 ? SLICE_NULL : version);
}

static struct slice label_of(const struct rule_value *labels, struct slice key, bool *ret_there) {
	struct rule_value k = rv_str(key), v = rv_member(labels, key);
	*ret_there = v.kind != RV_NIL && rv_in(&k, labels);
	return rv_slice(&v);
}

RULE_DEF(mapMatches) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v)) {
		bool there;
		struct slice label = label_of(&a[1], rv_slice(&k), &there);
		if (!there || !slice_eq(label, rv_slice(&v))) return rv_bool(false);
	}
	return rv_bool(true);
}

static bool requirement_matches(const struct rule_value *r, const struct rule_value *labels) {
	struct rule_value key = rv_member(r, SLICE_LIT("key")), op = rv_member(r, SLICE_LIT("operator")), values = rv_member(r,
		SLICE_LIT("values"));
	bool there;
	struct rule_value label = rv_str(label_of(labels, rv_slice(&key), &there));
	struct slice o = rv_slice(&op);
	if (slice_eqs(o, "In")) return there && rv_in(&label, &values);
	if (slice_eqs(o, "NotIn")) return !there || !rv_in(&label, &values);
	if (slice_eqs(o, "Exists")) return there;
	return !there;
}

/* LabelSelector a[0] against labels a[1]; an absent selector matches nothing. */
RULE_DEF(selectorMatches) {
	if (a->kind == RV_NIL) return rv_bool(false);
	struct rule_value pair[2] = { rv_member(a, SLICE_LIT("matchLabels")), a[1] };
	struct rule_value same = rule_fn_mapMatches(s, pair, 2);
	if (!same.b) return same;
	struct rule_value list = rv_member(a, SLICE_LIT("matchExpressions")), k, v;
	struct rv_cursor c = { 0 };
	while (rv_next(&list, &c, &k, &v))
		if (!requirement_matches(&v, &a[1])) return rv_bool(false);
	return rv_bool(true);
}

/* Whether the selector selects everything; an absent one selects nothing. */
RULE_DEF(selectorEmpty) {
	struct rule_value labels = rv_member(a, SLICE_LIT("matchLabels")), list = rv_member(a, SLICE_LIT("matchExpressions"));
	return rv_bool(a->kind != RV_NIL && !rv_len(&labels) && !rv_len(&list));
}

static bool faultless(struct rule_scope *s, rule_fn *check, const struct rule_value *v) {
	struct rule_value faults = check(s, v, 1);
	return rv_len(&faults) == 0;
}

static bool requirement_good(struct rule_scope *s, const struct rule_value *r) {
	struct rule_value key = rv_member(r, SLICE_LIT("key")), op = rv_member(r, SLICE_LIT("operator")), values = rv_member(r,
		SLICE_LIT("values"));
	struct slice o = rv_slice(&op);
	bool needs = slice_eqs(o, "In") || slice_eqs(o, "NotIn");
	if (!needs && !slice_eqs(o, "Exists") && !slice_eqs(o, "DoesNotExist")) return false;
	if (needs != (rv_len(&values) > 0) || !faultless(s, rule_fn_IsQualifiedName, &key)) return false;
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(&values, &c, &k, &v))
		if (!faultless(s, rule_fn_IsValidLabelValue, &v)) return false;
	return true;
}

/* nil when the LabelSelector can be used, else a text. */
RULE_DEF(selectorError) {
	struct rule_value labels = rv_member(a, SLICE_LIT("matchLabels")), list = rv_member(a, SLICE_LIT("matchExpressions")), k, v;
	struct rv_cursor c = { 0 };
	while (rv_next(&labels, &c, &k, &v))
		if (!faultless(s, rule_fn_IsQualifiedName, &k) || !faultless(s, rule_fn_IsValidLabelValue,
			&v)) return rv_lit("invalid label selector");
	c = (struct rv_cursor){ 0 };
	while (rv_next(&list, &c, &k, &v))
		if (!requirement_good(s, &v)) return rv_lit("invalid label selector");
	return RV_NONE;
}

/* Conditions of a list whose type is a[1]. */
RULE_DEF(conditions) {
	struct rule_list l = RULE_LIST(s);
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v)) {
		struct rule_value type = rv_member(&v, SLICE_LIT("type"));
		if (rv_equal(&type, &a[1])) rule_list_add(&l, v);
	}
	return rule_list_done(&l);
}

RULE_DEF(isConditionTrue) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v)) {
		struct rule_value type = rv_member(&v, SLICE_LIT("type")), status = rv_member(&v, SLICE_LIT("status"));
		if (rv_equal(&type, &a[1]) && slice_eqs(rv_slice(&status), "True")) return rv_bool(true);
	}
	return rv_bool(false);
}

/* A counter that may not fall: a[0] new, a[1] old. */
RULE_DEF(isDecremented) {
	return rv_bool(a[1].kind != RV_NIL && (a->kind == RV_NIL || rv_num(a) < rv_num(&a[1])));
}

/* The list from element a[1] on. */
RULE_DEF(tail) {
	struct rule_list l = RULE_LIST(s);
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v))
		if ((int64_t)c.i > rv_num(&a[1])) rule_list_add(&l, v);
	return rule_list_done(&l);
}

RULE_DEF(hasNewlines) {
	return rv_bool(slice_chr(rv_slice(a), '\n') >= 0 || slice_chr(rv_slice(a), '\r') >= 0);
}

/* The index of the first character that is not printable, or nil. */
RULE_DEF(firstUnprintable) {
	struct slice v = rv_slice(a);
	for (size_t i = 0; i < v.n; i++) {
		unsigned char c = (unsigned char)v.p[i];
		if (c < 0x20 || c == 0x7f || (c == 0xc2 && i + 1 < v.n && (unsigned char)v.p[i + 1] <= 0xa0)) return rv_int((int64_t)i);
	}
	return RV_NONE;
}

static struct rule_value json_fault(struct rule_scope *s, struct slice text, struct rule_value *ret) {
	yyjson_mut_doc *doc;
	struct json_error err;
	if (json_parse(s->arena, text, &doc, &err)) return rule_textf(s, "%s", err.msg ? err.msg : "unexpected end of JSON input");
	if (ret) *ret = rv_node(yyjson_mut_doc_get_root(doc));
	return RV_NONE;
}

/* nil, or why the base64 text holds no JSON object. */
RULE_DEF(Unmarshal) {
	_cleanup_buf_ struct buf b = BUF_INIT(REQUEST_BODY_MAX);
	struct rule_value value = RV_NONE;
	size_t at;
	if (base64_decode(&b, BASE64_STD, rv_slice(a), &at)) return rv_lit("illegal base64 data");
	struct rule_value fault = json_fault(s, arena_slice_dup(s->arena, buf_slice(&b)), &value);
	if (fault.kind == RV_NIL && value.kind != RV_NIL && (value.kind != RV_NODE || !yyjson_mut_is_obj((yyjson_mut_val *)value.node)))
		return rule_textf(s, "json: cannot unmarshal %s into Go value of type map[string]interface {}",
			value.kind == RV_STR ? "string" : value.kind == RV_BOOL ? "bool" : value.kind == RV_NODE ? "array" : "number");
	return fault;
}

/* What the JSON text holds; nil when it is none. */
RULE_DEF(parseJSON) {
	struct rule_value v = RV_NONE;
	(void)json_fault(s, rv_slice(a), &v);
	return v;
}
RULE_DEF(parseJSON_err) { return json_fault(s, rv_slice(a), NULL); }
