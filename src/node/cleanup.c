/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves the machine as it was before the agent: for `--ephemeral` runs, tests and people who are done. */
#include "node/agent.h"

#include "base/log.h"
#include "node/cni.h"
#include "node/files.h"
#include "node/forwarding.h"
#include "node/limits.h"
#include "node/paths.h"
#include "node/runtime/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#define KILL_ROUNDS 50
#define KILL_PAUSE_US 20000

/* conmon processes carry the exit directory in their command line. */
static bool is_our_monitor(const char *pid, const char *run) {
	char path[300];
	_cleanup_buf_ struct buf b = BUF_INIT(64 * KIB);
	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	if (files_read(path, &b) < 0) return false;
	struct slice text = buf_slice(&b);
	char exits[VOLUME_PATH_MAX];
	snprintf(exits, sizeof(exits), "%s/exits", run);
	return slice_find(slice_upto(text, 64), SLICE_LIT("conmon")) >= 0 && slice_find(text, slice_str(exits)) >= 0;
}

static size_t monitors_kill(const struct node_paths *p) {
	DIR *d = opendir("/proc");
	size_t n = 0;
	for (struct dirent *e; d && (e = readdir(d));) {
		int64_t pid;
		if (slice_int(slice_str(e->d_name), 2, INT32_MAX, &pid) < 0 || !is_our_monitor(e->d_name, p->run)) continue;
		if (kill((pid_t)pid, SIGKILL) == 0) n++;
	}
	if (d) closedir(d);
	return n;
}

/* Containers first: conmon then ends by itself and its files are complete. */
static void processes_end(const struct node_paths *p) {
	for (int i = 0; i < KILL_ROUNDS && cgroup_kill(p->cgroup) > 0; i++) usleep(KILL_PAUSE_US);
	for (int i = 0; i < KILL_ROUNDS && monitors_kill(p) > 0; i++) usleep(KILL_PAUSE_US);
	for (int i = 0; i < KILL_ROUNDS && cgroup_remove(p->cgroup) < 0; i++) usleep(KILL_PAUSE_US);
}

static void on_deleted(void *ctx, const struct cni_result *res) {
	if (res->err < 0) log_warn("node", "a pod's network could not be removed: %s", res->why);
	*(bool *)ctx = true;
}

/* One pod after the other, on a loop of our own. portmap looks only at the id, but does nothing without a mapping. */
static void network_delete(struct loop *l, const struct cni_network *n, const char *run, const char *uid) {
	static const struct cni_port any = { 1, 1, "tcp", NULL };
	char netns[VOLUME_PATH_MAX];
	bool done = false;
	snprintf(netns, sizeof(netns), "%s/ns/%s/net", run, uid);
	if (cni_del(n, uid, netns, &any, 1, on_deleted, &done) < 0) return;
	while (!done) loop_run(l, UV_RUN_ONCE);
}

static void networks_delete(const struct node_paths *p, struct arena *a, const char *bridge) {
	static const char *const dirs[] = { "/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni" };
	struct cni_network n = { .bridge = bridge, .subnet = "10.244.0.0/24", .state_dir = arena_printf(a, "%s/cni", p->base) };
	for (size_t i = 0; i < ELEMENTSOF(dirs) && !n.plugin_dir; i++)
		if (access(dirs[i], F_OK) == 0) n.plugin_dir = dirs[i];
	const char *pods = arena_printf(a, "%s/pods", p->base), *mark = arena_printf(a, "%s/cni-masquerade", p->base);
	n.masquerade = mark && access(mark, F_OK) == 0;
	if (!n.plugin_dir || !n.state_dir || !pods || loop_new(&n.loop) < 0) return;
	DIR *d = opendir(pods);
	for (struct dirent *e; d && (e = readdir(d));)
		if (node_name_is_safe(slice_str(e->d_name))) network_delete(n.loop, &n, p->run, e->d_name);
	if (d) closedir(d);
	loop_free(n.loop);
}

static int rules_remove(const char *bridge) {
	struct loop *l;
	int r = loop_new(&l);
	if (r < 0) return r;
	r = forwarding_remove(l, bridge);
	loop_free(l);
	return r == -ENOENT ? 0 : r;
}

int node_agent_cleanup(const char *data_dir, const char *bridge) {
	static const char *const folders[] = { "pods", "containers", "cni" };
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct node_paths p;
	int r = a ? node_paths_init(a, data_dir, &p) : -ENOMEM;
	if (r < 0) return r;
	processes_end(&p);
	networks_delete(&p, a, bridge ? bridge : "k8c0");
	int unmounted = files_unmount_below(p.base), removed = files_unmount_below(p.run);
	for (size_t i = 0; i < ELEMENTSOF(folders); i++) {
		const char *path = arena_printf(a, "%s/%s", p.base, folders[i]);
		if (path && (r = files_remove_tree(path)) < 0) log_warn("node", "%s could not be removed: %s", path, strerror(-r));
	}
	if (removed == 0) removed = files_remove_tree(p.run);
	(void)rmdir("/run/k8c");
	struct cni_network n = { .bridge = bridge ? bridge : "k8c0" };
	int bridge_gone = cni_bridge_remove(&n), rules = rules_remove(n.bridge);
	return unmounted < 0 ? unmounted : removed < 0 ? removed : bridge_gone < 0 ? bridge_gone : rules;
}
