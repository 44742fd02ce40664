/* SPDX-License-Identifier: Apache-2.0 */
/* YAML to trees: libyaml's events, resolved and joined as yaml.v2 decodes them and sigs.k8s.io/yaml makes JSON of them. */
#include "codec/yaml.h"
#include "base/map.h"
#include "codec/base64.h"
#include "codec/gofloat.h"
#include "codec/goquote.h"
#include "codec/members.h"
#include "codec/yaml_resolve.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <yaml.h>

#define YAML_ANCHORS_MAX 100000u
#define YAML_ERRORS_TEXT_MAX (1u << 20)
#define TAG_PREFIX "tag:yaml.org,2002:"

/* A key as it was set, to find duplicates afterwards. */
struct set_key {
	struct slice name;
	const char *shown; /* as Go's %#v shows it */
	uint64_t seq;
	size_t line;
};

struct anchor {
	yyjson_mut_val *val;
	uint64_t nodes; /* in it, itself included */
	bool open;
};

struct frame {
	yyjson_mut_val *val;
	yyjson_mut_val *key;  /* of the value that comes next; NULL: a key comes */
	const char *shown;
	bool merge;           /* the value that comes next is merged */
	struct anchor *anchor;
	uint64_t nodes_before;
	struct set_key *keys;
	size_t n_keys, cap_keys;
};

struct reader {
	yaml_parser_t p;
	struct arena *a;
	yyjson_mut_doc *doc;
	struct map *anchors;
	bool track;           /* remember keys for duplicates */
	bool by_alias;        /* what is being added came from an alias */
	struct frame *v;
	size_t n, cap;
	uint64_t nodes, alias_nodes, seq, work;
	struct set_key *dups;
	size_t n_dups, cap_dups;
	const char *msg;
};

static int fault(struct reader *r, const char *fmt, ...) k8c_printf(2, 3);
static int fault(struct reader *r, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	char *m = arena_vprintf(r->a, fmt, ap);
	va_end(ap);
	r->msg = m ? arena_printf(r->a, "yaml: %s", m) : NULL;
	return r->msg ? -EBADMSG : -ENOMEM;
}

/* libyaml's complaint, with the line yaml.v2 gives. */
static int parser_fault(struct reader *r) {
	const yaml_parser_t *p = &r->p;
	size_t line = p->problem_mark.line;
	if (p->error == YAML_MEMORY_ERROR) return -ENOMEM;
	if (line) line += p->error == YAML_SCANNER_ERROR;
	else line = p->context_mark.line;
	const char *problem = p->problem ? p->problem : "unknown problem parsing YAML content";
	if (p->error == YAML_READER_ERROR) line = 0;
	return line ? fault(r, "line %zu: %s", line, problem) : fault(r, "%s", problem);
}

/* ---- scalars ---- */

static const char *short_tag(struct reader *r, const yaml_char_t *tag) {
	const char *t = (const char *)tag;
	if (!t) return "";
	if (strncmp(t, TAG_PREFIX, sizeof(TAG_PREFIX) - 1) != 0) return t;
	const char *s = arena_printf(r->a, "!!%s", t + sizeof(TAG_PREFIX) - 1);
	return s ? s : "";
}

/* Does the explicit tag agree with what the text is? An int may be called a float. */
static int apply_tag(struct reader *r, const char *tag, struct slice text, struct yaml_scalar *s) {
	static const char *const resolvable[] = { "!!str", "!!bool", "!!int", "!!float", "!!null", "!!timestamp" };
	bool known = false;
	for (size_t i = 0; i < ELEMENTSOF(resolvable); i++) known |= !strcmp(tag, resolvable[i]);
	if (!strcmp(tag, "!!binary")) s->kind = YAML_BINARY;
	else if (!known || !strcmp(tag, "!!str")) s->kind = YAML_STR;
	if (!known || !strcmp(tag, "!!str") || !strcmp(tag, yaml_kind_tag(s->kind))) return 0;
	if (!strcmp(tag, "!!float") && s->kind == YAML_INT) {
		*s = (struct yaml_scalar){ YAML_FLOAT, .d = (double)s->i };
		return 0;
	}
	return fault(r, "cannot decode %s `%.*s` as a %s", yaml_kind_tag(s->kind), SLICE_FMT(text), tag);
}

static int resolve(struct reader *r, const yaml_event_t *ev, struct slice text, struct yaml_scalar *ret) {
	const char *tag = short_tag(r, ev->data.scalar.tag);
	*ret = (struct yaml_scalar){ YAML_STR };
	if (!*tag && !ev->data.scalar.plain_implicit) return 0;
	*ret = yaml_resolve(text);
	return *tag ? apply_tag(r, tag, text, ret) : 0;
}

