/* SPDX-License-Identifier: Apache-2.0 */
#include "suite.h"

#include "schema/crd.h"

#include <errno.h>

#define SCHEMA \
	"{\"type\":\"object\",\"properties\":{\"spec\":{\"type\":\"object\",\"properties\":{" \
	"\"size\":{\"type\":\"integer\",\"default\":3},\"maybe\":{\"type\":\"string\",\"nullable\":true,\"default\":\"d\"}," \
	"\"tags\":{\"type\":\"array\",\"x-kubernetes-list-type\":\"map\",\"x-kubernetes-list-map-keys\":[\"k\"],\"items\":{" \
	"\"type\":\"object\",\"properties\":{\"k\":{\"type\":\"string\"},\"v\":{\"type\":\"string\",\"default\":\"x\"}}}}," \
	"\"free\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true,\"properties\":{\"known\":{\"type\":" \
	"\"object\"}}}," \
	"\"map\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":" \
	"\"integer\"}}}}," \
	"\"port\":{\"x-kubernetes-int-or-string\":true}," \
	"\"inner\":{\"type\":\"object\",\"x-kubernetes-embedded-resource\":true,\"x-kubernetes-preserve-unknown-fields\":true}}" \
	"}," \
	"\"status\":{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}}}}}"

#define CRD \
	"{\"metadata\":{\"name\":\"widgets.example.org\"},\"spec\":{\"group\":\"example.org\",\"scope\":\"Namespaced\"," \
	"\"names\":{\"plural\":\"widgets\"," \
	"\"singular\":\"widget\",\"kind\":\"Widget\",\"shortNames\":[\"w\"]},\"versions\":[{\"name\":\"v1\",\"served\":true," \
	"\"storage\":true," \
	"\"schema\":{\"openAPIV3Schema\":" SCHEMA "},\"subresources\":{\"status\":{},\"scale\":{\"specReplicasPath\":\".spec." \
	"size\",\"statusReplicasPath\":\".status.n\"}}," \
	"\"additionalPrinterColumns\":[{\"name\":\"Size\",\"type\":\"integer\",\"jsonPath\":\".spec.size\"}]}," \
	"{\"name\":\"v0\",\"served\":false,\"storage\":false,\"deprecated\":true}]}}"

static struct schema_set *widgets(struct arena *a) {
	struct schema_set *s = NULL;
	yyjson_mut_doc *doc = decoded(a, type_named("apiextensions.k8s.io/v1", "CustomResourceDefinition"), CRD);
	ck_assert_int_eq(schema_set_new(yyjson_mut_doc_get_root(doc), &s), 0);
	return s;
}

static const char *filled(struct arena *a, const struct schema_resource *r, const char *text, struct schema_issues *is) {
	yyjson_mut_doc *doc = parse(a, text);
	const char *msg = "";
	ck_assert_msg(schema_decode_tree(r->type, a, doc, is, &msg) == 0, "%s", msg);
	ck_assert_int_eq(schema_default(r->type, doc, yyjson_mut_doc_get_root(doc)), 0);
	return encoded(a, r->type, yyjson_mut_doc_get_root(doc));
}

START_TEST(resource) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_schema_set_ struct schema_set *s = widgets(a);
	ck_assert_uint_eq(schema_set_count(s), 2);
	const struct schema_resource *r = schema_set_at(s, 0);
	ck_assert_str_eq(r->resource, "widgets");
	ck_assert_str_eq(r->list_kind, "WidgetList");
	ck_assert_str_eq(r->short_names[0], "w");
	ck_assert_str_eq(schema_custom_of(r)->scale_spec, ".spec.size");
	ck_assert_ptr_nonnull(schema_subresource_find(r, SLICE_LIT("status")));
	ck_assert_str_eq(schema_subresource_find(r, SLICE_LIT("scale"))->type->name, "Scale");
	ck_assert(schema_set_served(s, 0) && !schema_set_served(s, 1));
	ck_assert_str_eq(schema_custom_of(schema_set_at(s, 1))->deprecation, "example.org/v0 Widget is deprecated; use example.org/v1 Widget");
	ck_assert_uint_eq(r->n_columns, 2);
	ck_assert_ptr_null(schema_custom_of(schema_builtin(0)));
}
END_TEST

