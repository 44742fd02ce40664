/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded requests through decode, default, prepare and validate: the complaints have to be the recorded ones, in their order.
 * Samples are those of this folder; K8C_VALIDATE_SAMPLES names a file of more (extract.py makes it), K8C_VALIDATE_LIST prints
 * every difference instead of stopping at the first.
 */
#include "schema/schema.h"
#include "base/env.h"

#include <check.h>
#include <stdio.h>

struct sample {
	const yyjson_mut_val *json;
	const char *id;
	const struct schema_resource *resource;
	const struct schema_subresource *sub;
	bool update;
};

static struct slice at(const yyjson_mut_val *v, size_t i)
{
	return json_str(yyjson_mut_arr_get((yyjson_mut_val *)v, i));
}

static bool find(const yyjson_mut_val *json, struct sample *ret)
{
	const yyjson_mut_val *where = json_get(json, "where");
	*ret = (struct sample){ .json = json, .id = json_path_str(json, "id").p };
	ret->resource = schema_find(at(where, 0), at(where, 1), at(where, 2));
	if (!ret->resource) return false;
	ret->update = slice_eqs(json_path_str(json, "op"), "update");
	if (at(where, 5).n) ret->sub = schema_subresource_find(ret->resource, at(where, 5));
	return !at(where, 5).n || ret->sub;
}

/* What the API adds before an object is validated. */
static void complete(const struct sample *s, yyjson_mut_doc *doc)
{
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *meta = json_ensure_obj(doc, root, "metadata");
	struct slice prefix = json_path_str(meta, "generateName");
	if (prefix.n && !json_path_str(meta, "name").n) {
		char name[300];
		snprintf(name, sizeof(name), "%.*sbcdfg", SLICE_FMT(prefix));
		json_set_str(doc, meta, "name", slice_str(name));
	}
	if (!s->update) {
		if (!(s->resource->verbs & VERB_GET)) return;
		json_set_str(doc, meta, "uid", SLICE_LIT("1f7ab1b3-5a2c-4a55-8f2e-0b6f3f0f7f11"));
		json_set_str(doc, meta, "creationTimestamp", SLICE_LIT("2026-01-01T00:00:00Z"));
		return;
	}
	static const char *const kept[] = { "uid", "creationTimestamp", "resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds" };
	const yyjson_mut_val *old = json_path(s->json, "old.metadata");
	for (size_t i = 0; i < ELEMENTSOF(kept); i++) {
		const yyjson_mut_val *v = json_get(old, kept[i]);
		if (v && !json_get(meta, kept[i])) json_set(doc, meta, kept[i], json_copy(doc, v));
	}
	if (!json_path_str(meta, "resourceVersion").n) json_set_str(doc, meta, "resourceVersion", SLICE_LIT("1"));
}

static yyjson_mut_doc *typed(const struct sample *s, const char *member, struct arena *a)
{
	yyjson_mut_doc *doc = json_doc(a);
	const char *msg = NULL;
	const struct schema_type *type = s->sub && s->sub->type ? s->sub->type : s->resource->type;
	yyjson_mut_doc_set_root(doc, json_copy(doc, json_get(s->json, member)));
	yyjson_mut_val *meta = json_ensure_obj(doc, yyjson_mut_doc_get_root(doc), "metadata");
	const yyjson_mut_val *where = json_get(s->json, "where");
	if (s->resource->namespaced && at(where, 3).n) json_set_str(doc, meta, "namespace", at(where, 3));
	if (schema_decode_tree(type, a, doc, NULL, &msg)) return NULL;
	ck_assert_int_eq(schema_default(type, doc, yyjson_mut_doc_get_root(doc)), 0);
	return doc;
}

static bool validate(const struct sample *s, struct arena *a, struct schema_errors *errs, struct schema_warnings *warnings)
{
	yyjson_mut_doc *doc = typed(s, "object", a), *old = s->update ? typed(s, "old", a) : NULL;
	if (!doc || (s->update && !old)) return false;
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc), *old_root = old ? yyjson_mut_doc_get_root(old) : NULL;
	complete(s, doc);
	if (old) ck_assert_int_eq(schema_prepare_update(s->resource, s->sub, doc, root, old_root), 0);
	else ck_assert_int_eq(schema_prepare_create(s->resource, doc, root), 0);
	ck_assert_int_eq(schema_validate(s->resource, s->sub, old ? SCHEMA_UPDATE : SCHEMA_CREATE, a, root, old_root, errs, warnings), 0);
	return true;
}

static bool same(const struct schema_error *e, const yyjson_mut_val *cause)
{
	return slice_eqs(json_path_str(cause, "reason"), e->type) && slice_eqs(json_path_str(cause, "field"), e->field) &&
	       slice_eqs(json_path_str(cause, "message"), e->body);
}

