/* SPDX-License-Identifier: Apache-2.0 */
/* From the pod's words to an OCI bundle: user, rights, mounts, limits. */
#include "node/pod/container.h"

#include "node/files.h"
#include "node/pod/expansion.h"
#include "node/pod/resources.h"
#include "node/runtime/capabilities.h"
#include "node/runtime/rootfs.h"
#include "node/volume/volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define CONTAINER_MOUNTS_MAX 512u
#define DEVICES_MAX 1024u
#define SPEC_BYTES_MAX (16u * MIB)
#define SECCOMP_PROFILE_MAX (1u * MIB)
#define PIDS_LIMIT_DEFAULT 0

struct configuring {
	struct container *c;
	struct arena *arena;
	const yyjson_mut_val *pod, *spec, *security, *pod_security;
	struct container_spec out;
	struct spec_mount *mounts;
	size_t n_mounts;
	const char **why;
};

static int explain(struct configuring *k, int err, const char *text) {
	if (text) *k->why = text;
	return err;
}

static const yyjson_mut_val *setting(struct configuring *k, const char *name) {
	yyjson_mut_val *v = json_get(k->security, name);
	return v && !yyjson_mut_is_null(v) ? v : json_get(k->pod_security, name);
}

static int add_mount(struct configuring *k, const char *source, const char *destination, bool readonly, const char *propagation) {
	if (!source || !destination || k->n_mounts == CONTAINER_MOUNTS_MAX) return -ENOMEM;
	k->mounts[k->n_mounts++] = (struct spec_mount){ source, destination, readonly, propagation };
	return 0;
}

static bool mounts_itself(struct configuring *k, const char *path) {
	size_t i, max;
	yyjson_mut_val *v;
	yyjson_mut_arr_foreach(json_get(k->spec, "volumeMounts"), i, max, v) {
		struct slice p = json_path_str(v, "mountPath");
		while (p.n > 1 && p.p[p.n - 1] == '/') p.n--;
		if (slice_eqs(p, path)) return true;
	}
	return false;
}

static int termination_log(struct configuring *k) {
	struct slice path = json_path_str(k->spec, "terminationMessagePath");
	const char *dir = container_dir(k->c, k->arena), *file = dir ? arena_printf(k->arena, "%s/termination-log", dir) : NULL;
	const char *target = arena_slice_str(k->arena, slice_empty(path) ? SLICE_LIT("/dev/termination-log") : path);
	if (!file || !target) return -ENOMEM;
	int r = files_mkdir_p(dir, 0755);
	if (r == 0) r = files_write(file, SLICE_NULL, 0666, false);
	return r < 0 ? r : add_mount(k, file, target, false, "rprivate");
}

static int pod_files(struct configuring *k) {
	static const struct { const char *file, *path; } files[] = {
		{ "hosts", "/etc/hosts" }, { "resolv.conf", "/etc/resolv.conf" }, { "hostname", "/etc/hostname" },
	};
	const char *dir = k->c->pod->dir;
	int r = 0;
	for (size_t i = 0; i < ELEMENTSOF(files) && r == 0; i++)
		if (!mounts_itself(k, files[i].path))
			r = add_mount(k, arena_printf(k->arena, "%s/%s", dir, files[i].file), files[i].path, false, "rprivate");
	bool host_ipc = json_path_bool(k->pod, "spec.hostIPC", false);
	if (r == 0 && !mounts_itself(k, "/dev/shm"))
		r = add_mount(k, host_ipc ? "/dev/shm" : arena_printf(k->arena, "%s/shm", dir), "/dev/shm", false, "rprivate");
	return r < 0 ? r : termination_log(k);
}

/* $(VAR) of subPathExpr in the container's environment. */
static bool env_lookup(void *ctx, struct slice name, struct slice *ret) {
	const struct container_config *config = ctx;
	for (size_t i = 0; i < config->n_env; i++) {
		struct slice rest = config->env[i], key = slice_cut(&rest, '=');
		if (!slice_eq(key, name)) continue;
		*ret = rest;
		return true;
	}
	return false;
}

static int sub_path_of(struct configuring *k, const yyjson_mut_val *mount, const struct container_config *config,
		       const char **ret) {
	struct slice plain = json_path_str(mount, "subPath"), expr = json_path_str(mount, "subPathExpr");
	_cleanup_buf_ struct buf b = BUF_INIT(VOLUME_PATH_MAX);
	int r = slice_empty(expr) ? buf_put_slice(&b, plain) : expand_references(&b, expr, env_lookup, (void *)config);
	if (r < 0) return r;
	*ret = arena_strndup(k->arena, b.p ? b.p : "", b.n);
	return *ret ? 0 : -ENOMEM;
}

