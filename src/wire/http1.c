/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http1.h"
#include "wire/wire_limits.h"

#include <ctype.h>
#include <errno.h>
#include <llhttp.h>

/* A string that may arrive in several pieces. */
struct span {
	char *p;
	size_t n, cap;
};

struct http1_parser {
	llhttp_t ll; /* first: the callbacks get a pointer to it */
	enum http1_kind kind;
	const struct http1_handler *h;
	void *ctx;
	struct arena *arena;
	struct span target, name, value;
	struct http_headers headers;
	struct slice method; /* responses: the request's */
	char verb[HTTP1_METHOD_MAX]; /* requests: the method as sent */
	size_t verb_n;
	bool verb_done;
	size_t head_bytes, extra_bytes;
	bool head_done, ended, seen;
	int stop; /* what a handler returned */
	int status;
	const char *message;
};

static struct http1_parser *parser_of(llhttp_t *ll) { return (struct http1_parser *)ll; }

static int fail(struct http1_parser *p, int status, const char *message) {
	if (!p->status) {
		p->status = status;
		p->message = message;
	}
	return HPE_USER;
}

static int fail_errno(struct http1_parser *p, int err) {
	p->stop = err;
	return HPE_USER;
}

static int span_add(struct http1_parser *p, struct span *s, const char *at, size_t n) {
	if (s->n + n + 1 > s->cap) {
		size_t cap = s->cap ? (s->n + n) * 2 : n + 1;
		char *q = arena_realloc(p->arena, s->p, s->cap, cap);
		if (!q) return fail_errno(p, -ENOMEM);
		s->p = q;
		s->cap = cap;
	}
	memcpy(s->p + s->n, at, n);
	s->n += n;
	s->p[s->n] = 0;
	return 0;
}

static struct slice span_take(struct span *s) {
	struct slice r = slice_make(s->p ? s->p : "", s->n);
	*s = (struct span){ 0 };
	return r;
}

/* Counts head bytes, or, behind the head, trailers and chunk extensions. */
static int count(struct http1_parser *p, size_t n) {
	size_t *have = p->head_done ? &p->extra_bytes : &p->head_bytes;
	*have += n;
	if (*have > (p->head_done ? HTTP1_CHUNK_EXTRA_MAX : HEADER_BYTES_MAX)) return fail(p, 431, "header fields too large");
	return 0;
}

static int on_target(llhttp_t *ll, const char *at, size_t n) {
	struct http1_parser *p = parser_of(ll);
	int r = count(p, n);
	return r ? r : span_add(p, &p->target, at, n);
}

static int on_name(llhttp_t *ll, const char *at, size_t n) {
	struct http1_parser *p = parser_of(ll);
	int r = count(p, n);
	if (r || p->head_done) return r;
	size_t from = p->name.n;
	r = span_add(p, &p->name, at, n);
	for (size_t i = from; !r && i < p->name.n; i++) p->name.p[i] = (char)tolower((unsigned char)p->name.p[i]);
	return r;
}

static int on_value(llhttp_t *ll, const char *at, size_t n) {
	struct http1_parser *p = parser_of(ll);
	int r = count(p, n);
	return r || p->head_done ? r : span_add(p, &p->value, at, n);
}

static int on_value_complete(llhttp_t *ll) {
	struct http1_parser *p = parser_of(ll);
	int r = count(p, HTTP_HEADER_OVERHEAD);
	if (r || p->head_done) return r;
	struct slice name = span_take(&p->name), value = slice_trim(span_take(&p->value));
	return http_headers_append(p->arena, &p->headers, name, value) < 0 ? fail_errno(p, -ENOMEM) : 0;
}

static int on_chunk_extra(llhttp_t *ll, const char *at, size_t n) {
	(void)at;
	return count(parser_of(ll), n);
}


/* "http://host/path" (RFC 9112, 3.2.2) is taken apart; everything else stays as sent. */
static void split_absolute(struct http_request_head *head) {
	static const char *const schemes[] = { "http://", "https://" };
	for (size_t i = 0; i < ELEMENTSOF(schemes); i++) {
		struct slice s = slice_str(schemes[i]);
		if (head->target.n < s.n || !slice_ieq(slice_upto(head->target, s.n), s)) continue;
		struct slice rest = slice_from(head->target, s.n);
		size_t n = 0;
		while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?') n++;
		head->authority = slice_upto(rest, n);
		head->target = n < rest.n ? slice_from(rest, n) : SLICE_LIT("/");
		return;
	}
}

