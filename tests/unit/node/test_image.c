/* SPDX-License-Identifier: Apache-2.0 */
#include "node/image/auth.h"
#include "node/image/image.h"
#include "node/image/layer.h"
#include "node/image/reference.h"
#include "node/image/registries.h"
#include "node/logline.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define HEX64 "e6c119cd936f2eb15f583f89f96634d158ca360c3a9bbed04d74a415078ee5e4"

static struct arena *a;
static void setup(void) { a = arena_new(0); }
static void teardown(void) { a = arena_free(a); }

static const struct { const char *typed, *full; } names[] = {
	{ "nginx", "docker.io/library/nginx:latest" },
	{ "radial/busyboxplus:curl", "docker.io/radial/busyboxplus:curl" },
	{ "index.docker.io/library/nginx:1", "docker.io/library/nginx:1" },
	{ "localhost/x", "localhost/x:latest" },
	{ "127.0.0.1:5000/a/b:c", "127.0.0.1:5000/a/b:c" },
	{ "quay.io/a__b/c-d.e:V_1.0", "quay.io/a__b/c-d.e:V_1.0" },
	{ "[::1]:5000/x:1", "[::1]:5000/x:1" },
	{ "Registry/x", "Registry/x:latest" },
	{ "x@sha256:" HEX64, "docker.io/library/x@sha256:" HEX64 },
	{ "x:1@sha256:" HEX64, "docker.io/library/x@sha256:" HEX64 },
};

START_TEST(names_are_normalised) {
	struct image_reference r;
	const char *why;
	ck_assert_int_eq(image_reference_parse(a, slice_str(names[_i].typed), &r, &why), 0);
	ck_assert_str_eq(image_reference_text(a, &r), names[_i].full);
}
END_TEST

static const char *const bad_names[] = { "", ":1", "a:", "a b", "-a", "a-", "a..b", "a/", "/a", "a//b", "x@sha256:12", "x@md5:" HEX64, "x:-1", "host:99999/x", "UPPER", "a/B", "http://x/y", "../x", "x:\xff" };

START_TEST(bad_names_are_refused) {
	struct image_reference r;
	const char *why = NULL;
	ck_assert_int_eq(image_reference_parse(a, slice_str(bad_names[_i]), &r, &why), -EINVAL);
	ck_assert(strncmp(why, "invalid reference format", 24) == 0);
}
END_TEST

START_TEST(upper_case_has_its_own_sentence) {
	struct image_reference r;
	const char *why;
	ck_assert_int_eq(image_reference_parse(a, SLICE_LIT("Upper"), &r, &why), -EINVAL);
	ck_assert_str_eq(why, "invalid reference format: repository name must be lowercase");
}
END_TEST

START_TEST(mirrors_come_before_the_registry) {
	struct registries r;
	const char *why = NULL;
	struct image_endpoint *e;
	size_t n;
	ck_assert_int_eq(registries_parse(a, SLICE_LIT("{\"registries\":[{\"name\":\"docker.io\",\"endpoints\":[\"http://127.0.0.1:5000/\",\"https://mirror.example\"]}]}"), &r, &why), 0);
	ck_assert_int_eq(registries_endpoints(a, &r, SLICE_LIT("docker.io"), &e, &n), 0);
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(e[0].host, "127.0.0.1:5000");
	ck_assert(e[0].plain_allowed && !e[1].plain_allowed && !e[2].plain_allowed);
	ck_assert_str_eq(e[2].host, "docker.io");
	ck_assert_int_eq(registries_endpoints(a, &r, SLICE_LIT("127.0.0.1:7000"), &e, &n), 0);
	ck_assert(n == 1 && e[0].plain_allowed);
	ck_assert_int_eq(registries_endpoints(a, &r, SLICE_LIT("example.com"), &e, &n), 0);
	ck_assert(n == 1 && !e[0].plain_allowed);
}
END_TEST

static const char *const bad_registries[] = { "{", "{}", "{\"registries\":[{\"name\":\"x\"}]}", "{\"registries\":[{\"name\":\"x\",\"endpoints\":[\"ftp://y\"]}]}",
					      "{\"registries\":[{\"name\":\"x\",\"endpoints\":[\"http://\"]}]}", "{\"registries\":[{\"name\":\"\",\"endpoints\":[]}]}" };

START_TEST(bad_registries_are_explained) {
	struct registries r;
	const char *why = NULL;
	ck_assert_int_eq(registries_parse(a, slice_str(bad_registries[_i]), &r, &why), -EINVAL);
	ck_assert_ptr_nonnull(why);
}
END_TEST

START_TEST(records_survive_writing_and_reading) {
	struct slice name[] = { SLICE_LIT("docker.io/library/x:1") }, digest[] = { SLICE_LIT("docker.io/library/x@sha256:" HEX64) }, layer[] = { SLICE_LIT("sha256:" HEX64) };
	struct image i = { .id = SLICE_LIT("sha256:" HEX64), .names = name, .n_names = 1, .digests = digest, .n_digests = 1, .layers = layer, .n_layers = 1, .size = 42,
			   .config_text = SLICE_LIT("{\"config\":{\"Env\":[\"A=b\"],\"Entrypoint\":null,\"Cmd\":[\"sh\",\"-c\"],\"User\":\"1:2\",\"WorkingDir\":\"/w\"}}") };
	struct image *back;
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	ck_assert_int_eq(image_record_write(&b, &i), 0);
	ck_assert_int_eq(image_record_parse(buf_slice(&b), &back), 0);
	ck_assert(image_has_name(back, name[0]) && image_has_digest(back, digest[0]));
	ck_assert_uint_eq(back->config.n_cmd, 2);
	ck_assert_uint_eq(back->config.n_entrypoint, 0);
	ck_assert(slice_eqs(back->config.user, "1:2") && slice_eqs(back->config.working_dir, "/w") && back->size == 42);
	image_free(back);
}
END_TEST

