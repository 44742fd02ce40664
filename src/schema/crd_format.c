/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/crd_check.h"

#include "codec/base64.h"
#include "codec/duration.h"
#include "codec/timestamp.h"

#include <arpa/inet.h>

static bool copy(struct slice s, char *out, size_t size) {
	if (s.n >= size) return false;
	memcpy(out, s.p, s.n);
	out[s.n] = 0;
	return true;
}

static bool is_address(struct slice s, int family) {
	char text[INET6_ADDRSTRLEN], raw[16];
	return copy(s, text, sizeof(text)) && inet_pton(family, text, raw) == 1;
}

static bool is_ipv4(struct slice s) { return is_address(s, AF_INET); }
static bool is_ipv6(struct slice s) { return slice_chr(s, ':') >= 0 && is_address(s, AF_INET6); }

static bool is_cidr(struct slice s) {
	struct slice bits = s, ip = slice_cut(&bits, '/');
	int64_t n;
	if (slice_int(bits, 0, is_ipv4(ip) ? 32 : 128, &n) < 0) return false;
	return is_ipv4(ip) || is_ipv6(ip);
}

static bool is_date_time(struct slice s) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct timestamp t;
	return a && timestamp_parse(a, s, &t, NULL) == 0;
}

static bool is_date(struct slice s) {
	char text[32];
	return s.n == 10 && copy(s, text, 11) && (memcpy(text + 10, "T00:00:00Z", 11), is_date_time(slice_str(text)));
}

static bool is_duration(struct slice s) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	int64_t ns;
	return a && duration_parse(a, s, &ns, NULL) == 0;
}

static bool is_byte(struct slice s) {
	_cleanup_buf_ struct buf b = BUF_INIT(base64_decoded_max(s.n) + 1);
	size_t at;
	return base64_decode(&b, BASE64_STD, s, &at) == 0;
}

static bool is_uuid(struct slice s) {
	size_t digits = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '-' && (digits == 8 || digits == 12 || digits == 16 || digits == 20)) continue;
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) return false;
		digits++;
	}
	return digits == 32;
}

static bool is_email(struct slice s) {
	ptrdiff_t at = slice_chr(s, '@');
	return at > 0 && (size_t)at + 1 < s.n && slice_chr(slice_from(s, (size_t)at + 1), '@') < 0 && slice_chr(s, ' ') < 0;
}

static const struct {
	const char *name;
	bool (*ok)(struct slice s);
} formats[] = {
	{ "date-time", is_date_time }, { "datetime", is_date_time }, { "date", is_date }, { "duration", is_duration },
	{ "ipv4", is_ipv4 },           { "ipv6", is_ipv6 },          { "cidr", is_cidr }, { "byte", is_byte },
	{ "uuid", is_uuid },           { "email", is_email },
};

bool crd_format_ok(struct slice format, struct slice text) {
	for (size_t i = 0; i < ELEMENTSOF(formats); i++)
		if (slice_eqs(format, formats[i].name)) return formats[i].ok(text);
	return true;
}
