/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/gofloat.h"
#include "codec/json.h"
#include "codec/json_stack.h"
#include "codec/utf8.h"

/* ---- strings ---- */

static void put_escape(struct buf *b, unsigned char c) {
	static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *n = c ? strchr(named, c) : NULL;
	if (n) buf_put(b, (char[]){ '\\', letters[n - named] }, 2);
	else buf_printf(b, "\\u%04x", c);
}

/* ASCII that stands for itself: everything but controls, quotes, backslashes and what HTML would take for its own. */
static const bool plain[256] = {
	[' '] = true,	      ['!'] = true, ['#'] = true, ['$'] = true,	 ['%'] = true, ['\''] = true,	     ['('] = true,
	[')'] = true,	      ['*'] = true, ['+'] = true, [','] = true,	 ['-'] = true, ['.'] = true,	     ['/'] = true,
	['0' ... '9'] = true, [':'] = true, [';'] = true, ['='] = true,	 ['?'] = true, ['@'] = true,	     ['A' ... 'Z'] = true,
	['['] = true,	      [']'] = true, ['^'] = true, ['_'] = true,	 ['`'] = true, ['a' ... 'z'] = true, ['{'] = true,
	['|'] = true,	      ['}'] = true, ['~'] = true, [0x7f] = true,
};

static inline void put1(struct buf *b, char c) {
	/* Room for the NUL that buf keeps behind the bytes stays. */
	if (b->n + 1 < b->cap && b->n < b->max && !b->err) b->p[b->n++] = c;
	else buf_putc(b, c);
}

static size_t plain_run(struct slice s, size_t i) {
	while (i < s.n && plain[(unsigned char)s.p[i]]) i++;
	return i;
}

/* A multi-byte sequence at p: written as it is, or escaped. Returns the bytes consumed. */
static size_t put_multibyte(struct buf *b, const char *p, size_t n) {
	size_t k = utf8_len(p, n);
	if (k == 0) {
		buf_puts(b, "\\ufffd");
		return 1;
	}
	uint32_t r = utf8_rune(p, k);
	if (r == 0x2028 || r == 0x2029) buf_puts(b, r == 0x2028 ? "\\u2028" : "\\u2029");
	else buf_put(b, p, k);
	return k;
}

int json_write_string(struct buf *b, struct slice s) {
	size_t run = plain_run(s, 0);
	if (run == s.n) {
		/* Nearly all strings: one copy. */
		if (buf_reserve(b, s.n + 2) < 0) return b->err;
		char *p = b->p + b->n;
		*p = '"';
		if (s.n) memcpy(p + 1, s.p, s.n);
		p[s.n + 1] = '"';
		b->n += s.n + 2;
		return 0;
	}
	buf_putc(b, '"');
	for (size_t i = 0; i < s.n; run = plain_run(s, i)) {
		buf_put(b, s.p + i, run - i);
		i = run;
		if (i == s.n) break;
		if ((unsigned char)s.p[i] >= 0x80) i += put_multibyte(b, s.p + i, s.n - i);
		else put_escape(b, (unsigned char)s.p[i++]);
	}
	return buf_putc(b, '"');
}

/* ---- trees ---- */

static void put_int(struct buf *b, const yyjson_mut_val *v) {
	if (unsafe_yyjson_get_subtype((void *)(uintptr_t)v) == YYJSON_SUBTYPE_SINT && v->uni.i64 < 0) {
		put1(b, '-');
		buf_put_u64(b, 0 - (uint64_t)v->uni.i64);
	} else {
		buf_put_u64(b, v->uni.u64);
	}
}

static int put_scalar(struct buf *b, const yyjson_mut_val *cv) {
	yyjson_mut_val *v = (yyjson_mut_val *)(uintptr_t)cv;
	switch (yyjson_mut_get_type(v)) {
	case YYJSON_TYPE_BOOL: return buf_puts(b, yyjson_mut_get_bool(v) ? "true" : "false");
	case YYJSON_TYPE_STR: return json_write_string(b, json_str(v));
	case YYJSON_TYPE_RAW: return buf_put(b, v->uni.str, unsafe_yyjson_get_len(v));
	case YYJSON_TYPE_NUM:
		if (yyjson_mut_is_real(v)) return gofloat_json(b, v->uni.f64);
		put_int(b, v);
		return b->err;
	default: return buf_puts(b, "null");
	}
}

