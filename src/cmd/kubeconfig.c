/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/kubeconfig.h"
#include "codec/base64.h"

static void put_data(struct buf *out, const char *name, struct slice pem) {
	buf_printf(out, "    %s: ", name);
	base64_encode(out, BASE64_STD, pem);
	buf_putc(out, '\n');
}

int kubeconfig_write(const struct kubeconfig *k, struct buf *out) {
	buf_printf(out, "apiVersion: v1\nkind: Config\nclusters:\n- name: %s\n  cluster:\n", k->cluster);
	put_data(out, "certificate-authority-data", k->ca_pem);
	buf_printf(out, "    server: %s\nusers:\n- name: %s\n  user:\n", k->server, k->user);
	put_data(out, "client-certificate-data", k->cert_pem);
	put_data(out, "client-key-data", k->key_pem);
	buf_printf(out, "contexts:\n- name: %s@%s\n  context:\n    cluster: %s\n    user: %s\ncurrent-context: %s@%s\n", k->user, k->cluster,
		   k->cluster, k->user, k->user, k->cluster);
	return buf_err(out);
}