/* Names refused by the server are not served, although the definition asks for them. */
START_TEST(accepted_names_are_served) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct schema_set *made = NULL;
	yyjson_mut_doc *crd = parse(a, "{\"spec\":{\"group\":\"e.org\",\"names\":{\"plural\":\"ws\",\"kind\":\"W\",\"shortNames\":[\"taken\"]},"
				       "\"versions\":[{\"name\":\"v1\",\"storage\":true}]},"
				       "\"status\":{\"acceptedNames\":{\"plural\":\"ws\",\"kind\":\"W\",\"listKind\":\"WList\"}}}");
	ck_assert_int_eq(schema_set_new(yyjson_mut_doc_get_root(crd), &made), 0);
	_cleanup_schema_set_ struct schema_set *s = made;
	ck_assert_ptr_null(schema_set_at(s, 0)->short_names[0]);
	ck_assert_str_eq(schema_set_at(s, 0)->kind, "W");
}
END_TEST

/* Only a definition that never changed can vouch for what is stored. */
START_TEST(stored_bytes_of_a_changed_schema_are_not_trusted) {
	static const struct { const char *generation, *more; bool want; } cases[] = {
		{ "1", "", true }, { "2", "", false }, { "1", ",{\"name\":\"v2\",\"served\":true}", false },
	};
	_cleanup_arena_ struct arena *a = arena_new(0);
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		struct schema_set *made = NULL;
		const char *text = arena_printf(a, "{\"metadata\":{\"generation\":%s},\"spec\":{\"group\":\"e.org\",\"names\":{\"plural\":\"ws\",\"kind\":\"W\"},"
						   "\"versions\":[{\"name\":\"v1\",\"storage\":true}%s]}}", cases[i].generation, cases[i].more);
		ck_assert_int_eq(schema_set_new(yyjson_mut_doc_get_root(parse(a, text)), &made), 0);
		_cleanup_schema_set_ struct schema_set *s = made;
		ck_assert(schema_custom_of(schema_set_at(s, 0))->as_stored == cases[i].want);
	}
}
END_TEST

START_TEST(prune_and_default) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_schema_set_ struct schema_set *s = widgets(a);
	struct schema_issues is;
	const char *text = filled(
		a, schema_set_at(s, 0),
		"{\"apiVersion\":\"example.org/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"w\",\"color\":1},\"extra\":1,"
		"\"spec\":{\"size\":null,\"maybe\":null,\"junk\":{},\"tags\":[{\"k\":\"a\",\"z\":1},{\"k\":\"b\",\"v\":\"y\"}],"
		"\"free\":{\"any\":[1],\"known\":{\"gone\":1}},\"map\":{\"m\":{\"a\":1,\"b\":2}},\"port\":\"http\","
		"\"inner\":{\"kind\":\"X\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"i\",\"odd\":1},\"rest\":true}}}",
		&is);
	ck_assert_str_eq(text, "{\"apiVersion\":\"example.org/v1\",\"kind\":\"Widget\",\"metadata\":{\"name\":\"w\"},"
			       "\"spec\":{\"free\":{\"known\":{},\"any\":[1]},\"inner\":{\"apiVersion\":\"v1\",\"kind\":\"X\","
			       "\"metadata\":{\"name\":\"i\"},\"rest\":true},"
			       "\"map\":{\"m\":{\"a\":1}},\"maybe\":null,\"port\":\"http\",\"size\":3,\"tags\":[{\"k\":\"a\","
			       "\"v\":\"x\"},{\"k\":\"b\",\"v\":\"y\"}]}}");
	ck_assert_uint_eq(is.n_unknown, 7);
	ck_assert_str_eq(is.unknown[0], "unknown field \"metadata.color\"");
}
END_TEST

/* The shape of values is validation's business. */
START_TEST(wrong_shapes_pass) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_schema_set_ struct schema_set *s = widgets(a);
	struct schema_issues is;
	ck_assert_str_eq(filled(a, schema_set_at(s, 0),
				"{\"spec\":{\"size\":\"x\",\"maybe\":\"\",\"tags\":{},\"map\":[],\"free\":1}}", &is),
			 "{\"spec\":{\"free\":1,\"map\":[],\"maybe\":\"\",\"size\":\"x\",\"tags\":{}}}");
}
END_TEST

