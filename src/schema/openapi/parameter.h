/* SPDX-License-Identifier: Apache-2.0 */
/* The query and path parameters of the API's operations. */
#pragma once

#include "schema/openapi/writer.h"
#include "schema/table.h"

#include <stdint.h>

enum openapi_parameter {
	PARAM_ALLOW_WATCH_BOOKMARKS, PARAM_CONTINUE, PARAM_DRY_RUN, PARAM_FIELD_MANAGER, PARAM_FIELD_SELECTOR, PARAM_FIELD_VALIDATION, PARAM_FORCE,
	PARAM_GRACE_PERIOD, PARAM_IGNORE_STORE_ERROR, PARAM_LABEL_SELECTOR, PARAM_LIMIT, PARAM_NAME, PARAM_NAMESPACE, PARAM_ORPHAN, PARAM_PATH, PARAM_PRETTY,
	PARAM_PROPAGATION, PARAM_RESOURCE_VERSION, PARAM_RESOURCE_VERSION_MATCH, PARAM_SEND_INITIAL_EVENTS, PARAM_TIMEOUT_SECONDS, PARAM_WATCH,
};
#define PARAM(name) (1u << PARAM_##name)

/* Appends the elements of a `parameters` list. */
void openapi_parameters(const struct openapi_writer *w, unsigned set);
/* Those that the members of an options type (PodExecOptions) are in the query. */
void openapi_option_parameters(const struct openapi_writer *w, const struct schema_type *options);
/* The body of version 2; NULL: any object. */
void openapi_body_parameter(const struct openapi_writer *w, const char *definition, bool required);
/* Version 2's `parameters` member, which the lists refer to. */
void openapi_shared_parameters(const struct openapi_writer *w);
