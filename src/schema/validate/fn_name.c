/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of names. Source: apimachinery's util/validation and api/validation. */
#include "schema/validate/function.h"

#include <ctype.h>

#define LABEL_MAX 63
#define SUBDOMAIN_MAX 253
#define PORT_NAME_MAX 15

static const char label_text[] = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
	"end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
static const char subdomain_text[] = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
	"start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
	"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
static const char subdomain_underscore_text[] = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', "
	"and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
	"'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";
static const char dns1035_text[] = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
	"character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
static const char wildcard_text[] = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist "
	"of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for "
	"validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
static const char label_value_text[] = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
	"start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
	"'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
#define QUALIFIED_TEXT "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " \
	"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

static bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
static bool is_alnum(char c) { return is_lower_alnum(c) || (c >= 'A' && c <= 'Z'); }

/* [a-z0-9]([-a-z0-9]*[a-z0-9])? ; with `under` also _ inside and as an optional first character. */
static bool is_label(struct slice s, bool under) {
	if (under && s.n && s.p[0] == '_') s = slice_from(s, 1);
	if (!s.n || !is_lower_alnum(s.p[0]) || !is_lower_alnum(s.p[s.n - 1])) return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_lower_alnum(s.p[i]) && s.p[i] != '-' && !(under && s.p[i] == '_')) return false;
	return true;
}

static bool is_subdomain(struct slice s, bool under) {
	size_t start = 0;
	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] != '.') continue;
		if (!is_label(slice_make(s.p + start, i - start), under)) return false;
		start = i + 1;
	}
	return true;
}

/* ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9] */
static bool is_qualified_part(struct slice s) {
	if (!s.n || !is_alnum(s.p[0]) || !is_alnum(s.p[s.n - 1])) return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.') return false;
	return true;
}

static void too_long(struct rule_list *l, struct slice s, size_t max) {
	if (s.n > max) rule_list_addf(l, "must be no more than %zu characters", max);
}

static struct rule_value subdomain(struct rule_scope *s, struct slice v) {
	struct rule_list l = RULE_LIST(s);
	too_long(&l, v, SUBDOMAIN_MAX);
	if (!is_subdomain(v, false)) rule_list_add(&l, rv_lit(subdomain_text));
	return rule_list_done(&l);
}

static struct rule_value label(struct rule_scope *s, struct slice v) {
	struct rule_list l = RULE_LIST(s);
	too_long(&l, v, LABEL_MAX);
	if (!is_label(v, false)) rule_list_add(&l, rv_lit(is_subdomain(v, false) ? "must not contain dots" : label_text));
	return rule_list_done(&l);
}

static struct rule_value dns1035(struct rule_scope *s, struct slice v) {
	struct rule_list l = RULE_LIST(s);
	too_long(&l, v, LABEL_MAX);
	if (!is_label(v, false) || !(v.p[0] >= 'a' && v.p[0] <= 'z')) rule_list_add(&l, rv_lit(dns1035_text));
	return rule_list_done(&l);
}

RULE_DEF(IsDNS1123Subdomain) { return subdomain(s, rv_slice(a)); }
RULE_DEF(IsDNS1123Label) { return label(s, rv_slice(a)); }
RULE_DEF(IsDNS1035Label) { return dns1035(s, rv_slice(a)); }

RULE_DEF(IsDNS1123SubdomainWithUnderscore) {
	struct rule_list l = RULE_LIST(s);
	too_long(&l, rv_slice(a), SUBDOMAIN_MAX);
	if (!is_subdomain(rv_slice(a), true)) rule_list_add(&l, rv_lit(subdomain_underscore_text));
	return rule_list_done(&l);
}

RULE_DEF(IsWildcardDNS1123Subdomain) {
	struct rule_list l = RULE_LIST(s);
	struct slice v = rv_slice(a);
	too_long(&l, v, SUBDOMAIN_MAX);
	if (!slice_starts(v, SLICE_LIT("*.")) || !is_subdomain(slice_from(v, 2), false)) rule_list_add(&l, rv_lit(wildcard_text));
	return rule_list_done(&l);
}

/* A generateName prefix may end with a dash: it is read as a letter. Source: maskTrailingDash. */
static struct slice mask_dash(struct rule_scope *s, const struct rule_value *a, unsigned n) {
	struct slice v = rv_slice(a);
	if (n < 2 || !rv_true(&a[1]) || v.n < 2 || v.p[v.n - 1] != '-') return v;
	char *p = arena_strndup(s->arena, v.p, v.n);
	if (!p) return v;
	p[v.n - 1] = 'a';
	return slice_make(p, v.n);
}

