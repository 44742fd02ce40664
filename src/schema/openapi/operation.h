/* SPDX-License-Identifier: Apache-2.0 */
/* One operation (a method of a path) of a document. */
#pragma once

#include "schema/openapi/parameter.h"

/* What the operations of a path are about. */
struct openapi_subject {
	const char *group, *version, *kind;  /* x-kubernetes-group-version-kind */
	const char *words, *tag;             /* "AppsV1", "apps_v1" */
	const char *noun;                    /* in operation ids: "Deployment", "DeploymentScale" */
	const char *object, *list;           /* names of definitions; NULL: text */
	bool namespaced, custom, deleted_returned;
	unsigned verbs;
};

enum openapi_body { BODY_NONE, BODY_OBJECT, BODY_PATCH, BODY_DELETE };
enum openapi_answer { ANSWER_OBJECT, ANSWER_LIST, ANSWER_DELETED, ANSWER_STATUS, ANSWER_EVENT, ANSWER_TEXT, ANSWER_LOG };
enum { CODE_200 = 1, CODE_201 = 2, CODE_202 = 4 };

/* Its id is prefix, words, infix, "Namespaced", noun, suffix. */
struct openapi_operation {
	unsigned verb;
	const char *method, *prefix, *infix, *suffix, *action;
	unsigned params;
	enum openapi_body body;
	enum openapi_answer answer;
	unsigned codes;
};

/* Appends the member "METHOD":{...} of a path item. */
void openapi_operation(const struct openapi_writer *w, const struct openapi_operation *o, const struct openapi_subject *s);
/* A GET outside of resources. `types` end with NULL; definition NULL: text. */
void openapi_plain_operation(const struct openapi_writer *w, const char *id, const char *tag, const char *const *types, const char *definition);
