/* SPDX-License-Identifier: Apache-2.0 */
#include "client/credentials_exec.h"
#include "client/credentials.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "codec/timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

#define WAIT_STEP_MS 5

extern char **environ;

void exec_credential_done(struct exec_credential *e) {
	free(e->token);
	free(e->cert);
	free(e->key);
	*e = (struct exec_credential){ 0 };
}

/* ---- the child ---- */

static int exec_info(const struct k8c_config *cfg, struct buf *b) {
	const struct config_exec *e = cfg->exec;
	buf_puts(b, "KUBERNETES_EXEC_INFO={\"kind\":\"ExecCredential\",\"apiVersion\":");
	json_write_string(b, slice_str(e->api_version ? e->api_version : "client.authentication.k8s.io/v1"));
	buf_puts(b, ",\"spec\":{");
	if (e->provide_cluster_info) {
		buf_puts(b, "\"cluster\":{\"server\":");
		json_write_string(b, slice_str(cfg->server ? cfg->server : ""));
		if (cfg->tls_server_name) {
			buf_puts(b, ",\"tls-server-name\":");
			json_write_string(b, slice_str(cfg->tls_server_name));
		}
		if (cfg->insecure) buf_puts(b, ",\"insecure-skip-tls-verify\":true");
		if (cfg->ca_data.n) {
			buf_puts(b, ",\"certificate-authority-data\":\"");
			base64_encode(b, BASE64_STD, cfg->ca_data);
			buf_putc(b, '"');
		}
		buf_puts(b, "},");
	}
	bool tty = isatty(STDIN_FILENO) && !(e->interactive_mode && !strcmp(e->interactive_mode, "Never"));
	buf_printf(b, "\"interactive\":%s}}", tty ? "true" : "false");
	return buf_putc(b, 0);
}

/* The program's environment: ours, then the plugin's own settings, which win because the ones they replace are left out. */
static char **child_env(struct arena *a, const struct config_exec *e, char *info) {
	size_t n = 0, extra = 0, at = 0;
	while (environ[n]) n++;
	while (e->env && e->env[extra]) extra++;
	char **v = arena_array(a, n + extra + 2, sizeof(*v));
	for (size_t i = 0; v && i < n; i++) {
		struct slice rest = slice_str(environ[i]), name = slice_cut(&rest, '=');
		bool replaced = slice_eqs(name, "KUBERNETES_EXEC_INFO");
		for (size_t k = 0; k < extra && !replaced; k++) {
			struct slice r2 = slice_str(e->env[k]);
			replaced = slice_eq(slice_cut(&r2, '='), name);
		}
		if (!replaced) v[at++] = environ[i];
	}
	for (size_t k = 0; v && k < extra; k++) v[at++] = (char *)(uintptr_t)e->env[k];
	if (v) v[at] = info;
	return v;
}

static char **child_args(struct arena *a, const struct config_exec *e) {
	size_t n = 0;
	while (e->args && e->args[n]) n++;
	char **v = arena_array(a, n + 2, sizeof(*v));
	if (!v) return NULL;
	v[0] = (char *)(uintptr_t)e->command;
	for (size_t i = 0; i < n; i++) v[i + 1] = (char *)(uintptr_t)e->args[i];
	return v;
}

static int start(char **argv, char **envp, pid_t *ret_pid, int *ret_fd) {
	int fds[2];
	posix_spawn_file_actions_t fa;
	if (pipe2(fds, O_CLOEXEC) < 0) return -errno;
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, fds[1], STDOUT_FILENO);
	int r = -posix_spawnp(ret_pid, argv[0], &fa, NULL, argv, envp);
	posix_spawn_file_actions_destroy(&fa);
	close(fds[1]);
	if (r < 0) close(fds[0]);
	else *ret_fd = fds[0];
	return r;
}

/* Reads to the end; 0, -ETIMEDOUT, -E2BIG. `end`: monotonic time. */
static int collect(int fd, uint64_t end, struct buf *b) {
	for (;;) {
		char chunk[4096];
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint64_t now = env_mono(&env_system);
		if (now >= end) return -ETIMEDOUT;
		int r = poll(&p, 1, (int)((end - now) / 1000000 + 1));
		if (r < 0 && errno != EINTR) return -errno;
		if (r <= 0) continue;
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n == 0) return 0;
		if (n < 0 && errno == EINTR) continue;
		if (n < 0) return -errno;
		if (buf_put(b, chunk, (size_t)n) < 0) return b->err;
	}
}

