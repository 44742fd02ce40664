/* SPDX-License-Identifier: Apache-2.0 */
/* Credential plugins (client.authentication.k8s.io ExecCredential): a program prints who to be. */
#pragma once

#include "client/config.h"

struct exec_credential {
	char *token, *cert, *key; /* NULL when not given */
	int64_t expires;          /* seconds since 1970; 0: never */
};
/* Runs the plugin and waits for its end (at most the configuration's exec_timeout_ms). 0; -ENOENT (no such program), -ETIMEDOUT, -ECHILD (it
 * failed), -EBADMSG (what it printed), -errno; then msg says more. */
int exec_credential_get(const struct k8c_config *cfg, struct exec_credential *ret, char *msg, size_t msg_size);
/* What a plugin printed. Pure. 0, -EBADMSG (then msg says more), -ENOMEM. */
int exec_credential_parse(struct slice text, struct exec_credential *ret, char *msg, size_t msg_size);
void exec_credential_done(struct exec_credential *e);
