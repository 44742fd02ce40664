/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi/gnostic.h"

#define MESSAGE(name, members_, ...) static const struct gnostic_message name = { .members = members_, .n = ELEMENTSOF(members_), __VA_ARGS__ }

static const struct gnostic_message schema;

/* ---- schemas ---- */

static const struct gnostic_member type_item_members[] = { { NULL, 1, GNOSTIC_STRING, NULL } };
MESSAGE(type_item, type_item_members, .choose = gnostic_only);
static const struct gnostic_member items_item_members[] = { { NULL, 1, GNOSTIC_MESSAGE, &schema } };
MESSAGE(items_item, items_item_members, .choose = gnostic_only);
static const struct gnostic_member additional_members[] = { { NULL, 1, GNOSTIC_MESSAGE, &schema }, { NULL, 2, GNOSTIC_BOOL, NULL } };
MESSAGE(additional, additional_members, .choose = gnostic_boolean);
static const struct gnostic_message named_schemas = { .rest = 1, .rest_message = &schema };
static const struct gnostic_member docs_members[] = { { "description", 1, GNOSTIC_STRING, NULL }, { "url", 2, GNOSTIC_STRING, NULL } };
MESSAGE(docs, docs_members, .extensions = 3);

static const struct gnostic_member schema_members[] = {
	{ "$ref", 1, GNOSTIC_STRING, NULL }, { "format", 2, GNOSTIC_STRING, NULL }, { "title", 3, GNOSTIC_STRING, NULL }, { "description", 4, GNOSTIC_STRING, NULL },
	{ "default", 5, GNOSTIC_ANY, NULL }, { "multipleOf", 6, GNOSTIC_DOUBLE, NULL }, { "maximum", 7, GNOSTIC_DOUBLE, NULL }, { "exclusiveMaximum", 8, GNOSTIC_BOOL, NULL },
	{ "minimum", 9, GNOSTIC_DOUBLE, NULL }, { "exclusiveMinimum", 10, GNOSTIC_BOOL, NULL }, { "maxLength", 11, GNOSTIC_INT, NULL }, { "minLength", 12, GNOSTIC_INT, NULL },
	{ "pattern", 13, GNOSTIC_STRING, NULL }, { "maxItems", 14, GNOSTIC_INT, NULL }, { "minItems", 15, GNOSTIC_INT, NULL }, { "uniqueItems", 16, GNOSTIC_BOOL, NULL },
	{ "maxProperties", 17, GNOSTIC_INT, NULL }, { "minProperties", 18, GNOSTIC_INT, NULL }, { "required", 19, GNOSTIC_STRINGS, NULL }, { "enum", 20, GNOSTIC_ANYS, NULL },
	{ "additionalProperties", 21, GNOSTIC_MESSAGE, &additional }, { "type", 22, GNOSTIC_MESSAGE, &type_item }, { "items", 23, GNOSTIC_MESSAGE, &items_item },
	{ "allOf", 24, GNOSTIC_MESSAGES, &schema }, { "properties", 25, GNOSTIC_MESSAGE, &named_schemas }, { "discriminator", 26, GNOSTIC_STRING, NULL },
	{ "readOnly", 27, GNOSTIC_BOOL, NULL }, { "externalDocs", 29, GNOSTIC_MESSAGE, &docs }, { "example", 30, GNOSTIC_ANY, NULL },
};
MESSAGE(schema, schema_members, .extensions = 31);

/* ---- parameters ---- */

static const struct gnostic_member reference_members[] = { { "$ref", 1, GNOSTIC_STRING, NULL }, { "description", 2, GNOSTIC_STRING, NULL } };
MESSAGE(reference, reference_members, .choose = NULL);
static const struct gnostic_member body_members[] = {
	{ "description", 1, GNOSTIC_STRING, NULL }, { "name", 2, GNOSTIC_STRING, NULL }, { "in", 3, GNOSTIC_STRING, NULL }, { "required", 4, GNOSTIC_BOOL, NULL },
	{ "schema", 5, GNOSTIC_MESSAGE, &schema },
};
MESSAGE(body, body_members, .extensions = 6);
static const struct gnostic_member query_members[] = {
	{ "required", 1, GNOSTIC_BOOL, NULL }, { "in", 2, GNOSTIC_STRING, NULL }, { "description", 3, GNOSTIC_STRING, NULL }, { "name", 4, GNOSTIC_STRING, NULL },
	{ "type", 6, GNOSTIC_STRING, NULL }, { "format", 7, GNOSTIC_STRING, NULL }, { "uniqueItems", 20, GNOSTIC_BOOL, NULL },
};
MESSAGE(query, query_members, .extensions = 23);
static const struct gnostic_member in_path_members[] = {
	{ "required", 1, GNOSTIC_BOOL, NULL }, { "in", 2, GNOSTIC_STRING, NULL }, { "description", 3, GNOSTIC_STRING, NULL }, { "name", 4, GNOSTIC_STRING, NULL },
	{ "type", 5, GNOSTIC_STRING, NULL }, { "format", 6, GNOSTIC_STRING, NULL }, { "uniqueItems", 19, GNOSTIC_BOOL, NULL },
};
MESSAGE(in_path, in_path_members, .extensions = 22);

static int in_body(const yyjson_mut_val *v) { return slice_eqs(json_path_str(v, "in"), "body") ? 0 : 1; }
static int in_query(const yyjson_mut_val *v) { return slice_eqs(json_path_str(v, "in"), "query") ? 0 : 1; }

