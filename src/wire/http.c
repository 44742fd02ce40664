/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define HEADERS_FIRST 16u

int http_headers_append(struct arena *a, struct http_headers *h, struct slice name, struct slice value) {
	if (h->n == h->cap) {
		size_t cap = h->cap ? h->cap * 2 : HEADERS_FIRST;
		struct http_header *v = arena_realloc(a, h->v, h->cap * sizeof(*v), cap * sizeof(*v));
		if (!v) return -ENOMEM;
		h->v = v;
		h->cap = cap;
	}
	h->v[h->n++] = (struct http_header){ name, value };
	return 0;
}

int http_headers_add(struct arena *a, struct http_headers *h, struct slice name, struct slice value) {
	struct slice n = arena_slice_dup(a, name), v = arena_slice_dup(a, value);
	if (!n.p || !v.p) return -ENOMEM;
	return http_headers_append(a, h, n, v);
}

bool http_headers_next(const struct http_headers *h, const char *name, size_t *it, struct slice *ret) {
	struct slice want = slice_str(name);
	for (; *it < h->n; (*it)++)
		if (slice_eq(h->v[*it].name, want)) {
			*ret = h->v[(*it)++].value;
			return true;
		}
	return false;
}

struct slice http_headers_get(const struct http_headers *h, const char *name) {
	size_t it = 0;
	struct slice v;
	return http_headers_next(h, name, &it, &v) ? v : SLICE_NULL;
}

bool http_headers_token(const struct http_headers *h, const char *name, const char *token) {
	struct slice v, want = slice_str(token);
	for (size_t it = 0; http_headers_next(h, name, &it, &v);)
		while (v.p)
			if (slice_ieq(slice_trim(slice_cut(&v, ',')), want)) return true;
	return false;
}

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 100, "Continue" }, { 101, "Switching Protocols" },
	{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 203, "Non-Authoritative Information" }, { 204, "No Content" },
	{ 205, "Reset Content" }, { 206, "Partial Content" },
	{ 300, "Multiple Choices" }, { 301, "Moved Permanently" }, { 302, "Found" }, { 303, "See Other" }, { 304, "Not Modified" },
	{ 307, "Temporary Redirect" }, { 308, "Permanent Redirect" },
	{ 400, "Bad Request" }, { 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" }, { 408, "Request Timeout" }, { 409, "Conflict" }, { 410, "Gone" }, { 411, "Length Required" },
	{ 412, "Precondition Failed" }, { 413, "Request Entity Too Large" }, { 414, "Request URI Too Long" },
	{ 415, "Unsupported Media Type" }, { 416, "Requested Range Not Satisfiable" }, { 417, "Expectation Failed" },
	{ 421, "Misdirected Request" }, { 422, "Unprocessable Entity" }, { 426, "Upgrade Required" },
	{ 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" }, { 502, "Bad Gateway" }, { 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" }, { 505, "HTTP Version Not Supported" }, { 507, "Insufficient Storage" },
};

const char *http_reason(int status) {
	for (size_t i = 0; i < ELEMENTSOF(reasons); i++)
		if (reasons[i].status == status) return reasons[i].reason;
	return "";
}

void http_date(int64_t seconds, char out[HTTP_DATE_SIZE]) {
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)seconds;
	struct tm tm;
	if (!gmtime_r(&t, &tm)) memset(&tm, 0, sizeof(tm));
	char text[128];
	snprintf(text, sizeof(text), "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days[(unsigned)tm.tm_wday % 7], tm.tm_mday,
		 months[(unsigned)tm.tm_mon % 12], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	memcpy(out, text, HTTP_DATE_SIZE - 1);
	out[HTTP_DATE_SIZE - 1] = 0;
}
