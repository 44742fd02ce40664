/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shareProcessNamespace: a small container of its own (pause/pause.c) is the first process of a namespace that the others join. It has
 * nobody's rights and a read-only root with one file in it, since the pod's containers can see it and reach its root.
 */
#include "node/pod/pod.h"

#include "node/files.h"
#include "node/pause/image.h"
#include "node/runtime/rootfs.h"
#include "node/runtime/sandbox.h"

#include <errno.h>
#include <stdio.h>

#define PAUSE_USER 65535u
#define PAUSE_OOM_SCORE (-998)
#define PAUSE_CPU_SHARES 2u
#define PAUSE_SPEC_MAX (1u * MIB)
#define PAUSE_PREFIX "pause-"

struct starting {
	struct pod *pod;
	runtime_done *done;
};

bool pod_shares_processes(const struct pod *p) {
	return json_path_bool(p->object, "spec.shareProcessNamespace", false) && !json_path_bool(p->object, "spec.hostPID", false);
}

static const char *pause_id(const struct pod *p, char id[PATH_ELEMENT_MAX + 1]) {
	snprintf(id, PATH_ELEMENT_MAX + 1, PAUSE_PREFIX "%s", p->uid);
	return id;
}

bool pod_processes_is(const struct pod *p, const char *id) {
	char own[PATH_ELEMENT_MAX + 1];
	return pod_shares_processes(p) && strcmp(id, pause_id(p, own)) == 0;
}

bool pod_processes_alive(struct pod *p) {
	struct container_exit e;
	char id[PATH_ELEMENT_MAX + 1];
	return !pod_shares_processes(p) || container_look(&p->agent->runtime, pause_id(p, id), &e) == CONTAINER_RUNNING;
}

static void over(struct starting *s, int err, const char *why) {
	s->done(s->pod, err, why);
	free(s);
}

static void on_started(void *ctx, int err, const char *why) {
	struct starting *s = ctx;
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *dir = a ? pod_ns_dir(s->pod, a) : NULL;
	char id[PATH_ELEMENT_MAX + 1];
	if (err < 0) return over(s, err, why);
	pid_t pid = container_pid(&s->pod->agent->runtime, pause_id(s->pod, id));
	int r = !dir ? -ENOMEM : pid < 0 ? (int)pid : sandbox_bind_processes(dir, pid);
	over(s, r, r < 0 ? strerror(-r) : NULL);
}

static void on_created(void *ctx, int err, const char *why) {
	struct starting *s = ctx;
	char id[PATH_ELEMENT_MAX + 1];
	int r = err < 0 ? err : container_start(&s->pod->agent->runtime, pause_id(s->pod, id), on_started, s);
	if (r < 0) over(s, r, err < 0 ? why : strerror(-r));
}

/* The program lies beside the pods, one for all, and is the lower layer of every root. */
static const char *program_folder(struct node_agent *g, struct arena *a) {
	const char *dir = arena_printf(a, "%s/pause", g->paths.base), *file = dir ? arena_printf(a, "%s/pause", dir) : NULL;
	struct slice program = slice_make((const char *)pause_program, pause_program_size), there;
	if (!file || files_mkdir_p(dir, 0755) < 0) return NULL;
	if (files_read_arena(a, file, pause_program_size, &there) == 0 && slice_eq(there, program)) return dir;
	return files_write(file, program, 0755, false) == 0 ? dir : NULL;
}

static int spec_paths(struct pod *p, struct arena *a, const char *id, struct container_spec *s) {
	struct node_agent *g = p->agent;
	const char *dir = pod_ns_dir(p, a), *lower = program_folder(g, a);
	bool host = pod_host_network(p), ipc = json_path_bool(p->object, "spec.hostIPC", false);
	if (!dir || !lower) return -ENOMEM;
	s->net_path = host ? NULL : arena_printf(a, "%s/net", dir);
	s->uts_path = host ? NULL : arena_printf(a, "%s/uts", dir);
	s->ipc_path = ipc ? NULL : arena_printf(a, "%s/ipc", dir);
	s->cgroups_path = arena_printf(a, "%s/pod%s/%s", g->paths.cgroup, p->uid, id);
	if ((!host && (!s->net_path || !s->uts_path)) || (!ipc && !s->ipc_path) || !s->cgroups_path) return -ENOMEM;
	return container_rootfs_mount(&g->runtime, a, id, lower, &s->rootfs);
}

static int bundle_write(struct pod *p, const char *id) {
	static const struct slice args[] = { SLICE_LIT("/pause") };
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf b = BUF_INIT(PAUSE_SPEC_MAX);
	const struct runtime_facts *facts = &p->agent->runtime.facts;
	struct container_spec s = { .args = args, .n_args = ELEMENTSOF(args), .cwd = "/", .user = { .uid = PAUSE_USER, .gid = PAUSE_USER },
				    .readonly_root = true, .no_new_privileges = true, .seccomp = SECCOMP_RUNTIME_DEFAULT,
				    .cpu_shares = PAUSE_CPU_SHARES };
	int r = a ? spec_paths(p, a, id, &s) : -ENOMEM;
	if (r < 0) return r;
	s.oom_score_adj = facts->oom_score_adj_min > PAUSE_OOM_SCORE ? facts->oom_score_adj_min : PAUSE_OOM_SCORE;
	s.cgroup_namespace = facts->cgroups == CGROUP_V2;
	r = container_spec_write(&b, &s);
	return r < 0 ? r : container_bundle_write(&p->agent->runtime, id, buf_slice(&b));
}

static int create(struct starting *s) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct pod *p = s->pod;
	char id[PATH_ELEMENT_MAX + 1];
	struct container_create o = { .id = pause_id(p, id), .name = "pause" };
	o.log_path = a ? arena_printf(a, "%s/containers/%s/pause.log", p->agent->paths.base, id) : NULL;
	int r = o.log_path ? bundle_write(p, id) : -ENOMEM;
	return r < 0 ? r : container_create(&p->agent->runtime, &o, on_created, s);
}

/* What an earlier attempt left is gone. */
static void on_cleared(void *ctx, int err, const char *why) {
	struct starting *s = ctx;
	int r = create(s);
	if (r < 0) over(s, r, strerror(-r));
}

int pod_processes_start(struct pod *p, runtime_done *done) {
	struct starting *s = malloc(sizeof(*s));
	char id[PATH_ELEMENT_MAX + 1];
	if (!s) return -ENOMEM;
	*s = (struct starting){ p, done };
	int r = container_delete(&p->agent->runtime, pause_id(p, id), on_cleared, s);
	if (r < 0) free(s);
	return r;
}

int pod_processes_end(struct pod *p, runtime_done *done) {
	char id[PATH_ELEMENT_MAX + 1];
	return container_delete(&p->agent->runtime, pause_id(p, id), done, p);
}
