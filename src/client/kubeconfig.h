/* SPDX-License-Identifier: Apache-2.0 */
/* kubeconfig files (client-go/tools/clientcmd): several merged, one context taken out. */
#pragma once

#include "client/config.h"

#define KUBECONFIG_FILES_MAX 64u

/* A new, empty configuration; NULL when out of memory. */
struct k8c_config *config_new(void);
/* Sets *ret_msg (may be NULL) and returns `err`. */
int config_fault(char **ret_msg, int err, const char *fmt, ...) k8c_printf(3, 4);
/* Deep copy of a NULL-terminated list; NULL when out of memory. */
const char *const *config_strings(struct arena *a, const char *const *list);

/* Fills `c` from the files that `o` or the environment name. 0; 1: they say nothing; -ENOENT (a file or context that was asked
 * for is not there), -EBADMSG, -errno, with *ret_msg. */
int kubeconfig_load(struct k8c_config *c, const struct k8c_config_options *o, char **ret_msg);