static int check_codings(struct http1_parser *p) {
	struct slice v;
	size_t it = 0, lines = 0;
	while (http_headers_next(&p->headers, "transfer-encoding", &it, &v)) {
		if (++lines > 1 || !slice_ieq(v, SLICE_LIT("chunked"))) return fail(p, 501, "unsupported transfer encoding");
		if (p->ll.http_minor == 0) return fail(p, 400, "transfer encoding in HTTP/1.0");
	}
	return 0;
}

static int check_host(struct http1_parser *p, struct http_request_head *head) {
	struct slice v, host = SLICE_NULL;
	size_t it = 0, lines = 0;
	while (http_headers_next(&p->headers, "host", &it, &v)) {
		host = v;
		lines++;
	}
	if (lines > 1) return fail(p, 400, "too many Host headers");
	if (lines == 0 && head->version == HTTP_11) return fail(p, 400, "missing required Host header");
	for (size_t i = 0; i < host.n; i++)
		if (strchr(" \t\"<>\\^`{|}/?#", host.p[i])) return fail(p, 400, "malformed Host header");
	if (!head->authority.p) head->authority = host;
	return 0;
}

static int64_t body_length(const struct http1_parser *p) {
	if (p->ll.flags & F_CHUNKED) return -1;
	if (p->ll.flags & F_CONTENT_LENGTH) return p->ll.content_length <= INT64_MAX ? (int64_t)p->ll.content_length : INT64_MAX;
	return p->kind == HTTP1_REQUESTS ? 0 : -1;
}

static int request_complete(struct http1_parser *p) {
	struct http_request_head head = {
		.version = p->ll.http_minor == 0 ? HTTP_10 : HTTP_11,
		.method = arena_slice_dup(p->arena, slice_make(p->verb, p->verb_n)),
		.target = span_take(&p->target),
		.headers = p->headers,
	};
	struct http1_framing f = {
		.length = body_length(p),
		.keep_alive = llhttp_should_keep_alive(&p->ll) && p->ll.method != HTTP_CONNECT,
		.upgrade = p->ll.upgrade && p->ll.method != HTTP_CONNECT && head.version == HTTP_11,
		.expect_continue = head.version == HTTP_11 && http_headers_token(&p->headers, "expect", "100-continue"),
	};
	if (!head.method.p) return fail_errno(p, -ENOMEM);
	split_absolute(&head);
	int r = check_codings(p);
	if (!r) r = check_host(p, &head);
	if (r) return r;
	r = p->h->on_request(p->ctx, &head, &f);
	return r < 0 ? fail_errno(p, r) : 0;
}

/* llhttp: 1 skips the body, 2 says that another protocol follows. */
enum { LL_BODY = 0, LL_NO_BODY = 1, LL_UPGRADE = 2 };

static int response_complete(struct http1_parser *p) {
	struct http_response_head head = {
		.version = p->ll.http_minor == 0 ? HTTP_10 : HTTP_11,
		.status = p->ll.status_code,
		.headers = p->headers,
	};
	bool tunnel = slice_eqs(p->method, "CONNECT") && head.status / 100 == 2;
	bool bodyless = slice_eqs(p->method, "HEAD") || head.status / 100 == 1 || head.status == 204 || head.status == 304;
	struct http1_framing f = {
		.length = bodyless || tunnel ? 0 : body_length(p),
		.keep_alive = bodyless ? !http_headers_token(&p->headers, "connection", "close") && head.version == HTTP_11
				       : llhttp_should_keep_alive(&p->ll),
		.upgrade = tunnel || head.status == 101,
	};
	int r = check_codings(p);
	if (r) return r;
	r = p->h->on_response(p->ctx, &head, &f);
	if (r < 0) return fail_errno(p, r);
	return f.upgrade ? LL_UPGRADE : bodyless ? LL_NO_BODY : LL_BODY;
}

static int on_head(llhttp_t *ll) {
	struct http1_parser *p = parser_of(ll);
	p->head_done = true;
	if (ll->http_major != 1) return fail(p, 505, "unsupported protocol version");
	return p->kind == HTTP1_REQUESTS ? request_complete(p) : response_complete(p);
}

static int on_body(llhttp_t *ll, const char *at, size_t n) {
	struct http1_parser *p = parser_of(ll);
	int r = p->h->on_body(p->ctx, slice_make(at, n));
	return r < 0 ? fail_errno(p, r) : 0;
}