RULE_DEF(NameIsDNSSubdomain) { return subdomain(s, mask_dash(s, a, n)); }
RULE_DEF(NameIsDNSLabel) { return label(s, mask_dash(s, a, n)); }
RULE_DEF(NameIsDNS1035Label) { return dns1035(s, mask_dash(s, a, n)); }
RULE_DEF(AnyName) { return RV_NONE; }

static void path_segment(struct rule_list *l, struct slice v, bool prefix) {
	if (!prefix && (slice_eqs(v, ".") || slice_eqs(v, ".."))) {
		rule_list_addf(l, "may not be '%.*s'", SLICE_FMT(v));
		return;
	}
	if (slice_chr(v, '/') >= 0) rule_list_add(l, rv_lit("may not contain '/'"));
	if (slice_chr(v, '%') >= 0) rule_list_add(l, rv_lit("may not contain '%'"));
}

RULE_DEF(IsValidPathSegmentName) {
	struct rule_list l = RULE_LIST(s);
	path_segment(&l, rv_slice(a), false);
	return rule_list_done(&l);
}

RULE_DEF(ValidatePathSegmentName) {
	struct rule_list l = RULE_LIST(s);
	path_segment(&l, rv_slice(a), n > 1 && rv_true(&a[1]));
	return rule_list_done(&l);
}

RULE_DEF(IsQualifiedName) {
	struct rule_list l = RULE_LIST(s);
	struct slice v = rv_slice(a), name = v;
	ptrdiff_t slash = slice_chr(v, '/');
	if (slash >= 0) {
		struct slice prefix = slice_upto(v, (size_t)slash);
		name = slice_make(v.p + slash + 1, v.n - (size_t)slash - 1);
		if (slice_chr(name, '/') >= 0) {
			rule_list_add(&l, rv_lit("a qualified name " QUALIFIED_TEXT " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"));
			return rule_list_done(&l);
		}
		if (!prefix.n) rule_list_add(&l, rv_lit("prefix part must be non-empty"));
		struct rule_value faults = prefix.n ? subdomain(s, prefix) : RV_NONE;
		for (uint32_t i = 0; i < rv_len(&faults); i++)
			rule_list_addf(&l, "prefix part %.*s", SLICE_FMT(rv_slice(&faults.list[i])));
	}
	if (!name.n) rule_list_add(&l, rv_lit("name part must be non-empty"));
	else if (name.n > LABEL_MAX) rule_list_add(&l, rv_lit("name part must be no more than 63 characters"));
	if (!is_qualified_part(name)) rule_list_add(&l, rv_lit("name part " QUALIFIED_TEXT));
	return rule_list_done(&l);
}

RULE_DEF(IsValidLabelValue) {
	struct rule_list l = RULE_LIST(s);
	struct slice v = rv_slice(a);
	too_long(&l, v, LABEL_MAX);
	if (v.n && !is_qualified_part(v)) rule_list_add(&l, rv_lit(label_value_text));
	return rule_list_done(&l);
}

static void dots(struct rule_list *l, struct slice v) {
	if (slice_eqs(v, ".")) rule_list_add(l, rv_lit("must not be '.'"));
	else if (slice_eqs(v, "..")) rule_list_add(l, rv_lit("must not be '..'"));
	else if (slice_starts(v, SLICE_LIT(".."))) rule_list_add(l, rv_lit("must not start with '..'"));
}

/* All characters alphanumeric or one of `more`. */
static bool consists_of(struct slice v, const char *more) {
	for (size_t i = 0; i < v.n; i++)
		if (!is_alnum(v.p[i]) && !(v.p[i] && strchr(more, v.p[i]))) return false;
	return v.n > 0;
}

RULE_DEF(IsConfigMapKey) {
	struct rule_list l = RULE_LIST(s);
	struct slice v = rv_slice(a);
	too_long(&l, v, SUBDOMAIN_MAX);
	if (!consists_of(v, "-._"))
		rule_list_add(&l, rv_lit("a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
			"or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"));
	dots(&l, v);
	return rule_list_done(&l);
}