/* The subdirectory is opened without following any link and bound to a place of the agent's own, so that nobody can exchange it
 * between the check and the mount (CVE-2017-1002101, CVE-2021-25741). */
static int bind_sub_path(struct configuring *k, const char *volume, const char *sub, bool managed, size_t index,
			 const char **ret) {
	const char *dir = arena_printf(k->arena, "%s/volume-subpaths/%s/%zu", k->c->pod->dir, k->c->name, index);
	/* Files of the agent's own volumes are links through ..data: these are followed, inside the volume only. */
	struct stat root;
	if (!dir) return -ENOMEM;
	/* New directories take the volume's own permissions, as the kubelet has it. */
	if (stat(volume, &root) < 0) return -errno;
	int fd = managed ? rootfs_open(volume, sub, O_PATH) : rootfs_open_beneath(volume, sub, true, root.st_mode);
	if (fd < 0)
		return explain(k, fd,
			       arena_printf(k->arena, "failed to prepare subPath for volumeMount \"%s\" of container \"%s\": %s",
					    sub, k->c->name, strerror(-fd)));
	_cleanup_close_ int held = fd;
	char proc[64];
	struct stat st;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", held);
	if (fstat(held, &st) < 0) return -errno;
	(void)files_unmount_below(dir);
	(void)files_remove_tree(dir);
	bool directory = S_ISDIR(st.st_mode);
	char *slash = strrchr((char *)dir, '/');
	*slash = 0;
	int r = files_mkdir_p(dir, 0750);
	*slash = '/';
	if (r == 0 && directory && mkdir(dir, 0755) < 0) r = -errno;
	if (r == 0 && !directory) r = files_write(dir, SLICE_NULL, 0644, false);
	if (r == 0 && mount(proc, dir, NULL, MS_BIND | MS_REC, NULL) < 0) r = -errno;
	*ret = dir;
	return r;
}

static const char *propagation_of(const yyjson_mut_val *mount) {
	struct slice p = json_path_str(mount, "mountPropagation");
	return slice_eqs(p, "Bidirectional") ? "rshared" : slice_eqs(p, "HostToContainer") ? "rslave" : "rprivate";
}

static int volume_mounts(struct configuring *k, const struct container_config *config) {
	size_t i, max;
	yyjson_mut_val *v;
	yyjson_mut_arr_foreach(json_get(k->spec, "volumeMounts"), i, max, v) {
		struct slice name = json_path_str(v, "name"), target = json_path_str(v, "mountPath");
		const yyjson_mut_val *volume = NULL;
		const char *source = pod_volume_path(k->c->pod, k->arena, name, &volume), *sub = "";
		if (!source) return explain(k, -ENOENT, arena_printf(k->arena, "volume \"%.*s\" is not mounted", SLICE_FMT(name)));
		int r = sub_path_of(k, v, config, &sub);
		bool managed = volume_is_managed(volume);
		if (r == 0 && *sub) r = bind_sub_path(k, source, sub, managed, i, &source);
		bool readonly = managed || json_path_bool(v, "readOnly", false);
		const char *absolute = target.n && target.p[0] == '/' ? arena_slice_str(k->arena, target)
								      : arena_printf(k->arena, "/%.*s", SLICE_FMT(target));
		if (r == 0) r = add_mount(k, source, absolute, readonly, propagation_of(v));
		if (r < 0) return r;
	}
	return 0;
}

static int user(struct configuring *k, const struct image *image) {
	struct pod *p = k->c->pod;
	struct user_request q = { k->pod_security, k->security, image->config.user, k->out.rootfs,
				  arena_printf(k->arena, "%s_%s(%s)", p->name, p->ns, p->uid), k->c->name };
	return q.pod_text ? container_user_resolve(k->arena, &q, &k->out.user, k->why) : -ENOMEM;
}

static int seccomp(struct configuring *k) {
	const yyjson_mut_val *profile = setting(k, "seccompProfile");
	struct slice type = json_path_str(profile, "type"), local = json_path_str(profile, "localhostProfile");
	k->out.seccomp = SECCOMP_UNCONFINED;
	if (k->out.privileged || slice_empty(type) || slice_eqs(type, "Unconfined")) return 0;
	if (slice_eqs(type, "RuntimeDefault")) return k->out.seccomp = SECCOMP_RUNTIME_DEFAULT, 0;
	const char *root = arena_printf(k->arena, "%s/seccomp", k->c->pod->agent->paths.base), *name = arena_slice_str(k->arena, local);
	if (!root || !name) return -ENOMEM;
	/* An empty name must not mean "no profile" (CVE-2023-2431). */
	if (slice_empty(local)) return explain(k, -EINVAL, "localhostProfile must be set if seccompProfile type is Localhost.");
	k->out.seccomp = SECCOMP_LOCALHOST;
	int r = rootfs_read(k->arena, root, name, SECCOMP_PROFILE_MAX, &k->out.seccomp_profile);
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	if (r == 0) r = json_parse(k->arena, k->out.seccomp_profile, &doc, &err);
	return r < 0 ? explain(k, r, arena_printf(k->arena, "cannot load seccomp profile \"%s\"", name)) : 0;
}

