/* SPDX-License-Identifier: Apache-2.0 */
#include "client/kubeconfig.h"
#include "codec/base64.h"
#include "codec/yaml.h"

#include <errno.h>

/* One file, and where its relative paths start. */
struct file {
	const char *path, *dir;
	const yyjson_mut_val *root;
};

struct files {
	struct k8c_config *c;
	struct file v[KUBECONFIG_FILES_MAX];
	size_t n;
	char **ret_msg;
};

/* ---- files ---- */

static int add_file(struct files *f, const char *path, bool must_exist) {
	struct arena *a = f->c->arena;
	struct slice text;
	yyjson_mut_doc *doc;
	struct yaml_error err;
	if (f->n == KUBECONFIG_FILES_MAX) return config_fault(f->ret_msg, -E2BIG, "more than %u kubeconfig files", KUBECONFIG_FILES_MAX);
	int r = config_read_file(a, path, &text);
	if (r == -ENOENT && !must_exist) return 0;
	if (r < 0) return config_fault(f->ret_msg, r, "error loading config file \"%s\": open %s: %s", path, path, strerror(-r));
	r = yaml_parse(a, text, 0, &doc, &err);
	if (r == -EBADMSG) return config_fault(f->ret_msg, r, "error loading config file \"%s\": %s", path, err.msg);
	if (r < 0) return r;
	yyjson_mut_val *root = doc->root;
	if (yyjson_mut_is_null(root)) return 0;
	if (!yyjson_mut_is_obj(root))
		return config_fault(f->ret_msg, -EBADMSG, "error loading config file \"%s\": it holds no kubeconfig", path);
	const char *slash = strrchr(path, '/');
	const char *dir = slash ? arena_strndup(a, path, (size_t)(slash - path) + 1) : "";
	if (!dir) return -ENOMEM;
	f->v[f->n++] = (struct file){ path, dir, root };
	return 0;
}

static int add_files(struct files *f, const struct k8c_config_options *o) {
	const char *list = o->kubeconfig ? o->kubeconfig : getenv("KUBECONFIG");
	struct arena *a = f->c->arena;
	if (!list || !*list) {
		const char *home = getenv("HOME");
		char *path = home ? arena_printf(a, "%s/.kube/config", home) : NULL;
		return path ? add_file(f, path, false) : 0;
	}
	bool must = o->kubeconfig && !strchr(list, ':');
	for (struct slice rest = slice_str(list); rest.p;) {
		struct slice part = slice_cut(&rest, ':');
		char *path = arena_slice_str(a, part);
		int r = !path ? -ENOMEM : part.n ? add_file(f, path, must) : 0;
		if (r < 0) return r;
	}
	return 0;
}

/* The entry of that name in the first file that has one, and the file. */
static const yyjson_mut_val *find(const struct files *f, const char *list, const char *body, const char *name,
				  const struct file **ret_file) {
	for (size_t i = 0; i < f->n; i++) {
		yyjson_mut_val *v, *arr = json_get(f->v[i].root, list);
		size_t k, n;
		yyjson_mut_arr_foreach(arr, k, n, v) {
			if (!slice_eqs(json_path_str(v, "name"), name)) continue;
			*ret_file = &f->v[i];
			return json_get(v, body);
		}
	}
	return NULL;
}

/* ---- values ---- */

static const char *text_of(struct arena *a, const yyjson_mut_val *obj, const char *name) {
	struct slice s = json_path_str(obj, name);
	return s.n ? arena_slice_str(a, s) : NULL;
}

static const char *path_of(struct arena *a, const struct file *f, const yyjson_mut_val *obj, const char *name) {
	struct slice s = json_path_str(obj, name);
	if (!s.n) return NULL;
	return s.p[0] == '/' ? arena_slice_str(a, s) : arena_printf(a, "%s%.*s", f->dir, SLICE_FMT(s));
}

