/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/jsonpath_node.h"
#include "codec/goquote.h"
#include "codec/utf8.h"

#include <errno.h>
#include <stdio.h>

struct parser {
	struct arena *a;
	yyjson_mut_doc *doc;     /* of texts and literals */
	struct slice s;
	size_t at, start;
	unsigned nesting;
	size_t *nodes;           /* made so far, in all nested parsers */
	struct jsonpath *out;
	const char **ret_msg;
};

static int fault(struct parser *p, const char *fmt, ...) k8c_printf(2, 3);
static int fault(struct parser *p, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	const char *m = arena_vprintf(p->a, fmt, ap);
	va_end(ap);
	if (p->ret_msg) *p->ret_msg = m;
	return m ? -EBADMSG : -ENOMEM;
}

/* ---- characters ---- */

static bool has(const struct parser *p, const char *prefix) { return slice_starts(slice_from(p->s, p->at), slice_str(prefix)); }
static bool at_end(const struct parser *p) { return p->at >= p->s.n; }
static char peek(const struct parser *p) { return at_end(p) ? 0 : p->s.p[p->at]; }

static struct slice consume(struct parser *p) {
	struct slice t = slice_make(p->s.p + p->start, p->at - p->start);
	p->start = p->at;
	return t;
}

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool letter(char c) {
	return c == '_' || digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (unsigned char)c >= 0x80;
}
static bool at_terminator(const struct parser *p) { return at_end(p) || strchr(" \t\r\n.,[]$@{}", peek(p)) != NULL; }

/* ---- nodes ---- */

static int add(struct parser *p, struct jsonpath_list *l, struct jsonpath_node n) {
	if (++*p->nodes > JSONPATH_NODES_MAX) return -E2BIG;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 4;
		struct jsonpath_node *v = arena_realloc(p->a, l->v, l->cap * sizeof(*v), cap * sizeof(*v));
		if (!v) return -ENOMEM;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = n;
	return 0;
}

static int add_value(struct parser *p, struct jsonpath_list *l, enum jsonpath_type type, yyjson_mut_val *v) {
	return v ? add(p, l, (struct jsonpath_node){ .type = type, .value = v }) : -ENOMEM;
}

static int add_text(struct parser *p, struct jsonpath_list *l, struct slice t) {
	return add_value(p, l, JP_TEXT, yyjson_mut_strncpy(p->doc, t.p ? t.p : "", t.n));
}

static int add_part(struct parser *p, struct jsonpath_part part) {
	struct jsonpath *o = p->out;
	for (size_t i = 0; i < part.list.n; i++) {
		part.range |= part.list.v[i].type == JP_WORD && slice_eqs(part.list.v[i].text, "range");
		part.end |= part.list.v[i].type == JP_WORD && slice_eqs(part.list.v[i].text, "end");
	}
	if (o->n == o->cap) {
		size_t cap = o->cap ? o->cap * 2 : 4;
		struct jsonpath_part *v = arena_realloc(p->a, o->v, o->cap * sizeof(*v), cap * sizeof(*v));
		if (!v) return -ENOMEM;
		o->v = v;
		o->cap = cap;
	}
	o->v[o->n++] = part;
	return 0;
}

static int parse_template(struct parser *p);

/* Parses `text` as the inside of one action; the first action's nodes. */
static int parse_nested(struct parser *p, const char *prefix, struct slice text, const char *suffix, struct jsonpath_list *ret) {
	char *copy = arena_printf(p->a, "{%s%.*s%s}", prefix, SLICE_FMT(text), suffix);
	struct jsonpath out = { 0 };
	if (!copy) return -ENOMEM;
	if (p->nesting + 1 > JSONPATH_NESTING_MAX) return -E2BIG;
	struct parser q = { .a = p->a,
			    .doc = p->doc,
			    .s = slice_str(copy),
			    .nesting = p->nesting + 1,
			    .nodes = p->nodes,
			    .out = &out,
			    .ret_msg = p->ret_msg };
	int r = parse_template(&q);
	if (r == 0 && out.n) *ret = out.v[0].list;
	return r;
}

/* ---- quoted text ---- */