struct style { bool pretty; };

static void newline(struct buf *b, size_t depth) {
	static const char blanks[65] = "                                                                ";
	buf_putc(b, '\n');
	for (size_t n = depth * 2; n;) {
		size_t k = n < 64 ? n : 64;
		buf_put(b, blanks, k);
		n -= k;
	}
}

static bool is_object(const yyjson_mut_val *v) { return unsafe_yyjson_get_type((void *)(uintptr_t)v) == YYJSON_TYPE_OBJ; }

/* Writes scalars and empty containers whole; opens others. */
static int begin(struct buf *b, struct json_stack *st, const yyjson_mut_val *v) {
	if (!unsafe_yyjson_is_ctn((void *)(uintptr_t)v)) return put_scalar(b, v);
	size_t n = unsafe_yyjson_get_len((void *)(uintptr_t)v);
	if (n == 0) return buf_puts(b, is_object(v) ? "{}" : "[]");
	put1(b, is_object(v) ? '{' : '[');
	/* A container points to its last element (last key), whose successor is the first. */
	return json_stack_push(st, (struct json_frame){ v, v->uni.ptr, n });
}

static const yyjson_mut_val *next_element(struct buf *b, struct json_frame *f, bool pretty) {
	if (!is_object(f->a)) return f->b = f->b->next;
	const yyjson_mut_val *key = f->b == f->a->uni.ptr ? f->b->next->next : f->b->next;
	json_write_string(b, json_str(key));
	put1(b, ':');
	if (pretty) put1(b, ' ');
	f->b = key->next;
	return f->b;
}

static int write_tree(struct buf *b, const yyjson_mut_val *v, struct style style) {
	_cleanup_json_stack_ struct json_stack st;
	json_stack_init(&st);
	if (!v) return buf_puts(b, "null");
	int r = begin(b, &st, v);
	while (r == 0 && st.n) {
		struct json_frame *f = &st.v[st.n - 1];
		if (f->left == 0) {
			st.n--;
			if (style.pretty) newline(b, st.n);
			put1(b, is_object(f->a) ? '}' : ']');
			continue;
		}
		if (f->left != unsafe_yyjson_get_len((void *)(uintptr_t)f->a)) put1(b, ',');
		f->left--;
		if (style.pretty) newline(b, st.n);
		r = begin(b, &st, next_element(b, f, style.pretty));
	}
	if (r < 0 && b->err == 0) b->err = r;
	return b->err;
}

int json_write(struct buf *b, const yyjson_mut_val *v) { return write_tree(b, v, (struct style){ false }); }
int json_write_pretty(struct buf *b, const yyjson_mut_val *v) { return write_tree(b, v, (struct style){ true }); }

/* ---- text ---- */

/* Copies the string literal at p; returns its length. */
static size_t put_literal(struct buf *b, const char *p, size_t n) {
	size_t i = 1;
	while (i < n && p[i] != '"') i += p[i] == '\\' ? 2 : 1;
	i = i < n ? i + 1 : n;
	buf_put(b, p, i);
	return i;
}

int json_pretty(struct buf *b, struct slice t) {
	size_t depth = 0;
	for (size_t i = 0; i < t.n;) {
		char c = t.p[i];
		bool empty = (c == '{' || c == '[') && i + 1 < t.n && (t.p[i + 1] == '}' || t.p[i + 1] == ']');
		if (c == '"') {
			i += put_literal(b, t.p + i, t.n - i);
			continue;
		}
		if (empty) {
			buf_put(b, t.p + i, 2);
			i += 2;
			continue;
		}
		if ((c == '}' || c == ']') && depth) newline(b, --depth);
		buf_putc(b, c);
		if (c == '{' || c == '[') newline(b, ++depth);
		else if (c == ',') newline(b, depth);
		else if (c == ':') buf_putc(b, ' ');
		i++;
	}
	return b->err;
}
