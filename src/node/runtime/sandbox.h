/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The namespaces a pod's containers share. No process keeps them: a short-lived thread makes them and binds them to files
 * below run/ns/<uid>/, so that they survive a restart of the agent and vanish by unmounting. Only a shared process namespace
 * needs a process (pod/process_namespace.c).
 */
#pragma once

#include "loop/loop.h"

#include <sys/types.h>

struct sandbox_sysctl {
	const char *name;  /* "net.ipv4.ip_local_port_range" */
	const char *value;
	bool optional;     /* no error when the kernel does not have it */
};

struct sandbox_options {
	const char *dir;      /* run/ns/<uid>, made here */
	bool net, ipc, uts;   /* which namespaces are new */
	const char *hostname, *domainname; /* with uts; domainname may be NULL */
	const struct sandbox_sysctl *sysctls;
	size_t n_sysctls;
};

/* Makes the namespaces and binds them to dir/net, dir/ipc, dir/uts; loopback is up. done(ctx, 0 or -errno, text) runs on the
 * loop's thread. 0, or -errno and done does not run. `o` is copied. */
int sandbox_create(struct loop *l, const struct sandbox_options *o, void (*done)(void *ctx, int err, const char *why), void *ctx);
/* Binds the process namespace of `pid` to dir/pid: what joins it by that name joins no other, whoever gets the number. Moving into
 * it makes nobody its first process: that is `pid`, and the namespace ends with it. 0 or -errno. */
int sandbox_bind_processes(const char *dir, pid_t pid);
/* Unbinds and removes the directory. 0 (also when there is none) or -errno. */
int sandbox_remove(const char *dir);
/* True when dir/net (or, without network, dir/ipc or dir/uts) is still bound. */
bool sandbox_alive(const char *dir, const char *kind);
/* Runs fn(arg) on a thread of its own inside the network namespace at `net_path`, then done(arg, result) on the loop.
 * fn's result or -errno of entering. 0, or -errno and nothing runs. */
int sandbox_run_inside(struct loop *l, const char *net_path, int (*fn)(void *arg), void (*done)(void *arg, int result),
		       void *arg);
