/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of gnostic's OpenAPIv2.proto and OpenAPIv3.proto as tables. */
#pragma once

#include "codec/json.h"

enum gnostic_kind {
	GNOSTIC_STRING, GNOSTIC_BOOL, GNOSTIC_INT, GNOSTIC_DOUBLE,
	GNOSTIC_ANY,       /* message Any { yaml = 2 } */
	GNOSTIC_MESSAGE,
	GNOSTIC_STRINGS, GNOSTIC_ANYS, GNOSTIC_MESSAGES, /* repeated */
};

struct gnostic_message;

struct gnostic_member {
	const char *name;               /* in JSON; NULL: the value itself (of a oneof or wrapper) */
	uint8_t tag, kind;
	const struct gnostic_message *message;
};

struct gnostic_message {
	const struct gnostic_member *members;
	size_t n;
	uint8_t extensions;             /* tag of the NamedAny list for members that begin with "x-"; 0: none */
	uint8_t rest;                   /* tag of the list of { name = 1, value = 2 } for all other members; 0: none */
	const struct gnostic_message *rest_message;
	/* A oneof or wrapper: which of the members the value is. -1: none. NULL: an object of members. */
	int (*choose)(const yyjson_mut_val *v);
};

extern const struct gnostic_message gnostic_v2, gnostic_v3;

/* For wrappers that have one member. */
int gnostic_only(const yyjson_mut_val *v);
/* 1 for an object with $ref, else 0. */
int gnostic_reference(const yyjson_mut_val *v);
/* 1 for a boolean, else 0. */
int gnostic_boolean(const yyjson_mut_val *v);
