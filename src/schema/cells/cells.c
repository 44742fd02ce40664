/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/cells/cells.h"

#include "codec/duration.h"
#include "codec/labels.h"
#include "codec/timestamp.h"

int cell_str(struct buf *b, struct slice s) { return json_write_string(b, s); }

int cell_int(struct buf *b, int64_t v) {
	if (v < 0) buf_putc(b, '-');
	return buf_put_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

int cell_text(struct buf *b, const struct buf *text, const char *none) {
	if (buf_err(text)) return b->err = buf_err(text);
	return text->n ? cell_str(b, buf_slice(text)) : cell_cstr(b, none);
}

int cell_path(struct buf *b, const yyjson_mut_val *obj, const char *path, const char *none) {
	struct slice s = json_path_str(obj, path);
	return s.n ? cell_str(b, s) : cell_cstr(b, none);
}

bool cell_time(const yyjson_mut_val *obj, const char *path, int64_t *ret_sec) {
	struct slice s = json_path_str(obj, path);
	_cleanup_arena_ struct arena *a = s.n ? arena_new(0) : NULL; /* for the words of a fault, which nobody reads */
	struct timestamp t;
	if (!a || timestamp_parse(a, s, &t, NULL) < 0) return false;
	*ret_sec = t.sec;
	return true;
}

void cell_span(int64_t seconds, char out[CELL_AGE_MAX]) {
	char text[DURATION_TEXT];
	const int64_t most = INT64_MAX / 1000000000;
	if (seconds > most) seconds = most;
	if (seconds < -most) seconds = -most;
	duration_human(seconds * 1000000000, text);
	memcpy(out, text, DURATION_TEXT < CELL_AGE_MAX ? DURATION_TEXT : CELL_AGE_MAX);
}

void cell_age(const yyjson_mut_val *obj, const char *path, int64_t now_sec, char out[CELL_AGE_MAX]) {
	int64_t t;
	if (cell_time(obj, path, &t)) cell_span(now_sec - t, out);
	else memcpy(out, "<unknown>", sizeof("<unknown>"));
}

yyjson_mut_val *cell_condition(const yyjson_mut_val *obj, const char *path, const char *type) {
	yyjson_mut_val *c;
	size_t i, n;
	yyjson_mut_arr_foreach(json_path(obj, path), i, n, c) {
		if (slice_eqs(json_path_str(c, "type"), type)) return c;
	}
	return NULL;
}

bool cell_condition_true(const yyjson_mut_val *obj, const char *type) {
	return slice_eqs(json_path_str(cell_condition(obj, "status.conditions", type), "status"), "True");
}

void cell_join(struct buf *text, const char *sep, struct slice s) {
	if (text->n) buf_puts(text, sep);
	buf_put_slice(text, s);
}

void cell_join_more(struct buf *text, size_t n) {
	if (n > CELL_JOIN_FIRST) buf_printf(text, " + %zu more...", n - CELL_JOIN_FIRST);
}

void cell_lower(struct buf *text, struct slice s) {
	for (size_t i = 0; i < s.n; i++) buf_putc(text, s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i]);
}

void cell_set_add(struct cell_set *s, struct slice v) {
	size_t at = 0;
	while (at < s->n && slice_cmp(s->v[at], v) < 0) at++;
	if ((at < s->n && slice_eq(s->v[at], v)) || s->n == CELL_SET_MAX) return;
	memmove(s->v + at + 1, s->v + at, (s->n - at) * sizeof(*s->v));
	s->v[at] = v;
	s->n++;
}

void cell_set_join(struct buf *text, const struct cell_set *s) {
	for (size_t i = 0; i < s->n; i++) cell_join(text, ",", s->v[i]);
}

void cell_ingress(struct cell_set *s, const yyjson_mut_val *obj) {
	yyjson_mut_val *e;
	size_t i, n;
	yyjson_mut_arr_foreach(json_path(obj, "status.loadBalancer.ingress"), i, n, e) {
		struct slice ip = json_path_str(e, "ip"), host = json_path_str(e, "hostname");
		if (ip.n) cell_set_add(s, ip);
		else if (host.n) cell_set_add(s, host);
	}
}

void cell_access_modes(struct buf *text, const yyjson_mut_val *list) {
	static const struct {
		const char *mode, *brief;
	} modes[] = {
		{ "ReadWriteOnce", "RWO" }, { "ReadOnlyMany", "ROX" }, { "ReadWriteMany", "RWX" }, { "ReadWriteOncePod", "RWOP" }
	};
	yyjson_mut_val *m;
	size_t i, n;
	for (size_t k = 0; k < ELEMENTSOF(modes); k++) {
		bool has = false;
		yyjson_mut_arr_foreach((yyjson_mut_val *)list, i, n, m) has |= slice_eqs(json_str(m), modes[k].mode);
		if (has) cell_join(text, ",", slice_str(modes[k].brief));
	}
}

bool cell_selector(struct buf *text, const yyjson_mut_val *selector) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct labels_selector s;
	const char *msg = NULL;
	if (!a || labels_from_object(a, selector, &s, &msg) < 0) return false;
	if (!s.nothing) labels_format(text, &s);
	return true;
}
