/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/labels.h"
#include "codec/goquote.h"

#include <errno.h>

static const char *const op_text[] = {
	[LABELS_IN] = "in", [LABELS_NOT_IN] = "notin", [LABELS_EQUALS] = "=", [LABELS_DOUBLE_EQUALS] = "==", [LABELS_NOT_EQUALS] = "!=",
	[LABELS_EXISTS] = "exists", [LABELS_NOT_EXISTS] = "!", [LABELS_GT] = "gt", [LABELS_LT] = "lt",
};

static int fault(const char **ret_msg, const char *msg) {
	if (ret_msg) *ret_msg = msg;
	return msg ? -EBADMSG : -ENOMEM;
}

/* ---- checks of one requirement (labels.NewRequirement) ---- */

/* Several complaints print as "[a, b]", one as it is. */
struct complaints { struct arena *a; const char *first, *all; size_t n; bool oom; };

static void complain(struct complaints *c, const char *msg) {
	c->n++;
	if (c->n == 1) c->first = msg;
	c->all = c->n == 1 ? msg : arena_printf(c->a, "%s, %s", c->all ? c->all : "", msg ? msg : "");
	c->oom |= !msg || !c->all;
}

static int complained(const struct complaints *c, const char **ret_msg) {
	if (c->n == 0) return 0;
	if (c->oom) return -ENOMEM;
	return fault(ret_msg, c->n == 1 ? c->first : arena_printf(c->a, "[%s]", c->all));
}

static const char *invalid(struct arena *a, const char *field, struct slice value, const char *detail) {
	const char *q = goquote(a, value);
	return q ? arena_printf(a, "%s: Invalid value: %s: %s", field, q, detail) : NULL;
}

/* The list as %#v-like JSON of field.Invalid for string lists. */
static const char *invalid_list(struct arena *a, const struct labels_req *r, const char *detail) {
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	for (size_t i = 0; i < r->n_values; i++) {
		if (i) buf_putc(&b, ',');
		json_write_string(&b, r->values[i]);
	}
	return arena_printf(a, "values: Invalid value: [%.*s]: %s", (int)b.n, b.p ? b.p : "", detail);
}

static const char *wrong_count(struct arena *a, const struct labels_req *r) {
	switch (r->op) {
	case LABELS_IN:
	case LABELS_NOT_IN: return r->n_values ? NULL : invalid_list(a, r, "for 'in', 'notin' operators, values set can't be empty");
	case LABELS_EXISTS:
	case LABELS_NOT_EXISTS: return r->n_values ? invalid_list(a, r, "values set must be empty for exists and does not exist") : NULL;
	case LABELS_GT:
	case LABELS_LT: return r->n_values == 1 ? NULL : invalid_list(a, r, "for 'Gt', 'Lt' operators, exactly one value is required");
	default: return r->n_values == 1 ? NULL : invalid_list(a, r, "exact-match compatibility requires one single value");
	}
}

static int check_requirement(struct arena *a, struct labels_req *r, const char **ret_msg) {
	struct complaints c = { .a = a };
	const char *m = labels_check_key(a, r->key);
	if (m) complain(&c, invalid(a, "key", r->key, m));
	m = wrong_count(a, r);
	if (m) complain(&c, m);
	for (size_t i = 0; i < r->n_values && (r->op == LABELS_GT || r->op == LABELS_LT); i++)
		if (slice_int(r->values[i], INT64_MIN, INT64_MAX, &r->number) < 0)
			complain(&c, invalid(a, arena_printf(a, "values[%zu]", i), r->values[i],
					     "for 'Gt', 'Lt' operators, the value must be an integer"));
	for (size_t i = 0; i < r->n_values; i++) {
		m = labels_check_value(r->values[i]);
		if (m) complain(&c, invalid(a, arena_printf(a, "values[%zu][%.*s]", i, SLICE_FMT(r->key)), r->values[i], m));
	}
	return complained(&c, ret_msg);
}

/* ---- tokens ---- */

enum token {
	T_ERROR,
	T_END,
	T_CLOSE,
	T_COMMA,
	T_NOT,
	T_DOUBLE_EQUALS,
	T_EQUALS,
	T_GT,
	T_IDENT,
	T_IN,
	T_LT,
	T_NOT_EQUALS,
	T_NOT_IN,
	T_OPEN
};

