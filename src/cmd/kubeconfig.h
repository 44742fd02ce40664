/* SPDX-License-Identifier: Apache-2.0 */
/* The kubeconfig of a user with a client certificate, all data inline. */
#pragma once

#include "base/buf.h"

struct kubeconfig {
	const char *server;            /* https://HOST:PORT */
	const char *cluster, *user;    /* names inside the file */
	struct slice ca_pem, cert_pem, key_pem;
};

#define KUBECONFIG_MAX (256u * 1024u)

/* Appends the YAML text. 0 or out->err. */
int kubeconfig_write(const struct kubeconfig *k, struct buf *out);
