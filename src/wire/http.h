/* SPDX-License-Identifier: Apache-2.0 */
/* What HTTP/1.1 and HTTP/2 have in common: header lists and request and response heads. No sockets here. */
#pragma once

#include "base/arena.h"

enum http_version { HTTP_10, HTTP_11, HTTP_2 };

struct http_header {
	struct slice name; /* lower case */
	struct slice value;
};

struct http_headers {
	struct http_header *v;
	size_t n, cap;
};

/* Appends; name and value are copied into the arena. 0 or -ENOMEM. */
int http_headers_add(struct arena *a, struct http_headers *h, struct slice name, struct slice value);
/* The same without copying: the bytes must live as long as the list. */
int http_headers_append(struct arena *a, struct http_headers *h, struct slice name, struct slice value);
/* First value of a header (lower-case name), or SLICE_NULL. */
struct slice http_headers_get(const struct http_headers *h, const char *name);
/* Next value at or after *it (start with 0); false at the end. */
bool http_headers_next(const struct http_headers *h, const char *name, size_t *it, struct slice *ret);

/* Whether a comma-separated list header (all its lines) holds the token, in any case (RFC 9110, 5.6.1). */
bool http_headers_token(const struct http_headers *h, const char *name, const char *token);

struct http_request_head {
	enum http_version version;
	struct slice method;
	struct slice target; /* as sent: path and query, still escaped */
	struct slice authority;
	struct http_headers headers;
};

struct http_response_head {
	enum http_version version;
	int status;
	struct http_headers headers;
};

/* "OK", "Not Found", ...; "" for unknown codes. */
const char *http_reason(int status);

#define HTTP_DATE_SIZE 30
/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7) from seconds since 1970. */
void http_date(int64_t seconds, char out[HTTP_DATE_SIZE]);
