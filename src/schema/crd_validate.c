/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/crd_validate.h"
#include "schema/crd.h"
#include "schema/crd_check.h"

#include <errno.h>

static void validate(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v, const yyjson_mut_val *old,
		     unsigned depth);

/* The path grows by a member or an element and shrinks again. */
static size_t enter_member(struct crd_check *c, struct slice name) {
	size_t was = c->path.n;
	if (was) buf_putc(&c->path, '.');
	buf_put_slice(&c->path, name);
	return was;
}

static size_t enter_element(struct crd_check *c, size_t i) {
	size_t was = c->path.n;
	buf_printf(&c->path, "[%zu]", i);
	return was;
}

static void leave(struct crd_check *c, size_t was) { c->path.n = was; }

static int name_cmp(const void *a, const void *b) {
	return slice_cmp(json_str(*(yyjson_mut_val *const *)a), json_str(*(yyjson_mut_val *const *)b));
}

/* Members in order of their names, as their schemas say; those no property names, as additionalProperties says. */
static void members(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v, const yyjson_mut_val *old,
		    unsigned depth) {
	yyjson_mut_val *props = json_get(schema, "properties"), *more = json_get(schema, "additionalProperties"), *k, *x;
	size_t n = yyjson_mut_obj_size((yyjson_mut_val *)v), i, max;
	yyjson_mut_val **keys = arena_array(c->a, n + 1, sizeof(*keys));
	if (!keys) {
		c->nomem = true;
		return;
	}
	yyjson_mut_obj_foreach((yyjson_mut_val *)v, i, max, k, x) keys[i] = k;
	qsort(keys, n, sizeof(*keys), name_cmp);
	for (i = 0; i < n; i++) {
		struct slice name = json_str(keys[i]);
		yyjson_mut_val *s = json_getn(props, name);
		if (!s && yyjson_mut_is_obj(more)) s = more;
		if (!s) continue;
		size_t was = enter_member(c, name);
		validate(c, s, keys[i]->next, json_getn(old, name), depth + 1);
		leave(c, was);
	}
}

static void required(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v) {
	yyjson_mut_val *name;
	size_t i, n;
	yyjson_mut_arr_foreach(json_get(schema, "required"), i, n, name) {
		if (json_getn(v, json_str(name))) continue;
		size_t was = enter_member(c, json_str(name));
		crd_complain(c, "FieldValueRequired", NULL, "Required value");
		leave(c, was);
	}
}

/* The key members of an element, as an object. */
static yyjson_mut_val *key_of(struct crd_check *c, yyjson_mut_doc *doc, const yyjson_mut_val *keys,
			      const yyjson_mut_val *element) {
	yyjson_mut_val *key = yyjson_mut_obj(doc), *k;
	size_t i, n;
	yyjson_mut_arr_foreach((yyjson_mut_val *)keys, i, n, k) {
		yyjson_mut_val *x = json_getn(element, json_str(k));
		if (x && key && !yyjson_mut_obj_add(key, json_copy(doc, k), json_copy(doc, x))) key = NULL;
	}
	if (!key) c->nomem = true;
	return key;
}

/* The element of the old list that has the same keys. */
static const yyjson_mut_val *counterpart(struct crd_check *c, yyjson_mut_doc *doc, const yyjson_mut_val *keys,
					 const yyjson_mut_val *key, const yyjson_mut_val *old) {
	yyjson_mut_val *x;
	size_t i, n;
	yyjson_mut_arr_foreach((yyjson_mut_val *)old, i, n, x) {
		yyjson_mut_val *other = key_of(c, doc, keys, x);
		if (other && json_equal(other, key)) return x;
	}
	return NULL;
}

static void elements(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v, const yyjson_mut_val *old,
		     unsigned depth) {
	yyjson_mut_val *item = json_get(schema, "items"), *keys = json_get(schema, "x-kubernetes-list-map-keys"), *x, *y;
	bool is_map = slice_eqs(json_path_str(schema, "x-kubernetes-list-type"), "map"),
	     is_set = slice_eqs(json_path_str(schema, "x-kubernetes-list-type"), "set");
	yyjson_mut_doc *doc = is_map ? json_doc(c->a) : NULL;
	yyjson_mut_val *seen = is_map && doc ? yyjson_mut_arr(doc) : NULL;
	size_t i, n, j, m;
	if (is_map && !seen) {
		c->nomem = true;
		return;
	}
	yyjson_mut_arr_foreach((yyjson_mut_val *)v, i, n, x) {
		size_t was = enter_element(c, i);
		yyjson_mut_val *key = is_map ? key_of(c, doc, keys, x) : NULL;
		if (item) validate(c, item, x, key ? counterpart(c, doc, keys, key, old) : NULL, depth + 1);
		bool again = false;
		if (is_set) {
			yyjson_mut_arr_foreach((yyjson_mut_val *)v, j, m, y) again |= j < i && json_equal(x, y);
			if (again) crd_complain(c, "FieldValueDuplicate", NULL, "Duplicate value: %s", crd_json(c, x));
		} else if (key) {
			yyjson_mut_arr_foreach(seen, j, m, y) again |= json_equal(key, y);
			if (again) crd_complain(c, "FieldValueDuplicate", NULL, "Duplicate value: %s", crd_json(c, key));
			else yyjson_mut_arr_append(seen, key);
		}
		leave(c, was);
	}
}

/* Whether a value passes a schema, without a word. */
static bool passes(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v, unsigned depth) {
	size_t before = c->errs->n;
	validate(c, schema, v, NULL, depth + 1);
	bool ok = c->errs->n == before;
	c->errs->n = before;
	return ok;
}