static const struct { const char *text; enum token token; } words[] = {
	{ ")", T_CLOSE }, { ",", T_COMMA }, { "!", T_NOT }, { "==", T_DOUBLE_EQUALS }, { "=", T_EQUALS }, { ">", T_GT },
	{ "in", T_IN }, { "<", T_LT }, { "!=", T_NOT_EQUALS }, { "notin", T_NOT_IN }, { "(", T_OPEN },
};

struct parser {
	struct arena *a;
	struct slice text;
	size_t at;              /* behind `token` */
	enum token token;       /* the one looked at */
	struct slice literal;
	const char *msg;
	struct labels_req *reqs;
	size_t n;
};

static enum token word_token(struct slice s) {
	for (size_t i = 0; i < ELEMENTSOF(words); i++)
		if (slice_eqs(s, words[i].text)) return words[i].token;
	return T_ERROR;
}

static bool special(char c) { return c && strchr("=!(),><", c); }
static bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* The longest run of special characters that is a token, as far as growing it goes on making sense. */
static void scan_special(struct parser *p) {
	size_t start = p->at, end = start;
	enum token found = T_ERROR;
	for (; p->at < p->text.n && special(p->text.p[p->at]); p->at++) {
		enum token t = word_token(slice_make(p->text.p + start, p->at + 1 - start));
		if (t != T_ERROR) {
			found = t;
			end = p->at + 1;
		} else if (found != T_ERROR) {
			break;
		}
	}
	p->token = found;
	p->literal = slice_make(p->text.p + start, end - start);
	if (found != T_ERROR) return;
	const char *m = arena_printf(p->a, "error expected: keyword found '%.*s'", (int)(p->at - start), p->text.p + start);
	p->literal = slice_str(m ? m : "");
}

static void next(struct parser *p) {
	while (p->at < p->text.n && blank(p->text.p[p->at])) p->at++;
	if (p->at >= p->text.n || p->text.p[p->at] == 0) {
		p->token = T_END;
		p->literal = SLICE_LIT("");
		return;
	}
	if (special(p->text.p[p->at])) {
		scan_special(p);
		return;
	}
	size_t start = p->at;
	while (p->at < p->text.n && p->text.p[p->at] && !special(p->text.p[p->at]) && !blank(p->text.p[p->at])) p->at++;
	p->literal = slice_make(p->text.p + start, p->at - start);
	p->token = word_token(p->literal);
	if (p->token == T_ERROR) p->token = T_IDENT;
}

/* Where a value or key may stand, the words `in` and `notin` are nothing special. */
static enum token as_value(enum token t) { return t == T_IN || t == T_NOT_IN ? T_IDENT : t; }

static int found(struct parser *p, const char *rest) {
	p->msg = arena_printf(p->a, "found '%.*s'%s", SLICE_FMT(p->literal), rest);
	return p->msg ? -EBADMSG : -ENOMEM;
}

/* ---- grammar ---- */

static int by_slice(const void *a, const void *b) { return slice_cmp(*(const struct slice *)a, *(const struct slice *)b); }

/* Sorted, without doubles. */
static void make_set(struct slice *v, size_t *n) {
	size_t k = 0;
	if (*n > 1) qsort(v, *n, sizeof(*v), by_slice);
	for (size_t i = 0; i < *n; i++)
		if (k == 0 || !slice_eq(v[k - 1], v[i])) v[k++] = v[i];
	*n = k;
}

static int parse_list(struct parser *p, struct slice *v, size_t *n, size_t max) {
	while (*n < max) {
		enum token t = as_value(p->token);
		if (t == T_IDENT) {
			v[(*n)++] = p->literal;
			next(p);
			if (p->token == T_COMMA) continue;
			return p->token == T_CLOSE ? 0 : found(p, ", expected: ',' or ')'");
		}
		if (t != T_COMMA) return found(p, ", expected: ',', or identifier");
		if (*n == 0) v[(*n)++] = SLICE_LIT("");
		next(p);
		if (p->token == T_CLOSE || p->token == T_COMMA) v[(*n)++] = SLICE_LIT("");
		if (p->token == T_CLOSE) return 0;
	}
	p->msg = "too many values";
	return -EBADMSG;
}