static int decode_binary(struct reader *r, struct slice text, yyjson_mut_val **ret) {
	_cleanup_buf_ struct buf out = BUF_INIT(base64_decoded_max(text.n));
	int e = base64_decode(&out, BASE64_STD, text, NULL);
	if (e == -EBADMSG) return fault(r, "!!binary value contains invalid base64 data");
	if (e < 0) return e;
	*ret = yyjson_mut_strncpy(r->doc, out.p ? out.p : "", out.n);
	return *ret ? 0 : -ENOMEM;
}

/* A float goes through JSON text on its way: what prints as an integer is one afterwards (1.0, -0.0, 1e3). */
static int float_value(struct reader *r, double d, yyjson_mut_val **ret) {
	_cleanup_buf_ struct buf text = BUF_INIT(512);
	int64_t i;
	if (!isfinite(d)) {
		r->msg = isnan(d) ? "json: unsupported value: NaN"
				  : d < 0 ? "json: unsupported value: -Inf" : "json: unsupported value: +Inf";
		return -EBADMSG;
	}
	int e = gofloat_json(&text, d);
	if (e < 0) return e;
	if (slice_int(buf_slice(&text), INT64_MIN, INT64_MAX, &i) == 0)
		*ret = i < 0 ? yyjson_mut_sint(r->doc, i) : yyjson_mut_uint(r->doc, (uint64_t)i);
	else *ret = yyjson_mut_real(r->doc, d);
	return *ret ? 0 : -ENOMEM;
}

static int scalar_value(struct reader *r, const struct yaml_scalar *s, struct slice text, yyjson_mut_val **ret) {
	yyjson_mut_val *v;
	switch (s->kind) {
	case YAML_BINARY: return decode_binary(r, text, ret);
	case YAML_BOOL: v = yyjson_mut_bool(r->doc, s->b); break;
	case YAML_NULL: v = yyjson_mut_null(r->doc); break;
	case YAML_INT: v = s->i < 0 ? yyjson_mut_sint(r->doc, s->i) : yyjson_mut_uint(r->doc, (uint64_t)s->i); break;
	case YAML_UINT: v = yyjson_mut_uint(r->doc, s->u); break;
	case YAML_FLOAT: return float_value(r, s->d, ret);
	default: v = yyjson_mut_strncpy(r->doc, text.p, text.n); break;
	}
	*ret = v;
	return v ? 0 : -ENOMEM;
}

/* A key's text: strings as they are, other scalars printed. */
static int key_value(struct reader *r, const struct yaml_scalar *s, struct slice text, yyjson_mut_val **ret,
		     const char **ret_shown) {
	_cleanup_buf_ struct buf out = BUF_INIT(text.n + 64);
	switch (s->kind) {
	case YAML_NULL:
		r->msg = "unsupported map key of type: %!s(<nil>), key: <nil>";
		return -EBADMSG;
	case YAML_BOOL: buf_puts(&out, s->b ? "true" : "false"); break;
	case YAML_INT: buf_printf(&out, "%lld", (long long)s->i); break;
	case YAML_UINT: buf_put_u64(&out, s->u); break;
	case YAML_FLOAT: gofloat_g(&out, s->d); break;
	default: buf_put_slice(&out, text); break;
	}
	if (out.err) return out.err;
	*ret = yyjson_mut_strncpy(r->doc, out.p ? out.p : "", out.n);
	bool is_string = s->kind == YAML_STR || s->kind == YAML_TIMESTAMP || s->kind == YAML_BINARY || s->kind == YAML_MERGE;
	if (r->track && *ret) *ret_shown = is_string ? goquote(r->a, json_str(*ret)) : yyjson_mut_get_str(*ret);
	return *ret && (!r->track || *ret_shown) ? 0 : -ENOMEM;
}

/* ---- joining ---- */

static int note_key(struct reader *r, struct frame *f, struct slice name, const char *shown, size_t line) {
	if (!r->track) return 0;
	if (f->n_keys == f->cap_keys) {
		size_t cap = f->cap_keys ? f->cap_keys * 2 : 8;
		struct set_key *k = arena_realloc(r->a, f->keys, f->cap_keys * sizeof(*k), cap * sizeof(*k));
		if (!k) return -ENOMEM;
		f->keys = k;
		f->cap_keys = cap;
	}
	f->keys[f->n_keys++] = (struct set_key){ name, shown, r->seq++, line };
	return 0;
}

