/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/crd_version.h"

#include "base/compiler.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct version { int rank; unsigned long major, minor; }; /* rank: 0 words, 1 alpha, 2 beta, 3 general availability */

static bool number(const char **p, unsigned long *ret) {
	char *end;
	if (**p < '1' || **p > '9') return false;
	*ret = strtoul(*p, &end, 10);
	*p = end;
	return true;
}

static struct version parse(const char *text) {
	struct version v = { 0 }, words = { 0 };
	const char *p = text;
	if (*p++ != 'v' || !number(&p, &v.major)) return words;
	v.rank = 3;
	if (!*p) return v;
	v.rank = !strncmp(p, "alpha", 5) ? 1 : !strncmp(p, "beta", 4) ? 2 : 0;
	p += v.rank == 1 ? 5 : 4;
	return v.rank && number(&p, &v.minor) && !*p ? v : words;
}

int crd_version_compare(const char *a, const char *b) {
	struct version x = parse(a), y = parse(b);
	if (x.rank != y.rank) return y.rank - x.rank;
	if (x.major != y.major) return x.major > y.major ? -1 : 1;
	if (x.minor != y.minor) return x.minor > y.minor ? -1 : 1;
	return strcmp(a, b);
}
