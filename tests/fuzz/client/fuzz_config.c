/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a kubeconfig, as what a credential plugin printed, and as a token. */
#include "client/credentials.h"
#include "client/credentials_exec.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static void kubeconfig(const uint8_t *data, size_t size) {
	char path[64], *msg = NULL;
	struct k8c_config *cfg;
	int fd = memfd_create("kubeconfig", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct k8c_config_options o = { .size = sizeof(o), .kubeconfig = path, .no_in_cluster = true };
	int r = k8c_config_load(&o, &cfg, &msg);
	if (r == 0) {
		if (!*k8c_config_server(cfg) || !*k8c_config_namespace(cfg)) abort();
		k8c_config_unref(cfg);
	} else if (!msg) {
		abort();
	}
	free(msg);
	close(fd);
}

static void plugin(struct slice s) {
	struct exec_credential c;
	char msg[200] = "";
	if (exec_credential_parse(s, &c, msg, sizeof(msg)) == 0) {
		if (!c.token && !c.cert) abort();
		exec_credential_done(&c);
	} else if (!msg[0]) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct slice s = slice_make(data, size);
	if (size > 65536) return 0;
	kubeconfig(data, size);
	plugin(s);
	if (credentials_jwt_expiry(s) < 0) abort();
	return 0;
}