/* A plugin may close its output and go on. Its exit code (128: a signal); -ETIMEDOUT: it had to be killed. */
static int wait_for(pid_t pid, uint64_t end) {
	int status, killed = 0;
	for (;;) {
		pid_t r = waitpid(pid, &status, killed ? 0 : WNOHANG);
		if (r < 0 && errno != EINTR) return -errno;
		if (r == pid) return killed ? -ETIMEDOUT : WIFEXITED(status) ? WEXITSTATUS(status) : 128;
		if (r == 0 && env_mono(&env_system) >= end) killed = kill(pid, SIGKILL) == 0;
		else if (r == 0) (void)poll(NULL, 0, WAIT_STEP_MS);
	}
}

/* ---- what it printed ---- */

static char *dup_member(const yyjson_mut_val *v, const char *name) {
	struct slice s = json_path_str(v, name);
	return s.n ? strndup(s.p, s.n) : NULL;
}

int exec_credential_parse(struct slice text, struct exec_credential *ret, char *msg, size_t size) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	yyjson_mut_doc *doc;
	struct json_error err;
	struct timestamp t;
	if (!a) return -ENOMEM;
	if (json_parse(a, text, &doc, &err) < 0) {
		snprintf(msg, size, "getting credentials: decoding stdout: %s", err.msg);
		return -EBADMSG;
	}
	const yyjson_mut_val *status = json_get(doc->root, "status");
	*ret = (struct exec_credential){ dup_member(status, "token"), dup_member(status, "clientCertificateData"),
					  dup_member(status, "clientKeyData"), 0 };
	struct slice expires = json_path_str(status, "expirationTimestamp");
	if (expires.n && timestamp_parse(a, expires, &t, NULL) == 0) ret->expires = t.sec;
	if (ret->token || ret->cert) return 0;
	exec_credential_done(ret);
	snprintf(msg, size, "getting credentials: exec plugin didn't return a token or cert/key pair");
	return -EBADMSG;
}

int exec_credential_get(const struct k8c_config *cfg, struct exec_credential *ret, char *msg, size_t size) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	_cleanup_buf_ struct buf info = BUF_INIT(CONFIG_FILE_MAX * 2), out = BUF_INIT(CREDENTIALS_EXEC_OUTPUT_MAX);
	_cleanup_close_ int fd = -1;
	const struct config_exec *e = cfg->exec;
	pid_t pid;
	if (!a || exec_info(cfg, &info) < 0) return -ENOMEM;
	char **argv = child_args(a, e), **envp = child_env(a, e, info.p);
	if (!argv || !envp) return -ENOMEM;
	int r = start(argv, envp, &pid, &fd);
	if (r < 0) {
		snprintf(msg, size, "getting credentials: exec: executable %s %s%s%s", e->command, r == -ENOENT ? "not found" : strerror(-r),
			 e->install_hint ? "\n\n" : "", e->install_hint ? e->install_hint : "");
		return r;
	}
	uint32_t ms = cfg->exec_timeout_ms ? cfg->exec_timeout_ms : CREDENTIALS_EXEC_SECONDS * 1000;
	uint64_t end = env_mono(&env_system) + (uint64_t)ms * 1000000u;
	r = collect(fd, end, &out);
	if (r < 0) kill(pid, SIGKILL);
	int code = wait_for(pid, r < 0 ? UINT64_MAX : end);
	if (r == 0 && code < 0) r = code;
	if (r < 0) {
		snprintf(msg, size, "getting credentials: exec: executable %s %s", e->command,
			 r == -ETIMEDOUT ? "did not finish in time" : strerror(-r));
		return r;
	}
	if (code) {
		snprintf(msg, size, "getting credentials: exec: executable %s failed with exit code %d", e->command, code);
		return -ECHILD;
	}
	return exec_credential_parse(buf_slice(&out), ret, msg, size);
}
