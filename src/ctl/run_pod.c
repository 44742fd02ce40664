/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/run_pod.h"
#include "codec/goquote.h"
#include "codec/patch.h"
#include "ctl/create.h"
#include "ctl/tree.h"

#include <errno.h>

const struct flag run_pod_flags[] = {
	{ "annotations", FLAG_ARRAY, NULL, 0, NULL, "annotation of the pod (KEY=VALUE); may be repeated" },
	{ "command", FLAG_BOOL, NULL, 0, NULL, "the arguments are the command, not the arguments of the image's" },
	{ "env", FLAG_ARRAY, NULL, 0, NULL, "environment variable (NAME=VALUE); may be repeated" },
	{ "image", FLAG_STRING, NULL, 0, NULL, "the image" },
	{ "image-pull-policy", FLAG_STRING, NULL, 0, NULL, "Always, IfNotPresent or Never" },
	{ "labels", FLAG_STRING, NULL, 'l', NULL, "labels of the pod (KEY=VALUE,...)" },
	{ "leave-stdin-open", FLAG_BOOL, NULL, 0, NULL, "standard input stays open after the first attach" },
	{ "override-type", FLAG_STRING, "merge", 0, NULL, "what --overrides is: merge or json" },
	{ "overrides", FLAG_STRING, NULL, 0, NULL, "JSON that is laid over the object" },
	{ "port", FLAG_STRING, NULL, 0, NULL, "the port that the container listens on" },
	{ "privileged", FLAG_BOOL, NULL, 0, NULL, "a privileged container" },
	{ "restart", FLAG_STRING, NULL, 0, NULL, "Always, OnFailure or Never" },
	{ 0 },
};

/* ---- labels, annotations, variables ---- */

static int put_pair(struct ctl *c, yyjson_mut_doc *doc, const char *path, struct slice key, struct slice value) {
	yyjson_mut_val *map = tree_obj(c, doc, doc->root, path);
	if (!json_setn(doc, map, key, tree_string(c, doc, ctl_text(c, value)))) (void)ctl_must(NULL);
	return 0;
}

static int put_labels(struct ctl *c, yyjson_mut_doc *doc, const char *path, const char *name) {
	const char *text = flag_text(&c->flags, "labels");
	if (!*text) return put_pair(c, doc, path, SLICE_LIT("run"), slice_str(name));
	for (struct slice rest = slice_str(text); rest.p;) {
		struct slice one = slice_cut(&rest, ','), value = one, key = slice_cut(&value, '=');
		if (!value.p || slice_chr(value, '=') >= 0) return ctl_fail(c, "unexpected label spec: %.*s", SLICE_FMT(one));
		if (!key.n) return ctl_fail(c, "unexpected empty label key");
		(void)put_pair(c, doc, path, key, value);
	}
	return 0;
}

static int put_annotations(struct ctl *c, yyjson_mut_doc *doc) {
	const struct flag_value *v = flags_get(&c->flags, "annotations");
	for (size_t i = 0; i < v->n; i++) {
		struct slice value = slice_str(v->list[i]), key = slice_cut(&value, '=');
		if (!value.p) return ctl_fail(c, "error parsing annotations: unexpected annotation spec: %s", v->list[i]);
		(void)put_pair(c, doc, "metadata.annotations", key, value);
	}
	return 0;
}