static bool warns(const struct schema_warnings *warnings, const yyjson_mut_val *texts)
{
	if (warnings->n != yyjson_mut_arr_size((yyjson_mut_val *)texts)) return false;
	for (size_t i = 0; i < warnings->n; i++)
		if (!slice_eqs(at(texts, i), warnings->v[i])) return false;
	return true;
}

static bool agrees(const struct schema_errors *errs, const yyjson_mut_val *causes)
{
	size_t n = yyjson_mut_arr_size((yyjson_mut_val *)causes);
	if (errs->n != n) return false;
	for (size_t i = 0; i < n; i++)
		if (!same(&errs->v[i], yyjson_mut_arr_get((yyjson_mut_val *)causes, i))) return false;
	return true;
}

static void report(const struct sample *s, const struct schema_errors *errs, const struct schema_warnings *warnings)
{
	const yyjson_mut_val *causes = json_get(s->json, "causes");
	fprintf(stderr, "%s\n", s->id);
	for (size_t i = 0; i < yyjson_mut_arr_size((yyjson_mut_val *)causes); i++) {
		const yyjson_mut_val *c = yyjson_mut_arr_get((yyjson_mut_val *)causes, i);
		fprintf(stderr, "  - %.*s: %.*s\n", SLICE_FMT(json_path_str(c, "field")), SLICE_FMT(json_path_str(c, "message")));
	}
	for (size_t i = 0; i < errs->n; i++)
		fprintf(stderr, "  + %s: %s\n", errs->v[i].field, errs->v[i].body);
	const yyjson_mut_val *texts = json_get(s->json, "warnings");
	for (size_t i = 0; i < yyjson_mut_arr_size((yyjson_mut_val *)texts); i++)
		fprintf(stderr, "  - warning %.*s\n", SLICE_FMT(at(texts, i)));
	for (size_t i = 0; i < warnings->n; i++)
		fprintf(stderr, "  + warning %s\n", warnings->v[i]);
}

static yyjson_mut_val *load(struct arena *a, const char *path)
{
	_cleanup_buf_ struct buf b = BUF_INIT(64u << 20);
	FILE *f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	for (char chunk[4096]; !feof(f);)
		buf_put(&b, chunk, fread(chunk, 1, sizeof(chunk), f));
	fclose(f);
	yyjson_mut_doc *doc;
	struct json_error err;
	ck_assert_int_eq(json_parse(a, arena_slice_dup(a, buf_slice(&b)), &doc, &err), 0);
	return yyjson_mut_doc_get_root(doc);
}

static void run_file(const char *path)
{
	_cleanup_arena_ struct arena *a = arena_new(0);
	yyjson_mut_val *all = load(a, path);
	size_t good = 0, bad = 0;
	for (yyjson_mut_val *v = yyjson_mut_arr_get_first(all); good + bad < yyjson_mut_arr_size(all); v = v->next) {
		_cleanup_arena_ struct arena *mine = arena_new(0);
		struct schema_errors errs = { 0 };
		struct schema_warnings warnings = { 0 };
		struct sample s;
		bool fits = !find(v, &s) || !validate(&s, mine, &errs, &warnings) ||
			    (agrees(&errs, json_get(v, "causes")) && warns(&warnings, json_get(v, "warnings")));
		fits ? good++ : bad++;
		if (!fits) report(&s, &errs, &warnings);
	}
	if (getenv("K8C_VALIDATE_LIST")) fprintf(stderr, "%s: %zu as recorded, %zu not\n", path, good, bad);
	ck_assert_uint_gt(good, 0);
	ck_assert_uint_eq(bad, 0);
}

START_TEST(recorded_samples)
{
	run_file(SAMPLES "/recorded.json");
}
END_TEST

/* One change each to a member that may not change. */
START_TEST(immutable_members)
{
	run_file(SAMPLES "/immutable.json");
}
END_TEST

/* Faults that the old object has are forgiven, new ones are not; sets that rules fill are asked. */
START_TEST(old_faults_and_sets)
{
	run_file(SAMPLES "/ratchet.json");
}
END_TEST

START_TEST(more_samples)
{
	run_file(getenv("K8C_VALIDATE_SAMPLES"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("validate");
	TCase *t = tcase_create("samples");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, recorded_samples);
	tcase_add_test(t, immutable_members);
	tcase_add_test(t, old_faults_and_sets);
	if (getenv("K8C_VALIDATE_SAMPLES")) tcase_add_test(t, more_samples);
	suite_add_tcase(suite, t);
	SRunner *r = srunner_create(suite);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
