/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as Go reads them: "sloppy" admits leading zeros, strict does not. Source: k8s.io/utils/net, net/netip. */
#include "schema/validate/function.h"

#include <arpa/inet.h>
#include <ctype.h>

struct address {
	bool v6;              /* written with colons */
	unsigned char b[16];  /* 4 bytes, or 16 */
	int bits;             /* prefix length, -1 without */
};

/* Decimal octets; leading zeros are decimal, too, when `sloppy`. */
static bool parse_v4(struct slice s, bool sloppy, unsigned char *b) {
	for (int i = 0; i < 4; i++) {
		struct slice part = i < 3 ? slice_cut(&s, '.') : s;
		int64_t v;
		if (!part.n || part.n > (sloppy ? 20u : 3u) || (!sloppy && part.n > 1 && part.p[0] == '0')) return false;
		for (size_t k = 0; k < part.n; k++)
			if (!isdigit((unsigned char)part.p[k])) return false;
		if (slice_int(part, 0, 255, &v)) return false;
		b[i] = (unsigned char)v;
		if (i < 3 && !s.p) return false;
	}
	return true;
}

static bool parse_v6(struct slice s, unsigned char *b) {
	char text[INET6_ADDRSTRLEN];
	if (s.n >= sizeof(text)) return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	return inet_pton(AF_INET6, text, b) == 1;
}

static bool parse_ip(struct slice s, bool sloppy, struct address *ret) {
	struct address x = { .bits = -1 };
	if (!s.n) return false;
	x.v6 = slice_chr(s, ':') >= 0;
	if (x.v6 ? !parse_v6(s, x.b) : !parse_v4(s, sloppy, x.b)) return false;
	*ret = x;
	return true;
}

static bool parse_cidr(struct slice s, bool sloppy, struct address *ret) {
	ptrdiff_t slash = slice_chr(s, '/');
	int64_t bits;
	struct address x;
	if (slash < 0 || !parse_ip(slice_upto(s, (size_t)slash), sloppy, &x)) return false;
	struct slice len = slice_from(s, (size_t)slash + 1);
	if (!len.n || !isdigit((unsigned char)len.p[0]) || (!sloppy && len.n > 1 && len.p[0] == '0')) return false;
	if (slice_int(len, 0, x.v6 ? 128 : 32, &bits)) return false;
	x.bits = (int)bits;
	*ret = x;
	return true;
}

static bool is_mapped(const struct address *x) {
	static const unsigned char prefix[12] = { [10] = 0xff, [11] = 0xff };
	return x->v6 && !memcmp(x->b, prefix, sizeof(prefix));
}
/* As net.IP sees it: a mapped address is IPv4. */
static bool is_v4(const struct address *x) { return !x->v6 || is_mapped(x); }
static const unsigned char *v4_bytes(const struct address *x) { return x->v6 ? x->b + 12 : x->b; }

/* Canonical text (RFC 5952); mapped addresses as IPv4 when `go_ip`. */
static struct rule_value address_text(struct rule_scope *s, const struct address *x, bool go_ip) {
	char text[INET6_ADDRSTRLEN];
	if (go_ip && is_v4(x)) inet_ntop(AF_INET, v4_bytes(x), text, sizeof(text));
	else inet_ntop(x->v6 ? AF_INET6 : AF_INET, x->b, text, sizeof(text));
	return rule_textf(s, "%s", text);
}

static void mask_bits(struct address *x) {
	for (int i = 0; i < (x->v6 ? 16 : 4); i++) {
		int keep = x->bits - i * 8;
		if (keep <= 0) x->b[i] = 0;
		else if (keep < 8) x->b[i] &= (unsigned char)(0xff << (8 - keep));
	}
}

