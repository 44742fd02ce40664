/* SPDX-License-Identifier: Apache-2.0 */
/* Complaints about custom resources; texts as a v1.34 server words them. */
#include "suite.h"

#include "schema/crd.h"
#include "schema/crd_pattern.h"
#include "schema/crd_validate.h"

#include <errno.h>

#define CRD \
	"{\"spec\":{\"group\":\"example.org\",\"scope\":\"Namespaced\",\"names\":{\"plural\":\"widgets\",\"kind\":\"Widget\"}," \
	"\"versions\":[{\"name\":\"v1\"," \
	"\"served\":true,\"storage\":true,\"subresources\":{\"status\":{}},\"schema\":{\"openAPIV3Schema\":{\"type\":" \
	"\"object\",\"required\":[\"spec\"],\"properties\":{" \
	"\"spec\":{\"type\":\"object\",\"required\":[\"size\"],\"properties\":{" \
	"\"size\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":10},\"color\":{\"type\":\"string\",\"enum\":[\"red\"," \
	"\"green\"]}," \
	"\"name\":{\"type\":\"string\",\"pattern\":\"^[a-z]+$\",\"minLength\":2,\"maxLength\":5}," \
	"\"tags\":{\"type\":\"array\",\"maxItems\":2,\"x-kubernetes-list-type\":\"set\",\"items\":{\"type\":\"string\"}}," \
	"\"ports\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-keys\":[\"port\"],\"items\":{" \
	"\"type\":\"object\"," \
	"\"required\":[\"port\"],\"properties\":{\"port\":{\"type\":\"integer\"},\"name\":{\"type\":\"string\",\"maxLength\":3}" \
	"}}}," \
	"\"opts\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},\"when\":{\"type\":\"string\"," \
	"\"format\":\"date-time\"}," \
	"\"either\":{\"x-kubernetes-int-or-string\":true},\"ratio\":{\"type\":\"number\",\"multipleOf\":0.5},\"maybe\":{" \
	"\"type\":\"string\",\"nullable\":true}," \
	"\"one\":{\"type\":\"integer\",\"oneOf\":[{\"minimum\":5},{\"maximum\":7}],\"not\":{\"enum\":[9]}}}}," \
	"\"status\":{\"type\":\"object\",\"properties\":{\"ready\":{\"type\":\"boolean\"}}}}}}}]}}"

static struct schema_set *widgets(struct arena *a) {
	struct schema_set *s = NULL;
	ck_assert_int_eq(schema_set_new(yyjson_mut_doc_get_root(parse(a, CRD)), &s), 0);
	return s;
}

/* All complaints as "field: body", joined by "; ". */
static const char *faults(struct arena *a, const struct schema_resource *r, const char *sub, const char *text, const char *old) {
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 16);
	struct schema_errors e = { 0 };
	const yyjson_mut_val *was = old ? yyjson_mut_doc_get_root(parse(a, old)) : NULL;
	ck_assert_int_eq(crd_validate(r, sub ? schema_subresource_find(r, slice_str(sub)) : NULL, a,
				      yyjson_mut_doc_get_root(parse(a, text)), was, &e),
			 0);
	for (size_t i = 0; i < e.n; i++) buf_printf(&b, "%s%s: %s", i ? "; " : "", e.v[i].field, e.v[i].body);
	return b.n ? text_of(a, &b) : "";
}

START_TEST(texts) {
	static const struct {
		const char *spec, *want;
	} cases[] = {
		{ "{\"size\":1}", "" },
		{ "{}", "spec.size: Required value" },
		{ "{\"size\":\"big\"}",
		  "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \"string\"" },
		{ "{\"size\":1.5}",
		  "spec.size: Invalid value: \"number\": spec.size in body must be of type integer: \"number\"" },
		{ "{\"size\":0}", "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1" },
		{ "{\"size\":11}", "spec.size: Invalid value: 11: spec.size in body should be less than or equal to 10" },
		{ "{\"size\":1,\"color\":\"blue\"}",
		  "spec.color: Unsupported value: \"blue\": supported values: \"red\", \"green\"" },
		{ "{\"size\":1,\"name\":\"ABC\"}",
		  "spec.name: Invalid value: \"ABC\": spec.name in body should match '^[a-z]+$'" },
		{ "{\"size\":1,\"name\":\"a\"}",
		  "spec.name: Invalid value: \"a\": spec.name in body should be at least 2 chars long" },
		{ "{\"size\":1,\"name\":\"abcdef\"}", "spec.name: Too long: may not be more than 5 bytes" },
		{ "{\"size\":1,\"tags\":[\"a\",\"b\",\"c\"]}", "spec.tags: Too many: 3: must have at most 2 items" },
		{ "{\"size\":1,\"tags\":[\"a\",\"a\"]}", "spec.tags[1]: Duplicate value: \"a\"" },
		{ "{\"size\":1,\"ports\":[{\"port\":1},{\"port\":1}]}", "spec.ports[1]: Duplicate value: {\"port\":1}" },
		{ "{\"size\":1,\"ports\":[{}]}", "spec.ports[0].port: Required value" },
		{ "{\"size\":1,\"opts\":{\"a\":1}}",
		  "spec.opts.a: Invalid value: \"integer\": spec.opts.a in body must be of type string: \"integer\"" },
		{ "{\"size\":1,\"when\":\"yesterday\"}",
		  "spec.when: Invalid value: \"yesterday\": spec.when in body must be of type date-time: \"yesterday\"" },
		{ "{\"size\":1,\"when\":\"2024-05-01T10:00:00Z\"}", "" },
		{ "{\"size\":1,\"either\":1.5}",
		  "spec.either: Invalid value: \"number\": spec.either in body must be of type integer,string: \"number\"" },
		{ "{\"size\":1,\"ratio\":0.7}",
		  "spec.ratio: Invalid value: 0.7: spec.ratio in body should be a multiple of 0.5" },
		{ "{\"size\":1,\"ratio\":1.5,\"maybe\":null,\"either\":\"x\"}", "" },
		{ "{\"size\":1,\"one\":6}", "spec.one: Invalid value: 6: \"spec.one\" must validate one and only one schema "
					    "(oneOf). Found 2 valid alternatives" },
		{ "{\"size\":1,\"one\":9}", "spec.one: Invalid value: 9: \"spec.one\" must not validate the schema (not)" },
		{ "{\"size\":1,\"one\":1}", "" },
		{ "[]", "spec: Invalid value: \"array\": spec in body must be of type object: \"array\"" },
	};
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_schema_set_ struct schema_set *s = widgets(a);
	for (size_t i = 0; i < ELEMENTSOF(cases); i++)
		ck_assert_str_eq(faults(a, schema_set_at(s, 0), NULL, arena_printf(a, "{\"spec\":%s}", cases[i].spec), NULL),
				 cases[i].want);
}
END_TEST