static int parse_values(struct parser *p, struct labels_req *r) {
	size_t cap = 3, n = 0;
	if (p->token != T_OPEN) return found(p, " expected: '('");
	for (size_t i = p->at; i < p->text.n && p->text.p[i] != ')'; i++) cap += 2u * (p->text.p[i] == ',');
	struct slice *v = cap > LABELS_VALUES_MAX ? NULL : arena_array(p->a, cap, sizeof(*v));
	if (!v) return -ENOMEM;
	next(p);
	switch (as_value(p->token)) {
	case T_IDENT:
	case T_COMMA: {
		int err = parse_list(p, v, &n, cap - 2);
		if (err < 0) return err;
		break;
	}
	case T_CLOSE: v[n++] = SLICE_LIT(""); break;
	default: return found(p, ", expected: ',', ')' or identifier");
	}
	next(p);
	make_set(v, &n);
	r->values = v;
	r->n_values = n;
	return 0;
}

static int parse_exact(struct parser *p, struct labels_req *r) {
	struct slice *v = arena_array(p->a, 1, sizeof(*v));
	if (!v) return -ENOMEM;
	r->values = v;
	r->n_values = 1;
	if (p->token == T_END || p->token == T_COMMA) {
		*v = SLICE_LIT("");
		return 0;
	}
	if (as_value(p->token) != T_IDENT) {
		int err = found(p, ", expected: identifier");
		next(p);
		return err;
	}
	*v = p->literal;
	next(p);
	return 0;
}

static int parse_operator(struct parser *p, enum labels_op *ret) {
	static const struct { enum token token; enum labels_op op; } ops[] = {
		{ T_IN, LABELS_IN }, { T_EQUALS, LABELS_EQUALS }, { T_DOUBLE_EQUALS, LABELS_DOUBLE_EQUALS }, { T_GT, LABELS_GT },
		{ T_LT, LABELS_LT }, { T_NOT_IN, LABELS_NOT_IN }, { T_NOT_EQUALS, LABELS_NOT_EQUALS },
	};
	for (size_t i = 0; i < ELEMENTSOF(ops); i++)
		if (ops[i].token == p->token) {
			*ret = ops[i].op;
			next(p);
			return 0;
		}
	return found(p, ", expected: in, notin, =, ==, !=, gt, lt");
}

static int parse_requirement(struct parser *p, struct labels_req *r) {
	bool negated = p->token == T_NOT;
	if (negated) next(p);
	if (as_value(p->token) != T_IDENT) return found(p, ", expected: identifier");
	r->key = p->literal;
	const char *m = labels_check_key(p->a, r->key);
	if (m) {
		p->msg = invalid(p->a, "<nil>", r->key, m);
		return p->msg ? -EBADMSG : -ENOMEM;
	}
	next(p);
	if (negated) {
		r->op = LABELS_NOT_EXISTS;
		return 0;
	}
	if (p->token == T_END || p->token == T_COMMA) {
		r->op = LABELS_EXISTS;
		return 0;
	}
	int err = parse_operator(p, &r->op);
	if (err < 0) return err;
	err = r->op == LABELS_IN || r->op == LABELS_NOT_IN ? parse_values(p, r) : parse_exact(p, r);
	return err < 0 ? err : check_requirement(p->a, r, &p->msg);
}

static int parse_all(struct parser *p) {
	for (;;) {
		enum token t = as_value(p->token);
		if (t == T_END) return 0;
		if (t != T_IDENT && t != T_NOT) return found(p, ", expected: !, identifier, or 'end of string'");
		int r = parse_requirement(p, &p->reqs[p->n]);
		if (r < 0) {
			const char *m = r == -EBADMSG ? arena_printf(p->a, "unable to parse requirement: %s", p->msg) : NULL;
			p->msg = m;
			return m ? r : -ENOMEM;
		}
		p->n++;
		if (p->token == T_END) return 0;
		if (p->token != T_COMMA) return found(p, ", expected: ',' or 'end of string'");
		next(p);
		t = as_value(p->token);
		if (t != T_IDENT && t != T_NOT) return found(p, ", expected: identifier after ','");
	}
}

