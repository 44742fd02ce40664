/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/imageref.h"

#include <errno.h>

#define TAG_MAX 128
#define NAME_MAX_BYTES 255

static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_alnum(char c) { return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z'); }
static bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

static bool valid_tag(struct slice t) {
	if (!t.n || t.n > TAG_MAX || t.p[0] == '.' || t.p[0] == '-') return false;
	for (size_t i = 0; i < t.n; i++)
		if (!is_alnum(t.p[i]) && t.p[i] != '_' && t.p[i] != '.' && t.p[i] != '-') return false;
	return true;
}

static bool valid_digest(struct slice d) {
	struct slice hex = d, algorithm = slice_cut(&hex, ':');
	if (!algorithm.n || hex.n < 32) return false;
	for (size_t i = 0; i < algorithm.n; i++)
		if (!is_alnum(algorithm.p[i]) && !memchr("+._-", algorithm.p[i], 4)) return false;
	for (size_t i = 0; i < hex.n; i++)
		if (!is_hex(hex.p[i])) return false;
	return true;
}

/* Lower-case words joined by ".", "_", "__" or any number of "-". */
static bool valid_component(struct slice c) {
	for (size_t i = 0; i < c.n;) {
		size_t word = i;
		while (i < c.n && (is_lower(c.p[i]) || is_digit(c.p[i]))) i++;
		if (i == word) return false;
		if (i == c.n) return true;
		size_t sep = i;
		while (i < c.n && c.p[i] == c.p[sep]) i++;
		size_t max = c.p[sep] == '.' ? 1 : c.p[sep] == '_' ? 2 : c.p[sep] == '-' ? c.n : 0;
		if (i - sep > max) return false;
	}
	return false;
}

static bool valid_path(struct slice path) {
	while (path.n) {
		struct slice rest = path, c = slice_cut(&rest, '/');
		bool more = c.n < path.n;
		if (!valid_component(c) || (more && !rest.n)) return false;
		path = rest;
	}
	return true;
}

/* What stands before the first slash is a registry when it looks like a host. */
static bool is_domain(struct slice s) {
	if (slice_eqs(s, "localhost")) return true;
	bool upper = false;
	for (size_t i = 0; i < s.n; i++) upper |= s.p[i] >= 'A' && s.p[i] <= 'Z';
	return upper || slice_chr(s, '.') >= 0 || slice_chr(s, ':') >= 0;
}

static bool valid_domain(struct slice s) {
	struct slice port = s, host = slice_cut(&port, ':');
	if (s.n && s.p[0] == '[') return slice_chr(s, ']') > 0;
	if (!host.n || (host.n < s.n && !port.n)) return false;
	for (size_t i = 0; i < port.n; i++)
		if (!is_digit(port.p[i])) return false;
	for (size_t i = 0; i < host.n; i++) {
		bool edge = i == 0 || i + 1 == host.n || host.p[i - 1] == '.' || host.p[i + 1] == '.';
		if (!is_alnum(host.p[i]) && (edge || (host.p[i] != '-' && host.p[i] != '.'))) return false;
	}
	return true;
}

static bool valid_name(struct slice name) {
	struct slice rest = name, first = slice_cut(&rest, '/');
	if (!name.n || name.n > NAME_MAX_BYTES) return false;
	if (first.n < name.n && is_domain(first)) return valid_domain(first) && rest.n && valid_path(rest);
	if (name.n == 64) { /* could be taken for an image's digest */
		size_t i = 0;
		while (i < 64 && is_hex(name.p[i])) i++;
		if (i == 64) return false;
	}
	return valid_path(name);
}

int imageref_tag(struct slice image, struct slice *ret_tag) {
	struct slice digest = image, name = slice_cut(&digest, '@'), tag = SLICE_NULL;
	bool has_digest = name.n < image.n;
	if (has_digest && !valid_digest(digest)) return -EINVAL;
	for (size_t i = name.n; i > 0 && name.p[i - 1] != '/'; i--) {
		if (name.p[i - 1] != ':') continue;
		tag = slice_from(name, i);
		if (!valid_tag(tag)) return -EINVAL;
		name = slice_upto(name, i - 1);
		break;
	}
	if (!valid_name(name)) return -EINVAL;
	*ret_tag = tag.n || has_digest ? tag : SLICE_LIT("latest");
	return 0;
}
