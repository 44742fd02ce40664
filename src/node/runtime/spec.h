/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI runtime configuration (runtime-spec v1.0.2, config.json) of one container, as a pure function of decided facts.
 * Who decides them: pod/container_config.c.
 */
#pragma once

#include "base/buf.h"
#include "node/runtime/user.h"

struct spec_mount {
	const char *source, *destination;
	bool readonly;
	const char *propagation; /* "rprivate", "rslave", "rshared" */
};

struct spec_device {
	const char *path;
	char type; /* 'c' or 'b' */
	unsigned major, minor, mode, uid, gid;
};

enum spec_seccomp { SECCOMP_UNCONFINED, SECCOMP_RUNTIME_DEFAULT, SECCOMP_LOCALHOST };

struct container_spec {
	const struct slice *args;
	size_t n_args;
	const struct slice *env;  /* "NAME=value" */
	size_t n_env;
	const char *cwd;
	struct container_user user;
	uint64_t capabilities;
	bool privileged, readonly_root, no_new_privileges, terminal;
	bool unmasked_proc;       /* procMount: Unmasked */
	enum spec_seccomp seccomp;
	struct slice seccomp_profile; /* JSON, for SECCOMP_LOCALHOST */
	const char *rootfs;
	const char *hostname;     /* NULL: the namespace has one already */
	/* Paths of namespaces to join; NULL: the machine's own. pid_path NULL and !host_pid: a new one. */
	const char *net_path, *ipc_path, *uts_path, *pid_path;
	bool host_pid;
	bool cgroup_namespace;
	const char *cgroups_path;
	int64_t memory_limit;     /* bytes; 0: none */
	uint64_t cpu_shares;      /* 0: default */
	int64_t cpu_quota;        /* microseconds per 100 ms; 0: none */
	int64_t pids_limit;       /* 0: none */
	int oom_score_adj;
	const struct spec_mount *mounts;
	size_t n_mounts;
	const struct spec_device *devices; /* privileged: those of the machine */
	size_t n_devices;
};

/* Appends config.json. 0 or b->err. */
int container_spec_write(struct buf *b, const struct container_spec *s);
/* Appends the "process" object for running another command in the container (runc exec --process). 0 or b->err. */
int container_process_write(struct buf *b, const struct container_spec *s);
