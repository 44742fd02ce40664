/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/openapi/name.h"

#include <ctype.h>
#include <stdio.h>

#define K8S_SUFFIX ".k8s.io"

void openapi_words(char out[OPENAPI_NAME_MAX], const char *group, bool capital) {
	struct slice s = slice_str(group[0] ? group : "core");
	if (slice_ends(s, SLICE_LIT(K8S_SUFFIX))) s.n -= sizeof(K8S_SUFFIX) - 1;
	size_t n = 0;
	for (size_t i = 0; i < s.n && n + 1 < OPENAPI_NAME_MAX; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (isalnum(c)) out[n++] = (char)(capital ? toupper(c) : c);
		capital = !isalnum(c);
	}
	out[n] = '\0';
}

void openapi_custom_name(char out[OPENAPI_NAME_MAX], const char *group, const char *version, const char *kind) {
	struct slice rest = slice_str(group);
	size_t n = 0;
	while (rest.n) {
		size_t at = rest.n;
		while (at && rest.p[at - 1] != '.') at--;
		n += (size_t)snprintf(out + n, n < OPENAPI_NAME_MAX ? OPENAPI_NAME_MAX - n : 0, "%.*s.", (int)(rest.n - at), rest.p + at);
		if (n >= OPENAPI_NAME_MAX) return;
		rest.n = at ? at - 1 : 0;
	}
	snprintf(out + n, OPENAPI_NAME_MAX - n, "%s.%s", version, kind);
}
