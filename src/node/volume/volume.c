/* SPDX-License-Identifier: Apache-2.0 */
#include "node/volume/volume.h"

#include "codec/quantity.h"
#include "node/files.h"
#include "node/limits.h"
#include "node/paths.h"
#include "node/volume/ownership.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

struct plugin {
	const char *member;   /* of the volume object */
	const char *folder;   /* below volumes/ */
	bool managed, tmpfs;
	int (*set_up)(const struct volume_context *c, const struct plugin *p, const yyjson_mut_val *volume, const char *dir,
		      const char **ret_path, const char **ret_why);
};

/* tmpfs that never goes to swap where the kernel can say so (6.4). */
static int mount_tmpfs(const char *dir, mode_t mode, int64_t size) {
	char options[128];
	for (int noswap = 1; noswap >= 0; noswap--) {
		int n = snprintf(options, sizeof(options), "mode=%o%s", mode, noswap ? ",noswap" : "");
		if (size > 0) snprintf(options + n, sizeof(options) - (size_t)n, ",size=%lld", (long long)size);
		if (mount("tmpfs", dir, "tmpfs", 0, options) == 0) return 0;
		if (errno != EINVAL) break;
	}
	return -errno;
}

static int make_root(const struct volume_context *c, const char *dir, bool tmpfs, int64_t size, bool *ret_fresh) {
	bool there = access(dir, F_OK) == 0 && (!tmpfs || files_is_mount(dir));
	*ret_fresh = !there;
	if (there) return 0;
	int r = files_mkdir_p(dir, 0755);
	if (r == 0) r = tmpfs ? mount_tmpfs(dir, 01777, size) : 0;
	if (r == 0 && !tmpfs && chmod(dir, 0777) < 0) r = -errno;
	return r;
}

static int fail(const char **ret_why, int err) {
	*ret_why = strerror(-err);
	return err;
}

static int set_up_managed(const struct volume_context *c, const struct plugin *p, const yyjson_mut_val *volume, const char *dir,
			  const char **ret_path, const char **ret_why) {
	struct payload payload = { .arena = c->arena };
	bool fresh;
	int r = payload_collect(&payload, &c->payload, volume, ret_why);
	if (r < 0) return *ret_why ? r : fail(ret_why, r);
	r = make_root(c, dir, p->tmpfs, 0, &fresh);
	int64_t group = c->payload.fs_group;
	if (r == 0 && fresh && group >= 0) r = volume_set_group(dir, (uint32_t)group, false, false);
	if (r == 0) r = atomic_writer_write(dir, payload.files, payload.n, group, c->env);
	if (r < 0) return fail(ret_why, r);
	*ret_path = dir;
	return 0;
}

static int set_up_empty_dir(const struct volume_context *c, const struct plugin *p, const yyjson_mut_val *volume, const char *dir,
			    const char **ret_path, const char **ret_why) {
	yyjson_mut_val *source = json_get(volume, "emptyDir"), *limit = json_get(source, "sizeLimit");
	struct quantity q;
	bool memory = slice_eqs(json_path_str(source, "medium"), "Memory"), fresh;
	int64_t size = yyjson_mut_is_str(limit) && quantity_parse(json_str(limit), &q, NULL) == 0 ? quantity_value(q) : 0;
	if (slice_starts(json_path_str(source, "medium"), SLICE_LIT("HugePages"))) {
		*ret_why = "medium HugePages is not supported by this node";
		return -ENOTSUP;
	}
	int r = make_root(c, dir, memory, size, &fresh);
	/* Memory volumes are 0777 too. */
	if (r == 0 && fresh && chmod(dir, 0777) < 0) r = -errno;
	if (r == 0 && fresh && c->payload.fs_group >= 0) r = volume_set_group(dir, (uint32_t)c->payload.fs_group, true, false);
	if (r < 0) return fail(ret_why, r);
	*ret_path = dir;
	return 0;
}

static const struct {
	const char *type;
	mode_t format;
	bool create;
	const char *complaint;
} host_path_types[] = {
	{ "DirectoryOrCreate", S_IFDIR, true, "is not a directory" }, { "Directory", S_IFDIR, false, "is not a directory" },
	{ "FileOrCreate", S_IFREG, true, "is not a file" }, { "File", S_IFREG, false, "is not a file" },
	{ "Socket", S_IFSOCK, false, "is not a socket file" }, { "CharDevice", S_IFCHR, false, "is not a character device" },
	{ "BlockDevice", S_IFBLK, false, "is not a block device" },
};

static int host_path_create(const char *path, mode_t format) {
	if (format == S_IFDIR) return files_mkdir_p(path, 0755);
	FILE *f = fopen(path, "ae");
	if (!f) return -errno;
	fclose(f);
	return chmod(path, 0644) < 0 ? -errno : 0;
}