static int by_key(const void *pa, const void *pb) {
	const struct labels_req *a = pa, *b = pb;
	int c = slice_cmp(a->key, b->key);
	return c ? c : (a->op > b->op) - (a->op < b->op);
}

static int finish(struct labels_req *reqs, size_t n, struct labels_selector *ret) {
	if (n > 1) qsort(reqs, n, sizeof(*reqs), by_key);
	*ret = (struct labels_selector){ reqs, n, false };
	return 0;
}

int labels_parse(struct arena *a, struct slice text, struct labels_selector *ret, const char **ret_msg) {
	struct parser p = { .a = a };
	size_t cap = 1;
	char *copy = arena_slice_str(a, text);
	if (!copy) return -ENOMEM;
	p.text = slice_make(copy, text.n);
	for (size_t i = 0; i < text.n; i++) cap += text.p[i] == ',';
	if (cap > LABELS_REQUIREMENTS_MAX) return fault(ret_msg, "too many requirements");
	p.reqs = arena_array(a, cap, sizeof(*p.reqs));
	if (!p.reqs) return -ENOMEM;
	next(&p);
	int r = parse_all(&p);
	if (r < 0) return r == -ENOMEM ? r : fault(ret_msg, p.msg);
	return finish(p.reqs, p.n, ret);
}

/* ---- from objects ---- */

static int add_equal(struct arena *a, struct labels_req *r, yyjson_mut_val *k, yyjson_mut_val *v) {
	struct slice *value = arena_array(a, 1, sizeof(*value));
	if (!value) return -ENOMEM;
	*value = arena_slice_dup(a, json_str(v));
	*r = (struct labels_req){ .key = arena_slice_dup(a, json_str(k)), .op = LABELS_EQUALS, .values = value, .n_values = 1 };
	return r->key.p && value->p ? 0 : -ENOMEM;
}

static int expression_values(struct arena *a, yyjson_mut_val *list, struct labels_req *r) {
	size_t i, n = yyjson_mut_arr_size(list);
	yyjson_mut_val *v;
	struct slice *values = arena_array(a, n + 1, sizeof(*values));
	if (!values) return -ENOMEM;
	yyjson_mut_arr_foreach(list, i, n, v) {
		values[i] = arena_slice_dup(a, json_str(v));
		if (!values[i].p) return -ENOMEM;
	}
	r->values = values;
	r->n_values = n;
	return 0;
}

static int add_expression(struct arena *a, struct labels_req *r, yyjson_mut_val *e, const char **ret_msg) {
	static const struct { const char *text; enum labels_op op; } ops[] = {
		{ "In", LABELS_IN }, { "NotIn", LABELS_NOT_IN }, { "Exists", LABELS_EXISTS }, { "DoesNotExist", LABELS_NOT_EXISTS },
	};
	struct slice op = json_path_str(e, "operator");
	size_t k = 0;
	while (k < ELEMENTSOF(ops) && !slice_eqs(op, ops[k].text)) k++;
	if (k == ELEMENTSOF(ops)) {
		const char *q = goquote(a, op);
		return fault(ret_msg, q ? arena_printf(a, "%s is not a valid label selector operator", q) : NULL);
	}
	*r = (struct labels_req){ .key = arena_slice_dup(a, json_path_str(e, "key")), .op = ops[k].op };
	if (!r->key.p) return -ENOMEM;
	int err = expression_values(a, json_get(e, "values"), r);
	return err < 0 ? err : check_requirement(a, r, ret_msg);
}

int labels_from_map(struct arena *a, const yyjson_mut_val *map, struct labels_selector *ret) {
	yyjson_mut_val *m = (yyjson_mut_val *)(uintptr_t)map, *k, *v;
	size_t i, n = yyjson_mut_obj_size(m);
	struct labels_req *reqs = arena_array(a, n + 1, sizeof(*reqs));
	if (!reqs) return -ENOMEM;
	yyjson_mut_obj_foreach(m, i, n, k, v) {
		int r = add_equal(a, &reqs[i], k, v);
		if (r < 0) return r;
	}
	return finish(reqs, n, ret);
}