RULE_DEF(IsEnvVarName) {
	struct rule_list l = RULE_LIST(s);
	struct slice v = rv_slice(a);
	if (!consists_of(v, "-._") || isdigit((unsigned char)v.p[0]))
		rule_list_add(&l, rv_lit("a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not "
			"start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')"));
	dots(&l, v);
	return rule_list_done(&l);
}

RULE_DEF(IsRelaxedEnvVarName) {
	struct rule_list l = RULE_LIST(s);
	struct slice v = rv_slice(a);
	if (!v.n) rule_list_add(&l, rv_lit("environment variable name must be non-empty"));
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < 0x20 || v.p[i] > 0x7e || v.p[i] == '=') {
			rule_list_add(&l, rv_lit("a valid environment variable name must consist only of printable ASCII characters other than '='"));
			break;
		}
	return rule_list_done(&l);
}

RULE_DEF(IsHTTPHeaderName) {
	struct rule_list l = RULE_LIST(s);
	if (!consists_of(rv_slice(a), "-"))
		rule_list_add(&l, rv_lit("a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
			"validation is '[-A-Za-z0-9]+')"));
	return rule_list_done(&l);
}

RULE_DEF(isValidConditionReason) {
	struct rule_list l = RULE_LIST(s);
	struct slice v = rv_slice(a);
	if (!consists_of(v, "_,:") || !isalpha((unsigned char)v.p[0]) || !(is_alnum(v.p[v.n - 1]) || v.p[v.n - 1] == '_'))
		rule_list_add(&l, rv_lit("a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric "
			"characters or '_,:', and must end with an alphanumeric character or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName',  or "
			"'ReasonA,ReasonB',  or 'ReasonA:ReasonB', regex used for validation is '[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?')"));
	return rule_list_done(&l);
}

RULE_DEF(IsValidPortName) {
	struct rule_list l = RULE_LIST(s);
	struct slice v = rv_slice(a);
	bool charset = v.n > 0, letter = false;
	for (size_t i = 0; i < v.n; i++) {
		letter |= v.p[i] >= 'a' && v.p[i] <= 'z';
		charset &= is_lower_alnum(v.p[i]) || v.p[i] == '-';
	}
	too_long(&l, v, PORT_NAME_MAX);
	if (!charset) rule_list_add(&l, rv_lit("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"));
	if (!letter) rule_list_add(&l, rv_lit("must contain at least one letter (a-z)"));
	if (slice_find(v, SLICE_LIT("--")) >= 0) rule_list_add(&l, rv_lit("must not contain consecutive hyphens"));
	if (v.n && (v.p[0] == '-' || v.p[v.n - 1] == '-')) rule_list_add(&l, rv_lit("must not begin or end with a hyphen"));
	return rule_list_done(&l);
}

static struct rule_value in_range(struct rule_scope *s, int64_t v, long min, long max) {
	struct rule_list l = RULE_LIST(s);
	if (v < min || v > max) rule_list_addf(&l, "must be between %ld and %ld, inclusive", min, max);
	return rule_list_done(&l);
}

RULE_DEF(IsValidPortNum) { return in_range(s, rv_num(a), 1, 65535); }
RULE_DEF(IsValidUserID) { return in_range(s, rv_num(a), 0, 2147483647); }
RULE_DEF(IsValidGroupID) { return in_range(s, rv_num(a), 0, 2147483647); }

RULE_DEF(IsValidPercent) {
	struct rule_list l = RULE_LIST(s);
	struct slice v = rv_slice(a);
	bool good = v.n > 1 && v.p[v.n - 1] == '%';
	for (size_t i = 0; good && i + 1 < v.n; i++)
		good = isdigit((unsigned char)v.p[i]);
	if (!good)
		rule_list_add(&l, rv_lit("a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used "
			"for validation is '[0-9]+%')"));
	return rule_list_done(&l);
}

RULE_DEF(IsValidSysctlName) {
	struct slice rest = rv_slice(a);
	if (!rest.n || rest.n > SUBDOMAIN_MAX) return rv_bool(false);
	while (rest.n || rest.p) {
		size_t i = 0;
		while (i < rest.n && rest.p[i] != '.' && rest.p[i] != '/') i++;
		struct slice part = slice_upto(rest, i);
		if (!part.n || part.p[0] == '_' || !is_label(part, true) || !is_lower_alnum(part.p[0])) return rv_bool(false);
		if (i == rest.n) break;
		rest = slice_make(rest.p + i + 1, rest.n - i - 1);
	}
	return rv_bool(true);
}
