/* SPDX-License-Identifier: Apache-2.0 */
#include "node/image/reference.h"

#include "node/limits.h"

#include <errno.h>

#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN "index.docker.io"
#define REPOSITORY_CHARS_MAX 255u
#define TAG_CHARS_MAX 128u

static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_alnum(char c) { return is_lower(c) || is_upper(c) || is_digit(c); }
static bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

/* Length of a separator ("." "_" "__" or dashes) at s[i], 0 when there is none. */
static size_t separator_len(struct slice s, size_t i) {
	if (s.p[i] == '.') return 1;
	if (s.p[i] == '_') return i + 1 < s.n && s.p[i + 1] == '_' ? 2 : 1;
	size_t n = 0;
	while (i + n < s.n && s.p[i + n] == '-') n++;
	return n;
}

static bool path_component_valid(struct slice s) {
	size_t i = 0;
	while (i < s.n) {
		size_t start = i;
		while (i < s.n && (is_lower(s.p[i]) || is_digit(s.p[i]))) i++;
		if (i == start) return false;
		if (i == s.n) return true;
		size_t sep = separator_len(s, i);
		if (sep == 0) return false;
		i += sep;
	}
	return false;
}

static bool path_valid(struct slice path) {
	struct slice rest = path;
	do {
		if (!path_component_valid(slice_cut(&rest, '/'))) return false;
	} while (rest.p);
	return true;
}

static bool host_valid(struct slice host) {
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') {
		for (size_t i = 1; i + 1 < host.n; i++)
			if (!is_hex(host.p[i]) && !is_upper(host.p[i]) && host.p[i] != ':') return false;
		return true;
	}
	if (slice_empty(host) || !is_alnum(host.p[0]) || !is_alnum(host.p[host.n - 1])) return false;
	for (size_t i = 0; i < host.n; i++) {
		char c = host.p[i];
		if (!is_alnum(c) && c != '-' && c != '.') return false;
		if (c == '.' && (!is_alnum(host.p[i + 1]) || !is_alnum(host.p[i - 1]))) return false;
	}
	return true;
}

static bool domain_valid(struct slice domain) {
	ptrdiff_t colon = -1;
	for (size_t i = domain.n; i > 0 && domain.p[i - 1] != ']'; i--) {
		if (domain.p[i - 1] != ':') continue;
		colon = (ptrdiff_t)i - 1;
		break;
	}
	if (colon < 0) return host_valid(domain);
	struct slice port = slice_from(domain, (size_t)colon + 1);
	uint64_t number;
	return slice_uint(port, 65535, &number) == 0 && host_valid(slice_upto(domain, (size_t)colon));
}

static bool tag_valid(struct slice tag) {
	if (slice_empty(tag) || tag.n > TAG_CHARS_MAX) return false;
	for (size_t i = 0; i < tag.n; i++) {
		bool word = is_alnum(tag.p[i]) || tag.p[i] == '_';
		if (!word && (i == 0 || (tag.p[i] != '.' && tag.p[i] != '-'))) return false;
	}
	return true;
}

/* Only what the store can verify: sha256 and sha512. */
static bool digest_valid(struct slice d) {
	static const struct { struct slice name; size_t hex; } algorithms[] = {
		{ SLICE_LIT("sha256:"), 64 }, { SLICE_LIT("sha512:"), 128 },
	};
	for (size_t k = 0; k < ELEMENTSOF(algorithms); k++) {
		if (!slice_starts(d, algorithms[k].name) || d.n != algorithms[k].name.n + algorithms[k].hex) continue;
		for (size_t i = algorithms[k].name.n; i < d.n; i++)
			if (!is_hex(d.p[i])) return false;
		return true;
	}
	return false;
}

static bool looks_like_domain(struct slice first) {
	if (slice_eqs(first, "localhost")) return true;
	for (size_t i = 0; i < first.n; i++)
		if (first.p[i] == '.' || first.p[i] == ':' || is_upper(first.p[i])) return true;
	return false;
}

static void split_domain(struct slice name, struct slice *ret_domain, struct slice *ret_path) {
	ptrdiff_t slash = slice_chr(name, '/');
	bool domain = slash >= 0 && looks_like_domain(slice_upto(name, (size_t)slash));
	*ret_domain = domain ? slice_upto(name, (size_t)slash) : SLICE_LIT(DEFAULT_DOMAIN);
	*ret_path = domain ? slice_from(name, (size_t)slash + 1) : name;
	if (slice_eqs(*ret_domain, LEGACY_DOMAIN)) *ret_domain = SLICE_LIT(DEFAULT_DOMAIN);
}

/* Cuts "@digest" and ":tag" off the end of *name. */
static int split_suffixes(struct slice *name, struct image_reference *r) {
	ptrdiff_t at = slice_chr(*name, '@');
	if (at >= 0) {
		r->digest = slice_from(*name, (size_t)at + 1);
		*name = slice_upto(*name, (size_t)at);
		if (!digest_valid(r->digest)) return -EINVAL;
	}
	for (size_t i = name->n; i > 0 && name->p[i - 1] != '/'; i--) {
		if (name->p[i - 1] != ':') continue;
		r->tag = slice_from(*name, i);
		*name = slice_upto(*name, i - 1);
		return tag_valid(r->tag) ? 0 : -EINVAL;
	}
	return 0;
}

static bool has_upper(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if (is_upper(s.p[i])) return true;
	return false;
}

int image_reference_parse(struct arena *a, struct slice name, struct image_reference *ret, const char **ret_why) {
	struct image_reference r = { 0 };
	*ret_why = "invalid reference format";
	if (slice_empty(name) || name.n > IMAGE_NAME_MAX || memchr(name.p, 0, name.n)) return -EINVAL;
	if (split_suffixes(&name, &r) < 0) return -EINVAL;
	split_domain(name, &r.domain, &r.path);
	if (!domain_valid(r.domain)) return -EINVAL;
	if (!path_valid(r.path)) {
		if (has_upper(r.path)) *ret_why = "invalid reference format: repository name must be lowercase";
		return -EINVAL;
	}
	bool official = slice_eqs(r.domain, DEFAULT_DOMAIN) && slice_chr(r.path, '/') < 0;
	const char *path = arena_printf(a, "%s%.*s", official ? "library/" : "", SLICE_FMT(r.path));
	if (!path) return -ENOMEM;
	r.path = slice_str(path);
	if (r.domain.n + 1 + r.path.n > REPOSITORY_CHARS_MAX) return -EINVAL;
	if (slice_empty(r.tag) && slice_empty(r.digest)) r.tag = SLICE_LIT("latest");
	r.domain = arena_slice_dup(a, r.domain);
	r.tag = arena_slice_dup(a, r.tag);
	r.digest = arena_slice_dup(a, r.digest);
	if (!r.domain.p || !r.tag.p || !r.digest.p) return -ENOMEM;
	*ret = r;
	return 0;
}

const char *image_reference_text(struct arena *a, const struct image_reference *r) {
	bool digest = !slice_empty(r->digest);
	struct slice last = digest ? r->digest : r->tag;
	return arena_printf(a, "%.*s/%.*s%c%.*s", SLICE_FMT(r->domain), SLICE_FMT(r->path), digest ? '@' : ':', SLICE_FMT(last));
}

const char *image_reference_repository(struct arena *a, const struct image_reference *r) {
	return arena_printf(a, "%.*s/%.*s", SLICE_FMT(r->domain), SLICE_FMT(r->path));
}
