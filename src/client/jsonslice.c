/* SPDX-License-Identifier: Apache-2.0 */
#include "client/jsonslice.h"

#include <errno.h>
#include <string.h>

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* ---- members ---- */

static size_t skip_blanks(struct slice s, size_t i) {
	while (i < s.n && blank(s.p[i])) i++;
	return i;
}

/* Behind the string that starts at i. */
static size_t skip_string(struct slice s, size_t i) {
	for (size_t from = i + 1; from < s.n;) {
		const char *q = memchr(s.p + from, '"', s.n - from), *back = q;
		if (!q) break;
		while (back > s.p + from && back[-1] == '\\') back--;
		if ((q - back) % 2 == 0) return (size_t)(q - s.p) + 1;
		from = (size_t)(q - s.p) + 1;
	}
	return s.n;
}

/* Behind the value that starts at i. */
static size_t skip_value(struct slice s, size_t i) {
	size_t depth = 0;
	if (i < s.n && s.p[i] == '"') return skip_string(s, i);
	while (i < s.n) {
		char c = s.p[i];
		if (c == '"') {
			i = skip_string(s, i);
			continue;
		}
		if (c == '{' || c == '[') {
			depth++;
		} else if (c == '}' || c == ']') {
			if (depth == 0) return i;
			if (--depth == 0) return i + 1;
		} else if (depth == 0 && (c == ',' || blank(c))) {
			return i;
		}
		i++;
	}
	return i;
}

bool jsonslice_member(struct slice s, const char *name, struct slice *ret) {
	size_t i = skip_blanks(s, 0);
	if (i >= s.n || s.p[i] != '{') return false;
	for (i = skip_blanks(s, i + 1); i < s.n && s.p[i] == '"';) {
		size_t key = i, end = skip_string(s, i);
		i = skip_blanks(s, end);
		if (i >= s.n || s.p[i] != ':') return false;
		size_t value = skip_blanks(s, i + 1);
		i = skip_value(s, value);
		if (end - key >= 2 && slice_eqs(slice_make(s.p + key + 1, end - key - 2), name)) {
			*ret = slice_make(s.p + value, i - value);
			return true;
		}
		i = skip_blanks(s, i);
		if (i >= s.n || s.p[i] != ',') return false;
		i = skip_blanks(s, i + 1);
	}
	return false;
}

struct slice jsonslice_plain(struct slice raw) {
	if (raw.n < 2 || raw.p[0] != '"' || raw.p[raw.n - 1] != '"') return SLICE_NULL;
	raw = slice_make(raw.p + 1, raw.n - 2);
	return slice_chr(raw, '\\') < 0 ? raw : SLICE_NULL;
}

/* ---- streams ---- */

void jsonstream_init(struct jsonstream *s, enum jsonstream_mode mode, size_t max_value,
		     int (*on_value)(void *, const char *, struct slice), void *ctx) {
	*s = (struct jsonstream){ .mode = mode, .on_value = on_value, .ctx = ctx, .value = BUF_INIT(max_value) };
}

void jsonstream_done(struct jsonstream *s) { buf_done(&s->value); }

static int deliver(struct jsonstream *s) {
	s->taking = false;
	const char *key = s->mode == JSONSTREAM_VALUES ? "" : s->in_items ? "items" : s->key;
	int r = s->value.err ? s->value.err : s->on_value(s->ctx, key, buf_slice(&s->value));
	buf_clear(&s->value);
	return r;
}

/* Is a value that starts here one to be taken out? */
static bool takes(const struct jsonstream *s) {
	if (s->mode == JSONSTREAM_VALUES) return s->depth == 0;
	return s->in_items ? s->depth == 2 : s->depth == 1 && !s->want_key;
}

static void begin_take(struct jsonstream *s) {
	s->taking = true;
	s->base = s->depth;
}

static int take(struct jsonstream *s, const char *p, size_t n) { return s->taking ? buf_put(&s->value, p, n) : 0; }

static int open_bracket(struct jsonstream *s, char c) {
	if (s->mode == JSONSTREAM_LIST && (s->ended || (s->depth == 0 && c != '{'))) return -EBADMSG;
	bool items = s->mode == JSONSTREAM_LIST && s->depth == 1 && c == '[' && !s->want_key && !strcmp(s->key, "items");
	if (!s->taking && !items && takes(s)) begin_take(s);
	if (s->depth == JSONSTREAM_DEPTH_MAX) return -EBADMSG;
	if (items) s->in_items = true;
	s->depth++;
	if (s->mode == JSONSTREAM_LIST && s->depth == 1) s->want_key = true;
	return take(s, &c, 1);
}

/* A scalar ends where something else begins. */
static int end_scalar(struct jsonstream *s) { return s->taking && s->depth == s->base ? deliver(s) : 0; }

