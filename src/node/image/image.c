/* SPDX-License-Identifier: Apache-2.0 */
#include "node/image/image.h"

#include "codec/json.h"
#include "node/limits.h"

#include <errno.h>

#define CONFIG_STRINGS_MAX 65536u

bool image_digest_valid(struct slice d) {
	if (d.n != 71 || !slice_starts(d, SLICE_LIT("sha256:"))) return false;
	for (size_t i = 7; i < d.n; i++) {
		bool hex = (d.p[i] >= '0' && d.p[i] <= '9') || (d.p[i] >= 'a' && d.p[i] <= 'f');
		if (!hex) return false;
	}
	return true;
}

/* A JSON list of strings (null and absent: none). Strings with a NUL inside cannot be arguments: refused. */
static int strings_parse(struct arena *a, yyjson_mut_val *list, size_t limit, struct slice **ret, size_t *ret_n) {
	size_t n = yyjson_mut_arr_size(list), i, max;
	yyjson_mut_val *v;
	if (list && !yyjson_mut_is_null(list) && !yyjson_mut_is_arr(list)) return -EBADMSG;
	if (n > limit) return -EBADMSG;
	struct slice *out = arena_array(a, n ? n : 1, sizeof(*out));
	if (!out) return -ENOMEM;
	yyjson_mut_arr_foreach(list, i, max, v) {
		if (!yyjson_mut_is_str(v)) return -EBADMSG;
		struct slice s = json_str(v);
		if (s.n && memchr(s.p, 0, s.n)) return -EBADMSG;
		out[i] = arena_slice_dup(a, s);
		if (!out[i].p) return -ENOMEM;
	}
	*ret = out;
	*ret_n = n;
	return 0;
}

static int string_parse(struct arena *a, const yyjson_mut_val *obj, const char *name, struct slice *ret) {
	struct slice s = json_path_str(obj, name);
	if (s.n && memchr(s.p, 0, s.n)) return -EBADMSG;
	*ret = arena_slice_dup(a, s);
	return ret->p ? 0 : -ENOMEM;
}

static int root_parse(struct arena *a, struct slice text, yyjson_mut_val **ret) {
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	int r = json_parse(a, text, &doc, &err);
	if (r < 0) return r;
	*ret = yyjson_mut_doc_get_root(doc);
	return yyjson_mut_is_obj(*ret) ? 0 : -EBADMSG;
}

int image_config_parse(struct arena *a, struct slice text, struct image_config *ret) {
	yyjson_mut_val *root;
	int r = root_parse(a, text, &root);
	if (r < 0) return r;
	yyjson_mut_val *c = json_get(root, "config");
	struct image_config out = { 0 };
	const struct { const char *name; struct slice **list; size_t *n; } lists[] = {
		{ "Env", &out.env, &out.n_env }, { "Entrypoint", &out.entrypoint, &out.n_entrypoint }, { "Cmd", &out.cmd, &out.n_cmd },
	};
	const struct { const char *name; struct slice *s; } strings[] = {
		{ "User", &out.user }, { "WorkingDir", &out.working_dir }, { "StopSignal", &out.stop_signal },
	};
	for (size_t i = 0; i < ELEMENTSOF(lists) && r == 0; i++)
		r = strings_parse(a, json_get(c, lists[i].name), CONFIG_STRINGS_MAX, lists[i].list, lists[i].n);
	for (size_t i = 0; i < ELEMENTSOF(strings) && r == 0; i++) r = string_parse(a, c, strings[i].name, strings[i].s);
	if (r == 0) *ret = out;
	return r;
}