START_TEST(life) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_schema_set_ struct schema_set *s = widgets(a);
	const struct schema_resource *r = schema_set_at(s, 0);
	yyjson_mut_doc *doc = parse(a, "{\"metadata\":{\"name\":\"w\"},\"spec\":{\"size\":1},\"status\":{\"n\":5}}");
	yyjson_mut_doc *old = parse(
		a, "{\"metadata\":{\"name\":\"w\",\"generation\":4},\"spec\":{\"size\":1},\"status\":{\"n\":2}}");
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *was = yyjson_mut_doc_get_root(old);
	ck_assert_int_eq(schema_prepare_update(r, NULL, doc, root, was), 0);
	ck_assert_int_eq(json_path_int(root, "metadata.generation", 0), 4);
	ck_assert_int_eq(json_path_int(root, "status.n", 0), 2);
	json_set_int(doc, json_get(root, "spec"), "size", 9);
	ck_assert_int_eq(schema_prepare_update(r, NULL, doc, root, was), 0);
	ck_assert_int_eq(json_path_int(root, "metadata.generation", 0), 5);
	json_set_int(doc, json_get(root, "status"), "n", 8);
	ck_assert_int_eq(schema_prepare_update(r, schema_subresource_find(r, SLICE_LIT("status")), doc, root, was), 0);
	ck_assert_int_eq(json_path_int(root, "spec.size", 0), 1);
	ck_assert_int_eq(json_path_int(root, "status.n", 0), 8);
	ck_assert_int_eq(schema_prepare_create(r, doc, root), 0);
	ck_assert_int_eq(json_path_int(root, "metadata.generation", 0), 1);
	ck_assert_ptr_null(json_get(root, "status"));
}
END_TEST

/* Columns of a CRD; a date that is none must not harm. */
START_TEST(cells) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct schema_set *made = NULL;
	yyjson_mut_doc *crd = parse(
		a, "{\"spec\":{\"group\":\"e.org\",\"names\":{\"plural\":\"ws\",\"kind\":\"W\"},\"versions\":[{\"name\":\"v1\","
		   "\"storage\":true,\"additionalPrinterColumns\":[{\"name\":\"Size\",\"type\":\"integer\",\"jsonPath\":\".spec."
		   "size\"},"
		   "{\"name\":\"When\",\"type\":\"date\",\"jsonPath\":\".spec.when\"},{\"name\":\"All\",\"type\":\"string\","
		   "\"jsonPath\":\".spec.list\"}]}]}}");
	ck_assert_int_eq(schema_set_new(yyjson_mut_doc_get_root(crd), &made), 0);
	_cleanup_schema_set_ struct schema_set *s = made;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "{\"metadata\":{\"name\":\"w\"},\"spec\":{\"size\":3,\"when\":\"2024-05-01T09:55:00Z\",\"list\":[1,2]}}",
		  "[\"w\",3,\"5m\",\"[1,2]\"]" },
		{ "{\"metadata\":{\"name\":\"w\"},\"spec\":{\"when\":\"never\"}}",
		  "[\"w\",null,\"\\u003cinvalid\\u003e\",null]" },
	};
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		_cleanup_buf_ struct buf b = BUF_INIT(4096);
		ck_assert_int_eq(
			schema_table_cells(schema_set_at(s, 0), yyjson_mut_doc_get_root(parse(a, rows[i].text)), 1714557600, &b),
			0);
		ck_assert_str_eq(text_of(a, &b), rows[i].want);
	}
}
END_TEST

START_TEST(references) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct schema_set *s = widgets(a), *again = schema_set_ref(s);
	schema_set_unref(s);
	ck_assert_str_eq(schema_set_at(again, 0)->kind, "Widget");
	schema_set_unref(again);
	struct schema_set *none = NULL;
	ck_assert_int_eq(
		schema_set_new(yyjson_mut_doc_get_root(parse(a, "{\"spec\":{\"versions\":[{\"name\":\"v1\"}]}}")), &none),
		-EBADMSG);
	ck_assert_int_eq(schema_set_new(yyjson_mut_doc_get_root(parse(a, "{}")), &none), -EBADMSG);
}
END_TEST

SUITE_MAIN("crd", resource, accepted_names_are_served, stored_bytes_of_a_changed_schema_are_not_trusted, prune_and_default, wrong_shapes_pass, life, cells, references)
