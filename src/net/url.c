/* SPDX-License-Identifier: Apache-2.0 */
#include "net/url.h"

#include <errno.h>

static int split_port(struct slice *host, uint16_t *port) {
	size_t end = host->n;
	while (end && host->p[end - 1] != ':' && host->p[end - 1] != ']') end--;
	if (end == 0 || host->p[end - 1] == ']') return 0;
	int64_t v;
	if (slice_int(slice_from(*host, end), 1, UINT16_MAX, &v) < 0) return -EINVAL;
	*port = (uint16_t)v;
	*host = slice_upto(*host, end - 1);
	return 0;
}

int endpoint_parse(const char *url, struct endpoint *ret) {
	struct slice s = slice_str(url);
	bool tls = slice_starts(s, SLICE_LIT("https://"));
	if (!tls && !slice_starts(s, SLICE_LIT("http://"))) return -EINVAL;
	s = slice_from(s, tls ? 8 : 7);
	struct slice host = slice_cut(&s, '/');
	*ret = (struct endpoint){ .tls = tls, .port = tls ? 443 : 80 };
	if (split_port(&host, &ret->port) < 0) return -EINVAL;
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') host = slice_make(host.p + 1, host.n - 2);
	if (host.n == 0 || host.n >= sizeof(ret->host) || memchr(host.p, 0, host.n) || slice_chr(host, '@') >= 0) return -EINVAL;
	memcpy(ret->host, host.p, host.n);
	return 0;
}

bool endpoint_eq(const struct endpoint *a, const struct endpoint *b) {
	return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

char *endpoint_authority(struct arena *a, const struct endpoint *e, bool always_port) {
	bool v6 = strchr(e->host, ':') != NULL;
	const char *open = v6 ? "[" : "", *close = v6 ? "]" : "";
	if (!always_port && e->port == (e->tls ? 443 : 80)) return arena_printf(a, "%s%s%s", open, e->host, close);
	return arena_printf(a, "%s%s%s:%u", open, e->host, close, e->port);
}