int image_manifest_parse(struct arena *a, struct slice text, struct image_manifest *ret, const char **ret_why) {
	yyjson_mut_val *root, *v;
	*ret_why = "manifest is not a JSON object";
	int r = root_parse(a, text, &root);
	if (r < 0) return r;
	struct image_manifest m = { .config_digest = json_path_str(root, "config.digest") };
	yyjson_mut_val *layers = json_get(root, "layers");
	size_t n = yyjson_mut_arr_size(layers), i, max;
	*ret_why = "manifest names no configuration";
	if (!image_digest_valid(m.config_digest)) return -EBADMSG;
	*ret_why = "manifest has too many layers";
	if (n > IMAGE_LAYERS_MAX) return -EBADMSG;
	m.layers = arena_array(a, n ? n : 1, sizeof(*m.layers));
	if (!m.layers) return -ENOMEM;
	*ret_why = "manifest has a layer without a sha256 digest";
	yyjson_mut_arr_foreach(layers, i, max, v) {
		struct slice digest = json_path_str(v, "digest");
		if (!image_digest_valid(digest)) return -EBADMSG;
		m.layers[m.n_layers++] = digest;
		int64_t size = json_path_int(v, "size", 0);
		if (size > 0) m.size += (uint64_t)size;
	}
	*ret = m;
	return 0;
}

static int record_parse(struct arena *a, struct slice text, struct image *i) {
	yyjson_mut_val *root;
	int r = root_parse(a, text, &root);
	const struct { const char *name; struct slice **list; size_t *n; } lists[] = {
		{ "names", &i->names, &i->n_names }, { "digests", &i->digests, &i->n_digests }, { "layers", &i->layers, &i->n_layers },
	};
	for (size_t k = 0; k < ELEMENTSOF(lists) && r == 0; k++)
		r = strings_parse(a, json_get(root, lists[k].name), CONFIG_STRINGS_MAX, lists[k].list, lists[k].n);
	if (r == 0) r = string_parse(a, root, "id", &i->id);
	if (r == 0) r = string_parse(a, root, "config", &i->config_text);
	if (r == 0) r = image_config_parse(a, i->config_text, &i->config);
	if (r < 0) return r;
	for (size_t k = 0; k < i->n_layers; k++)
		if (!image_digest_valid(i->layers[k])) return -EBADMSG;
	i->size = (uint64_t)json_path_int(root, "size", 0);
	return image_digest_valid(i->id) ? 0 : -EBADMSG;
}

int image_record_parse(struct slice text, struct image **ret) {
	_cleanup_arena_ struct arena *a = arena_new((size_t)IMAGE_CONFIG_MAX * 8);
	struct image *i = a ? arena_new_of(a, struct image) : NULL;
	if (!i) return -ENOMEM;
	int r = record_parse(a, text, i);
	if (r < 0) return r;
	i->arena = TAKE_PTR(a);
	*ret = i;
	return 0;
}

static void write_strings(struct buf *b, const char *name, const struct slice *list, size_t n) {
	buf_printf(b, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		if (i) buf_putc(b, ',');
		json_write_string(b, list[i]);
	}
	buf_putc(b, ']');
}

int image_record_write(struct buf *b, const struct image *i) {
	buf_puts(b, "{\"id\":");
	json_write_string(b, i->id);
	write_strings(b, "names", i->names, i->n_names);
	write_strings(b, "digests", i->digests, i->n_digests);
	write_strings(b, "layers", i->layers, i->n_layers);
	buf_printf(b, ",\"size\":%llu,\"config\":", (unsigned long long)i->size);
	json_write_string(b, i->config_text);
	buf_puts(b, "}\n");
	return buf_err(b);
}

struct image *image_free(struct image *i) {
	if (i) arena_free(i->arena);
	return NULL;
}

static bool contains(const struct slice *list, size_t n, struct slice s) {
	for (size_t i = 0; i < n; i++)
		if (slice_eq(list[i], s)) return true;
	return false;
}

bool image_has_name(const struct image *i, struct slice name) { return contains(i->names, i->n_names, name); }
bool image_has_digest(const struct image *i, struct slice digest) { return contains(i->digests, i->n_digests, digest); }
