/* SPDX-License-Identifier: Apache-2.0 */
/* Trees to YAML: libyaml's emitter with the choices that yaml.v2's encoder makes. */
#include "codec/base64.h"
#include "codec/gofloat.h"
#include "codec/members.h"
#include "codec/utf8.h"
#include "codec/yaml.h"
#include "codec/yaml_resolve.h"

#include <errno.h>
#include <yaml.h>

#define INTEGER_TEXT_MAX 20

struct frame {
	yyjson_mut_val *ctn;
	struct members m;   /* objects */
	yyjson_mut_val *at; /* lists: the element last written */
	size_t i, n;
};

struct writer {
	yaml_emitter_t e;
	struct buf *b;
	bool sorted;
	struct frame *v;
	size_t n, cap;
};

static int on_bytes(void *ctx, unsigned char *p, size_t n) {
	struct writer *w = ctx;
	return buf_put(w->b, p, n) == 0;
}

/* ---- order of keys: letters by themselves, runs of digits as numbers (yaml.v2's keyList) ---- */

static bool letter(uint32_t r) { return (r >= 'a' && r <= 'z') || (r >= 'A' && r <= 'Z') || r >= 0xaa; }
static bool digit(char c) { return c >= '0' && c <= '9'; }

static size_t number_at(struct slice s, size_t i, int64_t *v) {
	for (; i < s.n && digit(s.p[i]); i++)
		if (__builtin_mul_overflow(*v, 10, v) || __builtin_add_overflow(*v, s.p[i] - '0', v)) *v = INT64_MAX / 16;
	return i;
}

static uint32_t rune_at(struct slice s, size_t i) {
	size_t k = utf8_len(s.p + i, s.n - i);
	return k ? utf8_rune(s.p + i, k) : 0xfffd;
}

/* -1, 0, 1 for strings that differ at byte i (the start of a character). */
static int compare_at(struct slice a, struct slice b, size_t i) {
	uint32_t ra = rune_at(a, i), rb = rune_at(b, i);
	int64_t an = 0, bn = 0;
	bool la = letter(ra), lb = letter(rb);
	if (la && lb) return ra < rb ? -1 : 1;
	if (la || lb) return lb ? -1 : 1;
	if (ra == '0' || rb == '0') {
		for (size_t j = i; j > 0 && digit(a.p[j - 1]); j--)
			if (a.p[j - 1] != '0') {
				an = bn = 1;
				break;
			}
	}
	size_t ai = number_at(a, i, &an), bi = number_at(b, i, &bn);
	if (an != bn) return an < bn ? -1 : 1;
	if (ai != bi) return ai < bi ? -1 : 1;
	return ra < rb ? -1 : 1;
}

static int by_natural(const void *pa, const void *pb) {
	struct slice a = json_str(((const struct member *)pa)->key), b = json_str(((const struct member *)pb)->key);
	size_t i = 0;
	while (i < a.n && i < b.n && a.p[i] == b.p[i]) i++;
	if (i == a.n || i == b.n) return (a.n > b.n) - (a.n < b.n);
	while (i > 0 && ((unsigned char)a.p[i] & 0xc0) == 0x80) i--;
	return compare_at(a, b, i);
}

static int by_order(const void *pa, const void *pb) {
	size_t a = ((const struct member *)pa)->order, b = ((const struct member *)pb)->order;
	return (a > b) - (a < b);
}

/* ---- scalars ---- */

static int emit(struct writer *w, yaml_event_t *ev) { return yaml_emitter_emit(&w->e, ev) ? 0 : -EIO; }

static int emit_scalar(struct writer *w, struct slice s, const char *tag, yaml_scalar_style_t style) {
	yaml_event_t ev;
	if (s.n > INT32_MAX) return -E2BIG;
	if (!yaml_scalar_event_initialize(&ev, NULL, (const yaml_char_t *)tag, (const yaml_char_t *)(s.p ? s.p : ""), (int)s.n,
					  tag == NULL, tag == NULL, style))
		return -ENOMEM;
	return emit(w, &ev);
}