int labels_from_object(struct arena *a, const yyjson_mut_val *selector, struct labels_selector *ret, const char **ret_msg) {
	yyjson_mut_val *s = (yyjson_mut_val *)(uintptr_t)selector, *k, *v;
	if (!s || yyjson_mut_is_null(s)) {
		*ret = (struct labels_selector){ .nothing = true };
		return 0;
	}
	yyjson_mut_val *map = json_get(s, "matchLabels"), *list = json_get(s, "matchExpressions");
	size_t i, n, used = 0, total = yyjson_mut_obj_size(map) + yyjson_mut_arr_size(list);
	struct labels_req *reqs = arena_array(a, total + 1, sizeof(*reqs));
	if (!reqs) return -ENOMEM;
	yyjson_mut_obj_foreach(map, i, n, k, v) {
		int r = add_equal(a, &reqs[used], k, v);
		if (r == 0) r = check_requirement(a, &reqs[used++], ret_msg);
		if (r < 0) return r;
	}
	yyjson_mut_arr_foreach(list, i, n, v) {
		int r = add_expression(a, &reqs[used++], v, ret_msg);
		if (r < 0) return r;
	}
	return finish(reqs, used, ret);
}

/* ---- match, print ---- */

static bool has_value(const struct labels_req *r, struct slice v) {
	for (size_t i = 0; i < r->n_values; i++)
		if (slice_eq(r->values[i], v)) return true;
	return false;
}

static bool req_match(const struct labels_req *r, bool there, struct slice v) {
	int64_t n;
	switch (r->op) {
	case LABELS_IN:
	case LABELS_EQUALS:
	case LABELS_DOUBLE_EQUALS: return there && has_value(r, v);
	case LABELS_NOT_IN:
	case LABELS_NOT_EQUALS: return !there || !has_value(r, v);
	case LABELS_EXISTS: return there;
	case LABELS_NOT_EXISTS: return !there;
	default:
		if (!there || slice_int(v, INT64_MIN, INT64_MAX, &n) < 0) return false;
		return r->op == LABELS_GT ? n > r->number : n < r->number;
	}
}

bool labels_match_fn(const struct labels_selector *s, labels_lookup_fn lookup, const void *ctx) {
	if (s->nothing) return false;
	for (size_t i = 0; i < s->n; i++) {
		struct slice v = SLICE_NULL;
		bool there = lookup(ctx, s->reqs[i].key, &v);
		if (!req_match(&s->reqs[i], there, v)) return false;
	}
	return true;
}

static bool lookup_json(const void *ctx, struct slice key, struct slice *ret) {
	yyjson_mut_val *v = json_getn(ctx, key);
	*ret = json_str(v);
	return v != NULL;
}

bool labels_match(const struct labels_selector *s, const yyjson_mut_val *labels) {
	return labels_match_fn(s, lookup_json, labels);
}

int labels_format(struct buf *b, const struct labels_selector *s) {
	for (size_t i = 0; i < s->n; i++) {
		const struct labels_req *r = &s->reqs[i];
		bool set = r->op == LABELS_IN || r->op == LABELS_NOT_IN;
		if (i) buf_putc(b, ',');
		if (r->op == LABELS_NOT_EXISTS) buf_putc(b, '!');
		buf_put_slice(b, r->key);
		if (r->op == LABELS_EXISTS || r->op == LABELS_NOT_EXISTS) continue;
		if (set) buf_printf(b, " %s (", op_text[r->op]);
		else buf_puts(b, r->op == LABELS_GT ? ">" : r->op == LABELS_LT ? "<" : op_text[r->op]);
		for (size_t k = 0; k < r->n_values; k++) {
			if (k) buf_putc(b, ',');
			buf_put_slice(b, r->values[k]);
		}
		if (set) buf_putc(b, ')');
	}
	return b->err;
}

bool labels_exact(const struct labels_selector *s, struct slice key, struct slice *ret) {
	for (size_t i = 0; i < s->n; i++) {
		const struct labels_req *r = &s->reqs[i];
		if (!slice_eq(r->key, key)) continue;
		if (r->op != LABELS_IN && r->op != LABELS_EQUALS && r->op != LABELS_DOUBLE_EQUALS) return false;
		if (r->n_values != 1) return false;
		*ret = r->values[0];
		return true;
	}
	return false;
}
