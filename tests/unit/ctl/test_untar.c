/* SPDX-License-Identifier: Apache-2.0 */
/* Archives as a hostile container would send them: nothing is written but below the target. */
#include "ctl/untar.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

static char root[64];
static struct ctl c;
static struct buf archive;

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f) { return (void)st, (void)flag, (void)f, remove(path); }

static void setup(void) {
	strcpy(root, "/tmp/k8c-untar-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(chdir(root), 0);
	c = (struct ctl){ .a = arena_new(0), .env = &env_system };
	ck_assert_ptr_nonnull(c.a);
	c.flags.a = c.a;
	sink_init(&c.out, 1);
	sink_init(&c.err, open("errors", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	archive = BUF_INIT(1 << 20);
}

static void teardown(void) {
	arena_free(c.a);
	(void)sink_done(&c.out);
	(void)sink_done(&c.err);
	close(c.err.fd);
	buf_done(&archive);
	ck_assert_int_eq(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void put(enum tar_type type, const char *name, const char *link, const char *data) {
	(void)tar_put_header(&archive, &(struct tar_entry){ type, name, link, strlen(data), 0644 });
	(void)buf_puts(&archive, data);
	for (size_t i = tar_padding(strlen(data)); i; i--) (void)buf_putc(&archive, 0);
}

static int unpack(const char *prefix) {
	struct untar *u;
	(void)tar_put_end(&archive);
	ck_assert_int_eq(archive.err, 0);
	ck_assert_int_eq(untar_new(&c, prefix, "target", "", &u), 0);
	int r = untar_feed(u, buf_slice(&archive));
	(void)sink_flush(&c.err);
	return r < 0 ? r : untar_finish(u);
}

static const char *content(const char *path) {
	static char text[256];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	if (fd < 0) return NULL;
	close(fd);
	text[n] = 0;
	return text;
}

START_TEST(a_folder_lands_below_the_target) {
	put(TAR_DIR, "data/", "", "");
	put(TAR_DIR, "data/sub/", "", "");
	put(TAR_FILE, "data/sub/file", "", "hello");
	put(TAR_FILE, "data/other/deep/file", "", "made on the way");
	ck_assert_int_eq(unpack("data"), 0);
	ck_assert_str_eq(content("target/sub/file"), "hello");
	ck_assert_str_eq(content("target/other/deep/file"), "made on the way");
}
END_TEST

START_TEST(one_file_becomes_the_target) {
	put(TAR_FILE, "tmp/copied", "", "hello");
	ck_assert_int_eq(unpack("tmp/copied"), 0);
	ck_assert_str_eq(content("target"), "hello");
}
END_TEST

START_TEST(names_that_lead_out_are_left_out) {
	put(TAR_DIR, "data/", "", "");
	put(TAR_FILE, "data/../evil", "", "x");
	put(TAR_FILE, "data/a/../../evil", "", "x");
	put(TAR_FILE, "../evil", "", "x");
	put(TAR_FILE, "dataevil", "", "x");
	put(TAR_FILE, "data/..", "", "x");
	put(TAR_FILE, "data/good", "", "y");
	ck_assert_int_eq(unpack("data"), 0);
	ck_assert_ptr_null(content("evil"));
	ck_assert_ptr_null(content("targetevil"));
	ck_assert_str_eq(content("target/good"), "y");
	ck_assert_ptr_nonnull(strstr(content("errors"), "outside target destination"));
}
END_TEST

START_TEST(links_are_neither_made_nor_written_through) {
	put(TAR_DIR, "data/", "", "");
	put(TAR_SYMLINK, "data/out", "..", "");
	put(TAR_FILE, "data/out/evil", "", "x");
	put(TAR_HARDLINK, "data/hard", "errors", "");
	put(TAR_SYMLINK, "data/file", "../evil", "");
	put(TAR_FILE, "data/file", "", "y");
	ck_assert_int_eq(unpack("data"), 0);
	ck_assert_ptr_null(content("evil"));
	ck_assert_str_eq(content("target/out/evil"), "x");
	ck_assert_str_eq(content("target/file"), "y");
	ck_assert_int_eq(access("target/hard", F_OK), -1);
}
END_TEST

START_TEST(links_that_are_there_already_are_not_followed) {
	ck_assert_int_eq(mkdir("target", 0700), 0);
	ck_assert_int_eq(symlink("..", "target/out"), 0);
	ck_assert_int_eq(symlink("../evil", "target/file"), 0);
	put(TAR_FILE, "data/out/evil", "", "x");
	put(TAR_FILE, "data/file", "", "x");
	put(TAR_FILE, "data/good", "", "y");
	ck_assert_int_eq(unpack("data"), 0);
	ck_assert_ptr_null(content("evil"));
	ck_assert_str_eq(content("target/good"), "y");
	ck_assert_ptr_nonnull(strstr(content("errors"), "through a link"));
}
END_TEST

START_TEST(an_archive_that_breaks_off_is_an_error) {
	struct untar *u;
	put(TAR_FILE, "data/a", "", "hello");
	ck_assert_int_eq(untar_new(&c, "data", "target", "", &u), 0);
	ck_assert_int_eq(untar_feed(u, slice_upto(buf_slice(&archive), 514)), 0);
	ck_assert_int_eq(untar_finish(u), 1);
	ck_assert_str_eq(c.faults.v[0].message, "tar contents corrupted: unexpected EOF");
}
END_TEST

int main(void) {
	Suite *s = suite_create("ctl untar");
	TCase *t = tcase_create("untar");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_folder_lands_below_the_target);
	tcase_add_test(t, one_file_becomes_the_target);
	tcase_add_test(t, names_that_lead_out_are_left_out);
	tcase_add_test(t, links_are_neither_made_nor_written_through);
	tcase_add_test(t, links_that_are_there_already_are_not_followed);
	tcase_add_test(t, an_archive_that_breaks_off_is_an_error);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
