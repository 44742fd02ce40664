/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container as files and processes: bundle, overlay root, conmon, the OCI runtime as a command. Nothing here knows pods.
 * A container is named by its id (64 hex digits); everything about it is found again by that name after a restart.
 * From the loop's thread.
 */
#pragma once

#include "base/env.h"
#include "node/paths.h"
#include "node/proc.h"
#include "node/runtime/detect.h"
#include "node/runtime/spec.h"

struct runtime {
	struct loop *loop;
	const struct node_paths *paths;
	struct runtime_facts facts;
	const char *root_arg; /* "--root=<run>/runtime" */
};

/* err 0 or -errno; why: the tool's own words, for people; valid during the call. */
typedef void runtime_done(void *ctx, int err, const char *why);

/* Mounts the overlay at base/containers/<id>/rootfs (lowerdirs as image_store_lowerdirs gives them; empty: an empty root). The path of
 * the root in *ret_rootfs (arena). Blocks shortly. 0 or -errno. */
int container_rootfs_mount(struct runtime *r, struct arena *a, const char *id, const char *lowerdirs, const char **ret_rootfs);
/* Writes config.json into the bundle. 0 or -errno. */
int container_bundle_write(struct runtime *r, const char *id, struct slice config);

struct container_create {
	const char *id, *name, *log_path;
	bool terminal, std_in, std_in_once;
};
/* Starts conmon, which creates the container. done's `why` is the runtime's message. 0 or -errno (done does not run). */
int container_create(struct runtime *r, const struct container_create *o, runtime_done *done, void *ctx);
/* Runs its command. */
int container_start(struct runtime *r, const char *id, runtime_done *done, void *ctx);
/* Sends a signal (name or number as the runtime takes it: "TERM", "KILL"); `all`: to every process. */
int container_kill(struct runtime *r, const char *id, const char *signal, bool all, runtime_done *done, void *ctx);
/* Removes the runtime's state, unmounts, deletes the bundle. Succeeds when there is nothing. */
int container_delete(struct runtime *r, const char *id, runtime_done *done, void *ctx);

struct container_exec_result {
	int err;        /* 0: it ran; -ETIMEDOUT; -errno: it did not */
	int code;
	struct slice out; /* stdout then stderr */
};
/* Runs a command in the container and collects its output (probes, hooks). */
int container_exec(struct runtime *r, const char *id, const char *const *argv, uint64_t timeout_ms,
		   void (*done)(void *ctx, const struct container_exec_result *res), void *ctx, struct proc **ret);

/* done does not run. */
void container_exec_cancel(struct proc *p);

enum container_life { CONTAINER_GONE, CONTAINER_RUNNING, CONTAINER_EXITED };
struct container_exit {
	int code;              /* 128 + signal when killed */
	int64_t finished;      /* nanoseconds, wall clock */
	bool oom_killed;
};
/* What the files say: EXITED with *ret_exit, RUNNING when conmon and the container's first process live, GONE otherwise
 * (a reboot, or conmon was killed). */
/* done does not run. */
void container_exec_cancel(struct proc *p);

enum container_life container_look(struct runtime *r, const char *id, struct container_exit *ret_exit);
/* First process of the container, or -ESRCH. */
pid_t container_pid(struct runtime *r, const char *id);
/* "<run>/s/<id>/attach" in the arena: conmon's attach socket (SOCK_SEQPACKET). */
const char *container_attach_path(struct runtime *r, struct arena *a, const char *id);
/* Everything conmon left for this id outside the bundle. */
void container_forget(struct runtime *r, const char *id);
