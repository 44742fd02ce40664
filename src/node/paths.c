/* SPDX-License-Identifier: Apache-2.0 */
#include "node/paths.h"

#include "node/files.h"
#include "node/limits.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define DATA_DIR_MAX 1024u

/* FNV-1a: names the run folder after the data directory; collisions would only share a folder of uniquely named things. */
static uint32_t path_hash(const char *s) {
	uint32_t h = 2166136261u;
	for (; *s; s++) h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

int node_paths_init(struct arena *a, const char *data_dir, struct node_paths *ret) {
	if (data_dir[0] != '/' || strlen(data_dir) > DATA_DIR_MAX) return -EINVAL;
	struct node_paths p = { .tag = arena_printf(a, "%08x", path_hash(data_dir)) };
	if (!p.tag) return -ENOMEM;
	p.base = arena_printf(a, "%s/agent", data_dir);
	p.run = arena_printf(a, "/run/k8c/%s", p.tag);
	p.cgroup = arena_printf(a, "/k8c-%s", p.tag);
	if (!p.base || !p.run || !p.cgroup) return -ENOMEM;
	*ret = p;
	return 0;
}

int node_paths_make(const struct node_paths *p) {
	static const char *const base[] = { "", "/pods", "/containers", "/logs", "/images", "/cni", "/seccomp" };
	static const char *const run[] = { "", "/runtime", "/s", "/exits", "/ns" };
	char path[VOLUME_PATH_MAX];
	int r = 0;
	for (size_t i = 0; i < ELEMENTSOF(base) && r == 0; i++) {
		snprintf(path, sizeof(path), "%s%s", p->base, base[i]);
		r = files_mkdir_p(path, 0755);
	}
	for (size_t i = 0; i < ELEMENTSOF(run) && r == 0; i++) {
		snprintf(path, sizeof(path), "%s%s", p->run, run[i]);
		r = files_mkdir_p(path, 0700);
	}
	/* Volumes hold Secrets, roots of containers hold programs that run as root when called: nobody else walks in. */
	static const char *const closed[] = { "/pods", "/containers", "/images" };
	for (size_t i = 0; i < ELEMENTSOF(closed) && r == 0; i++) {
		snprintf(path, sizeof(path), "%s%s", p->base, closed[i]);
		if (chmod(path, 0700) < 0) r = -errno;
	}
	return r;
}

bool node_name_is_safe(struct slice name) {
	if (slice_empty(name) || name.n > PATH_ELEMENT_MAX || slice_eqs(name, ".") || slice_eqs(name, "..")) return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
		if (!ok) return false;
	}
	return true;
}
