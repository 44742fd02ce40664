/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/session.h"
#include "codec/percent.h"
#include "ctl/file.h"
#include "ctl/goprint.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

const struct flag session_flags[] = {
	{ "as", FLAG_STRING, NULL, 0, NULL, "user to impersonate" },
	{ "as-group", FLAG_ARRAY, NULL, 0, NULL, "group to impersonate; may be repeated" },
	{ "as-uid", FLAG_STRING, NULL, 0, NULL, "UID to impersonate" },
	{ "cache-dir", FLAG_STRING, NULL, 0, NULL, "accepted for compatibility; nothing is cached" },
	{ "certificate-authority", FLAG_STRING, NULL, 0, NULL, "file with the certificate authority" },
	{ "client-certificate", FLAG_STRING, NULL, 0, NULL, "file with a client certificate" },
	{ "client-key", FLAG_STRING, NULL, 0, NULL, "file with the client certificate's key" },
	{ "cluster", FLAG_STRING, NULL, 0, NULL, "kubeconfig cluster to use" },
	{ "context", FLAG_STRING, NULL, 0, NULL, "kubeconfig context to use" },
	{ "disable-compression", FLAG_BOOL, NULL, 0, NULL, "accepted for compatibility; answers are not compressed" },
	{ "insecure-skip-tls-verify", FLAG_BOOL, NULL, 0, NULL, "do not check the server's certificate" },
	{ "kubeconfig", FLAG_STRING, NULL, 0, NULL, "kubeconfig file to use" },
	{ "namespace", FLAG_STRING, NULL, 'n', NULL, "namespace to work in" },
	{ "request-timeout", FLAG_STRING, "0", 0, NULL, "how long one request may take (10s, 1m; a number counts seconds)" },
	{ "server", FLAG_STRING, NULL, 's', NULL, "address and port of the server" },
	{ "tls-server-name", FLAG_STRING, NULL, 0, NULL, "name to expect in the server's certificate" },
	{ "token", FLAG_STRING, NULL, 0, NULL, "bearer token" },
	{ "user", FLAG_STRING, NULL, 0, NULL, "kubeconfig user to use" },
	{ "v", FLAG_INT, "0", 'v', NULL, "tell requests on standard error from 6 on" },
	{ "warnings-as-errors", FLAG_BOOL, NULL, 0, NULL, "warnings make the exit code 1" },
	{ 0 },
};

/* ---- configuration ---- */

static const char *given(struct ctl *c, const char *name) {
	return flags_get(&c->flags, name)->flag->type == FLAG_STRING && flag_given(&c->flags, name) && *flag_text(&c->flags, name) ? flag_text(&c->flags, name) : NULL;
}

static void fill_options(struct ctl *c, struct k8c_config_options *o) {
	const struct { const char **to, *flag; } set[] = {
		{ &o->kubeconfig, "kubeconfig" }, { &o->context, "context" }, { &o->cluster, "cluster" }, { &o->user, "user" },
		{ &o->ns, "namespace" }, { &o->server, "server" }, { &o->token, "token" }, { &o->ca_file, "certificate-authority" },
		{ &o->cert_file, "client-certificate" }, { &o->key_file, "client-key" }, { &o->tls_server_name, "tls-server-name" },
		{ &o->impersonate_user, "as" }, { &o->impersonate_uid, "as-uid" },
	};
	for (size_t i = 0; i < ELEMENTSOF(set); i++) *set[i].to = given(c, set[i].flag);
	const struct flag_value *groups = flags_get(&c->flags, "as-group");
	if (groups->n) {
		const char **list = ctl_array(c, groups->n + 1, sizeof(*list));
		memcpy(list, groups->list, groups->n * sizeof(*list));
		o->impersonate_groups = list;
	}
	o->insecure = flag_on(&c->flags, "insecure-skip-tls-verify");
}

int session_config(struct ctl *c) {
	_cleanup_free_ char *msg = NULL;
	struct k8c_config_options o = { .size = sizeof(o) };
	struct stat st;
	if (c->cfg) return 0;
	/* Told once. */
	if (c->cfg_broken) return 1;
	c->cfg_broken = true;
	fill_options(c, &o);
	if (o.kubeconfig && !strchr(o.kubeconfig, ':') && stat(o.kubeconfig, &st) < 0)
		return ctl_fail(c, "stat %s: %s", o.kubeconfig, file_error(-errno));
	int r = k8c_config_load(&o, &c->cfg, &msg);
	if (r < 0 && !o.server && msg && strstr(msg, "no configuration has been provided")) {
		/* The address that kubectl falls back to. */
		free(TAKE_PTR(msg));
		o.server = "http://localhost:8080";
		r = k8c_config_load(&o, &c->cfg, &msg);
	}
	c->cfg_broken = r < 0;
	if (r == 0) return 0;
	c->cfg = NULL;
	if (msg && o.context && strstr(msg, "context \"") == msg)
		return ctl_fail_text(c, ctl_printf(c, "Error in configuration: context was not found for specified context: %s", o.context));
	return ctl_fail(c, "%s", msg ? msg : strerror(-r));
}

bool session_namespace_forced(const struct ctl *c) { return flag_given(&c->flags, "namespace"); }