/* They used to come twice, and the kind's among others. */
START_TEST(an_object_of_another_kind_is_told_only_that) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_schema_set_ struct schema_set *s = widgets(a);
	const struct schema_resource *r = schema_set_at(s, 0);
	struct schema_errors e = { 0 };
	const char *right = arena_printf(a, "{\"apiVersion\":\"%s/%s\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"w\",\"namespace\":\"x\"},\"spec\":{}}", r->group, r->version),
		   *wrong = arena_printf(a, "{\"apiVersion\":\"%s/%s\",\"kind\":\"Gadget\",\"metadata\":{\"name\":\"w\"}}", r->group, r->version);
	ck_assert_int_eq(schema_validate(r, NULL, SCHEMA_CREATE, a, yyjson_mut_doc_get_root(parse(a, wrong)), NULL, &e, NULL), 0);
	ck_assert_uint_eq(e.n, 1);
	ck_assert_str_eq(e.v[0].field, "kind");
	ck_assert_str_eq(e.v[0].body, "Invalid value: \"Gadget\": must be Widget");
	e.n = 0;
	ck_assert_int_eq(schema_validate(r, NULL, SCHEMA_CREATE, a, yyjson_mut_doc_get_root(parse(a, right)), NULL, &e, NULL), 0);
	ck_assert_uint_eq(e.n, 1);
	ck_assert_str_eq(e.v[0].field, "spec.size");
}
END_TEST

START_TEST(status_alone) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_schema_set_ struct schema_set *s = widgets(a);
	ck_assert_str_eq(faults(a, schema_set_at(s, 0), "status", "{\"status\":{\"ready\":\"x\"}}", "{}"),
			 "status.ready: Invalid value: \"string\": ready in body must be of type boolean: \"string\"");
}
END_TEST

/* What was wrong before and did not change is forgiven. */
START_TEST(unchanged_faults) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_schema_set_ struct schema_set *s = widgets(a);
	const struct schema_resource *r = schema_set_at(s, 0);
	const char *old = "{\"spec\":{\"size\":99,\"ports\":[{\"port\":1,\"name\":\"long1\"},{\"port\":2}]}}";
	ck_assert_str_eq(
		faults(a, r, NULL,
		       "{\"spec\":{\"size\":99,\"color\":\"red\",\"ports\":[{\"port\":2},{\"port\":1,\"name\":\"long1\"}]}}",
		       old),
		"");
	ck_assert_str_eq(faults(a, r, NULL, "{\"spec\":{\"size\":98,\"ports\":[]}}", old),
			 "spec.size: Invalid value: 98: spec.size in body should be less than or equal to 10");
}
END_TEST

START_TEST(patterns) {
	static const struct {
		const char *pattern, *text;
		int want;
	} cases[] = {
		{ "^\\d+$", "123", 1 },         { "^\\d+$", "12a", 0 },     { "b", "abc", 1 },       { "^(?:a|b)+?$", "abab", 1 },
		{ "^[\\w.-]+$", "a.b-c_d", 1 }, { "^[\\w.-]+$", "a b", 0 }, { "^\\.\\*$", ".*", 1 }, { "(?i)x", "X", -EINVAL },
		{ "[", "x", -EINVAL },          { "\\pL", "x", -EINVAL },   { "^[]a]$", "]", 1 },
	};
	_cleanup_arena_ struct arena *a = arena_new(0);
	for (size_t i = 0; i < ELEMENTSOF(cases); i++)
		ck_assert_msg(crd_pattern_match(a, slice_str(cases[i].pattern), slice_str(cases[i].text)) == cases[i].want,
			      "%s on %s", cases[i].pattern, cases[i].text);
}
END_TEST

SUITE_MAIN("crd_validate", texts, an_object_of_another_kind_is_told_only_that, status_alone, unchanged_faults, patterns)