static int set_up_host_path(const struct volume_context *c, const struct plugin *p, const yyjson_mut_val *volume, const char *dir,
			    const char **ret_path, const char **ret_why) {
	yyjson_mut_val *source = json_get(volume, "hostPath");
	const char *path = arena_slice_str(c->arena, json_path_str(source, "path"));
	struct slice type = json_path_str(source, "type");
	struct stat st;
	if (!path) return fail(ret_why, -ENOMEM);
	*ret_path = path;
	for (size_t i = 0; i < ELEMENTSOF(host_path_types); i++) {
		if (!slice_eqs(type, host_path_types[i].type)) continue;
		if (host_path_types[i].create && stat(path, &st) < 0) {
			int r = host_path_create(path, host_path_types[i].format);
			if (r < 0) return fail(ret_why, r);
		}
		if (stat(path, &st) == 0 && (st.st_mode & S_IFMT) == host_path_types[i].format) return 0;
		*ret_why = arena_printf(c->arena, "hostPath type check failed: %s %s", path, host_path_types[i].complaint);
		return -EINVAL;
	}
	/* Without a type anything goes; the runtimes make a missing path a directory. */
	return stat(path, &st) < 0 && files_mkdir_p(path, 0755) < 0 ? fail(ret_why, -ENOENT) : 0;
}

static const struct plugin plugins[] = {
	{ "projected", "kubernetes.io~projected", true, true, set_up_managed },
	{ "secret", "kubernetes.io~secret", true, true, set_up_managed },
	{ "configMap", "kubernetes.io~configmap", true, false, set_up_managed },
	{ "downwardAPI", "kubernetes.io~downward-api", true, false, set_up_managed },
	{ "emptyDir", "kubernetes.io~empty-dir", false, false, set_up_empty_dir },
	{ "hostPath", "kubernetes.io~host-path", false, false, set_up_host_path },
};

static const struct plugin *plugin_of(const yyjson_mut_val *volume) {
	for (size_t i = 0; i < ELEMENTSOF(plugins); i++) {
		yyjson_mut_val *v = json_get(volume, plugins[i].member);
		if (v && !yyjson_mut_is_null(v)) return &plugins[i];
	}
	return NULL;
}

bool volume_is_managed(const yyjson_mut_val *volume) {
	const struct plugin *p = plugin_of(volume);
	return p && p->managed;
}

/* What the volume is, for the message when nothing here serves it: the one member that is not its name. */
static const char *kind_name(const yyjson_mut_val *volume, struct arena *a) {
	size_t i, max;
	yyjson_mut_val *key, *v;
	yyjson_mut_obj_foreach((yyjson_mut_val *)volume, i, max, key, v)
		if (!slice_eqs(json_str(key), "name")) return arena_slice_str(a, json_str(key));
	return "unknown";
}

int volume_set_up(const struct volume_context *c, const yyjson_mut_val *volume, const char **ret_path, const char **ret_why) {
	const struct plugin *p = plugin_of(volume);
	struct slice name = json_path_str(volume, "name");
	*ret_why = NULL;
	if (!p) {
		*ret_why = arena_printf(c->arena, "no volume plugin matched: volumes of type %s are not supported by this node",
					kind_name(volume, c->arena));
		return -ENOTSUP;
	}
	if (!node_name_is_safe(name)) return fail(ret_why, -EINVAL);
	const char *dir = arena_printf(c->arena, "%s/volumes/%s/%.*s", c->pod_dir, p->folder, SLICE_FMT(name));
	return dir ? p->set_up(c, p, volume, dir, ret_path, ret_why) : fail(ret_why, -ENOMEM);
}

const char *volume_path(const struct volume_context *c, const yyjson_mut_val *volume) {
	const struct plugin *p = plugin_of(volume);
	struct slice name = json_path_str(volume, "name");
	if (!p || !node_name_is_safe(name)) return NULL;
	if (p->set_up == set_up_host_path) return arena_slice_str(c->arena, json_path_str(json_get(volume, "hostPath"), "path"));
	return arena_printf(c->arena, "%s/volumes/%s/%.*s", c->pod_dir, p->folder, SLICE_FMT(name));
}

int volumes_tear_down(const char *pod_dir) {
	char path[VOLUME_PATH_MAX];
	if (snprintf(path, sizeof(path), "%s/volumes", pod_dir) >= (int)sizeof(path)) return -ENAMETOOLONG;
	int r = files_unmount_below(path);
	/* A mount that stays must not be emptied: files_remove_tree does not cross into it. */
	int removed = files_remove_tree(path);
	return r < 0 ? r : removed;
}
