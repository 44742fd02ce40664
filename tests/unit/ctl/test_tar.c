/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/tar.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>

struct seen {
	char text[8192];
	size_t n;
	int stop;
};

static void note(struct seen *s, const char *p, size_t n) {
	ck_assert_uint_lt(s->n + n, sizeof(s->text));
	memcpy(s->text + s->n, p, n);
	s->n += n;
}

static int on_entry(void *ctx, const struct tar_entry *e) {
	struct seen *s = ctx;
	static const char kinds[] = "fdlho";
	note(s, &kinds[e->type], 1);
	note(s, e->name, strlen(e->name));
	if (*e->link) note(s, ">", 1), note(s, e->link, strlen(e->link));
	note(s, ":", 1);
	return s->stop;
}
static int on_data(void *ctx, struct slice b) { return note(ctx, b.p, b.n), 0; }
static int on_end(void *ctx) { return note(ctx, ";", 1), 0; }
static const struct tar_handler handler = { on_entry, on_data, on_end };

static int read_all(struct slice s, size_t step, struct seen *seen, bool *complete) {
	struct tar_reader r;
	int e = 0;
	tar_reader_init(&r, &handler, seen);
	while (s.n && e == 0) {
		struct slice part = slice_upto(s, step);
		e = tar_feed(&r, part);
		s = slice_from(s, part.n);
	}
	*complete = tar_complete(&r);
	tar_reader_done(&r);
	return e;
}

static void put(struct buf *b, enum tar_type type, const char *name, const char *link, const char *data) {
	ck_assert_int_eq(tar_put_header(b, &(struct tar_entry){ type, name, link, strlen(data), 0644 }), 0);
	ck_assert_int_eq(buf_puts(b, data), 0);
	for (size_t i = tar_padding(strlen(data)); i; i--) ck_assert_int_eq(buf_putc(b, 0), 0);
}

static char long_name[300];

static void make_archive(struct buf *b) {
	memset(long_name, 'n', sizeof(long_name) - 1);
	put(b, TAR_DIR, "d/", "", "");
	put(b, TAR_FILE, "d/a", "", "hello");
	put(b, TAR_FILE, "d/empty", "", "");
	put(b, TAR_SYMLINK, "d/l", "/etc/passwd", "");
	put(b, TAR_FILE, long_name, "", "long");
	put(b, TAR_FILE, "after", "", "x");
	ck_assert_int_eq(tar_put_end(b), 0);
}

START_TEST(what_is_written_is_read_in_any_pieces) {
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	char want[1024];
	make_archive(&b);
	snprintf(want, sizeof(want), "dd/:;fd/a:hello;fd/empty:;ld/l>/etc/passwd:;f%s:long;fafter:x;", long_name);
	static const size_t steps[] = { 1, 7, 511, 512, 513, 100000 };
	for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
		struct seen s = { .n = 0 };
		bool complete;
		ck_assert_int_eq(read_all(buf_slice(&b), steps[i], &s, &complete), 0);
		s.text[s.n] = 0;
		ck_assert_str_eq(s.text, want);
		ck_assert(complete);
	}
}
END_TEST

START_TEST(an_archive_that_breaks_off_is_not_complete) {
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	struct seen s = { .n = 0 };
	bool complete;
	make_archive(&b);
	ck_assert_int_eq(read_all(slice_upto(buf_slice(&b), 512 + 512 + 3), 512, &s, &complete), 0);
	ck_assert(!complete);
}
END_TEST

START_TEST(a_header_with_a_wrong_checksum_is_refused) {
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	struct seen s = { .n = 0 };
	bool complete;
	make_archive(&b);
	b.p[0] ^= 1;
	ck_assert_int_eq(read_all(buf_slice(&b), 512, &s, &complete), -EBADMSG);
	ck_assert_uint_eq(s.n, 0);
}
END_TEST

START_TEST(a_callback_ends_reading) {
	_cleanup_buf_ struct buf b = BUF_INIT(1 << 20);
	struct seen s = { .stop = -EACCES };
	bool complete;
	make_archive(&b);
	ck_assert_int_eq(read_all(buf_slice(&b), 512, &s, &complete), -EACCES);
}
END_TEST

int main(void) {
	Suite *s = suite_create("ctl tar");
	TCase *t = tcase_create("tar");
	tcase_add_test(t, what_is_written_is_read_in_any_pieces);
	tcase_add_test(t, an_archive_that_breaks_off_is_not_complete);
	tcase_add_test(t, a_header_with_a_wrong_checksum_is_refused);
	tcase_add_test(t, a_callback_ends_reading);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
