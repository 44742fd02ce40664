/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/goprint.h"
#include "codec/gofloat.h"
#include "codec/goquote.h"

#include <errno.h>

struct frame {
	yyjson_mut_val *next; /* of an object: the next key */
	size_t left;
	bool object, first;
};

struct walk {
	struct frame *v;
	size_t n, cap;
	bool sharp;
	struct buf *b;
};

static void scalar(struct walk *w, yyjson_mut_val *v) {
	struct buf *b = w->b;
	if (!v || yyjson_mut_is_null(v)) (void)buf_puts(b, w->sharp ? "interface {}(nil)" : "<nil>");
	else if (yyjson_mut_is_bool(v)) (void)buf_puts(b, yyjson_mut_get_bool(v) ? "true" : "false");
	else if (yyjson_mut_is_sint(v)) (void)buf_printf(b, "%lld", (long long)yyjson_mut_get_sint(v));
	else if (yyjson_mut_is_uint(v)) (void)buf_printf(b, "%llu", (unsigned long long)yyjson_mut_get_uint(v));
	else if (yyjson_mut_is_real(v)) (void)gofloat_v(b, yyjson_mut_get_real(v));
	else if (!w->sharp) (void)buf_put_slice(b, json_str(v));
	else {
		_cleanup_arena_ struct arena *a = arena_new(0);
		const char *q = a ? goquote(a, json_str(v)) : NULL;
		(void)buf_puts(b, q ? q : "\"\"");
	}
}

static int open_frame(struct walk *w, yyjson_mut_val *v) {
	bool object = yyjson_mut_is_obj(v);
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 32;
		struct frame *f = realloc(w->v, cap * sizeof(*f));
		if (!f) return -ENOMEM;
		w->v = f;
		w->cap = cap;
	}
	size_t n = object ? yyjson_mut_obj_size(v) : yyjson_mut_arr_size(v);
	/* Containers point to their last element, which points on to the first. */
	yyjson_mut_val *first = !n ? NULL : object ? ((yyjson_mut_val *)v->uni.ptr)->next->next : yyjson_mut_arr_get_first(v);
	w->v[w->n++] = (struct frame){ first, n, object, true };
	return buf_puts(w->b, w->sharp ? (object ? "map[string]interface {}{" : "[]interface {}{") : object ? "map[" : "[");
}

static int print(struct buf *b, const yyjson_mut_val *root, bool sharp) {
	struct walk w = { .sharp = sharp, .b = b };
	yyjson_mut_val *v = (yyjson_mut_val *)(uintptr_t)root;
	int r = 0;
	if (yyjson_mut_is_ctn(v)) r = open_frame(&w, v);
	else scalar(&w, v);
	while (w.n && r == 0) {
		struct frame *f = &w.v[w.n - 1];
		if (!f->left) {
			r = buf_puts(b, !sharp ? "]" : "}");
			w.n--;
			continue;
		}
		if (!f->first) (void)buf_puts(b, sharp ? ", " : " ");
		f->first = false;
		yyjson_mut_val *e = f->next;
		if (f->object) {
			scalar(&w, e);
			(void)buf_putc(b, ':');
			e = e->next;
		}
		f->next = e->next;
		f->left--;
		if (yyjson_mut_is_ctn(e)) r = open_frame(&w, e);
		else scalar(&w, e);
	}
	free(w.v);
	return r ? r : b->err;
}

int goprint_v(struct buf *b, const yyjson_mut_val *v) { return print(b, v, false); }
int goprint_sharp(struct buf *b, const yyjson_mut_val *v) { return print(b, v, true); }

void escape_terminal(struct buf *b, struct slice s) {
	for (size_t i = 0; i < s.n; i++) {
		unsigned char ch = (unsigned char)s.p[i], next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
		if (ch == '\r') (void)buf_puts(b, "\\r");
		else if (ch == 0x7f || (ch < 0x20 && ch != '\n' && ch != '\t')) (void)buf_printf(b, "^%c", ch ^ 0x40);
		/* U+0080 to U+009F: the same as ESC and a letter to some terminals. */
		else if (ch == 0xc2 && next >= 0x80 && next < 0xa0) (void)buf_printf(b, "\\u%04x", s.p[++i] & 0xff);
		else (void)buf_putc(b, s.p[i]);
	}
}