static int on_complete(llhttp_t *ll) {
	struct http1_parser *p = parser_of(ll);
	p->ended = true;
	p->h->on_end(p->ctx);
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_url = on_target,
	.on_header_field = on_name,
	.on_header_value = on_value,
	.on_header_value_complete = on_value_complete,
	.on_chunk_extension_name = on_chunk_extra,
	.on_chunk_extension_value = on_chunk_extra,
	.on_headers_complete = on_head,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

struct http1_parser *http1_new(enum http1_kind kind, const struct http1_handler *h, void *ctx) {
	struct http1_parser *p = calloc(1, sizeof(*p));
	if (!p) return NULL;
	p->kind = kind;
	p->h = h;
	p->ctx = ctx;
	return p;
}

struct http1_parser *http1_free(struct http1_parser *p) {
	free(p);
	return NULL;
}

void http1_begin(struct http1_parser *p, struct arena *a, struct slice method) {
	llhttp_init(&p->ll, p->kind == HTTP1_REQUESTS ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
	*p = (struct http1_parser){ .ll = p->ll, .kind = p->kind, .h = p->h, .ctx = p->ctx, .arena = a, .method = method };
}

static ssize_t feed_failed(struct http1_parser *p) {
	if (p->stop < 0) return p->stop;
	if (!p->status) {
		p->status = 400;
		p->message = llhttp_get_error_reason(&p->ll);
	}
	return -EPROTO;
}

/* ---- the method: llhttp knows only registered ones, in capitals; any token is one (RFC 9110, 9.1) ---- */

static bool is_token(char c) { return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c)); }

static bool verb_is(const struct http1_parser *p, const char *method) { return slice_eqs(slice_make(p->verb, p->verb_n), method); }

/* What llhttp is told: the method matters to it only where it changes what follows. What is no method it may refuse itself. */
static llhttp_errno_t tell_verb(struct http1_parser *p, char end) {
	bool as_sent = end != ' ' || !p->verb_n || verb_is(p, "CONNECT") || verb_is(p, "PRI");
	struct slice told = as_sent ? slice_make(p->verb, p->verb_n) : SLICE_LIT("GET");
	p->verb_done = true;
	llhttp_errno_t e = told.n ? llhttp_execute(&p->ll, told.p, told.n) : HPE_OK;
	return e == HPE_OK ? llhttp_execute(&p->ll, &end, 1) : e;
}

/* The bytes taken, blank lines in front among them, or an error. */
static ssize_t feed_verb(struct http1_parser *p, struct slice bytes) {
	for (size_t i = 0; i < bytes.n; i++) {
		char c = bytes.p[i];
		if (!p->verb_n && (c == '\r' || c == '\n')) {
			if (llhttp_execute(&p->ll, &c, 1) != HPE_OK) return feed_failed(p);
		} else if (is_token(c) && p->verb_n < sizeof(p->verb)) {
			p->verb[p->verb_n++] = c;
		} else {
			return tell_verb(p, c) == HPE_OK ? (ssize_t)i + 1 : feed_failed(p);
		}
	}
	return (ssize_t)bytes.n;
}

ssize_t http1_feed(struct http1_parser *p, struct slice bytes) {
	if (bytes.n == 0 || p->ended) return 0;
	p->seen = true;
	ssize_t n = p->kind == HTTP1_REQUESTS && !p->verb_done ? feed_verb(p, bytes) : 0;
	if (n < 0 || (size_t)n == bytes.n) return n;
	struct slice rest = slice_from(bytes, (size_t)n);
	llhttp_errno_t e = llhttp_execute(&p->ll, rest.p, rest.n);
	if (p->ended) return llhttp_get_error_pos(&p->ll) - bytes.p;
	return e == HPE_OK ? (ssize_t)bytes.n : feed_failed(p);
}

int http1_finish(struct http1_parser *p) {
	if (p->ended) return 0;
	llhttp_errno_t e = llhttp_finish(&p->ll);
	if (p->ended) return 0;
	if (e == HPE_OK && !p->seen) return 0;
	p->status = 400;
	p->message = "unexpected end of the connection";
	return -EPROTO;
}

bool http1_idle(const struct http1_parser *p) { return !p->seen; }

int http1_error(const struct http1_parser *p, const char **ret_message) {
	*ret_message = p->message ? p->message : "";
	return p->status ? p->status : 400;
}
