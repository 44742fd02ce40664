/* SPDX-License-Identifier: Apache-2.0 */
/* Where an OpenAPI document goes, and the few things in which Swagger 2.0 and OpenAPI 3.0 differ everywhere. */
#pragma once

#include "base/buf.h"

struct openapi_writer {
	struct buf *b;
	bool v2;
	/* The group version a v3 document is about. */
	const char *group, *version;
};

static inline const char *openapi_refs(const struct openapi_writer *w) { return w->v2 ? "#/definitions/" : "#/components/schemas/"; }

/* A comma, unless the object or list has just begun: every member and element is preceded by one of these. */
static inline void openapi_sep(const struct openapi_writer *w) {
	const struct buf *b = w->b;
	if (b->n && b->p[b->n - 1] != '{' && b->p[b->n - 1] != '[') buf_putc(w->b, ',');
}

/* A reference to a definition: `{"$ref":"..."}`. */
static inline void openapi_put_ref(const struct openapi_writer *w, const char *name) { buf_printf(w->b, "{\"$ref\":\"%s%s\"}", openapi_refs(w), name); }