START_TEST(hostile_manifests_are_refused) {
	struct image_manifest m;
	const char *why;
	ck_assert_int_eq(image_manifest_parse(a, SLICE_LIT("{\"config\":{\"digest\":\"sha256:../../etc\"},\"layers\":[]}"), &m, &why), -EBADMSG);
	ck_assert_int_eq(image_manifest_parse(a, SLICE_LIT("{\"config\":{\"digest\":\"sha256:" HEX64 "\"},\"layers\":[{\"digest\":\"x\"}]}"), &m, &why), -EBADMSG);
	ck_assert_int_eq(image_manifest_parse(a, SLICE_LIT("[]"), &m, &why), -EBADMSG);
	struct image_config c;
	ck_assert_int_eq(image_config_parse(a, SLICE_LIT("{\"config\":{\"Env\":[\"A\\u0000B\"]}}"), &c), -EBADMSG);
	ck_assert_int_eq(image_config_parse(a, SLICE_LIT("{\"config\":{\"Cmd\":\"sh\"}}"), &c), -EBADMSG);
	ck_assert_int_eq(image_config_parse(a, SLICE_LIT("{\"config\":{\"User\":\"a\\u0000\"}}"), &c), -EBADMSG);
}
END_TEST

START_TEST(pull_secrets_are_merged) {
	struct pull_auth p;
	struct slice text;
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	ck_assert_int_eq(pull_auth_init(&p, a), 0);
	/* {"auths":{"https://index.docker.io/v1/":{"username":"u","password":"p"}}} */
	ck_assert_int_eq(json_parse(a, SLICE_LIT("{\"data\":{\".dockerconfigjson\":\"eyJhdXRocyI6eyJodHRwczovL2luZGV4LmRvY2tlci5pby92MS8iOnsidXNlcm5hbWUiOiJ1IiwicGFzc3dvcmQiOiJwIn19fQ==\"}}"), &doc, &err), 0);
	ck_assert_int_eq(pull_auth_add(&p, yyjson_mut_doc_get_root(doc)), 0);
	ck_assert_int_eq(pull_auth_text(&p, &text), 0);
	ck_assert(slice_eqs(text, "{\"auths\":{\"docker.io\":{\"auth\":\"dTpw\"}}}"));
}
END_TEST

START_TEST(log_lines_give_their_message) {
	ck_assert_str_eq(logline_message(a, SLICE_LIT("time=\"x\" level=error msg=\"exec: \\\"/n\\\": no\"\n")), "exec: \"/n\": no");
	ck_assert_str_eq(logline_message(a, SLICE_LIT("plain text\n")), "plain text");
	ck_assert_str_eq(logline_message(a, SLICE_LIT("msg=\"open end\\")), "open end\\");
}
END_TEST

START_TEST(whiteouts_become_devices) {
	char dir[] = "/tmp/k8c-layer-XXXXXX", command[512];
	struct stat st;
	if (geteuid() != 0) {
		printf("whiteouts: skipped, needs root\n");
		return;
	}
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(command, sizeof(command), "cd %s && mkdir -p d/e && touch d/.wh.gone d/e/.wh..wh..opq d/.wh..wh.plnk keep && ln -s /etc/shadow d/link", dir);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(layer_convert_whiteouts(dir), 0);
	snprintf(command, sizeof(command), "%s/d/gone", dir);
	ck_assert(lstat(command, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0));
	snprintf(command, sizeof(command), "%s/d/e", dir);
	char value[4];
	ck_assert_int_eq(getxattr(command, "trusted.overlay.opaque", value, sizeof(value)), 1);
	snprintf(command, sizeof(command), "%s/d/.wh..wh.plnk", dir);
	ck_assert(access(command, F_OK) < 0);
	/* A marker that names "..": refused. */
	snprintf(command, sizeof(command), "touch '%s/.wh...'", dir);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(layer_convert_whiteouts(dir), -EBADMSG);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

int main(void) {
	Suite *s = suite_create("node-image");
	TCase *t = tcase_create("image");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, names_are_normalised, 0, ELEMENTSOF(names));
	tcase_add_loop_test(t, bad_names_are_refused, 0, ELEMENTSOF(bad_names));
	tcase_add_test(t, upper_case_has_its_own_sentence);
	tcase_add_test(t, mirrors_come_before_the_registry);
	tcase_add_loop_test(t, bad_registries_are_explained, 0, ELEMENTSOF(bad_registries));
	tcase_add_test(t, records_survive_writing_and_reading);
	tcase_add_test(t, hostile_manifests_are_refused);
	tcase_add_test(t, pull_secrets_are_merged);
	tcase_add_test(t, log_lines_give_their_message);
	tcase_add_test(t, whiteouts_become_devices);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
