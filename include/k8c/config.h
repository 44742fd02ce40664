/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How to reach a server and who to be there: kubeconfig files, or what is mounted in a pod.
 *
 * A configuration is made once, then shared and never changed: it is counted, and any number of clients on any threads may use it. Tokens,
 * roots and certificates that it names as files, and what a credential plugin prints, are read again while clients live: a token after
 * half of its remaining life and at most after a minute, TLS files every minute, all of them at once after a 401, which is then tried
 * once more.
 */
#pragma once

#include <k8c/common.h>

#ifdef __cplusplus
extern "C" {
#endif

struct k8c_config;

struct k8c_config_options {
	size_t size;
	const char *kubeconfig;   /* files joined by ':'; NULL: $KUBECONFIG, else ~/.kube/config */
	const char *context;      /* NULL: current-context */
	/* These override what the files say. */
	const char *cluster, *user, *ns, *server, *token, *token_file, *ca_file, *cert_file, *key_file, *tls_server_name, *proxy_url;
	const char *impersonate_user, *impersonate_uid;
	const char *const *impersonate_groups; /* NULL-terminated */
	bool insecure;
	bool no_kubeconfig;       /* use only what is given here */
	bool no_in_cluster;       /* never fall back to the pod's own credentials */
	const char *service_account_dir; /* NULL: /var/run/secrets/kubernetes.io/serviceaccount */
	uint32_t exec_timeout_ms; /* how long a credential plugin may take; 0: 60 s */
};

/* The way kubectl does it: kubeconfig files merged (first one wins for each setting), overrides, and, when no file says anything,
 * the pod's mounted credentials. 0; -ENOENT: nothing is configured; -EBADMSG: a file is broken; -EINVAL; -errno of reading.
 * *ret_msg (may be NULL): one sentence that says which file and why; the caller frees it. */
K8C_EXPORT int k8c_config_load(const struct k8c_config_options *o, struct k8c_config **ret, char **ret_msg);
/* Only the pod's own: KUBERNETES_SERVICE_HOST/_PORT and `dir` (NULL: the usual one). -ENOENT: not in a pod. */
K8C_EXPORT int k8c_config_in_cluster(const char *dir, struct k8c_config **ret, char **ret_msg);
/* One more holder of the configuration. Any thread. */
K8C_EXPORT struct k8c_config *k8c_config_ref(struct k8c_config *c);
/* One holder less; the last one frees it. NULL is allowed. Any thread. */
K8C_EXPORT void k8c_config_unref(struct k8c_config *c);
/* The server's URL, the namespace ("default" when none is set), the context's and user's names ("" in a pod), and whether it is the
 * pod's own. Strings live as long as the configuration. */
K8C_EXPORT const char *k8c_config_server(const struct k8c_config *c);
K8C_EXPORT const char *k8c_config_namespace(const struct k8c_config *c);
K8C_EXPORT const char *k8c_config_context(const struct k8c_config *c);
K8C_EXPORT const char *k8c_config_user(const struct k8c_config *c);
K8C_EXPORT bool k8c_config_is_in_cluster(const struct k8c_config *c);

#ifdef __cplusplus
}
#endif
