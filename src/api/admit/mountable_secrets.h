/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deprecated restriction to an account's own secrets (annotation kubernetes.io/enforce-mountable-secrets), and the search
 * for secrets a pod spec names.
 */
#pragma once

#include "api/admit.h"

/* Does a pod spec name any secret (volumes, env, envFrom, pull secrets)? */
bool pod_names_a_secret(const yyjson_mut_val *spec);
/* NULL, or the denial of the first secret that the account does not list. Without the annotation always NULL. */
const struct status *mountable_secrets_check(struct admit *ad, const yyjson_mut_val *spec, const yyjson_mut_val *account);
