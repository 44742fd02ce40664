/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/plugin.h"

#include <sys/stat.h>

static const char *on_path(struct ctl *c, const char *name) {
	for (struct slice rest = slice_str(getenv("PATH")); rest.p;) {
		struct slice dir = slice_cut(&rest, ':');
		struct stat st;
		const char *file = ctl_printf(c, "%.*s/%s", SLICE_FMT(dir), name);
		if (dir.n && stat(file, &st) == 0 && S_ISREG(st.st_mode) && access(file, X_OK) == 0) return file;
	}
	return NULL;
}

void plugin_try(struct ctl *c, char **argv) {
	size_t words = 0;
	while (argv[words] && argv[words][0] != '-' && words < PLUGIN_WORDS_MAX) words++;
	for (; words; words--) {
		struct strings parts = { 0 };
		strings_add(c, &parts, "kubectl");
		for (size_t i = 0; i < words; i++) {
			char *word = ctl_printf(c, "%s", argv[i]);
			for (char *p = word; *p; p++)
				if (*p == '-') *p = '_';
			strings_add(c, &parts, word);
		}
		const char *name = strings_join(c, &parts, "-"), *file = strchr(name, '/') ? NULL : on_path(c, name);
		if (!file) continue;
		char **rest = argv + words - 1;
		rest[0] = (char *)(uintptr_t)file;
		(void)execv(file, rest);
		return;
	}
}
