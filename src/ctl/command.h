/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: names, flags, what runs. */
#pragma once

#include "ctl/print.h"
#include "ctl/infos.h"
#include "ctl/session.h"

struct command {
	const char *name;
	const char *aliases;             /* cut at blanks; or NULL */
	const char *usage;               /* what stands behind the name */
	const char *about;
	const struct flag *const *flags; /* tables, NULL-terminated; session_flags come by themselves */
	int (*run)(struct ctl *c, const char *const *args, size_t n); /* 0, or 1 with faults noted */
	const struct command *const *subs; /* NULL-terminated; or NULL */
};

extern const struct command *const commands[];
extern const struct command command_access;
extern const struct command command_annotate;
extern const struct command command_api_resources;
extern const struct command command_api_versions;
extern const struct command command_apply;
extern const struct command command_attach;
extern const struct command command_auth;
extern const struct command command_cluster_info;
extern const struct command command_complete;
extern const struct command command_completion;
extern const struct command command_config;
extern const struct command command_cordon;
extern const struct command command_cp;
extern const struct command command_create;
extern const struct command command_delete;
extern const struct command command_diff;
extern const struct command command_events;
extern const struct command command_exec;
extern const struct command command_get;
extern const struct command command_label;
extern const struct command command_logs;
extern const struct command command_patch;
extern const struct command command_port_forward;
extern const struct command command_replace;
extern const struct command command_rollout;
extern const struct command command_run;
extern const struct command command_scale;
extern const struct command command_set;
extern const struct command command_uncordon;
extern const struct command command_version;
extern const struct command command_wait;

/* Finds the command of argv, parses its flags, runs it, prints its faults. The exit code. */
int command_main(int argc, char **argv);
