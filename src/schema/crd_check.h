/* SPDX-License-Identifier: Apache-2.0 */
/* What the checks of single values share with the walk over a custom resource. */
#pragma once

#include "schema/schema.h"

#define CRD_PATH_MAX (16u * 1024u)

struct crd_check {
	struct arena *a;
	struct schema_errors *errs;
	struct buf path;    /* of the value at hand, as messages say it ("spec.ports[0].port") */
	const char *prefix; /* in front of it in the field's name ("status." for the subresource), or "" */
	bool nomem;
};

/* Adds a complaint about the value at hand: the field's name, and `Invalid value: <value>: <path> in body <text>`. */
void crd_invalid(struct crd_check *c, const yyjson_mut_val *v, const char *fmt, ...) k8c_printf(3, 4);
/* Any complaint; `field` NULL: the path at hand. */
void crd_complain(struct crd_check *c, const char *type, const char *field, const char *fmt, ...) k8c_printf(4, 5);
/* NUL-terminated path at hand, with the prefix. */
const char *crd_field(struct crd_check *c);
const char *crd_json(struct crd_check *c, const yyjson_mut_val *v);

/* "string", "integer", "number", "boolean", "array", "object", "null". */
const char *crd_type_word(const yyjson_mut_val *v);
/* Type, nullability; false when nothing else need be asked. */
bool crd_check_type(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v);
/* enum, format, and the limits of strings, numbers, lists and objects. */
void crd_check_value(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v);
/* Whether a string has a format ("date-time", "ipv4", ...); true for formats nobody knows. */
bool crd_format_ok(struct slice format, struct slice text);
