/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration's life, the pod's own, and the choice between it and kubeconfig files (kubeconfig.c). */
#include "client/config.h"
#include "client/kubeconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define CONFIG_ARENA_MAX ((size_t)256 * 1024 * 1024)

struct k8c_config *config_new(void) {
	struct k8c_config *c = calloc(1, sizeof(*c));
	if (!c) return NULL;
	atomic_init(&c->refs, 1);
	c->arena = arena_new(CONFIG_ARENA_MAX);
	if (c->arena) return c;
	free(c);
	return NULL;
}

struct k8c_config *k8c_config_ref(struct k8c_config *c) {
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void k8c_config_unref(struct k8c_config *c) {
	if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1) return;
	arena_free(c->arena);
	free(c);
}

static const char *or_empty(const char *s) { return s ? s : ""; }
const char *k8c_config_server(const struct k8c_config *c) { return or_empty(c->server); }
const char *k8c_config_namespace(const struct k8c_config *c) { return c->ns && *c->ns ? c->ns : "default"; }
const char *k8c_config_context(const struct k8c_config *c) { return or_empty(c->context); }
const char *k8c_config_user(const struct k8c_config *c) { return or_empty(c->user); }
bool k8c_config_is_in_cluster(const struct k8c_config *c) { return c->in_cluster; }

int config_read_file(struct arena *a, const char *path, struct slice *ret) {
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0, cap = 4096;
	if (fd < 0) return -errno;
	char *p = arena_alloc(a, cap);
	while (p) {
		ssize_t k = read(fd, p + n, cap - n - 1);
		if (k < 0 && errno == EINTR) continue;
		if (k < 0) return -errno;
		if (k == 0) {
			p[n] = 0;
			*ret = slice_make(p, n);
			return 0;
		}
		n += (size_t)k;
		if (n > CONFIG_FILE_MAX) return -E2BIG;
		if (n + 1 == cap) {
			p = arena_realloc(a, p, cap, cap * 2);
			cap *= 2;
		}
	}
	return -ENOMEM;
}

int config_fault(char **ret_msg, int err, const char *fmt, ...) {
	va_list ap;
	if (!ret_msg) return err;
	va_start(ap, fmt);
	if (vasprintf(ret_msg, fmt, ap) < 0) *ret_msg = NULL;
	va_end(ap);
	return err;
}

/* ---- in a pod ---- */

static int in_cluster(struct k8c_config *c, const char *dir, char **ret_msg) {
	const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
	struct slice ns;
	if (!dir) dir = CONFIG_SERVICE_ACCOUNT_DIR;
	if (!host || !*host || !port || !*port)
		return config_fault(
			ret_msg, -ENOENT,
			"unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined");
	c->server = arena_printf(c->arena, strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
	c->token_file = arena_printf(c->arena, "%s/token", dir);
	c->ca_file = arena_printf(c->arena, "%s/ca.crt", dir);
	char *ns_file = arena_printf(c->arena, "%s/namespace", dir);
	if (!c->server || !c->token_file || !c->ca_file || !ns_file) return -ENOMEM;
	if (access(c->token_file, R_OK) < 0) return config_fault(ret_msg, -ENOENT, "open %s: %s", c->token_file, strerror(errno));
	if (config_read_file(c->arena, ns_file, &ns) == 0) c->ns = arena_slice_str(c->arena, slice_trim(ns));
	if (access(c->ca_file, R_OK) < 0) c->ca_file = NULL; /* the system's roots, as client-go does */
	c->in_cluster = true;
	return 0;
}

int k8c_config_in_cluster(const char *dir, struct k8c_config **ret, char **ret_msg) {
	struct k8c_config *c = config_new();
	if (ret_msg) *ret_msg = NULL;
	int r = c ? in_cluster(c, dir, ret_msg) : -ENOMEM;
	if (r < 0) k8c_config_unref(c);
	else *ret = c;
	return r;
}

/* ---- what the caller says wins ---- */

static int put(struct k8c_config *c, const char **to, const char *value) {
	if (!value) return 0;
	*to = arena_strdup(c->arena, value);
	return *to ? 0 : -ENOMEM;
}

static int override_identity(struct k8c_config *c, const struct k8c_config_options *o) {
	int r = 0;
	if (o->token || o->token_file) {
		c->token = c->token_file = c->username = c->password = NULL;
		c->exec = NULL;
	}
	if (o->cert_file) c->cert_data = SLICE_NULL;
	if (o->key_file) c->key_data = SLICE_NULL;
	if (o->ca_file) c->ca_data = SLICE_NULL;
	const struct { const char **to, *value; } set[] = {
		{ &c->token, o->token }, { &c->token_file, o->token_file }, { &c->cert_file, o->cert_file }, { &c->key_file, o->key_file },
		{ &c->ca_file, o->ca_file }, { &c->tls_server_name, o->tls_server_name }, { &c->proxy_url, o->proxy_url }, { &c->ns, o->ns },
		{ &c->server, o->server }, { &c->impersonate_user, o->impersonate_user }, { &c->impersonate_uid, o->impersonate_uid },
	};
	for (size_t i = 0; i < ELEMENTSOF(set) && r == 0; i++) r = put(c, set[i].to, set[i].value);
	return r;
}

static int apply_overrides(struct k8c_config *c, const struct k8c_config_options *o) {
	int r = override_identity(c, o);
	if (r == 0 && o->impersonate_groups) c->impersonate_groups = config_strings(c->arena, o->impersonate_groups);
	if (r < 0 || (o->impersonate_groups && !c->impersonate_groups)) return -ENOMEM;
	if (o->insecure) {
		c->insecure = true;
		c->ca_file = NULL;
		c->ca_data = SLICE_NULL;
	}
	c->exec_timeout_ms = o->exec_timeout_ms;
	if (c->server && !strstr(c->server, "://")) c->server = arena_printf(c->arena, "http://%s", c->server);
	return 0;
}

const char *const *config_strings(struct arena *a, const char *const *list) {
	size_t n = 0;
	while (list[n]) n++;
	const char **out = arena_array(a, n + 1, sizeof(*out));
	for (size_t i = 0; out && i < n; i++) {
		out[i] = arena_strdup(a, list[i]);
		if (!out[i]) return NULL;
	}
	return out;
}

int k8c_config_load(const struct k8c_config_options *given, struct k8c_config **ret, char **ret_msg) {
	struct k8c_config_options o = { 0 };
	if (given) memcpy(&o, given, given->size < sizeof(o) ? given->size : sizeof(o));
	if (ret_msg) *ret_msg = NULL;
	struct k8c_config *c = config_new();
	int r = !c ? -ENOMEM : o.no_kubeconfig ? 1 : kubeconfig_load(c, &o, ret_msg);
	if (r == 1 && !o.server && !o.no_in_cluster) {
		r = in_cluster(c, o.service_account_dir, NULL);
		if (r == -ENOENT)
			r = config_fault(
				ret_msg, -ENOENT,
				"invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable");
	} else if (r == 1 && !o.server) {
		r = config_fault(
			ret_msg, -ENOENT,
			"invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable");
	}
	if (r >= 0) r = apply_overrides(c, &o);
	if (r == 0 && !c->server)
		r = config_fault(ret_msg, -EINVAL, "invalid configuration: no server found for cluster \"%s\"",
				 or_empty(c->cluster));
	if (r < 0) k8c_config_unref(c);
	else *ret = c;
	return r;
}
