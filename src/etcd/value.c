/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd/value.h"

#include <errno.h>

static const struct slice member = SLICE_LIT("\"resourceVersion\":\"\"");
static const struct slice member_begin = SLICE_LIT("\"resourceVersion\":\"");

int etcd_value_strip(struct buf *b, struct slice json, size_t rv_at) {
	if (rv_at < member_begin.n || rv_at > json.n) return -EINVAL;
	size_t from = rv_at - member_begin.n, to = from + member.n;
	if (to > json.n || !slice_eq(slice_make(json.p + from, member.n), member)) return -EINVAL;
	/* One of the commas around it goes as well. */
	if (to < json.n && json.p[to] == ',') to++;
	else if (from > 0 && json.p[from - 1] == ',') from--;
	buf_put(b, json.p, from);
	return buf_put_slice(b, slice_from(json, to));
}

/* ---- finding places ---- */

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static size_t skip_blanks(struct slice s, size_t i) {
	while (i < s.n && is_blank(s.p[i])) i++;
	return i;
}

/* Behind the string that begins at i; s.n when it does not end. */
static size_t skip_string(struct slice s, size_t i) {
	for (i++; i < s.n && s.p[i] != '"'; i++)
		if (s.p[i] == '\\') i++;
	return i < s.n ? i + 1 : s.n;
}

/* Behind the value that begins at i. Brackets are counted, not matched: whoever parses the object complains of those. */
static size_t skip_value(struct slice s, size_t i) {
	size_t depth = 0;
	while (i < s.n) {
		char c = s.p[i];
		if (c == '"') i = skip_string(s, i);
		else if (c == '{' || c == '[') depth++, i++;
		else if (depth && (c == '}' || c == ']')) depth--, i++;
		else if (depth) i++;
		else if (c == ',' || c == '}' || c == ']') break;
		else i++;
		if (!depth && (c == '"' || c == '}' || c == ']')) break;
	}
	return i;
}

/* The members of an object one by one, from behind its opening bracket. */
struct members { struct slice s; size_t at; bool later; };
struct place { struct slice name; size_t value, end; };

/* 1; 0: the closing bracket is next; -EBADMSG. */
static int next_member(struct members *m, struct place *ret) {
	size_t i = skip_blanks(m->s, m->at);
	if (i < m->s.n && m->s.p[i] == '}') return 0;
	if (m->later && (i >= m->s.n || m->s.p[i] != ',')) return -EBADMSG;
	if (m->later) i = skip_blanks(m->s, i + 1);
	m->later = true;
	if (i >= m->s.n || m->s.p[i] != '"') return -EBADMSG;
	size_t end = skip_string(m->s, i), colon = skip_blanks(m->s, end);
	if (colon >= m->s.n || m->s.p[colon] != ':') return -EBADMSG;
	ret->name = slice_make(m->s.p + i, end - i);
	ret->value = skip_blanks(m->s, colon + 1);
	ret->end = m->at = skip_value(m->s, ret->value);
	return ret->end > ret->value && ret->end < m->s.n ? 1 : -EBADMSG;
}

static int find_metadata(struct slice json, size_t *ret) {
	struct members m = { json, skip_blanks(json, 0) + 1, false };
	struct place p;
	int r;
	while ((r = next_member(&m, &p)) > 0)
		if (slice_eqs(p.name, "\"metadata\"")) break;
	if (r <= 0 || json.p[p.value] != '{') return -EBADMSG;
	*ret = p.value;
	return 0;
}

/* Where the new member goes: behind the last of those that Kubernetes writes before it, or behind the bracket. */
static int find_place(struct slice json, size_t metadata, size_t *ret) {
	static const char *const before[] = { "\"name\"", "\"generateName\"", "\"namespace\"", "\"selfLink\"", "\"uid\"" };
	struct members m = { json, metadata + 1, false };
	struct place p;
	int r;
	*ret = metadata + 1;
	while ((r = next_member(&m, &p)) > 0) {
		if (slice_eqs(p.name, "\"resourceVersion\"")) return -EBADMSG;
		for (size_t i = 0; i < ELEMENTSOF(before); i++)
			if (slice_eqs(p.name, before[i])) *ret = p.end;
	}
	return r;
}

int etcd_value_splice(struct buf *b, struct slice json, uint64_t rv) {
	size_t metadata, at;
	while (json.n && is_blank(json.p[json.n - 1])) json.n--;
	size_t first = skip_blanks(json, 0);
	if (first >= json.n || json.p[first] != '{') return -EBADMSG;
	int r = find_metadata(json, &metadata);
	if (r == 0) r = find_place(json, metadata, &at);
	if (r < 0) return r;
	bool opens = at == metadata + 1, only = opens && json.p[skip_blanks(json, at)] == '}';
	buf_put(b, json.p, at);
	if (!opens) buf_putc(b, ',');
	buf_put_slice(b, member_begin);
	buf_put_u64(b, rv);
	buf_putc(b, '"');
	if (opens && !only) buf_putc(b, ',');
	return buf_put_slice(b, slice_from(json, at));
}
