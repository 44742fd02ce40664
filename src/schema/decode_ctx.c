/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/decode_ctx.h"

#define PATH_TEXT_MAX (64u * 1024u)
#define FRAMES_MAX (SCHEMA_DEPTH_MAX + 2)

const char *decode_word(const yyjson_mut_val *v) {
	switch (yyjson_mut_get_type((yyjson_mut_val *)v)) {
	case YYJSON_TYPE_STR: return "string";
	case YYJSON_TYPE_NUM: return "number";
	case YYJSON_TYPE_BOOL: return "bool";
	case YYJSON_TYPE_ARR: return "array";
	case YYJSON_TYPE_OBJ: return "object";
	default: return "null";
	}
}

void decode_soft(struct decode *d, const char *text) {
	if (!text) d->nomem = true;
	else if (!d->soft) d->soft = text;
}

void decode_hard(struct decode *d, const char *text) {
	if (!text) d->nomem = true;
	else if (!d->hard) d->hard = text;
}

const char *decode_number_text(struct decode *d, const yyjson_mut_val *v) {
	_cleanup_buf_ struct buf b = BUF_INIT(512);
	const char *s = json_write(&b, v) < 0 ? NULL : arena_strndup(d->a, b.p, b.n);
	if (!s) d->nomem = true;
	return s;
}

/* The frames from the root to `at`, outermost first. */
static size_t frames_of(const struct decode_frame *at, const struct decode_frame *v[FRAMES_MAX]) {
	size_t n = 0;
	for (const struct decode_frame *f = at; f && f->up && n < FRAMES_MAX; f = f->up) v[n++] = f;
	for (size_t i = 0; i < n / 2; i++) {
		const struct decode_frame *x = v[i];
		v[i] = v[n - 1 - i];
		v[n - 1 - i] = x;
	}
	return n;
}

/* Go names the innermost struct and the struct members on the way; map keys and indexes do not appear. */
void decode_mismatch(struct decode *d, bool hard, const char *what, const char *go, const struct decode_frame *at) {
	if (hard ? d->hard != NULL : d->soft != NULL) return;
	const struct decode_frame *v[FRAMES_MAX];
	size_t n = frames_of(at, v);
	_cleanup_buf_ struct buf b = BUF_INIT(PATH_TEXT_MAX);
	const struct schema_type *in = NULL;
	for (size_t i = 0; i < n; i++) {
		if (!v[i]->in) continue;
		if (in) buf_putc(&b, '.');
		in = v[i]->in;
		buf_put_slice(&b, v[i]->name);
	}
	const char *text = in ? arena_printf(d->a, "json: cannot unmarshal %s into Go struct field %s.%.*s of type %s", what,
					     in->name, SLICE_FMT(buf_slice(&b)), go)
			      : arena_printf(d->a, "json: cannot unmarshal %s into Go value of type %s", what, go);
	if (hard) decode_hard(d, text);
	else decode_soft(d, text);
}

static const char *issue_text(struct decode *d, const char *kind, struct slice name, const struct decode_frame *at) {
	const struct decode_frame *v[FRAMES_MAX];
	size_t n = frames_of(at, v);
	_cleanup_buf_ struct buf b = BUF_INIT(PATH_TEXT_MAX);
	buf_printf(&b, "%s field \"", kind);
	for (size_t i = 0; i < n; i++) {
		if (!v[i]->name.p) {
			buf_printf(&b, "[%zu]", v[i]->index);
			continue;
		}
		if (i) buf_putc(&b, '.');
		buf_put_slice(&b, v[i]->name);
	}
	if (n) buf_putc(&b, '.');
	buf_put_slice(&b, name);
	buf_putc(&b, '"');
	return buf_err(&b) ? NULL : arena_strndup(d->a, b.p, b.n);
}

static void add_issue(struct decode *d, const char *text, const char ***v, size_t *n, size_t *cap) {
	if (!text) return;
	for (size_t i = 0; i < *n; i++)
		if (!strcmp((*v)[i], text)) return;
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : 4;
		const char **p = arena_realloc(d->a, *v, *cap * sizeof(**v), more * sizeof(**v));
		if (!p) {
			d->nomem = true;
			return;
		}
		*v = p;
		*cap = more;
	}
	(*v)[(*n)++] = text;
}

static bool issues_full(const struct decode *d) {
	return !d->issues || d->issues->n_unknown + d->issues->n_duplicate >= DECODE_ISSUES_MAX;
}

void decode_unknown(struct decode *d, struct slice name, const struct decode_frame *at) {
	if (issues_full(d)) return;
	add_issue(d, issue_text(d, "unknown", name, at), &d->issues->unknown, &d->issues->n_unknown, &d->cap_unknown);
}

void decode_duplicate(struct decode *d, struct slice name, const struct decode_frame *at) {
	if (issues_full(d)) return;
	add_issue(d, issue_text(d, "duplicate", name, at), &d->issues->duplicate, &d->issues->n_duplicate, &d->cap_duplicate);
}
