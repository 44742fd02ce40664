/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stream/proxy_url.h"

#include "codec/gopath.h"

#include <errno.h>

struct parts { struct slice origin, host, path, rest; };

static size_t span_until(struct slice s, const char *stops) {
	size_t n = 0;
	while (n < s.n && !(s.p[n] && strchr(stops, s.p[n]))) n++;
	return n;
}

/* "scheme://host", path, "?query#fragment". False: no URL of this form (mailto:x, a relative path with a colon). */
static bool split(struct slice url, struct parts *ret) {
	size_t scheme = span_until(url, ":/?#");
	struct slice s = url;
	*ret = (struct parts){ 0 };
	if (scheme < url.n && url.p[scheme] == ':') s = slice_from(url, scheme + 1);
	bool has_host = slice_starts(s, SLICE_LIT("//"));
	if (s.p != url.p && !has_host) return false;
	if (has_host) {
		s = slice_from(s, 2);
		ret->host = slice_upto(s, span_until(s, "/?#"));
		s = slice_from(s, ret->host.n);
		ret->origin = slice_upto(url, url.n - s.n);
	}
	ret->path = slice_upto(s, span_until(s, "?#"));
	ret->rest = slice_from(s, ret->path.n);
	return true;
}

int proxy_url_rewrite(struct arena *a, const struct proxy_urls *u, struct slice url, struct slice *ret) {
	struct parts p;
	*ret = url;
	if (!split(url, &p) || !slice_starts(p.path, SLICE_LIT("/"))) return 0;
	bool is_asked = p.host.n && slice_eq(p.host, u->asked);
	if (p.host.n && !is_asked && !slice_eq(p.host, u->backend)) return 0;
	struct slice path = p.path;
	int e = slice_starts(path, u->prefix) ? 0 : gopath_join(a, u->prefix, p.path, &path);
	const char *text = e ? NULL : arena_printf(a, "%.*s%.*s%.*s", SLICE_FMT(is_asked ? p.origin : SLICE_NULL), SLICE_FMT(path), SLICE_FMT(p.rest));
	if (!text) return -ENOMEM;
	*ret = slice_str(text);
	return 0;
}
