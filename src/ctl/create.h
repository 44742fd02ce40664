/* SPDX-License-Identifier: Apache-2.0 */
/* create's generators: objects from flags. */
#pragma once

#include "ctl/command.h"

extern const struct command *const create_generators[];
extern const struct command create_clusterrole;
extern const struct command create_clusterrolebinding;
extern const struct command create_configmap;
extern const struct command create_cronjob;
extern const struct command create_deployment;
extern const struct command create_ingress;
extern const struct command create_job;
extern const struct command create_namespace;
extern const struct command create_poddisruptionbudget;
extern const struct command create_priorityclass;
extern const struct command create_quota;
extern const struct command create_role;
extern const struct command create_rolebinding;
extern const struct command create_secret;
extern const struct command create_service;
extern const struct command create_serviceaccount;
extern const struct command create_token;

/* The flags of every generator. */
extern const struct flag create_flags[];

/* A new object of that kind with this name. */
yyjson_mut_doc *create_object(struct ctl *c, const char *api_version, const char *kind, const char *name, bool namespaced);
/* Creates or prints it. 0 or 1. */
int create_finish(struct ctl *c, yyjson_mut_doc *doc);
/* "exactly one NAME is required, got N" when it is not so. */
int create_one_name(struct ctl *c, size_t n);
