/* SPDX-License-Identifier: Apache-2.0 */
/* create's generators: objects from flags. */
#pragma once

#include "ctl/command.h"

extern const struct command *const create_generators[];
extern const struct command create_namespace, create_serviceaccount, create_configmap, create_secret, create_role, create_clusterrole,
	create_rolebinding, create_clusterrolebinding, create_token;

/* The flags of every generator. */
extern const struct flag create_flags[];

/* A new object of that kind with this name. */
yyjson_mut_doc *create_object(struct ctl *c, const char *api_version, const char *kind, const char *name, bool namespaced);
/* Creates or prints it. 0 or 1. */
int create_finish(struct ctl *c, yyjson_mut_doc *doc);
/* "exactly one NAME is required, got N" when it is not so. */
int create_one_name(struct ctl *c, size_t n);
