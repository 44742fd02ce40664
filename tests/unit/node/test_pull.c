/* SPDX-License-Identifier: Apache-2.0 */
/* The image store against a real registry on loopback (docker-registry, skopeo): skipped where they or root are missing. */
#include "node/files.h"
#include "node/image/store.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

static char dir[64];
static struct arena *a;
static struct loop *loop;
static struct image_store *store;
static int registry_pid, port;

static int shell(const char *fmt, ...) k8c_printf(1, 2);
static int shell(const char *fmt, ...) {
	char command[4096];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command);
}

static void store_open(void) {
	struct slice mirror = slice_str(arena_printf(a, "{\"registries\":[{\"name\":\"docker.io\",\"endpoints\":[\"http://127.0.0.1:%d\"]}]}", port));
	struct image_store_options o = { .dir = arena_printf(a, "%s/store", dir), .registries = mirror, .env = &env_system };
	ck_assert_int_eq(image_store_open(loop, &o, &store), 0);
}

static void setup(void) {
	a = arena_new(0);
	snprintf(dir, sizeof(dir), "/tmp/k8c-pull-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	port = 20000 + getpid() % 20000;
	ck_assert_int_eq(shell("cd %s && printf 'version: 0.1\\nstorage: {filesystem: {rootdirectory: %s/reg}}\\nhttp: {addr: \"127.0.0.1:%d\"}\\n' > reg.yml && "
			       "(docker-registry serve reg.yml >reg.log 2>&1 & echo $! > reg.pid)", dir, dir, port), 0);
	struct slice text;
	int64_t pid = 0;
	ck_assert_int_eq(files_read_arena(a, arena_printf(a, "%s/reg.pid", dir), 100, &text), 0);
	text.n--;
	ck_assert_int_eq(slice_int(text, 2, INT32_MAX, &pid), 0);
	registry_pid = (int)pid;
	ck_assert_int_eq(loop_new(&loop), 0);
	store_open();
}

static void teardown(void) {
	image_store_free(store);
	loop_free(loop);
	kill(registry_pid, SIGTERM);
	ck_assert_int_eq(files_remove_tree(dir), 0);
	a = arena_free(a);
}

/* Two layers, the upper one hiding a file of the lower one; `word` makes the content different. */
static void push(const char *tag, const char *word) {
	ck_assert_int_eq(shell("cd %s && rm -rf l1 l2 && mkdir -p l1/etc l2/etc && echo base > l1/etc/a && echo low > l1/etc/b && touch l2/etc/.wh.b && echo %s > l2/etc/c && "
			       "tar -C l1 -cf l1.tar . && tar -C l2 -cf l2.tar . && "
			       "printf '{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"sh\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:%%s\",\"sha256:%%s\"]}}' "
			       "$(sha256sum l1.tar | cut -d' ' -f1) $(sha256sum l2.tar | cut -d' ' -f1) > config.json && "
			       "printf '[{\"Config\":\"config.json\",\"RepoTags\":[\"x:1\"],\"Layers\":[\"l1.tar\",\"l2.tar\"]}]' > manifest.json && tar -cf x.tar config.json manifest.json l1.tar l2.tar && "
			       "for i in 1 2 3 4 5 6 7 8 9; do skopeo --insecure-policy copy --quiet --dest-tls-verify=false docker-archive:x.tar docker://127.0.0.1:%d/%s && exit 0; sleep 0.3; done; exit 1",
			       dir, word, port, tag), 0);
}

struct outcome {
	bool over;
	int err;
	char why[512];
	struct slice id;
};

static void on_pulled(void *ctx, const struct image_pull_result *r) {
	struct outcome *o = ctx;
	o->over = true;
	o->err = r->err;
	snprintf(o->why, sizeof(o->why), "%s", r->why ? r->why : "");
	if (r->image) o->id = arena_slice_dup(a, r->image->id);
}

static struct outcome pull(const char *name) {
	struct image_reference ref;
	const char *why;
	struct outcome o = { 0 };
	ck_assert_int_eq(image_reference_parse(a, slice_str(name), &ref, &why), 0);
	ck_assert_int_eq(image_store_pull(store, &ref, SLICE_NULL, on_pulled, &o), 0);
	ck_assert(!o.over);
	while (!o.over) loop_run(loop, UV_RUN_ONCE);
	return o;
}

static const struct image *find(const char *name) {
	struct image_reference ref;
	const char *why;
	ck_assert_int_eq(image_reference_parse(a, slice_str(name), &ref, &why), 0);
	return image_store_find(store, &ref);
}

START_TEST(images_come_through_the_mirror_and_stay) {
	push("library/x:1", "one");
	struct outcome o = pull("x:1");
	ck_assert_msg(o.err == 0, "%s", o.why);
	const struct image *i = find("docker.io/library/x:1");
	ck_assert_ptr_nonnull(i);
	ck_assert_uint_eq(i->n_layers, 2);
	ck_assert(i->n_digests == 1 && slice_starts(i->digests[0], SLICE_LIT("docker.io/library/x@sha256:")));
	/* The upper layer comes first and hides what it removes. */
	struct slice lower = slice_str(image_store_lowerdirs(store, a, i)), top = slice_cut(&lower, ':');
	struct stat st;
	ck_assert(lstat(arena_printf(a, "%.*s/etc/b", SLICE_FMT(top)), &st) == 0 && S_ISCHR(st.st_mode));
	ck_assert_int_eq(access(arena_printf(a, "%.*s/etc/b", SLICE_FMT(lower)), F_OK), 0);
	/* By digest too, and after the store is opened again. */
	const char *digest = arena_slice_str(a, i->digests[0]);
	ck_assert_ptr_eq(find(digest), i);
	image_store_free(store);
	store_open();
	ck_assert_ptr_nonnull(find(digest));
	ck_assert_ptr_nonnull(find("x:1"));
}
END_TEST

START_TEST(a_tag_that_moves_takes_its_name_along) {
	push("library/x:1", "one");
	struct outcome first = pull("x:1"), same = pull("x:1");
	ck_assert_int_eq(first.err, 0);
	ck_assert(same.err == 0 && slice_eq(same.id, first.id));
	push("library/x:1", "two");
	struct outcome second = pull("x:1");
	ck_assert(second.err == 0 && !slice_eq(second.id, first.id));
	ck_assert(slice_eq(find("x:1")->id, second.id));
	ck_assert_uint_eq(image_store_find_id(store, first.id)->n_names, 0);
}
END_TEST

static bool keep_none(void *ctx, const struct image *i) { return false; }

START_TEST(unused_images_and_their_layers_go) {
	push("library/x:1", "one");
	ck_assert_int_eq(pull("x:1").err, 0);
	const char *layer = arena_printf(a, "%s/store/layers/%.*s", dir, SLICE_FMT(slice_from(find("x:1")->layers[0], 7)));
	ck_assert_int_eq(access(layer, F_OK), 0);
	ck_assert_uint_eq(image_store_collect(store, keep_none, NULL), 1);
	ck_assert_ptr_null(find("x:1"));
	ck_assert(access(layer, F_OK) < 0);
	ck_assert_int_eq(pull("x:1").err, 0);
	ck_assert_int_eq(access(layer, F_OK), 0);
}
END_TEST

START_TEST(what_is_not_there_is_said) {
	push("library/x:1", "one");
	struct outcome o = pull("127.0.0.1:1/none:1");
	ck_assert_int_eq(o.err, -EIO);
	ck_assert_msg(strstr(o.why, "connection refused") != NULL, "%s", o.why);
	o = pull(arena_printf(a, "127.0.0.1:%d/none:1", port));
	ck_assert_int_eq(o.err, -EIO);
	ck_assert_msg(strstr(o.why, "manifest unknown") != NULL, "%s", o.why);
}
END_TEST

int main(void) {
	if (geteuid() != 0 || system("command -v docker-registry skopeo >/dev/null") != 0) {
		printf("skipped: needs root, docker-registry and skopeo\n");
		return 77;
	}
	Suite *s = suite_create("node-pull");
	TCase *t = tcase_create("pull");
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, images_come_through_the_mirror_and_stay);
	tcase_add_test(t, a_tag_that_moves_takes_its_name_along);
	tcase_add_test(t, unused_images_and_their_layers_go);
	tcase_add_test(t, what_is_not_there_is_said);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
