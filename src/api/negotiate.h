/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Media types: what the client takes (Accept) and what it sends (Content-Type), as apiserver negotiates (spec sections 9.2
 * and 8.5). Thread rule: pure.
 */
#pragma once

#include "base/arena.h"
#include "wire/http.h"

enum media { MEDIA_JSON, MEDIA_YAML, MEDIA_PROTO, MEDIA_NONE };
enum transform { AS_OBJECT, AS_TABLE, AS_METADATA, AS_METADATA_LIST, AS_DISCOVERY };

struct negotiated {
	enum media media;
	enum transform as;
	bool v1beta1;       /* of the transform */
	bool pretty;
	bool gzip;          /* the client takes it */
};

const char *media_type(enum media m);

/* PLAIN: no transforms (errors, reviews, discovery documents). CUSTOM: whole objects have no protobuf. */
enum negotiate_for { NEGOTIATE_OBJECT, NEGOTIATE_WATCH, NEGOTIATE_DISCOVERY, NEGOTIATE_PLAIN, NEGOTIATE_CUSTOM, NEGOTIATE_CUSTOM_WATCH };
/* `accept` SLICE_NULL: absent. 0; -ENOENT: no clause can be served (406 of the handler). `pretty` is left alone. */
int negotiate_accept(struct slice accept, enum negotiate_for what, struct negotiated *ret);
/* Routing level: does Accept name one of the types, or everything? */
bool negotiate_routable(struct slice accept);
/* Does Accept name this one type, or everything? For routes that produce nothing else. */
bool negotiate_names(struct slice accept, const char *type);
/* For documents with types of their own: the first of `types` that the clause of highest quality takes (goautoneg); an absent
 * Accept takes all. Its index, or -ENOENT. */
int negotiate_among(struct slice accept, const char *const *types, size_t n);
/* Pretty JSON: by ?pretty (SLICE_NULL: absent) or by the User-Agent. */
bool negotiate_pretty(struct slice query_value, struct slice user_agent);
/* Accept-Encoding holds the exact token gzip. */
bool negotiate_gzip(const struct http_headers *h);
/* Body type of create and update; an empty header is JSON. MEDIA_NONE: unsupported (415). */
enum media negotiate_body(struct slice content_type);
/* The media type without parameters, trimmed. */
struct slice media_strip(struct slice content_type);
