/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi/gnostic.h"

#define MESSAGE(name, members_, ...) static const struct gnostic_message name = { .members = members_, .n = ELEMENTSOF(members_), __VA_ARGS__ }
/* X or a reference to one. */
#define OR_REFERENCE(name, message)                                                                                              \
	static const struct gnostic_member name##_members[] = { { NULL, 1, GNOSTIC_MESSAGE, &message }, { NULL, 2, GNOSTIC_MESSAGE, &reference } }; \
	MESSAGE(name, name##_members, .choose = gnostic_reference)

static const struct gnostic_message schema_or_reference;

static const struct gnostic_member reference_members[] = { { "$ref", 1, GNOSTIC_STRING, NULL }, { "summary", 2, GNOSTIC_STRING, NULL }, { "description", 3, GNOSTIC_STRING, NULL } };
MESSAGE(reference, reference_members, .choose = NULL);

/* ---- schemas ---- */

/* Objects and lists are no default that gnostic can hold: its message is empty then. */
static int default_kind(const yyjson_mut_val *v) {
	yyjson_mut_val *x = (yyjson_mut_val *)(uintptr_t)v;
	return yyjson_mut_is_num(x) ? 0 : yyjson_mut_is_bool(x) ? 1 : yyjson_mut_is_str(x) ? 2 : -1;
}

static const struct gnostic_member default_members[] = { { NULL, 1, GNOSTIC_DOUBLE, NULL }, { NULL, 2, GNOSTIC_BOOL, NULL }, { NULL, 3, GNOSTIC_STRING, NULL } };
MESSAGE(default_type, default_members, .choose = default_kind);
static const struct gnostic_member items_item_members[] = { { NULL, 1, GNOSTIC_MESSAGE, &schema_or_reference } };
MESSAGE(items_item, items_item_members, .choose = gnostic_only);
static const struct gnostic_member additional_members[] = { { NULL, 1, GNOSTIC_MESSAGE, &schema_or_reference }, { NULL, 2, GNOSTIC_BOOL, NULL } };
MESSAGE(additional, additional_members, .choose = gnostic_boolean);
static const struct gnostic_message named_schemas = { .rest = 1, .rest_message = &schema_or_reference };
static const struct gnostic_member docs_members[] = { { "description", 1, GNOSTIC_STRING, NULL }, { "url", 2, GNOSTIC_STRING, NULL } };
MESSAGE(docs, docs_members, .extensions = 3);
static const struct gnostic_message schema;
static const struct gnostic_member schema_members[] = {
	{ "nullable", 1, GNOSTIC_BOOL, NULL }, { "readOnly", 3, GNOSTIC_BOOL, NULL }, { "writeOnly", 4, GNOSTIC_BOOL, NULL }, { "externalDocs", 6, GNOSTIC_MESSAGE, &docs },
	{ "example", 7, GNOSTIC_ANY, NULL }, { "deprecated", 8, GNOSTIC_BOOL, NULL }, { "title", 9, GNOSTIC_STRING, NULL }, { "multipleOf", 10, GNOSTIC_DOUBLE, NULL },
	{ "maximum", 11, GNOSTIC_DOUBLE, NULL }, { "exclusiveMaximum", 12, GNOSTIC_BOOL, NULL }, { "minimum", 13, GNOSTIC_DOUBLE, NULL }, { "exclusiveMinimum", 14, GNOSTIC_BOOL, NULL },
	{ "maxLength", 15, GNOSTIC_INT, NULL }, { "minLength", 16, GNOSTIC_INT, NULL }, { "pattern", 17, GNOSTIC_STRING, NULL }, { "maxItems", 18, GNOSTIC_INT, NULL },
	{ "minItems", 19, GNOSTIC_INT, NULL }, { "uniqueItems", 20, GNOSTIC_BOOL, NULL }, { "maxProperties", 21, GNOSTIC_INT, NULL }, { "minProperties", 22, GNOSTIC_INT, NULL },
	{ "required", 23, GNOSTIC_STRINGS, NULL }, { "enum", 24, GNOSTIC_ANYS, NULL }, { "type", 25, GNOSTIC_STRING, NULL }, { "allOf", 26, GNOSTIC_MESSAGES, &schema_or_reference },
	{ "oneOf", 27, GNOSTIC_MESSAGES, &schema_or_reference }, { "anyOf", 28, GNOSTIC_MESSAGES, &schema_or_reference }, { "not", 29, GNOSTIC_MESSAGE, &schema },
	{ "items", 30, GNOSTIC_MESSAGE, &items_item }, { "properties", 31, GNOSTIC_MESSAGE, &named_schemas }, { "additionalProperties", 32, GNOSTIC_MESSAGE, &additional },
	{ "default", 33, GNOSTIC_MESSAGE, &default_type }, { "description", 34, GNOSTIC_STRING, NULL }, { "format", 35, GNOSTIC_STRING, NULL },
};
MESSAGE(schema, schema_members, .extensions = 36);
OR_REFERENCE(schema_or_reference, schema);

/* ---- paths ---- */

static const struct gnostic_member media_members[] = { { "schema", 1, GNOSTIC_MESSAGE, &schema_or_reference } };
MESSAGE(media, media_members, .extensions = 5);
static const struct gnostic_message medias = { .rest = 1, .rest_message = &media };
static const struct gnostic_member parameter_members[] = {
	{ "name", 1, GNOSTIC_STRING, NULL }, { "in", 2, GNOSTIC_STRING, NULL }, { "description", 3, GNOSTIC_STRING, NULL }, { "required", 4, GNOSTIC_BOOL, NULL },
	{ "schema", 10, GNOSTIC_MESSAGE, &schema_or_reference },
};
MESSAGE(parameter, parameter_members, .extensions = 14);
OR_REFERENCE(parameter_or_reference, parameter);
static const struct gnostic_member body_members[] = { { "description", 1, GNOSTIC_STRING, NULL }, { "content", 2, GNOSTIC_MESSAGE, &medias }, { "required", 3, GNOSTIC_BOOL, NULL } };
MESSAGE(body, body_members, .extensions = 4);
OR_REFERENCE(body_or_reference, body);
static const struct gnostic_member response_members[] = { { "description", 1, GNOSTIC_STRING, NULL }, { "content", 3, GNOSTIC_MESSAGE, &medias } };
MESSAGE(response, response_members, .extensions = 5);
OR_REFERENCE(response_or_reference, response);
static const struct gnostic_member responses_members[] = { { "default", 1, GNOSTIC_MESSAGE, &response_or_reference } };
MESSAGE(responses, responses_members, .extensions = 3, .rest = 2, .rest_message = &response_or_reference);
static const struct gnostic_member operation_members[] = {
	{ "tags", 1, GNOSTIC_STRINGS, NULL }, { "summary", 2, GNOSTIC_STRING, NULL }, { "description", 3, GNOSTIC_STRING, NULL }, { "operationId", 5, GNOSTIC_STRING, NULL },
	{ "parameters", 6, GNOSTIC_MESSAGES, &parameter_or_reference }, { "requestBody", 7, GNOSTIC_MESSAGE, &body_or_reference }, { "responses", 8, GNOSTIC_MESSAGE, &responses },
	{ "deprecated", 10, GNOSTIC_BOOL, NULL },
};
MESSAGE(operation, operation_members, .extensions = 13);
static const struct gnostic_member path_item_members[] = {
	{ "$ref", 1, GNOSTIC_STRING, NULL }, { "get", 4, GNOSTIC_MESSAGE, &operation }, { "put", 5, GNOSTIC_MESSAGE, &operation }, { "post", 6, GNOSTIC_MESSAGE, &operation },
	{ "delete", 7, GNOSTIC_MESSAGE, &operation }, { "options", 8, GNOSTIC_MESSAGE, &operation }, { "head", 9, GNOSTIC_MESSAGE, &operation },
	{ "patch", 10, GNOSTIC_MESSAGE, &operation }, { "parameters", 13, GNOSTIC_MESSAGES, &parameter_or_reference },
};
MESSAGE(path_item, path_item_members, .extensions = 14);
static const struct gnostic_message paths = { .extensions = 2, .rest = 1, .rest_message = &path_item };

/* ---- the document ---- */

static const struct gnostic_member info_members[] = { { "title", 1, GNOSTIC_STRING, NULL }, { "description", 2, GNOSTIC_STRING, NULL }, { "version", 6, GNOSTIC_STRING, NULL } };
MESSAGE(info, info_members, .extensions = 7);
static const struct gnostic_member scheme_members[] = {
	{ "type", 1, GNOSTIC_STRING, NULL }, { "description", 2, GNOSTIC_STRING, NULL }, { "name", 3, GNOSTIC_STRING, NULL }, { "in", 4, GNOSTIC_STRING, NULL },
};
MESSAGE(scheme, scheme_members, .extensions = 9);
OR_REFERENCE(scheme_or_reference, scheme);
static const struct gnostic_message schemes = { .rest = 1, .rest_message = &scheme_or_reference };
static const struct gnostic_member components_members[] = { { "schemas", 1, GNOSTIC_MESSAGE, &named_schemas }, { "securitySchemes", 7, GNOSTIC_MESSAGE, &schemes } };
MESSAGE(components, components_members, .extensions = 10);
static const struct gnostic_member document_members[] = {
	{ "openapi", 1, GNOSTIC_STRING, NULL }, { "info", 2, GNOSTIC_MESSAGE, &info }, { "paths", 4, GNOSTIC_MESSAGE, &paths }, { "components", 5, GNOSTIC_MESSAGE, &components },
};
const struct gnostic_message gnostic_v3 = { .members = document_members, .n = ELEMENTSOF(document_members), .extensions = 9 };
