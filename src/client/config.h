/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration: everything it takes to reach and be somebody at a server. Made once, then shared and unchanged. */
#pragma once

#include "base/arena.h"

#include <k8c/k8c.h>
#include <stdatomic.h>

#define CONFIG_FILE_MAX ((size_t)16 * 1024 * 1024)
#define CONFIG_SERVICE_ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

/* users[].user.exec */
struct config_exec {
	const char *api_version, *command, *install_hint;
	const char *const *args;   /* NULL-terminated */
	const char *const *env;    /* "NAME=value", NULL-terminated */
	bool provide_cluster_info;
	const char *interactive_mode;
};

/* Strings are NULL when unset and live in the arena. Data wins over files. */
struct k8c_config {
	atomic_int refs;
	struct arena *arena;
	const char *server, *ns, *context, *cluster, *user;
	const char *ca_file, *cert_file, *key_file, *token_file;
	struct slice ca_data, cert_data, key_data;
	const char *token, *username, *password;
	const struct config_exec *exec;
	const char *tls_server_name, *proxy_url;
	const char *impersonate_user, *impersonate_uid;
	const char *const *impersonate_groups;
	const struct config_extra { const char *key, *value; } *impersonate_extra;
	size_t n_impersonate_extra;
	uint32_t exec_timeout_ms; /* 0: CREDENTIALS_EXEC_SECONDS */
	bool insecure, in_cluster;
};

/* A whole file, at most CONFIG_FILE_MAX bytes, into the arena. 0 or -errno (-E2BIG). */
int config_read_file(struct arena *a, const char *path, struct slice *ret);