static int merge_one(struct reader *r, struct frame *f, yyjson_mut_val *from, size_t line) {
	yyjson_mut_val *k, *v;
	size_t i, n;
	if (!yyjson_mut_is_obj(from)) return fault(r, "map merge requires map or sequence of maps as the value");
	r->nodes += yyjson_mut_obj_size(from);
	yyjson_mut_obj_foreach(from, i, n, k, v) {
		yyjson_mut_val *kc = json_copy(r->doc, k), *vc = json_copy(r->doc, v);
		if (!kc || !vc || !yyjson_mut_obj_add(f->val, kc, vc)) return -ENOMEM;
		const char *shown = r->track ? goquote(r->a, json_str(kc)) : "";
		int e = note_key(r, f, json_str(kc), shown, line);
		if (e < 0) return e;
	}
	return 0;
}

/* "<<": one map, or a list of maps of which the first wins. */
static int merge(struct reader *r, struct frame *f, yyjson_mut_val *v, size_t line) {
	if (!yyjson_mut_is_arr(v) || r->by_alias) return merge_one(r, f, v, line);
	int e = 0;
	for (size_t i = yyjson_mut_arr_size(v); i > 0 && e == 0; i--) e = merge_one(r, f, yyjson_mut_arr_get(v, i - 1), line);
	return e;
}

/* A complete value goes into what is open. */
static int add_value(struct reader *r, yyjson_mut_val *v, size_t line) {
	if (r->n == 0) {
		r->doc->root = v;
		return 0;
	}
	struct frame *f = &r->v[r->n - 1];
	if (yyjson_mut_is_arr(f->val)) return yyjson_mut_arr_append(f->val, v) ? 0 : -ENOMEM;
	if (f->merge) {
		f->merge = false;
		return merge(r, f, v, line);
	}
	if (!f->key)
		return fault(r, "invalid map key: %s",
			     yyjson_mut_is_obj(v) ? "map[interface {}]interface {}{...}" : "[]interface {}{...}");
	yyjson_mut_val *key = f->key;
	f->key = NULL;
	if (!yyjson_mut_obj_add(f->val, key, v)) return -ENOMEM;
	return note_key(r, f, json_str(key), f->shown, line);
}

static bool wants_key(const struct reader *r) {
	const struct frame *f = r->n ? &r->v[r->n - 1] : NULL;
	return f && yyjson_mut_is_obj(f->val) && !f->key && !f->merge;
}

/* ---- limits ---- */

/* yaml.v2's guard: large documents may consist of aliases only to a part. */
static bool too_many_aliases(const struct reader *r) {
	const double low = 400000, high = 4000000;
	double n = (double)r->nodes, allowed;
	if (r->nodes > YAML_NODES_MAX) return true;
	if (r->alias_nodes <= 100 || r->nodes <= 1000) return false;
	if (n <= low) allowed = 0.99;
	else if (n >= high) allowed = 0.10;
	else allowed = 0.99 - 0.89 * ((n - low) / (high - low));
	return (double)r->alias_nodes / n > allowed;
}

static int count(struct reader *r, uint64_t nodes, bool alias) {
	r->nodes += nodes;
	if (alias) r->alias_nodes += nodes;
	r->work += r->n;
	if (too_many_aliases(r)) return fault(r, "document contains excessive aliasing");
	if (r->work > YAML_WORK_MAX) return fault(r, "exceeded max depth of %u", YAML_DEPTH_MAX);
	return 0;
}

/* ---- anchors ---- */

static int open_anchor(struct reader *r, const yaml_char_t *name, yyjson_mut_val *v, struct anchor **ret) {
	*ret = NULL;
	if (!name) return 0;
	struct anchor *an = arena_new_of(r->a, struct anchor);
	if (!an) return -ENOMEM;
	*an = (struct anchor){ v, 1, unsafe_yyjson_is_ctn(v) };
	if (map_put(r->anchors, slice_str((const char *)name), an, NULL) < 0) return fault(r, "too many anchors");
	*ret = an;
	return 0;
}

static int on_scalar_key(struct reader *r, const struct yaml_scalar *s, struct slice text, bool plain) {
	struct frame *f = &r->v[r->n - 1];
	if (s->kind == YAML_MERGE && plain) {
		f->merge = true;
		return 0;
	}
	return key_value(r, s, text, &f->key, &f->shown);
}