static bool env_name(struct slice s) {
	if (!s.n || (s.p[0] >= '0' && s.p[0] <= '9') || s.p[0] == '.' || s.p[0] == '-') return false;
	for (size_t i = 0; i < s.n; i++) {
		char ch = s.p[i];
		if (!((ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z') || ch == '_' || ch == '.' || ch == '-')) return false;
	}
	return true;
}

static int put_env(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *container) {
	const struct flag_value *v = flags_get(&c->flags, "env");
	for (size_t i = 0; i < v->n; i++) {
		struct slice value = slice_str(v->list[i]), name = slice_cut(&value, '=');
		if (!value.p || !env_name(name)) return ctl_fail(c, "invalid env: %s", v->list[i]);
		yyjson_mut_val *e = ctl_must(yyjson_mut_obj(doc));
		tree_put(c, doc, e, "name", ctl_text(c, name));
		if (value.n) tree_put(c, doc, e, "value", ctl_text(c, value));
		tree_append(c, tree_list(c, doc, container, "env"), e);
	}
	return 0;
}

static int put_port(struct ctl *c, yyjson_mut_doc *doc, yyjson_mut_val *container) {
	const char *text = flag_text(&c->flags, "port");
	int64_t port;
	if (!*text) return 0;
	if (slice_int(slice_str(text), INT32_MIN, INT32_MAX, &port) < 0) return ctl_fail(c, "strconv.Atoi: parsing %s: invalid syntax", ctl_quote(c, slice_str(text)));
	yyjson_mut_val *e = ctl_must(yyjson_mut_obj(doc));
	(void)json_set_int(doc, e, "containerPort", port);
	tree_append(c, tree_list(c, doc, container, "ports"), e);
	return 0;
}

static int put_container(struct ctl *c, yyjson_mut_doc *doc, const char *name, const char *const *args, size_t n) {
	yyjson_mut_val *v = ctl_must(yyjson_mut_obj(doc));
	const char *pull = flag_text(&c->flags, "image-pull-policy"), *list = flag_on(&c->flags, "command") ? "command" : "args";
	bool in = flag_on(&c->flags, "stdin");
	tree_put(c, doc, v, "name", name);
	tree_put(c, doc, v, "image", flag_text(&c->flags, "image"));
	(void)tree_obj(c, doc, v, "resources");
	for (size_t i = 0; i < n; i++) tree_append(c, tree_list(c, doc, v, list), tree_string(c, doc, args[i]));
	if (*pull) tree_put(c, doc, v, "imagePullPolicy", pull);
	if (in) (void)json_set_bool(doc, v, "stdin", true);
	if (in && !flag_on(&c->flags, "leave-stdin-open")) (void)json_set_bool(doc, v, "stdinOnce", true);
	if (flag_on(&c->flags, "tty")) (void)json_set_bool(doc, v, "tty", true);
	if (flag_on(&c->flags, "privileged")) (void)json_set_bool(doc, tree_obj(c, doc, v, "securityContext"), "privileged", true);
	if (put_env(c, doc, v) || put_port(c, doc, v)) return 1;
	tree_append(c, tree_list(c, doc, doc->root, "spec.containers"), v);
	return 0;
}

/* ---- overrides ---- */

static int override(struct ctl *c, yyjson_mut_doc *doc) {
	const char *text = flag_text(&c->flags, "overrides"), *type = flag_text(&c->flags, "override-type"), *msg = NULL;
	yyjson_mut_doc *patch;
	yyjson_mut_val *v;
	bool merge = !strcmp(type, "merge");
	if (!*text) return 0;
	if (!strcmp(type, "strategic")) return ctl_fail(c, "override type strategic is not among those of this program: merge, json");
	if (!merge && strcmp(type, "json") != 0) return ctl_fail(c, "invalid override type: %s", type);
	if (tree_parse(c, slice_str(text), &patch, &msg) < 0) return ctl_fail(c, "%s", merge ? "Invalid JSON Patch" : msg);
	int r = merge && !yyjson_mut_is_obj(patch->root) ? -EBADMSG : merge ? patch_merge(doc, &doc->root, patch->root) : patch_json(c->a, doc, &doc->root, patch->root, &msg);
	if (r == -ENOMEM) (void)ctl_must(NULL);
	if (r < 0) return ctl_fail(c, "%s", msg ? msg : "Invalid JSON Patch");
	json_each(json_path(doc->root, "spec.containers"), v)
		if (!json_get(v, "resources")) (void)tree_obj(c, doc, v, "resources");
	return 0;
}

int run_pod(struct ctl *c, const char *name, const char *const *args, size_t n, yyjson_mut_doc **ret) {
	yyjson_mut_doc *doc = create_object(c, "v1", "Pod", name, true);
	const char *restart = flag_text(&c->flags, "restart");
	if (put_labels(c, doc, "metadata.labels", name) || put_annotations(c, doc) || put_container(c, doc, name, args, n)) return 1;
	tree_put(c, doc, doc->root, "spec.dnsPolicy", "ClusterFirst");
	tree_put(c, doc, doc->root, "spec.restartPolicy", *restart ? restart : "Always");
	(void)tree_obj(c, doc, doc->root, "status");
	*ret = doc;
	return override(c, doc);
}

int run_service(struct ctl *c, const char *name, yyjson_mut_doc **ret) {
	yyjson_mut_doc *doc = create_object(c, "v1", "Service", name, true);
	yyjson_mut_val *port = ctl_must(yyjson_mut_obj(doc));
	int64_t n = 0;
	(void)slice_int(slice_str(flag_text(&c->flags, "port")), INT32_MIN, INT32_MAX, &n);
	(void)json_set_int(doc, port, "port", n);
	tree_put(c, doc, port, "protocol", "TCP");
	(void)json_set_int(doc, port, "targetPort", n);
	tree_append(c, tree_list(c, doc, doc->root, "spec.ports"), port);
	if (put_labels(c, doc, "spec.selector", name)) return 1;
	if (*flag_text(&c->flags, "labels") && put_labels(c, doc, "metadata.labels", name)) return 1;
	(void)tree_obj(c, doc, doc->root, "status.loadBalancer");
	*ret = doc;
	return 0;
}
