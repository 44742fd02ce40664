/* SPDX-License-Identifier: Apache-2.0 */
#include "node/runtime/detect.h"

#include "node/files.h"
#include "node/limits.h"
#include "node/runtime/capabilities.h"

#include <errno.h>
#include <stdio.h>

#define CAP_SYS_RESOURCE_BIT 24
#define OOM_SCORE_LOWEST (-1000)

static bool exists(const char *root, const char *path) {
	char full[VOLUME_PATH_MAX];
	return snprintf(full, sizeof(full), "%s%s", root, path) < (int)sizeof(full) && access(full, F_OK) == 0;
}

static bool file_has_text(const char *root, const char *path) {
	char full[VOLUME_PATH_MAX];
	_cleanup_buf_ struct buf b = BUF_INIT(64 * KIB);
	snprintf(full, sizeof(full), "%s%s", root, path);
	return files_read(full, &b) == 0 && slice_trim(buf_slice(&b)).n > 1;
}

enum cgroup_layout cgroup_layout_detect(const char *root) {
	if (exists(root, "/sys/fs/cgroup/cgroup.controllers")) return CGROUP_V2;
	if (!exists(root, "/sys/fs/cgroup/memory") && !exists(root, "/sys/fs/cgroup/cpu")) return CGROUP_NONE;
	return exists(root, "/sys/fs/cgroup/unified/cgroup.controllers") ? CGROUP_HYBRID : CGROUP_V1;
}

static const char *find_program(struct arena *a, const char *root, struct slice path, const char *name) {
	while (path.p) {
		struct slice dir = slice_cut(&path, ':');
		if (slice_empty(dir)) continue;
		const char *found = arena_printf(a, "%s%.*s/%s", root, SLICE_FMT(dir), name);
		if (found && access(found, X_OK) == 0) return found;
	}
	return NULL;
}

/* crun (all versions so far) gives up on a hybrid layout whose cgroup2 tree has controllers of its own. */
static bool crun_usable(const char *root, enum cgroup_layout layout) {
	return layout != CGROUP_HYBRID || !file_has_text(root, "/sys/fs/cgroup/unified/cgroup.controllers");
}

static void choose_runtime(struct arena *a, const char *root, struct slice path, struct runtime_facts *f) {
	const char *crun = find_program(a, root, path, "crun"), *runc = find_program(a, root, path, "runc");
	f->is_crun = crun && crun_usable(root, f->cgroups);
	f->runtime = f->is_crun ? crun : runc;
}

static int oom_score_own(void) {
	_cleanup_buf_ struct buf b = BUF_INIT(64);
	int64_t v = 0;
	if (files_read("/proc/self/oom_score_adj", &b) < 0) return 0;
	struct slice text = buf_slice(&b);
	if (text.n && text.p[text.n - 1] == '\n') text.n--;
	return slice_int(text, OOM_SCORE_LOWEST, 1000, &v) == 0 ? (int)v : 0;
}

static int missing(const char **ret_why, const char *sentence) {
	*ret_why = sentence;
	return -ENOENT;
}

int runtime_detect(struct arena *a, const char *root, const char *path, struct runtime_facts *ret, const char **ret_why) {
	static const char *const cni_dirs[] = { "/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni" };
	static const char *const tools[] = { "skopeo", "tar" };
	const char *search = path ? path : getenv("PATH");
	struct slice s = slice_str(
		arena_printf(a, "%s:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", search ? search : ""));
	struct runtime_facts f = { .cgroups = cgroup_layout_detect(root), .capabilities = capabilities_available() };
	if (!s.p) return -ENOMEM;
	if (path) s = slice_str(path);
	if (geteuid() != 0) {
		*ret_why = "the node agent needs root: run it as root or use --no-agent";
		return -EPERM;
	}
	if (f.cgroups == CGROUP_NONE) return missing(ret_why, "no cgroups are mounted on /sys/fs/cgroup: mount cgroup2 there");
	choose_runtime(a, root, s, &f);
	if (!f.runtime)
		return missing(
			ret_why,
			"no usable OCI runtime: install the package runc (crun cannot use this machine's cgroup layout) or crun");
	f.conmon = find_program(a, root, s, "conmon");
	if (!f.conmon) return missing(ret_why, "conmon is missing: install the package conmon");
	for (size_t i = 0; i < ELEMENTSOF(tools); i++)
		if (!find_program(a, root, s, tools[i]))
			return missing(ret_why, arena_printf(a, "%s is missing: install the package %s", tools[i], tools[i]));
	for (size_t i = 0; i < ELEMENTSOF(cni_dirs) && !f.cni_dir; i++) {
		const char *bridge = arena_printf(a, "%s/bridge", cni_dirs[i]);
		if (bridge && exists(root, bridge)) f.cni_dir = arena_printf(a, "%s%s", root, cni_dirs[i]);
	}
	if (!f.cni_dir) return missing(ret_why, "the CNI plugins are missing: install the package containernetworking-plugins");
	f.may_raise_limits = (f.capabilities >> CAP_SYS_RESOURCE_BIT) & 1;
	f.oom_score_adj_min = f.may_raise_limits ? OOM_SCORE_LOWEST : oom_score_own();
	*ret = f;
	return 0;
}