static int on_scalar(struct reader *r, const yaml_event_t *ev) {
	struct slice text = slice_make(ev->data.scalar.value, ev->data.scalar.length);
	struct yaml_scalar s;
	struct anchor *an;
	yyjson_mut_val *v;
	int e = count(r, 1, false);
	if (e == 0) e = resolve(r, ev, text, &s);
	if (e < 0) return e;
	if (wants_key(r) && !ev->data.scalar.anchor) return on_scalar_key(r, &s, text, true);
	e = scalar_value(r, &s, text, &v);
	if (e == 0) e = open_anchor(r, ev->data.scalar.anchor, v, &an);
	if (e < 0) return e;
	return wants_key(r) ? on_scalar_key(r, &s, text, true) : add_value(r, v, ev->start_mark.line + 1);
}

/* An alias as a key: only scalars can be. */
static int on_alias_key(struct reader *r, yyjson_mut_val *v) {
	struct frame *f = &r->v[r->n - 1];
	if (unsafe_yyjson_is_ctn(v))
		return fault(r, "invalid map key: %s",
			     yyjson_mut_is_obj(v) ? "map[interface {}]interface {}{...}" : "[]interface {}{...}");
	struct yaml_scalar s = { YAML_STR };
	_cleanup_buf_ struct buf text = BUF_INIT(1 << 22);
	if (yyjson_mut_is_str(v)) return key_value(r, &s, json_str(v), &f->key, &f->shown);
	json_write(&text, v);
	if (yyjson_mut_is_null(v)) s.kind = YAML_NULL;
	return key_value(r, &s, buf_slice(&text), &f->key, &f->shown);
}

static int on_alias(struct reader *r, const yaml_event_t *ev) {
	const char *name = (const char *)ev->data.alias.anchor;
	struct anchor *an = map_get(r->anchors, slice_str(name));
	if (!an) return fault(r, "unknown anchor '%s' referenced", name);
	if (an->open) return fault(r, "anchor '%s' value contains itself", name);
	int e = count(r, an->nodes + 1, true);
	if (e < 0) return e;
	if (wants_key(r)) return on_alias_key(r, an->val);
	yyjson_mut_val *copy = json_copy(r->doc, an->val);
	if (!copy) return -ENOMEM;
	r->by_alias = true;
	e = add_value(r, copy, ev->start_mark.line + 1);
	r->by_alias = false;
	return e;
}

/* ---- containers ---- */

static int open_frame(struct reader *r, yyjson_mut_val *v, const yaml_char_t *anchor) {
	int e = count(r, 1, false);
	if (e < 0 || !v) return v ? e : -ENOMEM;
	if (r->n >= YAML_DEPTH_MAX) return fault(r, "exceeded max depth of %u", YAML_DEPTH_MAX);
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 32;
		struct frame *f = realloc(r->v, cap * sizeof(*f));
		if (!f) return -ENOMEM;
		r->v = f;
		r->cap = cap;
	}
	struct frame *f = &r->v[r->n];
	*f = (struct frame){ .val = v, .nodes_before = r->nodes };
	e = open_anchor(r, anchor, v, &f->anchor);
	if (e == 0) r->n++;
	return e;
}

static int by_name(const void *pa, const void *pb) {
	const struct set_key *a = pa, *b = pb;
	int c = slice_cmp(a->name, b->name);
	if (c == 0) c = strcmp(a->shown, b->shown);
	return c ? c : (a->seq > b->seq) - (a->seq < b->seq);
}

static int by_seq(const void *pa, const void *pb) {
	const struct set_key *a = pa, *b = pb;
	return (a->seq > b->seq) - (a->seq < b->seq);
}

static int collect_duplicates(struct reader *r, struct frame *f) {
	if (f->n_keys < 2) return 0;
	qsort(f->keys, f->n_keys, sizeof(*f->keys), by_name);
	for (size_t i = 1; i < f->n_keys; i++) {
		if (!slice_eq(f->keys[i].name, f->keys[i - 1].name) || strcmp(f->keys[i].shown, f->keys[i - 1].shown)) continue;
		if (r->n_dups == r->cap_dups) {
			size_t cap = r->cap_dups ? r->cap_dups * 2 : 8;
			struct set_key *k = arena_realloc(r->a, r->dups, r->cap_dups * sizeof(*k), cap * sizeof(*k));
			if (!k) return -ENOMEM;
			r->dups = k;
			r->cap_dups = cap;
		}
		r->dups[r->n_dups++] = f->keys[i];
	}
	return 0;
}

static int close_frame(struct reader *r, const yaml_event_t *ev) {
	struct frame f = r->v[--r->n];
	if (f.anchor) {
		f.anchor->open = false;
		f.anchor->nodes = r->nodes - f.nodes_before + 1;
	}
	int e = collect_duplicates(r, &f);
	if (e == 0) e = members_sort(f.val);
	return e < 0 ? e : add_value(r, f.val, ev->start_mark.line + 1);
}

/* ---- documents ---- */

