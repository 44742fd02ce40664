/* SPDX-License-Identifier: Apache-2.0 */
/* meta.k8s.io Tables: columns and rows of a resource (spec section 9.4). Thread rule: pure. */
#pragma once

#include "api/negotiate.h"
#include "base/buf.h"
#include "schema/schema.h"

enum table_object { TABLE_METADATA, TABLE_NONE, TABLE_OBJECT };
/* ?includeObject. 0 or -EINVAL. */
int table_include(struct slice text, enum table_object *ret);
/* The table of a kind that is no resource of its own (Scale). `cells` appends one row's cells array: 0 or b->err. */
struct table_form {
	const struct schema_column *columns;
	size_t n_columns;
	int (*cells)(const yyjson_mut_val *obj, int64_t now_sec, struct buf *b);
};

/* `{"kind":"Table",...,"metadata":` */
void table_put_head(struct buf *b, const struct negotiated *n);
/* `"columnDefinitions":[...]` */
void table_put_columns(struct buf *b, const struct schema_column *columns, size_t n);
/* `,"object":...}`: the end of a row. 0 or b->err. */
int table_put_object(enum table_object what, const struct negotiated *n, struct slice json, struct buf *b);
/* One row for an object whose JSON text is `json`. 0, b->err, -ENOMEM. */
int table_put_row(struct arena *scratch, const struct schema_resource *res, enum table_object what, const struct negotiated *n, int64_t now_sec, struct slice json, struct buf *b);
