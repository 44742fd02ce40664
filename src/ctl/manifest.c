/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/manifest.h"
#include "codec/yaml.h"
#include "ctl/file.h"
#include "ctl/tree.h"
#include "ctl/url.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#define FOLDER_DEPTH_MAX 64u

static bool blank(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if (!strchr(" \t\r\n", s.p[i])) return false;
	return true;
}

static int take_object(struct ctl *c, yyjson_mut_val *v, const char *source, const struct manifest_sink *sink) {
	const char *missing = !json_path_str(v, "kind").n ? "Kind" : !json_path_str(v, "apiVersion").n ? "apiVersion" : NULL;
	if (missing) {
		tree_sort(c, v);
		struct slice text = tree_text(c, v);
		return ctl_fail(c, "unable to decode %s: Object '%s' is missing in '%.*s'", ctl_quote(c, slice_str(source)), missing, SLICE_FMT(text));
	}
	return sink->object(sink->ctx, tree_copy(c, v), source);
}

/* A list of lists is taken apart, too; `depth` is bounded. */
static int take_tree(struct ctl *c, yyjson_mut_val *root, const char *source, const struct manifest_sink *sink) {
	yyjson_mut_val *v;
	if (!slice_ends(json_path_str(root, "kind"), SLICE_LIT("List")) || !yyjson_mut_is_arr(json_get(root, "items")))
		return take_object(c, root, source, sink);
	json_each(json_get(root, "items"), v) if (take_object(c, v, source, sink)) return 1;
	return 0;
}

static int take_document(struct ctl *c, struct slice text, const char *source, const struct manifest_sink *sink) {
	yyjson_mut_doc *doc;
	const char *msg = NULL;
	if (tree_parse_yaml(c, text, &doc, &msg) < 0)
		return ctl_fail(c, "error parsing %s: error converting YAML to JSON: %s", source, msg);
	if (yyjson_mut_is_null(doc->root)) return 0;
	if (!yyjson_mut_is_obj(doc->root)) {
		struct slice t = tree_text(c, doc->root);
		return ctl_fail(c, "unable to decode %s: json: cannot unmarshal %s into Go value of type struct { APIVersion string "
				   "\"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }", ctl_quote(c, slice_str(source)),
				yyjson_mut_is_arr(doc->root) ? "array" : yyjson_mut_is_str(doc->root) ? "string" : t.n ? "number" : "value");
	}
	return take_tree(c, doc->root, source, sink);
}

int manifest_text(struct ctl *c, struct slice text, const char *source, const struct manifest_sink *sink) {
	struct slice doc;
	size_t n = 0;
	while (yaml_next_document(&text, &doc)) {
		if (blank(doc)) continue;
		if (++n > MANIFEST_DOCUMENTS_MAX) return ctl_fail(c, "%s: more than %u documents", source, MANIFEST_DOCUMENTS_MAX);
		if (take_document(c, doc, source, sink)) return 1;
	}
	return 0;
}

static int from_file(struct ctl *c, const char *path, const struct manifest_sink *sink) {
	struct slice text;
	int r = file_read(c, path, &text);
	if (r < 0) return ctl_fail(c, "open %s: %s", path, file_error(r));
	return manifest_text(c, text, path, sink);
}

static bool manifest_name(const char *name) {
	struct slice s = slice_str(name);
	return slice_ends(s, SLICE_LIT(".json")) || slice_ends(s, SLICE_LIT(".yaml")) || slice_ends(s, SLICE_LIT(".yml"));
}

/* Depth is at most FOLDER_DEPTH_MAX. */
static int from_folder(struct ctl *c, const char *path, bool recursive, unsigned depth, const struct manifest_sink *sink) {
	struct dirent **v;
	int r = 0, n = depth < FOLDER_DEPTH_MAX ? scandir(path, &v, NULL, alphasort) : (errno = ELOOP, -1);
	if (n < 0) return ctl_fail(c, "open %s: %s", path, file_error(-errno));
	for (int i = 0; i < n; i++) {
		struct stat st;
		const char *name = ctl_printf(c, "%s%s%s", path, slice_ends(slice_str(path), SLICE_LIT("/")) ? "" : "/", v[i]->d_name);
		bool dots = !strcmp(v[i]->d_name, ".") || !strcmp(v[i]->d_name, "..");
		free(v[i]);
		if (r || dots || stat(name, &st) < 0) continue;
		if (S_ISDIR(st.st_mode)) r = recursive ? from_folder(c, name, true, depth + 1, sink) : 0;
		else if (manifest_name(name)) r = from_file(c, name, sink);
	}
	free(v);
	return r;
}

static int from_url(struct ctl *c, const char *url, const struct manifest_sink *sink) {
	struct slice text;
	return url_read(c, url, &text) || manifest_text(c, text, url, sink) ? 1 : 0;
}

static int from_stdin(struct ctl *c, const struct manifest_sink *sink) {
	struct slice text;
	int r = file_read_fd(c, c->in, &text);
	return r < 0 ? ctl_fail(c, "read STDIN: %s", file_error(r)) : manifest_text(c, text, "STDIN", sink);
}

int manifest_path(struct ctl *c, const char *path, bool recursive, const struct manifest_sink *sink) {
	struct stat st;
	if (!strcmp(path, "-")) return from_stdin(c, sink);
	if (!strncmp(path, "http://", 7) || !strncmp(path, "https://", 8)) return from_url(c, path, sink);
	if (stat(path, &st) < 0) {
		if (errno == ENOENT) return ctl_fail(c, "the path %s does not exist", ctl_quote(c, slice_str(path)));
		return ctl_fail(c, "the path %s cannot be accessed: stat %s: %s", ctl_quote(c, slice_str(path)), path, file_error(-errno));
	}
	return S_ISDIR(st.st_mode) ? from_folder(c, path, recursive, 0, sink) : from_file(c, path, sink);
}
