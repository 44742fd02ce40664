/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this room share. Memory is in the arena; a failure ends the test. */
#pragma once

#include "schema/table.h"

#include <check.h>

static inline yyjson_mut_doc *parse(struct arena *a, const char *text)
{
	yyjson_mut_doc *doc = NULL;
	struct json_error err = { 0 };
	ck_assert_msg(json_parse(a, slice_str(text), &doc, &err) == 0, "%s in %s", err.msg, text);
	return doc;
}

/* A NUL-terminated copy of a buffer. */
static inline const char *text_of(struct arena *a, struct buf *b)
{
	ck_assert_int_eq(buf_err(b), 0);
	return arena_strndup(a, b->p, b->n);
}

static inline const struct schema_type *type_named(const char *api_version, const char *kind)
{
	struct slice rest = slice_str(api_version), group = SLICE_NULL;
	if (slice_chr(rest, '/') >= 0) group = slice_cut(&rest, '/');
	const struct schema_type *t = schema_type_of_kind(group, rest, slice_str(kind));
	ck_assert_msg(t != NULL, "no type for %s %s", api_version, kind);
	return t;
}

/* Decodes JSON text as a kind; the tree. */
static inline yyjson_mut_doc *decoded(struct arena *a, const struct schema_type *t, const char *text)
{
	yyjson_mut_doc *doc = parse(a, text);
	const char *msg = "";
	ck_assert_msg(schema_decode_tree(t, a, doc, NULL, &msg) == 0, "%s", msg);
	return doc;
}

static inline const char *encoded(struct arena *a, const struct schema_type *t, const yyjson_mut_val *v)
{
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 24);
	ck_assert_int_eq(schema_encode_json(t, v, &b), 0);
	return text_of(a, &b);
}
