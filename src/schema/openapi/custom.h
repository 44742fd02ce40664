/* SPDX-License-Identifier: Apache-2.0 */
/* The definitions of a custom kind and of its list, as apiextensions-apiserver publishes them. */
#pragma once

#include "schema/openapi/writer.h"
#include "schema/table.h"

/* Appends two members of the definitions. 0, -ENOMEM or w->b->err. */
int openapi_custom(const struct openapi_writer *w, const struct schema_resource *r);
