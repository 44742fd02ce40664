/* SPDX-License-Identifier: Apache-2.0 */
#include "node/files.h"
#include "node/paths.h"
#include "node/runtime/capabilities.h"
#include "node/runtime/detect.h"
#include "node/runtime/rootfs.h"
#include "node/runtime/seccomp.h"
#include "node/runtime/spec.h"
#include "node/runtime/user.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static struct arena *a;
static char dir[64];

static void shell(const char *command) { ck_assert_int_eq(system(arena_printf(a, "cd %s && %s", dir, command)), 0); }

static void setup(void) {
	a = arena_new(0);
	snprintf(dir, sizeof(dir), "/tmp/k8c-runtime-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void) {
	ck_assert_int_eq(files_remove_tree(dir), 0);
	a = arena_free(a);
}

static const yyjson_mut_val *parse(struct slice json) {
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	ck_assert_msg(json_parse(a, json, &doc, &err) == 0, "%.*s", SLICE_FMT(json));
	return yyjson_mut_doc_get_root(doc);
}

static const struct { const char *context; uint64_t mask; } masks[] = {
	{ "{}", CAPABILITIES_DEFAULT }, { "{\"capabilities\":{\"drop\":[\"ALL\"]}}", 0 }, { "{\"capabilities\":{\"drop\":[\"ALL\"],\"add\":[\"NET_BIND_SERVICE\"]}}", 1 << 10 },
	{ "{\"capabilities\":{\"add\":[\"SYS_TIME\"]}}", CAPABILITIES_DEFAULT | 1 << 25 }, { "{\"capabilities\":{\"drop\":[\"cap_chown\"]}}", CAPABILITIES_DEFAULT & ~1ull },
	{ "{\"privileged\":true}", CAPABILITIES_ALL }, { "{\"capabilities\":{\"add\":[\"ALL\"],\"drop\":[\"SYS_ADMIN\"]}}", CAPABILITIES_ALL & ~(1ull << 21) },
};

START_TEST(capabilities_add_and_drop) {
	uint64_t m;
	struct slice bad;
	ck_assert_int_eq(capabilities_mask(parse(slice_str(masks[_i].context)), &m, &bad), 0);
	ck_assert_uint_eq(m, masks[_i].mask);
}
END_TEST

START_TEST(unknown_capabilities_are_named) {
	uint64_t m;
	struct slice bad;
	ck_assert_int_eq(capabilities_mask(parse(SLICE_LIT("{\"capabilities\":{\"add\":[\"FLY\"]}}")), &m, &bad), -EINVAL);
	ck_assert(slice_eqs(bad, "FLY"));
}
END_TEST

START_TEST(the_default_profile_is_valid_and_follows_capabilities) {
	_cleanup_buf_ struct buf plain = BUF_INIT(1 << 20), admin = BUF_INIT(1 << 20);
	ck_assert_int_eq(seccomp_default_write(&plain, CAPABILITIES_DEFAULT), 0);
	ck_assert_int_eq(seccomp_default_write(&admin, CAPABILITIES_ALL), 0);
	ck_assert(slice_eqs(json_path_str(parse(buf_slice(&plain)), "defaultAction"), "SCMP_ACT_ERRNO"));
	ck_assert(slice_find(buf_slice(&plain), SLICE_LIT("\"mount\"")) < 0);
	ck_assert(slice_find(buf_slice(&plain), SLICE_LIT("\"errnoRet\":38")) > 0);
	parse(buf_slice(&admin));
	ck_assert(slice_find(buf_slice(&admin), SLICE_LIT("\"mount\"")) > 0);
}
END_TEST

#define PASSWD "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:w:/home/web:/bin/sh\nbad:x:zz:0::/:\n"
#define GROUP "root:x:0:\nweb:x:1001:\nextra:x:2000:web,other\n"

static const struct { const char *pod, *container, *image; int err; unsigned uid, gid; size_t groups; const char *why; } users[] = {
	{ "{}", "{}", "", 0, 0, 0, 1, NULL },
	{ "{}", "{}", "web", 0, 1000, 1001, 2, NULL },
	{ "{}", "{}", "1000", 0, 1000, 1001, 2, NULL },
	{ "{}", "{}", "1000:7", 0, 1000, 7, 2, NULL },
	{ "{}", "{}", "web:extra", 0, 1000, 2000, 1, NULL },
	{ "{}", "{}", "4242", 0, 4242, 0, 1, NULL },
	{ "{}", "{}", "nobody", -ENOENT, 0, 0, 0, "unable to find user nobody: no matching entries in passwd file" },
	{ "{}", "{}", "0:nogroup", -ENOENT, 0, 0, 0, "unable to find group nogroup: no matching entries in group file" },
	{ "{}", "{}", "4294967296", -ENOENT, 0, 0, 0, NULL }, { "{}", "{}", "-1", -ENOENT, 0, 0, 0, NULL }, { "{}", "{}", "bad", -EINVAL, 0, 0, 0, NULL },
	{ "{}", "{}", "00", 0, 0, 0, 1, NULL },
	{ "{\"runAsUser\":1000}", "{}", "root", 0, 1000, 1001, 2, NULL },
	{ "{\"runAsUser\":5}", "{\"runAsUser\":6,\"runAsGroup\":8}", "", 0, 6, 8, 1, NULL },
	{ "{\"fsGroup\":77,\"supplementalGroups\":[88,77]}", "{}", "", 0, 0, 0, 3, NULL },
	{ "{\"runAsNonRoot\":true}", "{}", "", -EPERM, 0, 0, 0, "container has runAsNonRoot and image will run as root (pod: \"p\", container: c)" },
	{ "{\"runAsNonRoot\":true}", "{}", "web", -EPERM, 0, 0, 0, "container has runAsNonRoot and image has non-numeric user (web), cannot verify user is non-root (pod: \"p\", container: c)" },
	{ "{\"runAsNonRoot\":true}", "{}", "1000", 0, 1000, 1001, 2, NULL },
	{ "{\"runAsNonRoot\":true}", "{\"runAsUser\":0}", "", -EPERM, 0, 0, 0, "container's runAsUser breaks non-root policy (pod: \"p\", container: c)" },
	{ "{\"runAsNonRoot\":true}", "{\"runAsNonRoot\":false}", "", 0, 0, 0, 1, NULL },
};

START_TEST(users_are_resolved) {
	struct container_user u;
	const char *why = NULL;
	shell("mkdir etc && printf '" PASSWD "' > etc/passwd && printf '" GROUP "' > etc/group");
	struct user_request q = { parse(slice_str(users[_i].pod)), parse(slice_str(users[_i].container)), slice_str(users[_i].image), dir, "p", "c" };
	ck_assert_int_eq(container_user_resolve(a, &q, &u, &why), users[_i].err);
	if (users[_i].why) ck_assert_str_eq(why, users[_i].why);
	if (users[_i].err) return;
	ck_assert_uint_eq(u.uid, users[_i].uid);
	ck_assert_uint_eq(u.gid, users[_i].gid);
	ck_assert_uint_eq(u.n_groups, users[_i].groups);
}
END_TEST

START_TEST(an_image_cannot_show_the_machines_passwd) {
	struct container_user u;
	const char *why;
	/* The link is followed inside the root only, where there is nothing. */
	shell("mkdir etc && ln -s ../../../../../../etc/passwd etc/passwd");
	struct user_request q = { NULL, NULL, SLICE_LIT("daemon"), dir, "p", "c" };
	ck_assert_int_eq(container_user_resolve(a, &q, &u, &why), -ENOENT);
	shell("rm etc/passwd && mkfifo etc/passwd");
	ck_assert_int_eq(container_user_resolve(a, &q, &u, &why), -ENOENT);
}
END_TEST

START_TEST(sub_paths_follow_no_link) {
	struct stat st, want;
	shell("mkdir -p in/ok && ln -s /etc in/out && ln -s ok in/near");
	const char *root = arena_printf(a, "%s/in", dir);
	int fd = rootfs_open_beneath(root, "ok/new/deeper", true, 0755);
	ck_assert_int_ge(fd, 0);
	ck_assert(fstat(fd, &st) == 0 && stat(arena_printf(a, "%s/ok/new/deeper", root), &want) == 0 && st.st_ino == want.st_ino);
	close(fd);
	ck_assert_int_lt(rootfs_open_beneath(root, "out/passwd", false, 0755), 0);
	ck_assert_int_lt(rootfs_open_beneath(root, "out", false, 0755), 0);
	ck_assert_int_lt(rootfs_open_beneath(root, "near/x", true, 0755), 0);
	ck_assert_int_eq(rootfs_open_beneath(root, "../x", true, 0755), -EINVAL);
	ck_assert_int_eq(rootfs_open_beneath(root, "ok/../../x", true, 0755), -EINVAL);
}
END_TEST

START_TEST(mount_targets_are_made_inside_the_root) {
	shell("mkdir -p r/run && ln -s /run r/var && ln -s ../../../../../../.. r/up");
	const char *root = arena_printf(a, "%s/r", dir);
	ck_assert_int_eq(rootfs_make_target(root, "/var/secrets/x", true), 0);
	ck_assert_int_eq(access(arena_printf(a, "%s/run/secrets/x", root), F_OK), 0);
	ck_assert_int_eq(rootfs_make_target(root, "/up/k8c-escape/f", false), 0);
	ck_assert(access("/k8c-escape", F_OK) < 0);
	ck_assert_int_eq(access(arena_printf(a, "%s/k8c-escape/f", root), F_OK), 0);
	ck_assert_int_eq(rootfs_make_target(root, "/a/../b", true), -EINVAL);
}
END_TEST

START_TEST(specs_carry_what_was_decided) {
	struct slice args[] = { SLICE_LIT("sh"), SLICE_LIT("quote\"d") }, env[] = { SLICE_LIT("A=b") };
	struct spec_mount mounts[] = { { "/src", "/dst", true, "rslave" } };
	uint32_t groups[] = { 7, 8 };
	struct container_spec s = { .args = args, .n_args = 2, .env = env, .n_env = 1, .cwd = "/w", .user = { 1, 2, groups, 2, "/" }, .capabilities = CAPABILITIES_DEFAULT,
				    .readonly_root = true, .no_new_privileges = true, .rootfs = "/root-fs", .net_path = "/ns/net", .cgroups_path = "/k/pod", .memory_limit = 1 << 20,
				    .cpu_shares = 512, .cpu_quota = 5000, .oom_score_adj = 1000, .mounts = mounts, .n_mounts = 1, .seccomp = SECCOMP_RUNTIME_DEFAULT };
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	ck_assert_int_eq(container_spec_write(&b, &s), 0);
	const yyjson_mut_val *v = parse(buf_slice(&b));
	ck_assert(slice_eqs(json_str(yyjson_mut_arr_get(json_path(v, "process.args"), 1)), "quote\"d"));
	ck_assert_int_eq(json_path_int(v, "process.user.uid", -1), 1);
	ck_assert_uint_eq(yyjson_mut_arr_size(json_path(v, "process.user.additionalGids")), 2);
	ck_assert(json_path_bool(v, "process.noNewPrivileges", false) && json_path_bool(v, "root.readonly", false));
	ck_assert_int_eq(json_path_int(v, "linux.resources.memory.limit", 0), 1 << 20);
	ck_assert_int_eq(json_path_int(v, "linux.resources.cpu.quota", 0), 5000);
	ck_assert_uint_eq(yyjson_mut_arr_size(json_path(v, "process.capabilities.effective")), 14);
	yyjson_mut_val *last = yyjson_mut_arr_get_last(json_path(v, "mounts"));
	ck_assert(slice_eqs(json_path_str(last, "destination"), "/dst") && slice_eqs(json_str(yyjson_mut_arr_get_last(json_get(last, "options"))), "ro"));
	/* mount and pid are new, network is joined, ipc and uts are the machine's. */
	ck_assert_uint_eq(yyjson_mut_arr_size(json_path(v, "linux.namespaces")), 3);
	ck_assert(json_path(v, "linux.seccomp.defaultAction") && json_path(v, "linux.maskedPaths"));
}
END_TEST

START_TEST(privileged_specs_hide_nothing) {
	struct slice args[] = { SLICE_LIT("sh") };
	struct container_spec s = { .args = args, .n_args = 1, .cwd = "/", .privileged = true, .capabilities = CAPABILITIES_ALL, .rootfs = "/r", .cgroups_path = "/k", .host_pid = true };
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	ck_assert_int_eq(container_spec_write(&b, &s), 0);
	const yyjson_mut_val *v = parse(buf_slice(&b));
	ck_assert(!json_path(v, "linux.maskedPaths") && !json_path(v, "linux.seccomp"));
	ck_assert_uint_eq(yyjson_mut_arr_size(json_path(v, "linux.namespaces")), 1);
}
END_TEST

static const struct { const char *make; enum cgroup_layout layout; } layouts[] = {
	{ "mkdir -p sys/fs/cgroup && touch sys/fs/cgroup/cgroup.controllers", CGROUP_V2 }, { "mkdir -p sys/fs/cgroup/memory", CGROUP_V1 },
	{ "mkdir -p sys/fs/cgroup/memory sys/fs/cgroup/unified && touch sys/fs/cgroup/unified/cgroup.controllers", CGROUP_HYBRID }, { "true", CGROUP_NONE },
};

START_TEST(cgroup_layouts_are_told_apart) {
	shell(layouts[_i].make);
	ck_assert_int_eq(cgroup_layout_detect(dir), layouts[_i].layout);
}
END_TEST

#define TOOLS "mkdir -p bin usr/lib/cni && touch bin/conmon bin/skopeo bin/tar usr/lib/cni/bridge && chmod +x bin/*"

START_TEST(crun_is_passed_over_where_it_cannot_work) {
	struct runtime_facts f;
	const char *why = NULL;
	if (geteuid() != 0) {
		printf("detection: skipped, needs root\n");
		return;
	}
	shell(TOOLS " && touch bin/crun bin/runc && chmod +x bin/* && mkdir -p sys/fs/cgroup/memory sys/fs/cgroup/unified && printf 'cpu memory\\n' > sys/fs/cgroup/unified/cgroup.controllers");
	ck_assert_int_eq(runtime_detect(a, dir, "/bin", &f, &why), 0);
	ck_assert(!f.is_crun && slice_ends(slice_str(f.runtime), SLICE_LIT("/bin/runc")));
	shell("printf '\\n' > sys/fs/cgroup/unified/cgroup.controllers");
	ck_assert_int_eq(runtime_detect(a, dir, "/bin", &f, &why), 0);
	ck_assert(f.is_crun);
	shell("rm bin/conmon");
	ck_assert_int_eq(runtime_detect(a, dir, "/bin", &f, &why), -ENOENT);
	ck_assert_str_eq(why, "conmon is missing: install the package conmon");
	shell("rm bin/crun bin/runc");
	ck_assert_int_eq(runtime_detect(a, dir, "/bin", &f, &why), -ENOENT);
	ck_assert(slice_find(slice_str(why), SLICE_LIT("install the package runc")) > 0);
}
END_TEST

START_TEST(names_that_are_no_file_names_are_refused) {
	static const char *const bad[] = { "", ".", "..", "a/b", "a b", "a\n", "ü" };
	for (size_t i = 0; i < ELEMENTSOF(bad); i++) ck_assert_msg(!node_name_is_safe(slice_str(bad[i])), "%s", bad[i]);
	ck_assert(node_name_is_safe(SLICE_LIT("a-B_c.9")));
	struct node_paths p;
	ck_assert_int_eq(node_paths_init(a, "relative", &p), -EINVAL);
	ck_assert_int_eq(node_paths_init(a, "/var/lib/k8c", &p), 0);
	ck_assert_uint_eq(strlen(p.tag), 8);
}
END_TEST

int main(void) {
	Suite *s = suite_create("node-runtime");
	TCase *t = tcase_create("runtime");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, capabilities_add_and_drop, 0, ELEMENTSOF(masks));
	tcase_add_test(t, unknown_capabilities_are_named);
	tcase_add_test(t, the_default_profile_is_valid_and_follows_capabilities);
	tcase_add_loop_test(t, users_are_resolved, 0, ELEMENTSOF(users));
	tcase_add_test(t, an_image_cannot_show_the_machines_passwd);
	tcase_add_test(t, sub_paths_follow_no_link);
	tcase_add_test(t, mount_targets_are_made_inside_the_root);
	tcase_add_test(t, specs_carry_what_was_decided);
	tcase_add_test(t, privileged_specs_hide_nothing);
	tcase_add_loop_test(t, cgroup_layouts_are_told_apart, 0, ELEMENTSOF(layouts));
	tcase_add_test(t, crun_is_passed_over_where_it_cannot_work);
	tcase_add_test(t, names_that_are_no_file_names_are_refused);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
