/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/image_name.h"

static bool is_lower(char ch) { return (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9'); }
static bool is_alnum(char ch) { return is_lower(ch) || (ch >= 'A' && ch <= 'Z'); }

/* Lower-case letters and digits with one of . _ __ or any number of - between them. */
static bool path_component(struct slice s) {
	size_t i = 0;
	while (i < s.n) {
		size_t begun = i;
		while (i < s.n && is_lower(s.p[i])) i++;
		if (i == begun) return false;
		if (i == s.n) return true;
		char sep = s.p[i];
		size_t run = 0;
		while (i + run < s.n && s.p[i + run] == sep) run++;
		if (sep != '-' && !(sep == '.' && run == 1) && !(sep == '_' && run <= 2)) return false;
		i += run;
	}
	return false;
}

static bool domain_component(struct slice s) {
	if (!s.n || s.p[0] == '-' || s.p[s.n - 1] == '-') return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-') return false;
	return true;
}

static bool domain(struct slice s) {
	ptrdiff_t close = s.n && s.p[0] == '[' ? slice_chr(s, ']') : -1;
	struct slice port = close < 0 ? s : slice_from(s, (size_t)close + 1), host = slice_cut(&port, ':');
	int64_t n;
	if (port.p && slice_int(port, 0, INT32_MAX, &n) < 0) return false;
	/* An IPv6 address in brackets. */
	if (close >= 0) return close > 1 && !host.n;
	while (host.p)
		if (!domain_component(slice_cut(&host, '.'))) return false;
	return true;
}

static bool tag(struct slice s) {
	if (!s.n || s.n > IMAGE_TAG_MAX || s.p[0] == '.' || s.p[0] == '-') return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '_' && s.p[i] != '.' && s.p[i] != '-') return false;
	return true;
}

static bool digest(struct slice s) {
	struct slice hex = s, algorithm = slice_cut(&hex, ':');
	if (!algorithm.n || hex.n < 32) return false;
	for (size_t i = 0; i < algorithm.n; i++)
		if (!is_alnum(algorithm.p[i]) && !memchr("+.-_", algorithm.p[i], 4)) return false;
	for (size_t i = 0; i < hex.n; i++)
		if (!is_alnum(hex.p[i])) return false;
	return true;
}

bool image_name_valid(struct slice name) {
	struct slice hash = name, rest = slice_cut(&hash, '@');
	if (hash.p && !digest(hash)) return false;
	ptrdiff_t slash = -1, colon = -1;
	for (size_t i = 0; i < rest.n; i++) {
		if (rest.p[i] == '/') slash = (ptrdiff_t)i;
		if (rest.p[i] == ':') colon = (ptrdiff_t)i;
	}
	if (colon > slash) {
		if (!tag(slice_from(rest, (size_t)colon + 1))) return false;
		rest = slice_upto(rest, (size_t)colon);
	}
	for (bool first = true; rest.p; first = false) {
		struct slice part = slice_cut(&rest, '/');
		if (!path_component(part) && !(first && rest.p && domain(part))) return false;
	}
	return true;
}
