/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax of label keys and values, and the sentences that apimachinery's validation package has for it. */
#include "codec/labels.h"

#define NAME_MAX_LENGTH 63
#define SUBDOMAIN_MAX_LENGTH 253

#define QUALIFIED_NAME                                                                                                           \
	"must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. " \
	"'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
#define SUBDOMAIN                                                                                                                \
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " \
	"with an alphanumeric character (e.g. 'example.com', regex used for validation is "                                      \
	"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
#define LABEL_VALUE                                                                                                              \
	"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "  \
	"with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "             \
	"'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
#define TOO_LONG "must be no more than 63 characters"

static bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
static bool alnum(char c) { return lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

/* [A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])? */
static bool name_ok(struct slice s) {
	if (!s.n || !alnum(s.p[0]) || !alnum(s.p[s.n - 1])) return false;
	for (size_t i = 0; i < s.n; i++)
		if (!alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' && s.p[i] != '.') return false;
	return true;
}

static bool subdomain_ok(struct slice s) {
	for (struct slice rest = s; rest.p;) {
		struct slice part = slice_cut(&rest, '.');
		if (!part.n || part.p[0] == '-' || part.p[part.n - 1] == '-') return false;
		for (size_t i = 0; i < part.n; i++)
			if (!lower_or_digit(part.p[i]) && part.p[i] != '-') return false;
	}
	return s.n > 0;
}

const char *labels_check_value(struct slice v) {
	bool wrong = v.n && !name_ok(v);
	if (v.n > NAME_MAX_LENGTH) return wrong ? TOO_LONG "; " LABEL_VALUE : TOO_LONG;
	return wrong ? LABEL_VALUE : NULL;
}

static const char *check_prefix(struct slice p) {
	if (!p.n) return "prefix part must be non-empty";
	if (p.n > SUBDOMAIN_MAX_LENGTH)
		return subdomain_ok(p) ? "prefix part must be no more than 253 characters"
				       : "prefix part must be no more than 253 characters; prefix part " SUBDOMAIN;
	return subdomain_ok(p) ? NULL : "prefix part " SUBDOMAIN;
}

static const char *check_name(struct slice n) {
	if (!n.n) return "name part must be non-empty; name part " QUALIFIED_NAME;
	if (n.n > NAME_MAX_LENGTH) return name_ok(n) ? "name part " TOO_LONG : "name part " TOO_LONG "; name part " QUALIFIED_NAME;
	return name_ok(n) ? NULL : "name part " QUALIFIED_NAME;
}

const char *labels_check_key(struct arena *a, struct slice key) {
	struct slice name = key, prefix = slice_cut(&name, '/');
	if (!name.p) return check_name(prefix);
	if (slice_chr(name, '/') >= 0)
		return "a qualified name " QUALIFIED_NAME " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
	const char *p = check_prefix(prefix), *n = check_name(name);
	if (!p || !n) return p ? p : n;
	const char *both = arena_printf(a, "%s; %s", p, n);
	return both ? both : p;
}