static size_t count_passing(struct crd_check *c, const yyjson_mut_val *list, const yyjson_mut_val *v, unsigned depth) {
	yyjson_mut_val *s;
	size_t i, n, passing = 0;
	yyjson_mut_arr_foreach((yyjson_mut_val *)list, i, n, s) passing += passes(c, s, v, depth);
	return passing;
}

static void combination(struct crd_check *c, const yyjson_mut_val *v, const char *text) {
	crd_complain(c, "FieldValueInvalid", NULL, "Invalid value: %s: \"%.*s\" %s", crd_json(c, v),
		     SLICE_FMT(buf_slice(&c->path)), text);
}

static void combinations(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v, const yyjson_mut_val *old,
			 unsigned depth) {
	yyjson_mut_val *all = json_get(schema, "allOf"), *any = json_get(schema, "anyOf"), *one = json_get(schema, "oneOf"),
		       *not = json_get(schema, "not"), *s;
	size_t i, n;
	yyjson_mut_arr_foreach(all, i, n, s) validate(c, s, v, old, depth + 1);
	if (yyjson_mut_arr_size(any) && !count_passing(c, any, v, depth))
		combination(c, v, "must validate at least one schema (anyOf)");
	size_t passing = yyjson_mut_arr_size(one) ? count_passing(c, one, v, depth) : 1;
	if (passing == 0) combination(c, v, "must validate one and only one schema (oneOf). Found none valid");
	if (passing > 1)
		combination(c, v,
			    arena_printf(c->a, "must validate one and only one schema (oneOf). Found %zu valid alternatives",
					 passing));
	if (not &&passes(c, not, v, depth)) combination(c, v, "must not validate the schema (not)");
}

static void validate(struct crd_check *c, const yyjson_mut_val *schema, const yyjson_mut_val *v, const yyjson_mut_val *old,
		     unsigned depth) {
	if (depth > CRD_DEPTH_MAX || c->nomem || (old && json_equal(old, v)) || !crd_check_type(c, schema, v)) return;
	crd_check_value(c, schema, v);
	if (yyjson_mut_is_obj((yyjson_mut_val *)v)) {
		members(c, schema, v, old, depth);
		required(c, schema, v);
	}
	if (yyjson_mut_is_arr((yyjson_mut_val *)v)) elements(c, schema, v, old, depth);
	combinations(c, schema, v, old, depth);
}

int crd_validate_kind(const struct schema_resource *r, struct arena *a, const yyjson_mut_val *obj, struct schema_errors *errs) {
	struct crd_check c = { .a = a, .errs = errs, .path = BUF_INIT(CRD_PATH_MAX), .prefix = "" };
	const char *version = arena_printf(a, "%s/%s", r->group, r->version);
	const struct { const char *member, *want; } all[] = { { "kind", r->kind }, { "apiVersion", version } };
	if (!version) return -ENOMEM;
	for (size_t i = 0; i < ELEMENTSOF(all); i++) {
		struct slice got = json_path_str(obj, all[i].member);
		if (slice_eqs(got, all[i].want)) continue;
		const char *shown = got.n ? crd_json(&c, json_get(obj, all[i].member)) : "\"\"";
		crd_complain(&c, "FieldValueInvalid", all[i].member, "Invalid value: %s: must be %s", shown, all[i].want);
	}
	return c.nomem ? -ENOMEM : 0;
}

/* What a path of the scale subresource finds has to be a number of replicas. */
static void replicas(struct crd_check *c, const yyjson_mut_val *obj, const char *path) {
	static const struct { const char *json, *go; } words[] = { { "string", "string" }, { "boolean", "bool" }, { "number", "float64" },
								   { "array", "[]interface {}" }, { "object", "map[string]interface {}" }, { "null", "<nil>" } };
	yyjson_mut_val *v = path ? json_path(obj, path[0] == '.' ? path + 1 : path) : NULL;
	if (!v) return;
	int64_t n = yyjson_mut_get_sint(v);
	if (!yyjson_mut_is_int(v)) {
		const char *word = crd_type_word(v), *go = "float64", *shown = crd_json(c, v);
		for (size_t i = 0; i < ELEMENTSOF(words); i++)
			if (!strcmp(word, words[i].json)) go = words[i].go;
		struct slice text = json_is_string(v) ? json_str(v) : slice_str(shown);
		crd_complain(c, "FieldValueInvalid", path, "Invalid value: 0: %s accessor error: %.*s is of the type %s, expected int64", path, SLICE_FMT(text), go);
	} else if (n < 0) {
		crd_complain(c, "FieldValueInvalid", path, "Invalid value: %lld: should be a non-negative integer", (long long)n);
	} else if (n > INT32_MAX) {
		crd_complain(c, "FieldValueInvalid", path, "Invalid value: %lld: should be less than or equal to %d", (long long)n, INT32_MAX);
	}
}

int crd_validate(const struct schema_resource *r, const struct schema_subresource *sub, struct arena *a,
		 const yyjson_mut_val *obj, const yyjson_mut_val *old, struct schema_errors *errs) {
	const struct schema_custom *more = schema_custom_of(r);
	struct crd_check c = { .a = a, .errs = errs, .path = BUF_INIT(CRD_PATH_MAX), .prefix = "" };
	bool status = sub && !strcmp(sub->name, "status");
	if (!more || (sub && !status)) return 0;
	if (more->schema && status) {
		yyjson_mut_val *schema = json_path(more->schema, "properties.status"), *v = json_get(obj, "status");
		c.prefix = "status.";
		if (schema && v) validate(&c, schema, v, json_get(old, "status"), 0);
	} else if (more->schema) {
		validate(&c, more->schema, obj, old, 0);
	}
	if (!status) replicas(&c, obj, more->scale_spec);
	replicas(&c, obj, more->scale_status);
	buf_done(&c.path);
	return c.nomem ? -ENOMEM : 0;
}
