/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/jq_node.h"

#include <errno.h>

struct parser {
	struct arena *a;
	yyjson_mut_doc *doc;
	struct slice text;    /* what is left */
	size_t depth, nodes;
	const char *msg;
	int err;
};

static struct jq_node *pipe_of(struct parser *p);
static struct jq_node *otherwise_of(struct parser *p);

/* ---- words ---- */

static void *fault(struct parser *p, int err, const char *what) {
	if (p->err) return NULL;
	p->err = err;
	p->msg = !p->text.n ? arena_printf(p->a, "%s at the end of the expression", what) :
			      arena_printf(p->a, "%s at \"%.*s\"", what, (int)(p->text.n < 20 ? p->text.n : 20), p->text.p);
	return NULL;
}

static void blanks(struct parser *p) {
	while (p->text.n && memchr(" \t\n\r", p->text.p[0], 4)) p->text = slice_from(p->text, 1);
}

static bool letter(char ch) { return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_'; }
static bool digit(char ch) { return ch >= '0' && ch <= '9'; }

/* The name at hand, empty when there is none. */
static struct slice peek_name(struct parser *p) {
	size_t n = 0;
	blanks(p);
	if (p->text.n && (letter(p->text.p[0]) || p->text.p[0] == '@'))
		for (n = 1; n < p->text.n && (letter(p->text.p[n]) || digit(p->text.p[n])); n++) continue;
	return slice_upto(p->text, n);
}

static bool take(struct parser *p, const char *token) {
	size_t n = strlen(token);
	blanks(p);
	if (p->text.n < n || memcmp(p->text.p, token, n) != 0) return false;
	if (letter(token[0]) && peek_name(p).n != n) return false;
	p->text = slice_from(p->text, n);
	return true;
}

static bool need(struct parser *p, const char *token) {
	if (take(p, token)) return true;
	(void)fault(p, -EBADMSG, arena_printf(p->a, "\"%s\" is missing", token));
	return false;
}

static struct jq_node *node(struct parser *p, enum jq_op op, struct jq_node *a, struct jq_node *b, struct jq_node *c) {
	struct jq_node *n = p->err || ++p->nodes > JQ_NODES_MAX ? NULL : arena_array(p->a, 1, sizeof(*n));
	if (!n) return fault(p, p->nodes > JQ_NODES_MAX ? -E2BIG : -ENOMEM, "the expression is too long");
	*n = (struct jq_node){ .op = op, .a = a, .b = b, .c = c };
	return n;
}

static struct jq_node *literal(struct parser *p, yyjson_mut_val *v) {
	struct jq_node *n = v ? node(p, JQ_LITERAL, NULL, NULL, NULL) : fault(p, -ENOMEM, "out of memory");
	if (n) n->value = v;
	return n;
}

static struct jq_node *call(struct parser *p, struct slice name, struct jq_node *a, struct jq_node *b) {
	struct jq_node *n = node(p, JQ_CALL, a, b, NULL);
	if (!n) return NULL;
	n->function = jq_function_find(name, (a != NULL) + (unsigned)(b != NULL));
	return n->function ? n : fault(p, -EBADMSG, arena_printf(p->a, "%.*s/%u is not defined", SLICE_FMT(name), (a != NULL) + (unsigned)(b != NULL)));
}

/* ---- text ---- */

/* From behind the quote to its end or the next "\(". True at the end. */
static bool text_part(struct parser *p, struct slice *ret) {
	size_t i = 0;
	while (i < p->text.n && p->text.p[i] != '"') {
		if (p->text.p[i] == '\\' && i + 1 < p->text.n && p->text.p[i + 1] == '(') break;
		i += p->text.p[i] == '\\' ? 2 : 1;
	}
	if (i >= p->text.n) {
		(void)fault(p, -EBADMSG, "a text does not end");
		return true;
	}
	*ret = slice_upto(p->text, i);
	bool end = p->text.p[i] == '"';
	p->text = slice_from(p->text, i + (end ? 1 : 2));
	return end;
}

static struct jq_node *text_literal(struct parser *p, struct slice raw) {
	_cleanup_buf_ struct buf b = BUF_INIT(raw.n + 2);
	yyjson_mut_doc *doc;
	(void)buf_putc(&b, '"');
	(void)buf_put_slice(&b, raw);
	(void)buf_putc(&b, '"');
	int r = b.err ? b.err : json_parse(p->a, buf_slice(&b), &doc, NULL);
	return r < 0 ? fault(p, r, "a text is broken") : literal(p, doc->root);
}

/* "a\(X)b" is "a" + (X | tostring) + "b". */
static struct jq_node *text(struct parser *p) {
	struct jq_node *all = NULL;
	for (;;) {
		struct slice raw = SLICE_NULL;
		bool end = text_part(p, &raw);
		struct jq_node *part = p->err ? NULL : text_literal(p, raw);
		all = all ? node(p, JQ_ADD, all, part, NULL) : part;
		if (end || p->err) return p->err ? NULL : all;
		struct jq_node *x = pipe_of(p);
		if (!need(p, ")")) return NULL;
		all = node(p, JQ_ADD, all, node(p, JQ_PIPE, x, call(p, SLICE_LIT("tostring"), NULL, NULL), NULL), NULL);
	}
}

static struct jq_node *number(struct parser *p) {
	size_t n = 0;
	yyjson_mut_doc *doc;
	while (n < p->text.n && (digit(p->text.p[n]) || p->text.p[n] == '.' || ((p->text.p[n] == 'e' || p->text.p[n] == 'E') && n) ||
				 ((p->text.p[n] == '-' || p->text.p[n] == '+') && n && (p->text.p[n - 1] == 'e' || p->text.p[n - 1] == 'E'))))
		n++;
	if (json_parse(p->a, slice_upto(p->text, n), &doc, NULL) < 0) return fault(p, -EBADMSG, "no number");
	p->text = slice_from(p->text, n);
	return literal(p, doc->root);
}

/* ---- objects ---- */

static struct jq_node *pair(struct parser *p, struct jq_node *before) {
	struct jq_node *key, *value = NULL;
	struct slice name = peek_name(p);
	if (take(p, "(")) {
		key = pipe_of(p);
		if (!need(p, ")")) return NULL;
	} else if (take(p, "\"")) {
		key = text(p);
	} else if (name.n) {
		p->text = slice_from(p->text, name.n);
		key = text_literal(p, name);
	} else {
		return fault(p, -EBADMSG, "a key is missing");
	}
	if (take(p, ":")) {
		/* A value is anything without a comma or pipe of its own. */
		value = otherwise_of(p);
	} else {
		value = node(p, JQ_FIELD, node(p, JQ_SELF, NULL, NULL, NULL), key, NULL);
	}
	return node(p, JQ_PAIR, key, value, before);
}

static struct jq_node *object(struct parser *p) {
	struct jq_node *last = NULL;
	if (take(p, "}")) return node(p, JQ_OBJECT, NULL, NULL, NULL);
	do {
		last = pair(p, last);
		if (p->err) return NULL;
	} while (take(p, ","));
	return need(p, "}") ? node(p, JQ_OBJECT, last, NULL, NULL) : NULL;
}

/* ---- terms ---- */

static struct jq_node *condition(struct parser *p) {
	struct jq_node *a = pipe_of(p), *b, *c = NULL;
	if (!need(p, "then")) return NULL;
	b = pipe_of(p);
	if (take(p, "elif")) return node(p, JQ_IF, a, b, condition(p));
	if (take(p, "else")) c = pipe_of(p);
	return need(p, "end") ? node(p, JQ_IF, a, b, c) : NULL;
}

static struct jq_node *named(struct parser *p, struct slice name) {
	struct jq_node *a = NULL, *b = NULL;
	p->text = slice_from(p->text, name.n);
	if (slice_eqs(name, "true") || slice_eqs(name, "false")) return literal(p, yyjson_mut_bool(p->doc, name.p[0] == 't'));
	if (slice_eqs(name, "null")) return literal(p, yyjson_mut_null(p->doc));
	if (slice_eqs(name, "if")) return condition(p);
	if (take(p, "(")) {
		a = pipe_of(p);
		if (take(p, ";")) b = pipe_of(p);
		if (!need(p, ")")) return NULL;
	}
	return p->err ? NULL : call(p, name, a, b);
}

/* What stands between brackets behind a term; `a` is the term. */
static struct jq_node *bracket(struct parser *p, struct jq_node *a) {
	struct jq_node *from = NULL, *to = NULL;
	if (take(p, "]")) return node(p, JQ_EACH, a, NULL, NULL);
	if (!take(p, ":")) {
		from = pipe_of(p);
		if (take(p, "]")) return node(p, JQ_FIELD, a, from, NULL);
		if (!need(p, ":")) return NULL;
		if (take(p, "]")) return node(p, JQ_SLICE, a, from, NULL);
	}
	to = pipe_of(p);
	return need(p, "]") ? node(p, JQ_SLICE, a, from, to) : NULL;
}

/* What follows a dot: a name, a text, brackets; NULL without a fault when there is nothing of it. */
static struct jq_node *dotted(struct parser *p, struct jq_node *a) {
	struct slice name = p->text.n && letter(p->text.p[0]) ? peek_name(p) : SLICE_NULL;
	if (name.n) {
		p->text = slice_from(p->text, name.n);
		return node(p, JQ_FIELD, a, text_literal(p, name), NULL);
	}
	if (p->text.n && p->text.p[0] == '"') {
		p->text = slice_from(p->text, 1);
		return node(p, JQ_FIELD, a, text(p), NULL);
	}
	return take(p, "[") ? bracket(p, a) : NULL;
}

static struct jq_node *primary(struct parser *p) {
	struct slice name = peek_name(p);
	if (name.n) return named(p, name);
	if (!p->text.n) return fault(p, -EBADMSG, "a term is missing");
	if (digit(p->text.p[0])) return number(p);
	if (take(p, "\"")) return text(p);
	if (take(p, "{")) return object(p);
	if (take(p, "-")) return node(p, JQ_NEGATE, otherwise_of(p), NULL, NULL);
	if (take(p, "(")) {
		struct jq_node *n = pipe_of(p);
		return need(p, ")") ? n : NULL;
	}
	if (take(p, "[")) {
		if (take(p, "]")) return node(p, JQ_ARRAY, NULL, NULL, NULL);
		struct jq_node *n = pipe_of(p);
		return need(p, "]") ? node(p, JQ_ARRAY, n, NULL, NULL) : NULL;
	}
	if (take(p, "..")) return fault(p, -EBADMSG, "\"..\" is not among what this program knows");
	if (!take(p, ".")) return fault(p, -EBADMSG, "a term is missing");
	struct jq_node *self = node(p, JQ_SELF, NULL, NULL, NULL), *n = dotted(p, self);
	return n || p->err ? n : self;
}

static struct jq_node *term(struct parser *p) {
	struct jq_node *n = primary(p);
	while (!p->err) {
		if (take(p, "?")) n = node(p, JQ_TRY, n, NULL, NULL);
		else if (take(p, "[")) n = bracket(p, n);
		else if (p->text.n && p->text.p[0] == '.' && !(p->text.n > 1 && p->text.p[1] == '.')) {
			p->text = slice_from(p->text, 1);
			n = dotted(p, n);
			if (!n) return fault(p, -EBADMSG, "a name is missing");
		} else break;
	}
	return p->err ? NULL : n;
}

/* ---- operators, the tightest first ---- */

struct infix {
	const char *token;
	enum jq_op op;
};

static const struct infix *infix_at(struct parser *p, const struct infix *t) {
	for (; t->token; t++) {
		/* "//" is no division. */
		blanks(p);
		if (!strcmp(t->token, "/") && p->text.n > 1 && p->text.p[0] == '/' && p->text.p[1] == '/') continue;
		if (take(p, t->token)) return t;
	}
	return NULL;
}

static const struct infix products[] = { { "*", JQ_MUL }, { "/", JQ_DIV }, { "%", JQ_MOD }, { NULL, 0 } };
static const struct infix sums[] = { { "+", JQ_ADD }, { "-", JQ_SUB }, { NULL, 0 } };
static const struct infix comparisons[] = { { "==", JQ_EQ }, { "!=", JQ_NE }, { "<=", JQ_LE }, { ">=", JQ_GE }, { "<", JQ_LT }, { ">", JQ_GT }, { NULL, 0 } };
static const struct infix ands[] = { { "and", JQ_AND }, { NULL, 0 } };
static const struct infix ors[] = { { "or", JQ_OR }, { NULL, 0 } };
static const struct infix *const levels[] = { ors, ands, comparisons, sums, products };

static struct jq_node *level(struct parser *p, size_t at) {
	const struct infix *t;
	struct jq_node *n = at == ELEMENTSOF(levels) ? term(p) : level(p, at + 1);
	while (at < ELEMENTSOF(levels) && !p->err && (t = infix_at(p, levels[at]))) {
		n = node(p, t->op, n, level(p, at + 1), NULL);
		if (levels[at] == comparisons) break;
	}
	return n;
}

/* A // B // C: from the right. */
static struct jq_node *otherwise_of(struct parser *p) {
	if (p->err || ++p->depth > JQ_DEPTH_MAX) return fault(p, -E2BIG, "the expression is nested too deeply");
	struct jq_node *n = level(p, 0);
	if (!p->err && take(p, "//")) n = node(p, JQ_OTHERWISE, n, otherwise_of(p), NULL);
	p->depth--;
	return p->err ? NULL : n;
}

static struct jq_node *comma_of(struct parser *p) {
	struct jq_node *n = otherwise_of(p);
	while (!p->err && take(p, ",")) n = node(p, JQ_COMMA, n, otherwise_of(p), NULL);
	return n;
}

static struct jq_node *pipe_of(struct parser *p) {
	if (p->err || ++p->depth > JQ_DEPTH_MAX) return fault(p, -E2BIG, "the expression is nested too deeply");
	struct jq_node *n = comma_of(p);
	if (!p->err && take(p, "|")) n = node(p, JQ_PIPE, n, pipe_of(p), NULL);
	p->depth--;
	return p->err ? NULL : n;
}

int jq_parse(struct arena *a, struct slice text_, struct jq **ret, const char **ret_msg) {
	struct parser p = { .a = a, .doc = json_doc(a), .text = text_ };
	struct jq *q = arena_array(a, 1, sizeof(*q));
	if (!p.doc || !q) return -ENOMEM;
	blanks(&p);
	q->root = p.text.n ? pipe_of(&p) : node(&p, JQ_SELF, NULL, NULL, NULL);
	blanks(&p);
	if (!p.err && p.text.n) (void)fault(&p, -EBADMSG, "an operator is missing");
	*ret_msg = p.msg ? p.msg : "out of memory";
	if (p.err) return p.err;
	*ret = q;
	return 0;
}
