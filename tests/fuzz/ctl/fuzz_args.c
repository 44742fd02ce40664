/* SPDX-License-Identifier: Apache-2.0 */
/* Any command line: arguments are cut at NUL. Every argument has to end as a flag's value, an argument, or a fault that is told. */
#include "ctl/flags.h"
#include "ctl/image_name.h"

#include <errno.h>

#define ARGS_MAX 64

static const struct flag table[] = {
	{ "output", FLAG_STRING, NULL, 'o', NULL, "" }, { "all", FLAG_BOOL, NULL, 'A', NULL, "" }, { "limit", FLAG_INT, "500", 'l', NULL, "" },
	{ "timeout", FLAG_DURATION, "1s", 0, NULL, "" }, { "from", FLAG_ARRAY, NULL, 'f', NULL, "" }, { "label", FLAG_LIST, "a,b", 'L', NULL, "" },
	{ "dry-run", FLAG_STRING, "none", 0, "unchanged", "" }, { 0 },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	char *argv[ARGS_MAX + 1];
	int argc = 0;
	const char *msg = NULL;
	struct flags f = { .a = a };
	if (!a || !flags_add(&f, table)) return 0;
	(void)image_name_valid(slice_make(data, size));
	for (struct slice rest = slice_make(data, size); rest.p && argc < ARGS_MAX;) {
		argv[argc] = arena_slice_str(a, slice_cut(&rest, 0));
		if (!argv[argc++]) return 0;
	}
	argv[argc] = NULL;
	int r = flags_parse(&f, argc, argv, &msg);
	if (r == -EINVAL && (!msg || !*msg)) abort();
	if (r == 0 && f.n_args > (size_t)argc) abort();
	for (size_t i = 0; i < f.n; i++)
		for (size_t k = 0; k < f.v[i].n; k++)
			if (!f.v[i].list[k]) abort();
	return 0;
}