static int rights(struct configuring *k) {
	struct slice bad;
	k->out.privileged = json_path_bool(k->security, "privileged", false);
	k->out.readonly_root = json_path_bool(k->security, "readOnlyRootFilesystem", false);
	k->out.no_new_privileges = !json_path_bool(k->security, "allowPrivilegeEscalation", true);
	k->out.unmasked_proc = slice_eqs(json_path_str(k->security, "procMount"), "Unmasked");
	if (capabilities_mask(k->security, &k->out.capabilities, &bad) < 0)
		return explain(k, -EINVAL, arena_printf(k->arena, "unknown capability \"CAP_%.*s\"", SLICE_FMT(bad)));
	/* What the machine cannot give is left out rather than refused: the container then fails where it needs it. */
	k->out.capabilities &= k->c->pod->agent->runtime.facts.capabilities;
	return seccomp(k);
}

static void limits(struct configuring *k) {
	struct node_agent *g = k->c->pod->agent;
	k->out.memory_limit = quantity_value(container_resource(k->spec, "limits", "memory"));
	k->out.cpu_shares = cpu_shares_of(quantity_milli(container_resource(k->spec, "requests", "cpu")));
	k->out.cpu_quota = cpu_quota_of(quantity_milli(container_resource(k->spec, "limits", "cpu")));
	k->out.pids_limit = PIDS_LIMIT_DEFAULT;
	bool critical = json_path_int(k->pod, "spec.priority", 0) >= 2000000000;
	int score = oom_score_adj_of(pod_qos_class(k->pod), quantity_value(container_resource(k->spec, "requests", "memory")),
				     g->machine.memory, critical);
	k->out.oom_score_adj = score < g->runtime.facts.oom_score_adj_min ? g->runtime.facts.oom_score_adj_min : score;
}

static int add_device(struct configuring *k, struct spec_device *list, size_t *n, const char *path) {
	static const char *const made_by_runtime[] = { "/dev/console", "/dev/ptmx", "/dev/tty",    "/dev/null",
						       "/dev/zero",    "/dev/full", "/dev/random", "/dev/urandom" };
	struct stat st;
	if (*n == DEVICES_MAX || lstat(path, &st) < 0 || (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))) return 0;
	for (size_t i = 0; i < ELEMENTSOF(made_by_runtime); i++)
		if (strcmp(path, made_by_runtime[i]) == 0) return 0;
	const char *copy = arena_strdup(k->arena, path);
	if (!copy) return -ENOMEM;
	list[(*n)++] = (struct spec_device){
		copy,     S_ISCHR(st.st_mode) ? 'c' : 'b', major(st.st_rdev), minor(st.st_rdev), st.st_mode & 0777, st.st_uid,
		st.st_gid
	};
	return 0;
}

/* A privileged container sees the machine's devices: those directly in /dev and one folder down. */
static int devices(struct configuring *k) {
	static const char *const folders[] = { "/dev",       "/dev/net",    "/dev/dri",  "/dev/snd",
					       "/dev/input", "/dev/mapper", "/dev/vfio", "/dev/bus/usb" };
	if (!k->out.privileged) return 0;
	struct spec_device *list = arena_array(k->arena, DEVICES_MAX, sizeof(*list));
	char path[VOLUME_PATH_MAX];
	size_t n = 0;
	int r = list ? 0 : -ENOMEM;
	for (size_t f = 0; f < ELEMENTSOF(folders) && r == 0; f++) {
		DIR *d = opendir(folders[f]);
		for (struct dirent *e; d && r == 0 && (e = readdir(d));) {
			snprintf(path, sizeof(path), "%s/%s", folders[f], e->d_name);
			r = add_device(k, list, &n, path);
		}
		if (d) closedir(d);
	}
	k->out.devices = list;
	k->out.n_devices = n;
	return r;
}

/* An ephemeral container may look into the namespace of another one, which has to run. */
static int target_processes(struct configuring *k, struct slice target) {
	struct pod *p = k->c->pod;
	for (size_t i = 0; i < p->n_containers; i++) {
		const struct container *c = &p->containers[i];
		if (!slice_eqs(target, c->name)) continue;
		pid_t pid = c->state == CTR_RUNNING ? container_pid(&p->agent->runtime, c->now.id) : -ESRCH;
		if (pid < 0) break;
		k->out.pid_path = arena_printf(k->arena, "/proc/%d/ns/pid", (int)pid);
		return k->out.pid_path ? 0 : -ENOMEM;
	}
	return explain(k, -ESRCH, arena_printf(k->arena, "unable to find target container \"%.*s\"", SLICE_FMT(target)));
}