static int close_bracket(struct jsonstream *s, char c) {
	int r = end_scalar(s);
	if (r < 0) return r;
	if (s->depth == 0) return -EBADMSG;
	r = take(s, &c, 1);
	s->depth--;
	if (r < 0) return r;
	if (s->taking && s->depth == s->base) return deliver(s);
	if (s->in_items && s->depth == 1) s->in_items = false;
	if (s->mode == JSONSTREAM_LIST && s->depth == 0) s->ended = true;
	return 0;
}

static int comma(struct jsonstream *s) {
	int r = end_scalar(s);
	if (r < 0) return r;
	if (s->mode == JSONSTREAM_LIST && s->depth == 1) s->want_key = true;
	return take(s, ",", 1);
}

static int quote(struct jsonstream *s) {
	s->in_string = true;
	s->in_key = s->mode == JSONSTREAM_LIST && s->depth == 1 && s->want_key;
	if (s->in_key) {
		s->key_n = 0;
		return 0;
	}
	if (!s->taking && takes(s)) begin_take(s);
	return take(s, "\"", 1);
}

static int end_string(struct jsonstream *s) {
	s->in_string = false;
	if (s->in_key) {
		s->in_key = false;
		s->key[s->key_n] = 0;
		return 0;
	}
	int r = take(s, "\"", 1);
	return r < 0 ? r : end_scalar(s);
}

static void key_char(struct jsonstream *s, char c) {
	if (s->key_n < JSONSTREAM_KEY_MAX) s->key[s->key_n++] = c;
}

/* Inside a string: as much as there is up to its end. Returns the bytes used. */
static int string_bytes(struct jsonstream *s, struct slice b, size_t *used) {
	size_t i = 0;
	for (; i < b.n; i++) {
		char c = b.p[i];
		if (s->escape) s->escape = false;
		else if (c == '\\') s->escape = true;
		else if (c == '"') break;
		if (s->in_key) key_char(s, c);
	}
	int r = s->in_key ? 0 : take(s, b.p, i);
	*used = i < b.n ? i + 1 : i;
	if (r < 0) return r;
	return i < b.n ? end_string(s) : 0;
}

static int other(struct jsonstream *s, char c) {
	switch (c) {
	case '"': return quote(s);
	case '{':
	case '[': return open_bracket(s, c);
	case '}':
	case ']': return close_bracket(s, c);
	case ',': return comma(s);
	case ':':
		if (s->mode == JSONSTREAM_LIST && s->depth == 1 && !s->taking) s->want_key = false;
		return take(s, &c, 1);
	case ' ':
	case '\t':
	case '\n':
	case '\r': return end_scalar(s);
	default:
		if (s->ended) return -EBADMSG;
		if (!s->taking && takes(s)) begin_take(s);
		return take(s, &c, 1);
	}
}

/* Bytes of the object or list that b begins with; 0 when its end is not in b, or blanks between its tokens are to be left out. */
static size_t whole(struct slice b) {
	size_t depth = 0;
	if (*b.p != '{' && *b.p != '[') return 0;
	for (size_t i = 0; i < b.n;) {
		char c = b.p[i];
		if (c == '"') {
			i = skip_string(b, i);
			continue;
		}
		i++;
		if (blank(c)) return 0;
		if ((c == '{' || c == '[') && ++depth > JSONSTREAM_DEPTH_MAX / 2) return 0;
		if ((c == '}' || c == ']') && --depth == 0) return i;
	}
	return 0;
}

/* Most values come in one piece, as they stand in the bytes: those are handed on without a copy. *used stays 0 for others, whose
 * bytes go their way one by one. */
static int take_whole(struct jsonstream *s, struct slice b, size_t *used) {
	bool begins = !s->taking && !s->in_string && (s->mode == JSONSTREAM_VALUES ? s->depth == 0 : s->in_items && s->depth == 2);
	size_t n = begins ? whole(b) : 0;
	if (n == 0 || n > s->value.max) return 0;
	*used = n;
	return s->on_value(s->ctx, s->mode == JSONSTREAM_VALUES ? "" : "items", slice_upto(b, n));
}

int jsonstream_feed(struct jsonstream *s, struct slice b) {
	while (b.n) {
		size_t used = 0;
		int r = take_whole(s, b, &used);
		if (!used) {
			used = 1;
			r = s->in_string ? string_bytes(s, b, &used) : other(s, *b.p);
		}
		if (r < 0) return r;
		b = slice_make(b.p + used, b.n - used);
	}
	return 0;
}

bool jsonstream_complete(const struct jsonstream *s) {
	if (s->mode == JSONSTREAM_LIST) return s->ended;
	return s->depth == 0 && !s->in_string && !s->taking;
}