static int on_event(struct reader *r, const yaml_event_t *ev) {
	switch (ev->type) {
	case YAML_SCALAR_EVENT: return on_scalar(r, ev);
	case YAML_ALIAS_EVENT: return on_alias(r, ev);
	case YAML_SEQUENCE_START_EVENT: return open_frame(r, yyjson_mut_arr(r->doc), ev->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		if (wants_key(r)) return fault(r, "invalid map key: map[interface {}]interface {}{...}");
		return open_frame(r, yyjson_mut_obj(r->doc), ev->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT: return close_frame(r, ev);
	case YAML_DOCUMENT_END_EVENT:
	case YAML_STREAM_END_EVENT: return 1;
	default: return 0;
	}
}

static int read_document(struct reader *r) {
	for (;;) {
		yaml_event_t ev;
		if (!yaml_parser_parse(&r->p, &ev)) return parser_fault(r);
		int e = on_event(r, &ev);
		yaml_event_delete(&ev);
		if (e) return e < 0 ? e : 0;
	}
}

static void reader_done(struct reader *r) {
	map_free(r->anchors, NULL);
	free(r->v);
	yaml_parser_delete(&r->p);
}

static int duplicates_text(struct reader *r, const char **ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(YAML_ERRORS_TEXT_MAX);
	*ret = NULL;
	if (r->n_dups == 0) return 0;
	qsort(r->dups, r->n_dups, sizeof(*r->dups), by_seq);
	buf_puts(&b, "yaml: unmarshal errors:");
	for (size_t i = 0; i < r->n_dups; i++)
		buf_printf(&b, "\n  line %zu: key %s already set in map", r->dups[i].line, r->dups[i].shown);
	if (b.err == -ENOMEM) return -ENOMEM;
	*ret = arena_strndup(r->a, b.p, b.n);
	return *ret ? 0 : -ENOMEM;
}

static int parse(struct arena *a, struct slice text, bool track, yyjson_mut_doc **ret, const char **ret_dups,
		 const char **ret_msg) {
	_cleanup_(reader_done) struct reader r = { .a = a, .track = track };
	if (!yaml_parser_initialize(&r.p)) return -ENOMEM;
	r.anchors = map_new(YAML_ANCHORS_MAX);
	r.doc = json_doc(a);
	if (!r.anchors || !r.doc) return -ENOMEM;
	yaml_parser_set_input_string(&r.p, (const unsigned char *)(text.p ? text.p : ""), text.n);
	int e = read_document(&r);
	if (e == 0 && !r.doc->root) r.doc->root = yyjson_mut_null(r.doc);
	if (e == 0 && !r.doc->root) e = -ENOMEM;
	if (e == 0 && ret_dups) e = duplicates_text(&r, ret_dups);
	if (e == -EBADMSG && ret_msg) *ret_msg = r.msg;
	if (e == 0 && ret) *ret = r.doc;
	return e;
}

int yaml_parse(struct arena *a, struct slice text, unsigned flags, yyjson_mut_doc **ret, struct yaml_error *err) {
	bool strict = flags & YAML_STRICT;
	const char *dups = NULL, *msg = NULL;
	yyjson_mut_doc *doc;
	int e = parse(a, text, strict, &doc, strict ? &dups : NULL, &msg);
	if (e == 0 && dups) {
		msg = dups;
		e = -EBADMSG;
	}
	if (e == -EBADMSG && err) err->msg = msg;
	if (e == 0) *ret = doc;
	return e;
}

int yaml_duplicates(struct arena *a, struct slice text, const char **ret) { return parse(a, text, true, NULL, ret, NULL); }

/* ---- streams ---- */

static bool is_blank(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if (!strchr(" \t\r\n\v\f", s.p[i]) || !s.p[i]) return false;
	return true;
}

bool yaml_next_document(struct slice *rest, struct slice *doc) {
	while (rest->p && rest->n) {
		struct slice at = *rest, all = *rest;
		size_t end = all.n;
		while (at.p && at.n) {
			struct slice line_start = at, line = slice_cut(&at, '\n');
			if (!slice_starts(line, SLICE_LIT("---")) || !is_blank(slice_from(line, 3))) continue;
			end = (size_t)(line_start.p - all.p);
			break;
		}
		*rest = end == all.n ? SLICE_NULL : at;
		*doc = slice_upto(all, end);
		if (doc->n) return true;
	}
	return false;
}

bool yaml_is_json(struct slice s) {
	size_t i = 0;
	while (i < s.n && s.p[i] && strchr(" \t\r\n\v\f", s.p[i])) i++;
	return i < s.n && s.p[i] == '{';
}