static int process_namespace(struct configuring *k, const char *dir) {
	struct slice target = json_path_str(k->spec, "targetContainerName");
	if (!slice_empty(target) && !pod_shares_processes(k->c->pod) && !k->out.host_pid) return target_processes(k, target);
	if (!pod_shares_processes(k->c->pod)) return 0;
	k->out.pid_path = arena_printf(k->arena, "%s/pid", dir);
	return k->out.pid_path ? 0 : -ENOMEM;
}

static int namespaces(struct configuring *k) {
	struct pod *p = k->c->pod;
	const char *dir = pod_ns_dir(p, k->arena);
	bool host = pod_host_network(p), ipc = json_path_bool(k->pod, "spec.hostIPC", false);
	if (!dir) return -ENOMEM;
	k->out.host_pid = json_path_bool(k->pod, "spec.hostPID", false);
	int r = process_namespace(k, dir);
	if (r < 0) return r;
	k->out.net_path = host ? NULL : arena_printf(k->arena, "%s/net", dir);
	k->out.uts_path = host ? NULL : arena_printf(k->arena, "%s/uts", dir);
	k->out.ipc_path = ipc ? NULL : arena_printf(k->arena, "%s/ipc", dir);
	k->out.cgroup_namespace = p->agent->runtime.facts.cgroups == CGROUP_V2 && !k->out.privileged;
	k->out.cgroups_path = arena_printf(k->arena, "%s/pod%s/%s", p->agent->paths.cgroup, p->uid, k->c->now.id);
	if ((!host && (!k->out.net_path || !k->out.uts_path)) || (!ipc && !k->out.ipc_path) || !k->out.cgroups_path) return -ENOMEM;
	return 0;
}

/* Directories and files that are bound need a place in the root; missing parents are the runtime's default, 0755. */
static int mount_targets(struct configuring *k) {
	for (size_t i = 0; i < k->n_mounts; i++) {
		struct stat st;
		if (strncmp(k->mounts[i].destination, "/dev/", 5) == 0) continue;
		if (stat(k->mounts[i].source, &st) < 0)
			return explain(k, -errno, arena_printf(k->arena, "mount source %s is missing", k->mounts[i].source));
		int r = rootfs_make_target(k->out.rootfs, k->mounts[i].destination, S_ISDIR(st.st_mode));
		if (r < 0)
			return explain(k, r,
				       arena_printf(k->arena, "mount target %s cannot be made: %s", k->mounts[i].destination,
						    strerror(-r)));
	}
	return 0;
}

int container_configure(struct container *c, struct arena *a, const struct image *image, const struct container_config *config,
			const char **ret_why) {
	struct node_agent *g = c->pod->agent;
	struct configuring k = { .c = c, .arena = a, .pod = c->pod->object, .spec = container_spec_of(c), .why = ret_why };
	k.security = json_get(k.spec, "securityContext");
	k.pod_security = json_path(k.pod, "spec.securityContext");
	k.mounts = arena_array(a, CONTAINER_MOUNTS_MAX, sizeof(*k.mounts));
	const char *lower = image_store_lowerdirs(g->images, a, image);
	_cleanup_buf_ struct buf b = BUF_INIT(SPEC_BYTES_MAX);
	if (!k.mounts || !lower) return -ENOMEM;
	int r = container_rootfs_mount(&g->runtime, a, c->now.id, lower, &k.out.rootfs);
	if (r < 0) return explain(&k, r, arena_printf(a, "failed to mount the root file system: %s", strerror(-r)));
	r = user(&k, image);
	if (r == 0) r = rights(&k);
	if (r == 0) r = devices(&k);
	if (r == 0) r = namespaces(&k);
	if (r == 0) r = pod_files(&k);
	if (r == 0) r = volume_mounts(&k, config);
	if (r == 0) r = mount_targets(&k);
	if (r < 0) return r;
	limits(&k);
	k.out.args = config->args;
	k.out.n_args = config->n_args;
	k.out.env = config->env;
	k.out.n_env = config->n_env;
	k.out.cwd = config->cwd;
	k.out.terminal = json_path_bool(k.spec, "tty", false);
	k.out.mounts = k.mounts;
	k.out.n_mounts = k.n_mounts;
	r = container_spec_write(&b, &k.out);
	return r < 0 ? r : container_bundle_write(&g->runtime, c->now.id, buf_slice(&b));
}