static const struct gnostic_member non_body_members[] = { { NULL, 3, GNOSTIC_MESSAGE, &query }, { NULL, 4, GNOSTIC_MESSAGE, &in_path } };
MESSAGE(non_body, non_body_members, .choose = in_query);
static const struct gnostic_member parameter_members[] = { { NULL, 1, GNOSTIC_MESSAGE, &body }, { NULL, 2, GNOSTIC_MESSAGE, &non_body } };
MESSAGE(parameter, parameter_members, .choose = in_body);
static const struct gnostic_member parameters_item_members[] = { { NULL, 1, GNOSTIC_MESSAGE, &parameter }, { NULL, 2, GNOSTIC_MESSAGE, &reference } };
MESSAGE(parameters_item, parameters_item_members, .choose = gnostic_reference);

/* ---- paths ---- */

static const struct gnostic_member schema_item_members[] = { { NULL, 1, GNOSTIC_MESSAGE, &schema } };
MESSAGE(schema_item, schema_item_members, .choose = gnostic_only);
static const struct gnostic_member response_members[] = { { "description", 1, GNOSTIC_STRING, NULL }, { "schema", 2, GNOSTIC_MESSAGE, &schema_item } };
MESSAGE(response, response_members, .extensions = 5);
static const struct gnostic_member response_value_members[] = { { NULL, 1, GNOSTIC_MESSAGE, &response }, { NULL, 2, GNOSTIC_MESSAGE, &reference } };
MESSAGE(response_value, response_value_members, .choose = gnostic_reference);
static const struct gnostic_message responses = { .extensions = 2, .rest = 1, .rest_message = &response_value };
static const struct gnostic_member operation_members[] = {
	{ "tags", 1, GNOSTIC_STRINGS, NULL }, { "summary", 2, GNOSTIC_STRING, NULL }, { "description", 3, GNOSTIC_STRING, NULL }, { "operationId", 5, GNOSTIC_STRING, NULL },
	{ "produces", 6, GNOSTIC_STRINGS, NULL }, { "consumes", 7, GNOSTIC_STRINGS, NULL }, { "parameters", 8, GNOSTIC_MESSAGES, &parameters_item },
	{ "responses", 9, GNOSTIC_MESSAGE, &responses }, { "schemes", 10, GNOSTIC_STRINGS, NULL }, { "deprecated", 11, GNOSTIC_BOOL, NULL },
};
MESSAGE(operation, operation_members, .extensions = 13);
static const struct gnostic_member path_item_members[] = {
	{ "$ref", 1, GNOSTIC_STRING, NULL }, { "get", 2, GNOSTIC_MESSAGE, &operation }, { "put", 3, GNOSTIC_MESSAGE, &operation }, { "post", 4, GNOSTIC_MESSAGE, &operation },
	{ "delete", 5, GNOSTIC_MESSAGE, &operation }, { "options", 6, GNOSTIC_MESSAGE, &operation }, { "head", 7, GNOSTIC_MESSAGE, &operation },
	{ "patch", 8, GNOSTIC_MESSAGE, &operation }, { "parameters", 9, GNOSTIC_MESSAGES, &parameters_item },
};
MESSAGE(path_item, path_item_members, .extensions = 10);
static const struct gnostic_message paths = { .extensions = 1, .rest = 2, .rest_message = &path_item };

/* ---- the document ---- */

static const struct gnostic_member info_members[] = { { "title", 1, GNOSTIC_STRING, NULL }, { "version", 2, GNOSTIC_STRING, NULL }, { "description", 3, GNOSTIC_STRING, NULL } };
MESSAGE(info, info_members, .extensions = 7);
static const struct gnostic_message parameter_definitions = { .rest = 1, .rest_message = &parameter };
static const struct gnostic_member strings_members[] = { { NULL, 1, GNOSTIC_STRINGS, NULL } };
MESSAGE(strings, strings_members, .choose = gnostic_only);
static const struct gnostic_message requirement = { .rest = 1, .rest_message = &strings };
static const struct gnostic_member api_key_members[] = {
	{ "type", 1, GNOSTIC_STRING, NULL }, { "name", 2, GNOSTIC_STRING, NULL }, { "in", 3, GNOSTIC_STRING, NULL }, { "description", 4, GNOSTIC_STRING, NULL },
};
MESSAGE(api_key, api_key_members, .extensions = 5);
static const struct gnostic_member security_item_members[] = { { NULL, 2, GNOSTIC_MESSAGE, &api_key } };
MESSAGE(security_item, security_item_members, .choose = gnostic_only);
static const struct gnostic_message security_definitions = { .rest = 1, .rest_message = &security_item };
static const struct gnostic_member document_members[] = {
	{ "swagger", 1, GNOSTIC_STRING, NULL }, { "info", 2, GNOSTIC_MESSAGE, &info }, { "paths", 8, GNOSTIC_MESSAGE, &paths }, { "definitions", 9, GNOSTIC_MESSAGE, &named_schemas },
	{ "parameters", 10, GNOSTIC_MESSAGE, &parameter_definitions }, { "security", 12, GNOSTIC_MESSAGES, &requirement },
	{ "securityDefinitions", 13, GNOSTIC_MESSAGE, &security_definitions },
};
const struct gnostic_message gnostic_v2 = { .members = document_members, .n = ELEMENTSOF(document_members), .extensions = 16 };