static int data_of(struct files *f, const yyjson_mut_val *obj, const char *name, struct slice *ret) {
	struct slice s = json_path_str(obj, name);
	size_t at = 0;
	if (!s.n) return 0;
	_cleanup_buf_ struct buf b = BUF_INIT(CONFIG_FILE_MAX);
	int r = base64_decode(&b, BASE64_STD, s, &at);
	if (r == -EBADMSG) return config_fault(f->ret_msg, r, "%s: illegal base64 data at input byte %zu", name, at);
	if (r < 0) return r;
	*ret = arena_slice_dup(f->c->arena, buf_slice(&b));
	return ret->p ? 0 : -ENOMEM;
}

static const char *const *list_of(struct arena *a, yyjson_mut_val *arr) {
	yyjson_mut_val *v;
	size_t i, n = yyjson_mut_arr_size(arr);
	const char **out = n ? arena_array(a, n + 1, sizeof(*out)) : NULL;
	if (!out) return NULL;
	yyjson_mut_arr_foreach(arr, i, n, v) {
		out[i] = arena_slice_str(a, json_str(v));
	}
	return out;
}

/* ---- parts ---- */

static int take_cluster(struct files *f, const struct file *file, const yyjson_mut_val *v) {
	struct k8c_config *c = f->c;
	c->server = text_of(c->arena, v, "server");
	c->ca_file = path_of(c->arena, file, v, "certificate-authority");
	c->tls_server_name = text_of(c->arena, v, "tls-server-name");
	c->proxy_url = text_of(c->arena, v, "proxy-url");
	c->insecure = json_path_bool(v, "insecure-skip-tls-verify", false);
	int r = data_of(f, v, "certificate-authority-data", &c->ca_data);
	if (r == 0 && c->insecure && (c->ca_file || c->ca_data.n))
		return config_fault(f->ret_msg, -EBADMSG, "specifying a root certificates file with the insecure flag is not allowed");
	return r;
}

static const char *const *exec_env(struct arena *a, yyjson_mut_val *arr) {
	yyjson_mut_val *v;
	size_t i, n = yyjson_mut_arr_size(arr);
	const char **out = n ? arena_array(a, n + 1, sizeof(*out)) : NULL;
	if (!out) return NULL;
	yyjson_mut_arr_foreach(arr, i, n, v) {
		out[i] = arena_printf(a, "%.*s=%.*s", SLICE_FMT(json_path_str(v, "name")), SLICE_FMT(json_path_str(v, "value")));
	}
	return out;
}

static int take_exec(struct files *f, const struct file *file, const yyjson_mut_val *v) {
	struct k8c_config *c = f->c;
	struct config_exec *e = arena_new_of(c->arena, struct config_exec);
	if (!e) return -ENOMEM;
	*e = (struct config_exec){
		.api_version = text_of(c->arena, v, "apiVersion"), .command = text_of(c->arena, v, "command"),
		.install_hint = text_of(c->arena, v, "installHint"), .args = list_of(c->arena, json_get(v, "args")),
		.env = exec_env(c->arena, json_get(v, "env")), .provide_cluster_info = json_path_bool(v, "provideClusterInfo", false),
		.interactive_mode = text_of(c->arena, v, "interactiveMode"),
	};
	if (!e->command) return config_fault(f->ret_msg, -EBADMSG, "users[\"%s\"].exec.command must be specified", c->user);
	/* With a slash but not absolute: relative to the file. */
	if (strchr(e->command, '/') && e->command[0] != '/') e->command = arena_printf(c->arena, "%s%s", file->dir, e->command);
	c->exec = e;
	return e->command ? 0 : -ENOMEM;
}

