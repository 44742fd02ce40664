/* SPDX-License-Identifier: Apache-2.0 */
#include "node/files.h"
#include "node/volume/ownership.h"
#include "node/volume/volume.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static struct arena *a;
static char dir[64];

static void setup(void) {
	a = arena_new(0);
	snprintf(dir, sizeof(dir), "/tmp/k8c-volume-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void teardown(void) {
	ck_assert_int_eq(files_remove_tree(dir), 0);
	a = arena_free(a);
}

static const yyjson_mut_val *parse(const char *json) {
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	ck_assert_int_eq(json_parse(a, slice_str(json), &doc, &err), 0);
	return yyjson_mut_doc_get_root(doc);
}

static const char *in_dir(const char *name) { return arena_printf(a, "%s/%s", dir, name); }

static struct slice content(const char *name) {
	/* Through the links, as a reader does. */
	FILE *f = fopen(in_dir(name), "re");
	char *text = arena_alloc(a, 4096);
	if (!f) return SLICE_NULL;
	size_t n = fread(text, 1, 4096, f);
	fclose(f);
	return slice_make(text, n);
}

static const char *link_of(const char *name) {
	char *text = arena_zalloc(a, 256);
	return readlink(in_dir(name), text, 255) < 0 ? NULL : text;
}

static size_t entries(void) {
	DIR *d = opendir(dir);
	size_t n = 0;
	while (readdir(d)) n++;
	closedir(d);
	return n - 2;
}

#define FILE_OF(path_, bytes_, mode_) { SLICE_LIT(path_), SLICE_LIT(bytes_), mode_, -1 }

START_TEST(versions_are_switched_as_a_whole) {
	struct volume_file v1[] = { FILE_OF("token", "one", 0644), FILE_OF("d/e/f", "deep", 0400) };
	struct volume_file v2[] = { FILE_OF("token", "two", 0644) };
	struct stat st;
	ck_assert_int_eq(atomic_writer_write(dir, v1, 2, -1, &env_system), 1);
	ck_assert_str_eq(link_of("token"), "..data/token");
	ck_assert_str_eq(link_of("d"), "..data/d");
	const char *first = link_of("..data");
	ck_assert(strncmp(first, "..2", 3) == 0 && first[12] == '_' && first[21] == '.');
	ck_assert(slice_eqs(content("d/e/f"), "deep"));
	ck_assert(stat(in_dir("..data/d/e/f"), &st) == 0 && (st.st_mode & 07777) == 0400);
	/* Unchanged content: nothing moves. */
	ck_assert_int_eq(atomic_writer_write(dir, v1, 2, -1, &env_system), 0);
	ck_assert_str_eq(link_of("..data"), first);
	/* A held descriptor keeps the old bytes. */
	FILE *held = fopen(in_dir("token"), "re");
	ck_assert_int_eq(atomic_writer_write(dir, v2, 1, -1, &env_system), 1);
	char old[4] = "";
	ck_assert(fread(old, 1, 3, held) == 3 && strcmp(old, "one") == 0);
	fclose(held);
	ck_assert(slice_eqs(content("token"), "two"));
	ck_assert(strcmp(link_of("..data"), first) != 0);
	ck_assert(access(in_dir(first), F_OK) < 0);
	ck_assert_ptr_null(link_of("d"));
	ck_assert_uint_eq(entries(), 3);
}
END_TEST

START_TEST(a_file_that_goes_is_a_change) {
	struct volume_file v[] = { FILE_OF("a", "1", 0644), FILE_OF("b", "2", 0644) };
	ck_assert_int_eq(atomic_writer_write(dir, v, 2, -1, &env_system), 1);
	ck_assert_int_eq(atomic_writer_write(dir, v, 1, -1, &env_system), 1);
	ck_assert(access(in_dir("b"), F_OK) < 0);
}
END_TEST

static const char *const bad_paths[] = { "", "/a", "../a", "..a", "a/../b", "a//b", "a/", "./a", "..data" };

START_TEST(paths_that_leave_are_refused) {
	struct volume_file v = { slice_str(bad_paths[_i]), SLICE_LIT("x"), 0644, -1 };
	ck_assert_int_eq(atomic_writer_write(dir, &v, 1, -1, &env_system), -EINVAL);
	ck_assert_uint_eq(entries(), 0);
}
END_TEST

START_TEST(a_data_link_to_elsewhere_is_not_followed) {
	struct volume_file v[] = { FILE_OF("a", "1", 0644) };
	ck_assert_int_eq(symlink("/etc", in_dir("..data")), 0);
	ck_assert_int_eq(atomic_writer_write(dir, v, 1, -1, &env_system), 1);
	ck_assert(slice_eqs(content("a"), "1"));
	ck_assert_int_eq(access("/etc/passwd", F_OK), 0);
}
END_TEST

START_TEST(fs_group_reaches_the_files_before_the_switch) {
	struct volume_file v[] = { { SLICE_LIT("token"), SLICE_LIT("t"), 0600, 1000 } };
	struct stat st;
	if (geteuid() != 0) {
		printf("fsGroup: skipped, needs root\n");
		return;
	}
	ck_assert_int_eq(atomic_writer_write(dir, v, 1, 2000, &env_system), 1);
	ck_assert_int_eq(stat(in_dir("token"), &st), 0);
	ck_assert((st.st_mode & 07777) == 0640 && st.st_gid == 2000 && st.st_uid == 1000);
	ck_assert(stat(in_dir("..data/"), &st) == 0 && (st.st_mode & 07777) == 02755 && st.st_gid == 2000);
}
END_TEST

START_TEST(fs_group_does_not_follow_links) {
	struct stat st;
	if (geteuid() != 0) return;
	ck_assert_int_eq(symlink("/etc/hostname", in_dir("l")), 0);
	gid_t before = stat("/etc/hostname", &st) == 0 ? st.st_gid : 0;
	ck_assert_int_eq(volume_set_group(dir, 2000, true, false), 0);
	if (stat("/etc/hostname", &st) == 0) ck_assert_uint_eq(st.st_gid, before);
	ck_assert(lstat(in_dir("l"), &st) == 0 && st.st_gid == 2000);
	ck_assert(stat(dir, &st) == 0 && (st.st_mode & 07777) == 02770);
}
END_TEST

static int get_object(void *ctx, enum object_kind kind, struct slice ns, struct slice name, const yyjson_mut_val **ret, const char **why) {
	if (slice_eqs(name, "later")) return -EAGAIN;
	if (kind == OBJECT_CONFIGMAP && slice_eqs(name, "cm")) return *ret = parse("{\"data\":{\"k\":\"v\",\"l\":\"w\"},\"binaryData\":{\"b\":\"AAE=\"}}"), 0;
	if (kind == OBJECT_SECRET && slice_eqs(name, "s")) return *ret = parse("{\"data\":{\"p\":\"c2VjcmV0\"}}"), 0;
	return -ENOENT;
}

static int get_token(void *ctx, const struct token_request *q, struct slice *ret, const char **why) {
	if (slice_eqs(q->audience, "bad")) return *why = "no", -EIO;
	*ret = SLICE_LIT("jwt");
	return 0;
}

static int collect(const char *volume, int64_t fs_user, int64_t fs_group, struct payload *p, const char **why) {
	struct objects_source objects = { get_object, NULL };
	struct token_source tokens = { get_token, NULL };
	struct field_facts facts = { .pod = parse("{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\"},\"spec\":{\"serviceAccountName\":\"sa\"}}") };
	struct payload_context c = { &objects, &tokens, &facts, fs_user, fs_group };
	*p = (struct payload){ .arena = a };
	*why = NULL;
	return payload_collect(p, &c, parse(volume), why);
}

#define PROJECTED "{\"name\":\"v\",\"projected\":{\"defaultMode\":420,\"sources\":[{\"serviceAccountToken\":{\"path\":\"token\",\"expirationSeconds\":3607}}," \
		  "{\"configMap\":{\"name\":\"cm\",\"items\":[{\"key\":\"k\",\"path\":\"ca.crt\"}]}},{\"downwardAPI\":{\"items\":[{\"path\":\"namespace\",\"fieldRef\":{\"fieldPath\":\"metadata.namespace\"}}]}}]}}"

static const struct { int64_t user, group; mode_t token; int64_t owner; } modes[] = { { -1, -1, 0644, -1 }, { 1000, -1, 0600, 1000 }, { -1, 2000, 0600, -1 }, { 1000, 2000, 0600, 1000 } };

START_TEST(the_account_volume_has_its_modes) {
	struct payload p;
	const char *why;
	ck_assert_int_eq(collect(PROJECTED, modes[_i].user, modes[_i].group, &p, &why), 0);
	ck_assert_uint_eq(p.n, 3);
	ck_assert(slice_eqs(p.files[0].bytes, "jwt") && p.files[0].mode == modes[_i].token && p.files[0].uid == modes[_i].owner);
	ck_assert(slice_eqs(p.files[1].path, "ca.crt") && slice_eqs(p.files[1].bytes, "v") && p.files[1].mode == 0644 && p.files[1].uid == -1);
	ck_assert(slice_eqs(p.files[2].bytes, "n") && p.files[2].mode == 0644);
}
END_TEST

static const struct { const char *volume; int err; size_t files; const char *why; } payloads[] = {
	{ "{\"configMap\":{\"name\":\"cm\"}}", 0, 3, NULL },
	{ "{\"configMap\":{\"name\":\"none\"}}", -ENOENT, 0, "configmap \"none\" not found" },
	{ "{\"configMap\":{\"name\":\"none\",\"optional\":true}}", 0, 0, NULL },
	{ "{\"configMap\":{\"name\":\"cm\",\"items\":[{\"key\":\"zz\",\"path\":\"x\"}]}}", -EINVAL, 0, "configmap references non-existent config key: zz" },
	{ "{\"configMap\":{\"name\":\"cm\",\"optional\":true,\"items\":[{\"key\":\"zz\",\"path\":\"x\"},{\"key\":\"k\",\"path\":\"y\"}]}}", 0, 1, NULL },
	{ "{\"secret\":{\"secretName\":\"s\"}}", 0, 1, NULL },
	{ "{\"secret\":{\"secretName\":\"s\",\"items\":[{\"key\":\"zz\",\"path\":\"x\"}]}}", -EINVAL, 0, "references non-existent secret key: zz" },
	{ "{\"secret\":{\"secretName\":\"none\"}}", -ENOENT, 0, "secret \"none\" not found" },
	{ "{\"secret\":{\"secretName\":\"later\"}}", -EAGAIN, 0, NULL },
	{ "{\"projected\":{\"sources\":[{\"serviceAccountToken\":{\"path\":\"t\",\"audience\":\"bad\"}}]}}", -EIO, 0, "failed to fetch token: no" },
	{ "{\"projected\":{\"sources\":[{\"clusterTrustBundle\":{\"path\":\"t\"}}]}}", -ENOTSUP, 0, "clusterTrustBundle projection is not supported by this node" },
	{ "{\"configMap\":{\"name\":\"cm\",\"items\":[{\"key\":\"k\",\"path\":\"../x\"}]}}", -EINVAL, 1, "invalid path: ../x" },
};

START_TEST(payloads_and_their_complaints) {
	struct payload p;
	const char *why;
	ck_assert_int_eq(collect(payloads[_i].volume, -1, -1, &p, &why), payloads[_i].err);
	ck_assert_uint_eq(p.n, payloads[_i].files);
	if (payloads[_i].why) ck_assert_str_eq(why, payloads[_i].why);
}
END_TEST

START_TEST(one_user_for_all_owns_the_token) {
	ck_assert_int_eq(pod_fs_user(parse("{\"spec\":{\"securityContext\":{\"runAsUser\":5},\"containers\":[{},{}]}}")), 5);
	ck_assert_int_eq(pod_fs_user(parse("{\"spec\":{\"containers\":[{\"securityContext\":{\"runAsUser\":5}},{}]}}")), -1);
	ck_assert_int_eq(pod_fs_user(parse("{\"spec\":{\"containers\":[{\"securityContext\":{\"runAsUser\":5}}],\"initContainers\":[{\"securityContext\":{\"runAsUser\":6}}]}}")), -1);
	ck_assert_int_eq(pod_fs_user(parse("{\"spec\":{\"containers\":[{}]}}")), -1);
}
END_TEST

static const struct { const char *type, *path; int err; const char *why; } host_paths[] = {
	{ "Directory", "sub", -EINVAL, "is not a directory" }, { "DirectoryOrCreate", "sub", 0, NULL }, { "File", "f", -EINVAL, "is not a file" },
	{ "FileOrCreate", "f", 0, NULL }, { "Socket", "f", -EINVAL, "is not a socket file" }, { "", "anything", 0, NULL },
};

START_TEST(host_paths_are_checked) {
	struct volume_context c = { .arena = a, .env = &env_system, .pod_dir = dir, .pod = parse("{}") };
	const char *path, *why;
	const yyjson_mut_val *v = parse(arena_printf(a, "{\"name\":\"v\",\"hostPath\":{\"path\":\"%s\",\"type\":\"%s\"}}", in_dir(host_paths[_i].path), host_paths[_i].type));
	ck_assert_int_eq(volume_set_up(&c, v, &path, &why), host_paths[_i].err);
	if (host_paths[_i].err) ck_assert(slice_ends(slice_str(why), slice_str(host_paths[_i].why)));
	else ck_assert_str_eq(path, in_dir(host_paths[_i].path));
}
END_TEST

START_TEST(unknown_volumes_are_named) {
	struct volume_context c = { .arena = a, .env = &env_system, .pod_dir = dir, .pod = parse("{}") };
	const char *path, *why;
	ck_assert_int_eq(volume_set_up(&c, parse("{\"name\":\"v\",\"nfs\":{\"server\":\"x\"}}"), &path, &why), -ENOTSUP);
	ck_assert_str_eq(why, "no volume plugin matched: volumes of type nfs are not supported by this node");
	ck_assert_int_eq(volume_set_up(&c, parse("{\"name\":\"../v\",\"emptyDir\":{}}"), &path, &why), -EINVAL);
}
END_TEST

int main(void) {
	Suite *s = suite_create("node-volume");
	TCase *t = tcase_create("volume");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, versions_are_switched_as_a_whole);
	tcase_add_test(t, a_file_that_goes_is_a_change);
	tcase_add_loop_test(t, paths_that_leave_are_refused, 0, ELEMENTSOF(bad_paths));
	tcase_add_test(t, a_data_link_to_elsewhere_is_not_followed);
	tcase_add_test(t, fs_group_reaches_the_files_before_the_switch);
	tcase_add_test(t, fs_group_does_not_follow_links);
	tcase_add_loop_test(t, the_account_volume_has_its_modes, 0, ELEMENTSOF(modes));
	tcase_add_loop_test(t, payloads_and_their_complaints, 0, ELEMENTSOF(payloads));
	tcase_add_test(t, one_user_for_all_owns_the_token);
	tcase_add_loop_test(t, host_paths_are_checked, 0, ELEMENTSOF(host_paths));
	tcase_add_test(t, unknown_volumes_are_named);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