static int emit_string(struct writer *w, struct slice s) {
	if (!utf8_valid(s)) {
		_cleanup_buf_ struct buf text = BUF_INIT(s.n * 2 + 8);
		int r = base64_encode(&text, BASE64_STD, s);
		return r < 0 ? r : emit_scalar(w, buf_slice(&text), "tag:yaml.org,2002:binary", YAML_DOUBLE_QUOTED_SCALAR_STYLE);
	}
	if (slice_chr(s, '\n') >= 0) return emit_scalar(w, s, NULL, YAML_LITERAL_SCALAR_STYLE);
	bool plain = yaml_resolve(s).kind == YAML_STR && !yaml_is_base60(s);
	return emit_scalar(w, s, NULL, plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

static int emit_number(struct writer *w, yyjson_mut_val *v) {
	_cleanup_buf_ struct buf text = BUF_INIT(512);
	if (yyjson_mut_is_real(v) && v->uni.f64 == 0) buf_putc(&text, '0');
	else json_write(&text, v);
	bool integer = text.n <= INTEGER_TEXT_MAX;
	for (size_t i = 0; i < text.n; i++) integer &= digit(text.p[i]) || (i == 0 && text.p[i] == '-');
	if (yyjson_mut_is_real(v) && !integer) {
		buf_clear(&text);
		gofloat_g(&text, v->uni.f64);
	}
	return text.err ? text.err : emit_scalar(w, buf_slice(&text), NULL, YAML_PLAIN_SCALAR_STYLE);
}

/* ---- containers ---- */

static int push(struct writer *w, yyjson_mut_val *ctn) {
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 32;
		struct frame *v = realloc(w->v, cap * sizeof(*v));
		if (!v) return -ENOMEM;
		w->v = v;
		w->cap = cap;
	}
	struct frame *f = &w->v[w->n++];
	*f = (struct frame){ .ctn = ctn, .n = unsafe_yyjson_get_len(ctn) };
	if (yyjson_mut_is_arr(ctn)) {
		f->at = ctn->uni.ptr;
		return 0;
	}
	int r = members_sorted(ctn, &f->m);
	f->n = f->m.n;
	if (r == 0 && f->n > 1) qsort(f->m.v, f->n, sizeof(*f->m.v), w->sorted ? by_natural : by_order);
	return r;
}

static int emit_value(struct writer *w, yyjson_mut_val *v) {
	yaml_event_t ev;
	switch (yyjson_mut_get_type(v)) {
	case YYJSON_TYPE_STR: return emit_string(w, json_str(v));
	case YYJSON_TYPE_NUM: return emit_number(w, v);
	case YYJSON_TYPE_BOOL:
		return emit_scalar(w, slice_str(yyjson_mut_get_bool(v) ? "true" : "false"), NULL, YAML_PLAIN_SCALAR_STYLE);
	case YYJSON_TYPE_ARR:
		if (!yaml_sequence_start_event_initialize(&ev, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE)) return -ENOMEM;
		break;
	case YYJSON_TYPE_OBJ:
		if (!yaml_mapping_start_event_initialize(&ev, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE)) return -ENOMEM;
		break;
	default: return emit_scalar(w, SLICE_LIT("null"), NULL, YAML_PLAIN_SCALAR_STYLE);
	}
	int r = emit(w, &ev);
	return r < 0 ? r : push(w, v);
}

static int close_frame(struct writer *w) {
	yaml_event_t ev;
	struct frame *f = &w->v[--w->n];
	bool list = yyjson_mut_is_arr(f->ctn);
	members_done(&f->m);
	if (!(list ? yaml_sequence_end_event_initialize(&ev) : yaml_mapping_end_event_initialize(&ev))) return -ENOMEM;
	return emit(w, &ev);
}

static int step(struct writer *w) {
	struct frame *f = &w->v[w->n - 1];
	if (f->i == f->n) return close_frame(w);
	if (yyjson_mut_is_arr(f->ctn)) {
		f->i++;
		f->at = f->at->next;
		return emit_value(w, f->at);
	}
	struct member *m = &f->m.v[f->i++];
	int r = emit_string(w, json_str(m->key));
	return r < 0 ? r : emit_value(w, m->val);
}

static void writer_done(struct writer *w) {
	while (w->n) members_done(&w->v[--w->n].m);
	free(w->v);
	yaml_emitter_delete(&w->e);
}

static int write_document(struct writer *w, yyjson_mut_val *root) {
	yaml_event_t ev;
	if (!yaml_stream_start_event_initialize(&ev, YAML_UTF8_ENCODING) || emit(w, &ev) < 0) return -ENOMEM;
	if (!yaml_document_start_event_initialize(&ev, NULL, NULL, NULL, 1) || emit(w, &ev) < 0) return -ENOMEM;
	int r = emit_value(w, root);
	while (r == 0 && w->n) r = step(w);
	if (r < 0) return r;
	if (!yaml_document_end_event_initialize(&ev, 1) || emit(w, &ev) < 0) return -ENOMEM;
	if (!yaml_stream_end_event_initialize(&ev) || emit(w, &ev) < 0) return -ENOMEM;
	return 0;
}

/* libyaml ends a document whose last scalar is open-ended with "...", which Go's port does not. */
static void drop_end_mark(struct buf *b, size_t start) {
	struct slice out = slice_make(b->p + start, b->n - start);
	if (slice_ends(out, SLICE_LIT("\n...\n"))) b->n -= 4;
}

static int write_yaml(struct buf *b, const yyjson_mut_val *v, bool sorted) {
	static const yyjson_mut_val null_value = { .tag = YYJSON_TYPE_NULL };
	_cleanup_(writer_done) struct writer w = { .b = b, .sorted = sorted };
	size_t start = b->n;
	if (!yaml_emitter_initialize(&w.e)) return b->err = -ENOMEM;
	yaml_emitter_set_output(&w.e, on_bytes, &w);
	yaml_emitter_set_unicode(&w.e, 1);
	yaml_emitter_set_width(&w.e, 80);
	int r = write_document(&w, (yyjson_mut_val *)(uintptr_t)(v ? v : &null_value));
	if (r < 0 && b->err == 0) b->err = r == -EIO ? -ENOMEM : r;
	if (b->err == 0) drop_end_mark(b, start);
	return b->err;
}

int yaml_write(struct buf *b, const yyjson_mut_val *v) { return write_yaml(b, v, true); }
int yaml_write_ordered(struct buf *b, const yyjson_mut_val *v) { return write_yaml(b, v, false); }