static int hex_digits(struct slice *s, size_t n, uint32_t *ret) {
	uint32_t v = 0;
	if (s->n < n) return -EBADMSG;
	for (size_t i = 0; i < n; i++) {
		char c = s->p[i];
		if (!digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f')) return -EBADMSG;
		v = v << 4 | (uint32_t)(digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	*s = slice_make(s->p + n, s->n - n);
	*ret = v;
	return 0;
}

/* What follows a backslash (strconv.UnquoteChar). */
static int unescape(struct slice *s, char quote, char **out) {
	static const char letters[] = "abfnrtv\\", bytes[] = "\a\b\f\n\r\t\v\\";
	uint32_t v;
	if (!s->n) return -EBADMSG;
	char c = *s->p;
	*s = slice_make(s->p + 1, s->n - 1);
	const char *l = c ? strchr(letters, c) : NULL;
	if (l || ((c == '\'' || c == '"') && c == quote)) {
		*(*out)++ = l ? bytes[l - letters] : c;
		return 0;
	}
	if (c == 'x' || c == 'u' || c == 'U') {
		size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 8;
		if (hex_digits(s, digits, &v) < 0 || (c != 'x' && (v > 0x10ffff || (v >= 0xd800 && v < 0xe000))))
			return -EBADMSG;
		if (c == 'x') *(*out)++ = (char)v;
		else *out += utf8_put(v, *out);
		return 0;
	}
	if (c < '0' || c > '7' || s->n < 2) return -EBADMSG;
	v = (uint32_t)(c - '0');
	for (size_t i = 0; i < 2; i++) {
		if (s->p[i] < '0' || s->p[i] > '7') return -EBADMSG;
		v = v << 3 | (uint32_t)(s->p[i] - '0');
	}
	*s = slice_make(s->p + 2, s->n - 2);
	*(*out)++ = (char)v;
	return v > 255 ? -EBADMSG : 0;
}

static int unquote(struct parser *p, struct slice whole, struct slice *ret) {
	char quote = whole.p[0], *out = arena_alloc(p->a, whole.n + 4), *q = out;
	struct slice s = slice_make(whole.p + 1, whole.n - 2);
	int r = out ? 0 : -ENOMEM;
	while (r == 0 && s.n) {
		char c = *s.p;
		s = slice_make(s.p + 1, s.n - 1);
		if (c == '\\') r = unescape(&s, quote, &q);
		else if (c == quote) r = -EBADMSG;
		else *q++ = c;
	}
	if (r == -EBADMSG) return fault(p, "unquote string %.*s error invalid syntax", SLICE_FMT(whole));
	*ret = slice_make(out, (size_t)(q - out));
	return r;
}

static int parse_quote(struct parser *p, struct jsonpath_list *l) {
	char quote = p->s.p[p->at++];
	struct slice text;
	for (;; p->at++) {
		if (at_end(p) || peek(p) == '\n') return fault(p, "unterminated quoted string");
		if (peek(p) == quote && p->s.p[p->at - 1] != '\\') break;
	}
	p->at++;
	int r = unquote(p, consume(p), &text);
	return r < 0 ? r : add_text(p, l, text);
}

/* ---- fields, numbers, words ---- */

static int parse_field(struct parser *p, struct jsonpath_list *l) {
	p->start = p->at;
	while (!at_terminator(p)) {
		if (peek(p) == '\\' && p->at + 1 < p->s.n) p->at++;
		p->at++;
	}
	struct slice t = consume(p);
	if (slice_eqs(t, "*")) return add(p, l, (struct jsonpath_node){ .type = JP_WILDCARD });
	char *name = arena_alloc(p->a, t.n + 1), *q = name;
	if (!name) return -ENOMEM;
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] != '\\') *q++ = t.p[i];
	return add(p, l, (struct jsonpath_node){ .type = JP_FIELD, .text = slice_make(name, (size_t)(q - name)) });
}

static int parse_number(struct parser *p, struct jsonpath_list *l) {
	int64_t i;
	char *end;
	if (peek(p) == '+' || peek(p) == '-') p->at++;
	while (digit(peek(p)) || peek(p) == '.') p->at++;
	struct slice t = consume(p);
	if (slice_int(t, INT64_MIN, INT64_MAX, &i) == 0) return add_value(p, l, JP_LITERAL, yyjson_mut_sint(p->doc, i));
	char *text = arena_slice_str(p->a, t);
	if (!text) return -ENOMEM;
	double d = strtod(text, &end);
	if (end == text || *end) return fault(p, "cannot parse number %s", text);
	return add_value(p, l, JP_LITERAL, yyjson_mut_real(p->doc, d));
}

static int parse_word(struct parser *p, struct jsonpath_list *l) {
	while (!at_terminator(p)) p->at++;
	struct slice t = consume(p);
	if (slice_eqs(t, "true") || slice_eqs(t, "false")) return add_value(p, l, JP_LITERAL, yyjson_mut_bool(p->doc, t.n == 4));
	return add(p, l, (struct jsonpath_node){ .type = JP_WORD, .text = t });
}

static int parse_recursive(struct parser *p, struct jsonpath_list *l) {
	if (l->n && l->v[l->n - 1].type == JP_RECURSIVE) return fault(p, "invalid multiple recursive descent");
	p->at += 2;
	p->start = p->at;
	int r = add(p, l, (struct jsonpath_node){ .type = JP_RECURSIVE });
	return r == 0 && letter(peek(p)) ? parse_field(p, l) : r;
}

/* ---- subscripts ---- */

/* One of up to three numbers with ':' between them: -?[0-9]* */
static int take_bound(struct parser *p, struct slice *s, struct jsonpath_bound *b) {
	size_t n = s->n && *s->p == '-';
	while (n < s->n && digit(s->p[n])) n++;
	struct slice t = slice_make(s->p, n);
	*s = slice_make(s->p + n, s->n - n);
	if (!n) return 0;
	b->known = true;
	if (slice_int(t, INT32_MIN, INT32_MAX, &b->value) < 0) return fault(p, "array index %.*s is not a number", SLICE_FMT(t));
	return 0;
}

static int parse_slice(struct parser *p, struct slice text, struct jsonpath_list *l) {
	struct jsonpath_node n = { .type = JP_ARRAY };
	struct slice s = text;
	size_t colons = 0;
	int r = take_bound(p, &s, &n.bound[0]);
	while (r == 0 && s.n && *s.p == ':' && colons < 2) {
		s = slice_make(s.p + 1, s.n - 1);
		r = take_bound(p, &s, &n.bound[++colons]);
	}
	if (r < 0) return r;
	if (s.n) return fault(p, "invalid array index %.*s", SLICE_FMT(text));
	if (colons == 0) n.bound[1] = (struct jsonpath_bound){ true, true, n.bound[0].value + 1 };
	return add(p, l, n);
}

static int parse_union(struct parser *p, struct slice text, struct jsonpath_list *l) {
	size_t n = 1;
	for (size_t i = 0; i < text.n; i++) n += text.p[i] == ',';
	struct jsonpath_node u = { .type = JP_UNION, .lists = arena_array(p->a, n, sizeof(*u.lists)) };
	if (!u.lists) return -ENOMEM;
	for (struct slice rest = text; rest.p;) {
		struct slice part = slice_cut(&rest, ',');
		while (part.n && *part.p == ' ') part.p++, part.n--;
		while (part.n && part.p[part.n - 1] == ' ') part.n--;
		int r = parse_nested(p, "[", part, "]", &u.lists[u.n_lists++]);
		if (r < 0) return r;
	}
	return add(p, l, u);
}

static int parse_key(struct parser *p, struct slice key, struct jsonpath_list *l) {
	struct jsonpath_list inner = { 0 };
	int r = parse_nested(p, ".", key, "", &inner);
	for (size_t i = 0; r == 0 && i < inner.n; i++) r = add(p, l, inner.v[i]);
	return r;
}

static int parse_array(struct parser *p, struct jsonpath_list *l) {
	for (; peek(p) != ']'; p->at++)
		if (at_end(p) || peek(p) == '\n') return fault(p, "unterminated array");
	p->at++;
	struct slice text = consume(p);
	text = slice_make(text.p + 1, text.n - 2);
	if (slice_eqs(text, "*")) text = SLICE_LIT(":");
	if (slice_chr(text, ',') >= 0) return parse_union(p, text, l);
	bool quoted = text.n >= 2 && text.p[0] == '\'' && text.p[text.n - 1] == '\'';
	struct slice key = quoted ? slice_make(text.p + 1, text.n - 2) : SLICE_NULL;
	if (quoted && slice_chr(key, '\'') < 0) return parse_key(p, key, l);
	return parse_slice(p, text, l);
}

/* ---- filters ---- */

/* Behind the ')' that ends a filter: parentheses inside quotes do not. */
static int skip_filter(struct parser *p) {
	bool begun = false, over = false;
	char pair = 0;
	for (;; p->at++) {
		char c = peek(p);
		if (at_end(p) || c == '\n') return fault(p, "unterminated filter");
		if (c == '"' || c == '\'') {
			if (!begun) begun = true, pair = c;
			else if (c == pair && p->s.p[p->at - 1] != '\\') over = true;
		} else if (c == ')' && begun == over) {
			break;
		}
	}
	p->at++;
	if (peek(p) != ']') return fault(p, "unclosed array expect ]");
	p->at++;
	return 0;
}

static bool is_op(char c) { return c == '!' || c == '<' || c == '>' || c == '='; }

static int parse_filter(struct parser *p, struct jsonpath_list *l) {
	p->at += 3;
	p->start = p->at;
	int r = skip_filter(p);
	if (r < 0) return r;
	struct slice text = consume(p);
	text = slice_make(text.p, text.n - 2);
	struct jsonpath_node f = {
		.type = JP_FILTER, .text = SLICE_LIT("exists"), .lists = arena_array(p->a, 2, sizeof(*f.lists)), .n_lists = 2
	};
	if (!f.lists) return -ENOMEM;
	size_t left = 0, op;
	while (left < text.n && !is_op(text.p[left])) left++;
	for (op = left; op < text.n && is_op(text.p[op]); op++) {}
	/* Something has to be left for the right side. */
	if (op == text.n && op > left + 1) op--;
	if (left == 0 || op == left || op == text.n) {
		r = parse_nested(p, "", text, "", &f.lists[0]);
	} else {
		f.text = slice_make(text.p + left, op - left);
		r = parse_nested(p, "", slice_make(text.p, left), "", &f.lists[0]);
		if (r == 0) r = parse_nested(p, "", slice_from(text, op), "", &f.lists[1]);
	}
	return r < 0 ? r : add(p, l, f);
}

/* ---- actions, text ---- */

static int unknown_char(struct parser *p) {
	size_t k = utf8_len(p->s.p + p->at, p->s.n - p->at);
	uint32_t r = k ? utf8_rune(p->s.p + p->at, k) : 0xfffd;
	return fault(p, "unrecognized character in action: U+%04X '%.*s'", r, (int)(k ? k : 1), p->s.p + p->at);
}

/* Inside braces, one thing; *ret_closed at the right one. */
static int parse_step(struct parser *p, struct jsonpath_list *l, bool *ret_closed) {
	char c = peek(p);
	if (at_end(p) || c == '\r' || c == '\n') return fault(p, "unclosed action");
	if (has(p, "}")) {
		p->at++;
		p->start = p->at;
		*ret_closed = true;
		return 0;
	}
	if (has(p, "[?(")) return parse_filter(p, l);
	if (has(p, "..")) return parse_recursive(p, l);
	switch (c) {
	case ' ':
	case '@':
	case '$':
		p->at++;
		p->start = p->at;
		return 0;
	case '[': return parse_array(p, l);
	case '"':
	case '\'': return parse_quote(p, l);
	case '.':
		p->at++;
		return parse_field(p, l);
	default: break;
	}
	if (c == '+' || c == '-' || digit(c)) return parse_number(p, l);
	return letter(c) ? parse_word(p, l) : unknown_char(p);
}

static int parse_action(struct parser *p) {
	struct jsonpath_part part = { 0 };
	bool closed = false;
	int r = 0;
	p->at++;
	p->start = p->at;
	while (r == 0 && !closed) r = parse_step(p, &part.list, &closed);
	return r < 0 ? r : add_part(p, part);
}

static int parse_template(struct parser *p) {
	while (!at_end(p)) {
		struct jsonpath_part part = { 0 };
		while (!at_end(p) && peek(p) != '{') p->at++;
		int r = 0;
		if (p->at > p->start) {
			r = add_text(p, &part.list, consume(p));
			if (r == 0) r = add_part(p, part);
		}
		if (r == 0 && !at_end(p)) r = parse_action(p);
		if (r < 0) return r;
	}
	return 0;
}

int jsonpath_parse(struct arena *a, struct slice text, struct jsonpath **ret, const char **ret_msg) {
	size_t nodes = 0;
	struct jsonpath *out = arena_new_of(a, struct jsonpath);
	char *copy = arena_slice_str(a, text);
	struct parser p = { .a = a, .doc = json_doc(a), .s = slice_make(copy, text.n), .nodes = &nodes, .out = out, .ret_msg = ret_msg };
	if (!out || !copy || !p.doc) return -ENOMEM;
	int r = parse_template(&p);
	if (r == 0) *ret = out;
	return r;
}

/* ^\{\.?([^{}]+)\}$|^\.?([^{}]+)$ */
int jsonpath_parse_relaxed(struct arena *a, struct slice text, struct jsonpath **ret, const char **ret_msg) {
	struct slice s = text;
	if (s.n >= 2 && s.p[0] == '{' && s.p[s.n - 1] == '}') s = slice_make(s.p + 1, s.n - 2);
	if (s.n && *s.p == '.') s = slice_make(s.p + 1, s.n - 1);
	if (s.n == 0 || slice_chr(s, '{') >= 0 || slice_chr(s, '}') >= 0) {
		if (ret_msg)
			*ret_msg =
				"unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'";
		return -EBADMSG;
	}
	char *full = arena_printf(a, "{.%.*s}", SLICE_FMT(s));
	return full ? jsonpath_parse(a, slice_str(full), ret, ret_msg) : -ENOMEM;
}
