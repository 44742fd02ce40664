/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of field paths as FieldsV1: `{"f:a":{".":{},"f:b":{}}}`. */
#include "schema/patch/fieldset.h"

#include <errno.h>

/* One element's text. */
#define ELEMENT_TEXT_MAX (1u << 20)

struct reader {
	struct fieldsets *f;
	struct fieldset_stack stack;
};

/* A node that leads nowhere is a member; so is one with a ".". */
static int read_node(struct reader *r, const yyjson_mut_val *v, const struct fieldset **ret, bool *ret_member, unsigned depth) {
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with((yyjson_mut_val *)(uintptr_t)v);
	size_t mark = r->stack.n;
	yyjson_mut_val *k;
	bool member = false;
	if (!yyjson_mut_is_obj((yyjson_mut_val *)(uintptr_t)v) || depth > FIELDSET_DEPTH_MAX) return -EBADMSG;
	while ((k = yyjson_mut_obj_iter_next(&it))) {
		const struct fieldset *below = NULL;
		struct element at;
		bool own = false;
		if (slice_eq(json_str(k), SLICE_LIT("."))) {
			member = true;
			continue;
		}
		int err = element_parse(r->f->a, json_str(k), &at);
		if (err == -ENOENT) continue;
		if (!err) err = read_node(r, yyjson_mut_obj_iter_get_val(k), &below, &own, depth + 1);
		if (err) return err;
		fieldset_add(r->f, &r->stack, &at, own, below);
	}
	*ret = fieldset_end(r->f, &r->stack, mark);
	*ret_member = member || !*ret;
	return 0;
}

int fieldset_decode(struct fieldsets *f, const yyjson_mut_val *v, const struct fieldset **ret) {
	struct reader r = { .f = f };
	bool member;
	int err = read_node(&r, v, ret, &member, 0);
	return err ? err : f->no_memory ? -ENOMEM : 0;
}

struct writer {
	yyjson_mut_doc *doc;
	struct buf text;
};

static yyjson_mut_val *key_of(struct writer *w, const struct element *e) {
	if (e->kind == ELEMENT_FIELD && e->name.n < 120) {
		char text[128] = "f:";
		if (e->name.n) memcpy(text + 2, e->name.p, e->name.n);
		return yyjson_mut_strncpy(w->doc, text, e->name.n + 2);
	}
	buf_clear(&w->text);
	return element_write(&w->text, e) < 0 ? NULL : yyjson_mut_strncpy(w->doc, w->text.p, w->text.n);
}

static yyjson_mut_val *node_of(struct writer *w, const struct fieldset *s, bool member) {
	yyjson_mut_val *out = yyjson_mut_obj(w->doc);
	if (out && s && member && !yyjson_mut_obj_add(out, yyjson_mut_str(w->doc, "."), yyjson_mut_obj(w->doc))) return NULL;
	for (size_t i = 0; out && s && i < s->n; i++) {
		yyjson_mut_val *k = key_of(w, &s->v[i].at), *v = node_of(w, s->v[i].below, s->v[i].member);
		if (!yyjson_mut_obj_add(out, k, v)) return NULL;
	}
	return out;
}

yyjson_mut_val *fieldset_encode(struct fieldsets *f, yyjson_mut_doc *doc, const struct fieldset *s) {
	struct writer w = { .doc = doc, .text = BUF_INIT(ELEMENT_TEXT_MAX) };
	yyjson_mut_val *v = node_of(&w, s, false);
	buf_done(&w.text);
	if (!v) f->no_memory = true;
	return v;
}