const char *session_namespace(struct ctl *c) {
	if (given(c, "namespace")) return given(c, "namespace");
	return session_config(c) == 0 ? k8c_config_namespace(c->cfg) : NULL;
}

/* ---- client ---- */

static void tell_warning(struct ctl *c, const char *text) {
	struct buf b = BUF_INIT(SINK_TEXT_MAX);
	escape_terminal(&b, slice_str(text));
	ctl_err(c, "Warning: %s\n", ctl_take(c, &b).p);
}

static void on_warning(void *ctx, const char *text) {
	struct ctl *c = ctx;
	if (strings_has(&c->warnings, text)) return;
	strings_add(c, &c->warnings, ctl_printf(c, "%s", text));
	tell_warning(c, text);
	if (flag_on(&c->flags, "warnings-as-errors")) c->exit_code = 1;
}

/* kubectl's --request-timeout: a duration, or a number of seconds; 0 is none. */
static int parse_timeout(struct ctl *c, uint32_t *ret_ms) {
	const char *text = flag_text(&c->flags, "request-timeout");
	int64_t n;
	if (slice_int(slice_str(text), 0, UINT32_MAX / 1000, &n) == 0) n *= NSEC_PER_SEC;
	else if (flags_duration(&c->flags, text, &n) < 0)
		return ctl_fail(c, "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a "
				   "corresponding time unit (e.g. 1s | 2m | 3h)");
	uint64_t ms = (uint64_t)n / 1000000u;
	*ret_ms = n <= 0 ? SESSION_TIMEOUT_MS : ms > UINT32_MAX - 1 ? UINT32_MAX - 1 : ms ? (uint32_t)ms : 1;
	return 0;
}

int session_open(struct ctl *c) {
	_cleanup_free_ char *msg = NULL;
	struct k8c_client_options o = { .size = sizeof(o), .user_agent = "k8ctl/" K8C_VERSION, .on_warning = on_warning,
					 .warning_ctx = c, .max_body = CTL_FILE_MAX };
	if (c->client) return 0;
	if (session_config(c) || parse_timeout(c, &o.timeout_ms)) return 1;
	int r = k8c_client_new(c->cfg, &o, &c->client, &msg);
	if (r == 0) return 0;
	c->client = NULL;
	return ctl_fail(c, "%s", msg ? msg : strerror(-r));
}

void session_close(struct ctl *c) {
	k8c_client_free(c->client);
	k8c_config_unref(c->cfg);
	c->client = NULL;
	c->cfg = NULL;
}

/* ---- requests ---- */

static void free_reply(void *p) { k8c_reply_free(p); }

static void tell(struct ctl *c, const struct call *call, const struct k8c_reply *r) {
	if (flag_int(&c->flags, "v") < 6) return;
	ctl_err(c, "%s %s%s%s%s %d\n", call->method ? call->method : "GET", k8c_config_server(c->cfg), call->path,
		call->query && *call->query ? "?" : "", call->query ? call->query : "", r->response.status);
	if (flag_int(&c->flags, "v") >= 8) ctl_err(c, "%.*s\n", (int)r->response.body.n, r->response.body.p);
}

int session_ask(struct ctl *c, const struct call *call, struct k8c_reply **ret) {
	if (session_open(c)) return 2;
	struct k8c_request req = {
		.size = sizeof(req), .method = call->method, .path = call->path, .query = call->query && *call->query ? call->query : NULL,
		.content_type = call->content_type, .accept = call->accept, .body = bytes_of(call->body), .timeout_ms = call->timeout_ms,
	};
	int r = k8c_request_wait(c->client, &req, ret);
	if (r < 0) {
		(void)ctl_fail(c, "%s", strerror(-r));
		return 2;
	}
	tell(c, call, *ret);
	return (*ret)->error.err ? 1 : 0;
}

int session_try(struct ctl *c, const struct call *call, struct k8c_reply **ret) {
	int r = session_ask(c, call, ret);
	if (r != 2 && arena_defer(c->a, free_reply, *ret) < 0) (void)ctl_must(NULL);
	return r;
}

int session_call(struct ctl *c, const struct call *call, struct k8c_reply **ret) {
	int r = session_try(c, call, ret);
	return r == 1 ? ctl_fail_api(c, &(*ret)->error, call->what) : r ? 1 : 0;
}

int session_parse(struct ctl *c, const struct k8c_reply *r, yyjson_mut_doc **ret) {
	struct json_error err;
	int e = json_parse(c->a, slice_of(r->response.body), ret, &err);
	if (e == -EBADMSG) return ctl_fail(c, "%s", err.msg);
	if (e < 0) (void)ctl_must(NULL);
	return 0;
}

int session_json(struct ctl *c, const struct call *call, yyjson_mut_doc **ret) {
	struct k8c_reply *r;
	return session_call(c, call, &r) || session_parse(c, r, ret) ? 1 : 0;
}

void query_add(struct buf *b, const char *name, const char *value) {
	if (!value || !*value) return;
	(void)buf_printf(b, "%s%s=", b->n ? "&" : "", name);
	(void)percent_encode_query(b, slice_str(value));
}
