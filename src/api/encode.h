/* SPDX-License-Identifier: Apache-2.0 */
/* Trees and stored objects to bytes, in the media type and form a client takes. Thread rule: pure. */
#pragma once

#include "api/negotiate.h"
#include "base/buf.h"
#include "schema/schema.h"
#include "store/store.h"

/* Appends a tree (kind and apiVersion in it) of `type` (NULL: unstructured) in media n->media, pretty or with the final newline of
 * the compact form. 0 or b->err. */
int encode_tree(struct arena *a, const struct negotiated *n, const struct schema_type *type, const yyjson_mut_val *root, struct buf *b);
/* Compact JSON text to n's media: the text itself, indented, or YAML. Not for protobuf. 0 or b->err, -ENOMEM. */
int encode_text(struct arena *a, const struct negotiated *n, struct slice json, struct buf *b);

/* `"metadata":{...}`'s value inside an object's compact JSON whose metadata is among its first members. SLICE_NULL when
 * there is none. No parsing beyond skipping. */
struct slice encode_metadata_of(struct slice json);
/* Compact JSON of a stored object in the served version: the blob itself, or (other version) bytes in the arena. SLICE_NULL when out
 * of memory or damaged. */
struct slice encode_stored_json(struct arena *a, const struct schema_resource *res, const struct store_obj *o);
/* The object's protobuf envelope in the served version; shared through the object's encoding slot when it can be. NULL: no
 * memory. A reference. */
struct blob *encode_stored_proto(struct arena *a, const struct schema_resource *res, struct store_obj *o);
/* Appends `{"kind":"PartialObjectMetadata",...}` for an object's JSON. */
int encode_partial(const struct negotiated *n, struct slice json, struct buf *b);
/* The same in protobuf, envelope included. 0, b->err, -ENOMEM. */
int encode_partial_proto(struct arena *a, const struct negotiated *n, struct slice json, struct buf *b);
/* zlib's gzip, level 1. 0 or -ENOMEM. */
int encode_gzip(struct slice in, struct buf *out);