static int take_extra(struct k8c_config *c, yyjson_mut_val *extra) {
	yyjson_mut_val *k, *list, *v;
	size_t i, n, j, m, total = 0, at = 0;
	yyjson_mut_obj_foreach(extra, i, n, k, list) {
		total += yyjson_mut_arr_size(list);
	}
	struct config_extra *x = total ? arena_array(c->arena, total, sizeof(*x)) : NULL;
	if (total && !x) return -ENOMEM;
	yyjson_mut_obj_foreach(extra, i, n, k, list) {
		yyjson_mut_arr_foreach(list, j, m, v) {
			x[at++] = (struct config_extra){ arena_slice_str(c->arena, json_str(k)), arena_slice_str(c->arena, json_str(v)) };
		}
	}
	c->impersonate_extra = x;
	c->n_impersonate_extra = total;
	return 0;
}

static int take_user(struct files *f, const struct file *file, const yyjson_mut_val *v) {
	struct k8c_config *c = f->c;
	struct arena *a = c->arena;
	c->cert_file = path_of(a, file, v, "client-certificate");
	c->key_file = path_of(a, file, v, "client-key");
	c->token = text_of(a, v, "token");
	c->token_file = path_of(a, file, v, "tokenFile");
	c->username = text_of(a, v, "username");
	c->password = text_of(a, v, "password");
	c->impersonate_user = text_of(a, v, "as");
	c->impersonate_uid = text_of(a, v, "as-uid");
	c->impersonate_groups = list_of(a, json_get(v, "as-groups"));
	int r = take_extra(c, json_get(v, "as-user-extra"));
	if (r == 0) r = data_of(f, v, "client-certificate-data", &c->cert_data);
	if (r == 0) r = data_of(f, v, "client-key-data", &c->key_data);
	const yyjson_mut_val *exec = json_get(v, "exec");
	if (r == 0 && exec) r = take_exec(f, file, exec);
	if (r == 0 && json_get(v, "auth-provider"))
		return config_fault(f->ret_msg, -EBADMSG, "user \"%s\": auth-provider plugins are not supported, use an exec plugin", c->user);
	return r;
}

static const char *current_context(const struct files *f) {
	for (size_t i = 0; i < f->n; i++) {
		const char *s = text_of(f->c->arena, f->v[i].root, "current-context");
		if (s) return s;
	}
	return NULL;
}

static int choose(struct files *f, const struct k8c_config_options *o) {
	struct k8c_config *c = f->c;
	const struct file *file = NULL;
	const char *name = o->context ? arena_strdup(c->arena, o->context) : current_context(f);
	const yyjson_mut_val *context = name ? find(f, "contexts", "context", name, &file) : NULL;
	if (name && !context) return config_fault(f->ret_msg, -ENOENT, "context \"%s\" does not exist", name);
	c->context = name;
	c->ns = text_of(c->arena, context, "namespace");
	c->cluster = o->cluster ? arena_strdup(c->arena, o->cluster) : text_of(c->arena, context, "cluster");
	c->user = o->user ? arena_strdup(c->arena, o->user) : text_of(c->arena, context, "user");
	if (!c->cluster && !c->user) return 1;
	const yyjson_mut_val *cluster = c->cluster ? find(f, "clusters", "cluster", c->cluster, &file) : NULL;
	if (c->cluster && !cluster && !o->server) return config_fault(f->ret_msg, -ENOENT, "cluster \"%s\" does not exist", c->cluster);
	int r = cluster ? take_cluster(f, file, cluster) : 0;
	if (r < 0) return r;
	const yyjson_mut_val *user = c->user ? find(f, "users", "user", c->user, &file) : NULL;
	if (o->user && !user) return config_fault(f->ret_msg, -ENOENT, "auth info \"%s\" does not exist", c->user);
	return user ? take_user(f, file, user) : 0;
}

int kubeconfig_load(struct k8c_config *c, const struct k8c_config_options *o, char **ret_msg) {
	struct files f = { .c = c, .ret_msg = ret_msg };
	int r = add_files(&f, o);
	if (r < 0) return r;
	if (f.n == 0 && o->context) return config_fault(ret_msg, -ENOENT, "context \"%s\" does not exist", o->context);
	return f.n ? choose(&f, o) : 1;
}