/* Canonical text of the address, or nil. */
RULE_DEF(ParseIPSloppy) {
	struct address x;
	return parse_ip(rv_slice(a), true, &x) ? address_text(s, &x, true) : RV_NONE;
}
RULE_DEF(isStrictIP) {
	struct address x;
	return rv_bool(parse_ip(rv_slice(a), false, &x));
}
RULE_DEF(isStrictCIDR) {
	struct address x;
	return rv_bool(parse_cidr(rv_slice(a), false, &x));
}
RULE_DEF(isMappedIP) {
	struct address x;
	return rv_bool((parse_ip(rv_slice(a), true, &x) || parse_cidr(rv_slice(a), true, &x)) && is_mapped(&x));
}
/* Canonical text of an address: netip's, mapped addresses stay IPv6. */
RULE_DEF(canonicalIP) {
	struct address x;
	return parse_ip(rv_slice(a), true, &x) ? address_text(s, &x, false) : RV_NONE;
}
/* "address/bits" with the host's bits cleared, or nil. */
RULE_DEF(canonicalCIDR) {
	struct address x;
	if (!parse_cidr(rv_slice(a), true, &x)) return RV_NONE;
	mask_bits(&x);
	struct rule_value text = address_text(s, &x, false);
	return rule_textf(s, "%s/%d", text.s, x.bits);
}
/* nil, or Go's complaint. */
RULE_DEF(ParseCIDRSloppy_err) {
	struct address x;
	return parse_cidr(rv_slice(a), true, &x) ? RV_NONE : rule_textf(s, "invalid CIDR address: %.*s", SLICE_FMT(rv_slice(a)));
}
/* Whether bits behind the prefix are set. */
RULE_DEF(hasHostBits) {
	struct address x, m;
	if (!parse_cidr(rv_slice(a), true, &x)) return rv_bool(false);
	m = x;
	mask_bits(&m);
	return rv_bool(memcmp(m.b, x.b, x.v6 ? 16 : 4) != 0);
}
/* Whether network a[1] lies strictly within network a[0]. */
RULE_DEF(isStrictSubnet) {
	struct address net, sub;
	if (!parse_cidr(rv_slice(a), true, &net) || !parse_cidr(rv_slice(&a[1]), true, &sub)) return rv_bool(false);
	if (net.v6 != sub.v6 || sub.bits <= net.bits) return rv_bool(false);
	sub.bits = net.bits;
	mask_bits(&sub);
	mask_bits(&net);
	return rv_bool(!memcmp(net.b, sub.b, net.v6 ? 16 : 4));
}

static bool is_family(const struct rule_value *v, bool v6) {
	struct address x;
	return parse_ip(rv_slice(v), true, &x) && (is_v4(&x) != v6);
}
RULE_DEF(IsIPv6String) { return rv_bool(is_family(a, true)); }
RULE_DEF(IsIPv4String) { return rv_bool(is_family(a, false)); }

RULE_DEF(IPFamilyOfCIDRString) {
	struct address x;
	return !parse_cidr(rv_slice(a), true, &x) ? RV_NONE : rv_lit(is_v4(&x) ? "4" : "6");
}

/* Whether both families occur. */
static bool both_families(const struct rule_value *list, bool cidr) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	bool v4 = false, v6 = false;
	while (rv_next(list, &c, &k, &v)) {
		struct address x;
		if (cidr ? !parse_cidr(rv_slice(&v), true, &x) : !parse_ip(rv_slice(&v), true, &x)) return false;
		*(is_v4(&x) ? &v4 : &v6) = true;
	}
	return v4 && v6;
}
RULE_DEF(IsDualStackIPStrings) { return rv_bool(both_families(a, false)); }
RULE_DEF(IsDualStackCIDRStrings) { return rv_bool(both_families(a, true)); }

RULE_DEF(IsDualStackIPStrings_err) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v)) {
		struct address x;
		if (!parse_ip(rv_slice(&v), true, &x)) return rule_textf(s, "ip %zu is invalid: %.*s", c.i - 1, SLICE_FMT(rv_slice(&v)));
	}
	return RV_NONE;
}
RULE_DEF(IsDualStackCIDRStrings_err) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v)) {
		struct address x;
		if (!parse_cidr(rv_slice(&v), true, &x)) return rule_textf(s, "invalid CIDR address: %.*s", SLICE_FMT(rv_slice(&v)));
	}
	return RV_NONE;
}

RULE_DEF(IsUnspecified) {
	struct rule_value t = rule_fn_ParseIPSloppy(s, a, 1);
	return rv_bool(slice_eqs(rv_slice(&t), "0.0.0.0") || slice_eqs(rv_slice(&t), "::"));
}
RULE_DEF(IsLoopback) {
	struct address x;
	if (!parse_ip(rv_slice(a), true, &x)) return rv_bool(false);
	if (is_v4(&x)) return rv_bool(v4_bytes(&x)[0] == 127);
	static const unsigned char one[16] = { [15] = 1 };
	return rv_bool(!memcmp(x.b, one, 16));
}
RULE_DEF(IsLinkLocalUnicast) {
	struct address x;
	if (!parse_ip(rv_slice(a), true, &x)) return rv_bool(false);
	if (is_v4(&x)) return rv_bool(v4_bytes(&x)[0] == 169 && v4_bytes(&x)[1] == 254);
	return rv_bool(x.b[0] == 0xfe && (x.b[1] & 0xc0) == 0x80);
}
RULE_DEF(IsLinkLocalMulticast) {
	struct address x;
	if (!parse_ip(rv_slice(a), true, &x)) return rv_bool(false);
	if (is_v4(&x)) return rv_bool(v4_bytes(&x)[0] == 224 && v4_bytes(&x)[1] == 0 && v4_bytes(&x)[2] == 0);
	return rv_bool(x.b[0] == 0xff && (x.b[1] & 0x0f) == 0x02);
}
