/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every sample object, in JSON and in protobuf, must come out of the codec as it went in: JSON to JSON, JSON to protobuf,
 * protobuf to JSON, protobuf to protobuf. Samples are our own (samples/) and, where there is a directory of recorded ones
 * (K8C_ROUNDTRIP, or a sibling folder of the source tree), all of these.
 */
#include "support.h"

#include <dirent.h>
#include <stdio.h>

#define SAMPLE_MAX (8u * 1024u * 1024u)

static const char *dirs[] = { SAMPLES, NULL };
static int n_samples;

static bool read_file(const char *path, struct buf *b) {
	FILE *f = fopen(path, "rb");
	char chunk[4096];
	size_t n;
	if (!f) return false;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0) buf_put(b, chunk, n);
	fclose(f);
	return buf_err(b) == 0;
}

static const char *compact(struct arena *a, const yyjson_mut_val *v) {
	_cleanup_buf_ struct buf b = BUF_INIT(SAMPLE_MAX);
	json_write(&b, v);
	return text_of(a, &b);
}

/* Where two texts part, for the message. */
static void same(const char *what, const char *name, struct slice got, struct slice want) {
	size_t i = 0;
	if (slice_eq(got, want)) return;
	while (i < got.n && i < want.n && got.p[i] == want.p[i]) i++;
	size_t from = i > 60 ? i - 60 : 0;
	ck_abort_msg("%s: %s differs at byte %zu:\n got ...%.*s\nwant ...%.*s", name, what, i,
		     SLICE_FMT(slice_upto(slice_from(got, from), 160)), SLICE_FMT(slice_upto(slice_from(want, from), 160)));
}

static void check_proto(struct arena *a, const char *name, const struct schema_type *t, yyjson_mut_val *root, struct slice pb,
			const char *want) {
	_cleanup_buf_ struct buf out = BUF_INIT(SAMPLE_MAX), again = BUF_INIT(SAMPLE_MAX);
	struct slice api_version = json_path_str(root, "apiVersion"), kind = json_path_str(root, "kind");
	bool bare = !kind.n;
	ck_assert_int_eq(schema_encode_proto_envelope(t, api_version, kind, root, &out), 0);
	same("protobuf from JSON", name, buf_slice(&out), pb);
	struct schema_envelope e;
	const char *msg = "";
	ck_assert_msg(schema_envelope_parse(pb, &e, a, &msg) == 0, "%s: %s", name, msg);
	yyjson_mut_doc *doc;
	ck_assert_msg(schema_decode_proto(t, a, e.raw, &doc, &msg) == 0, "%s: %s", name, msg);
	yyjson_mut_val *v = yyjson_mut_doc_get_root(doc);
	if (!bare) json_set_str(doc, v, "kind", e.kind);
	if (!bare) json_set_str(doc, v, "apiVersion", e.api_version);
	same("JSON from protobuf", name, slice_str(encoded(a, t, v)), slice_str(want));
	ck_assert_int_eq(schema_encode_proto_envelope(t, e.api_version, e.kind, v, &again), 0);
	same("protobuf from protobuf", name, buf_slice(&again), pb);
}

static void check_sample(const char *dir, const char *name) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf json = BUF_INIT(SAMPLE_MAX), pb = BUF_INIT(SAMPLE_MAX);
	ck_assert(read_file(arena_printf(a, "%s/%s.json", dir, name), &json));
	const char *text = text_of(a, &json);
	yyjson_mut_doc *doc = parse(a, text);
	const char *want = compact(a, yyjson_mut_doc_get_root(doc));
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	bool bare = !json_get(root, "kind"); /* WatchEvent does not say what it is */
	const struct schema_type *t = bare ? type_named("v1", strrchr(name, '.') + 1)
					   : type_named(arena_slice_str(a, json_path_str(root, "apiVersion")),
							arena_slice_str(a, json_path_str(root, "kind")));
	struct schema_issues issues;
	const char *msg = "";
	ck_assert_msg(schema_decode_tree(t, a, doc, &issues, &msg) == 0, "%s: %s", name, msg);
	ck_assert_msg(issues.n_unknown == 0, "%s: %s", name, issues.n_unknown ? issues.unknown[0] : "");
	root = yyjson_mut_doc_get_root(doc);
	same("JSON", name, slice_str(encoded(a, t, root)), slice_str(want));
	if (read_file(arena_printf(a, "%s/%s.pb", dir, name), &pb)) check_proto(a, name, t, root, buf_slice(&pb), want);
	n_samples++;
}

static void check_dir(const char *dir) {
	DIR *d = opendir(dir);
	struct dirent *e;
	while (d && (e = readdir(d))) {
		size_t n = strlen(e->d_name);
		if (n < 5 || strcmp(e->d_name + n - 5, ".json")) continue;
		e->d_name[n - 5] = 0;
		check_sample(dir, e->d_name);
	}
	if (d) closedir(d);
}

START_TEST(own_samples) {
	check_dir(dirs[0]);
	ck_assert_int_ge(n_samples, 4);
}
END_TEST

START_TEST(recorded_samples) {
	const char *dir = getenv("K8C_ROUNDTRIP");
	check_dir(dir ? dir : SOURCE_ROOT "/../shared/facts/roundtrip");
	fprintf(stderr, "%d recorded samples\n", n_samples);
}
END_TEST

int main(void) {
	Suite *s = suite_create("roundtrip");
	TCase *tc = tcase_create("samples");
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, own_samples);
	tcase_add_test(tc, recorded_samples);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
