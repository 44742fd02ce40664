/* SPDX-License-Identifier: Apache-2.0 */
/* The states of one container and the operations that move it. See container.c for the drawing. */
#pragma once

#include "node/pod/pod.h"

/* spec.containers[i] (or initContainers, ephemeralContainers) of this container; NULL when the object does not have it any more. */
const yyjson_mut_val *container_spec_of(const struct container *c);
void container_set_state(struct container *c, enum container_state next);
const char *container_state_name(enum container_state s);
void container_wait(struct container *c, const char *reason, const char *message);
/* Notices that it has ended, times its signals. */
void container_look_after(struct container *c);
/* Brings it on its way when it may run now (image, configuration, runtime). */
void container_begin(struct container *c);
/* Ends it: preStop, signal, and after `grace_ms` SIGKILL. why: text of the Killing event ("Stopping container x"). */
void container_end(struct container *c, uint64_t grace_ms, const char *why);
/* Whether it has ended and will not be run again by the rules of its kind and the pod's restartPolicy. */
bool container_is_over(const struct container *c);
bool container_will_restart(const struct container *c);
/* Init containers: done so that the next may begin. */
bool container_lets_next_begin(const struct container *c);
static inline bool container_is_busy(const struct container *c) {
	return c->state == CTR_CREATING || c->state == CTR_RUNNING || c->state == CTR_STOPPING || c->state == CTR_REMOVING;
}
/* After a restart of the agent in the middle of a start: true when the container's own program runs (then `started` is set). */
bool container_has_begun(struct container *c);
void container_run_done(struct container_run *r);
void container_free_contents(struct container *c);
/* Path of the present run's log file. */
const char *container_log_path(const struct container *c, struct arena *a, int attempt);
const char *container_dir(const struct container *c, struct arena *a);

/* image_step.c: 0 the image is there (*ret); 1 under way or waiting. */
int container_image(struct container *c, struct arena *a, const struct image **ret);

/* What a container is run with. */
struct container_config {
	struct slice *env, *args;
	size_t n_env, n_args;
	const char *cwd;
};
/* container_env.c: environment, command and working directory.
 * 0; -EAGAIN a ConfigMap or Secret is not known yet; otherwise negative and *ret_why (arena). */
int container_environment(struct container *c, struct arena *a, const struct image *image, struct container_config *ret,
			  const char **ret_why);
/* container_config.c: decides the rest and writes the bundle (root mounted, config.json). 0, or negative and *ret_why. */
int container_configure(struct container *c, struct arena *a, const struct image *image, const struct container_config *config,
			const char **ret_why);

/* hooks.c: lifecycle handlers. done(c) when over or timed out. False when the container has no such hook. */
bool container_hook_start(struct container *c, const char *which, uint64_t timeout_ms);

/* probes.c */
void container_probes_start(struct container *c);
void container_probes_stop(struct container *c);
