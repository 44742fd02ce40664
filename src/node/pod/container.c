/* SPDX-License-Identifier: Apache-2.0 */
/*
 *             image missing           image there, configuration complete
 *   WAITING ---------------> PULLING --------.
 *    ^   |                      |            v
 *    |   '----------------------|------> CREATING ----> RUNNING ----> STOPPING
 *    |   <---- failed ----------'            |            |   ended       | ended
 *    |                                       | failed     v               |
 *   ENDED <-------------------------------REMOVING <--------------------'
 *     '--> WAITING when it is run again
 */
#include "node/pod/container.h"

#include "base/log.h"
#include "codec/duration.h"
#include "node/files.h"
#include "node/pod/exit_message.h"

#include <errno.h>
#include <stdio.h>

#define A(s) (1u << CTR_##s)

static const struct {
	const char *name;
	unsigned next;
} states[] = {
	[CTR_WAITING] = { "waiting", A(PULLING) | A(CREATING) | A(ENDED) },
	[CTR_PULLING] = { "pulling", A(WAITING) },
	[CTR_CREATING] = { "creating", A(RUNNING) | A(REMOVING) | A(WAITING) },
	[CTR_RUNNING] = { "running", A(STOPPING) | A(REMOVING) },
	[CTR_STOPPING] = { "stopping", A(REMOVING) },
	[CTR_REMOVING] = { "removing", A(ENDED) },
	[CTR_ENDED] = { "ended", A(WAITING) },
};

#define EXIT_START_ERROR 128
#define EXIT_UNKNOWN 137
#define KILL_RETRY_MS 2000u
#define CONFIG_RETRY_MS 10000u

const char *container_state_name(enum container_state s) { return states[s].name; }

void container_set_state(struct container *c, enum container_state next) {
	if (c->state == next) return;
	if (!(states[c->state].next & (1u << next))) {
		log_error("node", "container %s of %s/%s: %s may not follow %s", c->name, c->pod->ns, c->pod->name,
			  states[next].name, states[c->state].name);
		return;
	}
	c->state = next;
}

void container_wait(struct container *c, const char *reason, const char *message) {
	(void)string_set(&c->wait_reason, reason ? slice_str(reason) : SLICE_NULL);
	(void)string_set(&c->wait_message, message ? slice_str(message) : SLICE_NULL);
}

void container_run_done(struct container_run *r) {
	free(r->reason);
	free(r->message);
	free(r->image);
	free(r->image_id);
	free(r->spec_image);
	*r = (struct container_run){ 0 };
}

bool container_has_begun(struct container *c) {
	char path[64], exe[VOLUME_PATH_MAX];
	pid_t pid = container_pid(&c->pod->agent->runtime, c->now.id);
	if (pid < 0) return false;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	ssize_t n = readlink(path, exe, sizeof(exe) - 1);
	if (n <= 0) return false;
	/* Until then the runtime's own init waits there (runc's is a copy in memory). */
	struct slice text = slice_make(exe, (size_t)n);
	if (slice_find(text, SLICE_LIT("runc")) >= 0 || slice_find(text, SLICE_LIT("crun")) >= 0) return false;
	c->now.started = env_now(c->pod->agent->env);
	return true;
}

void container_free_contents(struct container *c) {
	container_probes_stop(c);
	container_run_done(&c->now);
	container_run_done(&c->last);
	free(c->name);
	free(c->wait_reason);
	free(c->wait_message);
	free(c->pull_error);
	free(c->stop_why);
}

const yyjson_mut_val *container_spec_of(const struct container *c) {
	static const char *const lists[] = { "spec.containers", "spec.initContainers", "spec.ephemeralContainers" };
	size_t i, max;
	yyjson_mut_val *v;
	for (size_t k = 0; k < ELEMENTSOF(lists); k++)
		yyjson_mut_arr_foreach(json_path(c->pod->object, lists[k]), i, max, v)
			if (slice_eqs(json_path_str(v, "name"), c->name)) return v;
	return NULL;
}

const char *container_dir(const struct container *c, struct arena *a) {
	return arena_printf(a, "%s/containers/%s", c->pod->dir, c->name);
}

const char *container_log_path(const struct container *c, struct arena *a, int attempt) {
	const struct pod *p = c->pod;
	return arena_printf(a, "%s/logs/%s_%s_%s/%s/%d.log", p->agent->paths.base, p->ns, p->name, p->uid, c->name, attempt);
}

bool container_will_restart(const struct container *c) {
	struct slice policy = json_path_str(c->pod->object, "spec.restartPolicy");
	if (c->kind == KIND_SIDECAR) return true;
	if (c->kind == KIND_EPHEMERAL) return false;
	if (c->kind == KIND_INIT) return c->now.code != 0 && !slice_eqs(policy, "Never");
	if (slice_eqs(policy, "Never")) return false;
	return !slice_eqs(policy, "OnFailure") || c->now.code != 0;
}

bool container_is_over(const struct container *c) { return c->state == CTR_ENDED && !container_will_restart(c); }

bool container_lets_next_begin(const struct container *c) {
	if (c->kind == KIND_SIDECAR) return c->state == CTR_RUNNING && c->started;
	/* What has run already does not run again because the agent restarted. */
	return c->state == CTR_ENDED && c->now.code == 0;
}

static struct runtime *runtime_of(const struct container *c) { return &c->pod->agent->runtime; }

/* Operations hold the pod; the container lives in it. */
static void op_begin(struct container *c) { pod_ref(c->pod); }
static void op_end(struct container *c) {
	pod_kick(c->pod);
	pod_unref(c->pod);
}

static void on_removed(void *ctx, int err, const char *why) {
	struct container *c = ctx;
	container_set_state(c, CTR_ENDED);
	c->ended_ms = agent_now_ms(c->pod->agent);
	(void)pod_record_save(c->pod);
	op_end(c);
}

static void remove_run(struct container *c) {
	container_probes_stop(c);
	container_set_state(c, CTR_REMOVING);
	c->ready = c->started = c->stop_sent = c->hook_running = false;
	c->kill_again_ms = 0;
	free(TAKE_PTR(c->stop_why));
	(void)pod_record_save(c->pod);
	op_begin(c);
	if (container_delete(runtime_of(c), c->now.id, on_removed, c) == 0) return;
	container_set_state(c, CTR_ENDED);
	op_end(c);
}

static void ended(struct container *c, const struct container_exit *e, const char *reason, const char *message) {
	c->now.code = e->code;
	c->now.finished = e->finished;
	c->now.oom_killed = e->oom_killed;
	(void)string_set(&c->now.reason, slice_str(reason));
	if (message) (void)string_set(&c->now.message, slice_str(message));
	else exit_message_read(c);
	log_info("node", "container %s of %s/%s ended: %s, code %d", c->name, c->pod->ns, c->pod->name, reason, e->code);
	remove_run(c);
}

static void send_signal(struct container *c, const char *signal);
static void restart_when_changed(struct container *c);

static void time_signals(struct container *c) {
	uint64_t now = agent_now_ms(c->pod->agent);
	if (c->hook_running && now < c->kill_at_ms) return pod_wake_in(c->pod, c->kill_at_ms - now);
	if (!c->stop_sent) {
		const yyjson_mut_val *spec = container_spec_of(c);
		struct slice signal = json_path_str(spec, "lifecycle.stopSignal");
		char text[32];
		snprintf(text, sizeof(text), "%.*s", SLICE_FMT(slice_empty(signal) ? SLICE_LIT("TERM") : signal));
		c->stop_sent = true;
		send_signal(c, text);
	}
	if (now < c->kill_at_ms) return pod_wake_in(c->pod, c->kill_at_ms - now);
	if (now >= c->kill_again_ms) {
		/* Once more if it is still there then. */
		c->kill_again_ms = now + KILL_RETRY_MS;
		send_signal(c, "KILL");
	}
	pod_wake_in(c->pod, c->kill_again_ms - now);
}

void container_look_after(struct container *c) {
	struct container_exit e = { 0 };
	if (c->state != CTR_RUNNING && c->state != CTR_STOPPING) return;
	switch (container_look(runtime_of(c), c->now.id, &e)) {
	case CONTAINER_EXITED:
		return ended(c, &e, e.oom_killed ? "OOMKilled" : e.code ? "Error" : "Completed", NULL);
	case CONTAINER_GONE:
		e = (struct container_exit){ .code = EXIT_UNKNOWN, .finished = env_now(c->pod->agent->env) };
		return ended(c, &e, "ContainerStatusUnknown", "The container could not be located when the pod was terminated");
	case CONTAINER_RUNNING:
		if (c->state == CTR_RUNNING && c->pod->state == POD_RUNNING) container_probes_start(c), restart_when_changed(c);
		if (c->state == CTR_STOPPING) time_signals(c);
		return;
	}
}

/* Only the image of a running container may be changed in a pod's spec. */
static void restart_when_changed(struct container *c) {
	struct slice image = json_path_str(container_spec_of(c), "image");
	char why[512];
	if (c->kind != KIND_MAIN || !c->now.spec_image || slice_empty(image) || slice_eqs(image, c->now.spec_image)) return;
	snprintf(why, sizeof(why), "Container %s definition changed, will be restarted", c->name);
	container_end(c, (uint64_t)pod_grace_seconds(c->pod) * 1000u, why);
}

static void on_signalled(void *ctx, int err, const char *why) {
	struct container *c = ctx;
	/* "container not running" is what one hears when it was faster. */
	if (err < 0) log_debug("node", "container %s of %s/%s: signal: %s", c->name, c->pod->ns, c->pod->name, why);
	op_end(c);
}

static void send_signal(struct container *c, const char *signal) {
	bool all = strcmp(signal, "KILL") == 0;
	op_begin(c);
	if (container_kill(runtime_of(c), c->now.id, signal, all, on_signalled, c) < 0) op_end(c);
}

void container_end(struct container *c, uint64_t grace_ms, const char *why) {
	uint64_t at = agent_now_ms(c->pod->agent) + grace_ms;
	/* A container being made is ended as soon as it exists. */
	if (c->state != CTR_RUNNING && c->state != CTR_STOPPING) return;
	if (c->state == CTR_STOPPING) {
		if (at < c->kill_at_ms) c->kill_at_ms = at;
		return pod_wake_in(c->pod, grace_ms);
	}
	pod_event(c->pod, c, "Normal", "Killing", why ? "%s" : "Stopping container %s", why ? why : c->name);
	container_set_state(c, CTR_STOPPING);
	container_probes_stop(c);
	c->ready = false;
	c->kill_at_ms = at;
	c->hook_running = container_hook_start(c, "preStop", grace_ms);
	time_signals(c);
	(void)pod_record_save(c->pod);
}

static void run_failed(struct container *c, const char *reason, const char *why) {
	struct container_exit e = { .code = EXIT_START_ERROR, .finished = env_now(c->pod->agent->env) };
	char message[CHILD_ERROR_SHOWN * 2];
	snprintf(message, sizeof(message), "%s", why);
	pod_event(c->pod, c, "Warning", "Failed", "Error: %s", message);
	ended(c, &e, reason, message);
}

static void on_started(void *ctx, int err, const char *why) {
	struct container *c = ctx;
	if (err < 0) {
		run_failed(c, "StartError", why);
		return op_end(c);
	}
	c->now.started = env_now(c->pod->agent->env);
	container_set_state(c, CTR_RUNNING);
	container_wait(c, NULL, NULL);
	(void)pod_record_save(c->pod);
	pod_event(c->pod, c, "Normal", "Started", "Started container %s", c->name);
	if (!c->pod->agent->stopping) (void)container_hook_start(c, "postStart", 0);
	op_end(c);
}

static void on_created(void *ctx, int err, const char *why) {
	struct container *c = ctx;
	if (err < 0) {
		run_failed(c, "StartError", why);
		return op_end(c);
	}
	pod_event(c->pod, c, "Normal", "Created", "Created container: %s", c->name);
	int r = container_start(runtime_of(c), c->now.id, on_started, c);
	if (r == 0) return;
	run_failed(c, "StartError", strerror(-r));
	op_end(c);
}

static int new_id(struct container *c, char id[65]) {
	static const char digits[] = "0123456789abcdef";
	unsigned char raw[32];
	int r = env_random(c->pod->agent->env, raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++) {
		id[2 * i] = digits[raw[i] >> 4];
		id[2 * i + 1] = digits[raw[i] & 15];
	}
	id[64] = 0;
	return r;
}

/* The run that has ended becomes the last one. */
static int next_run(struct container *c, const struct image *image) {
	const yyjson_mut_val *spec = container_spec_of(c);
	bool again = c->now.id[0] && c->now.reason;
	struct container_run fresh = { .attempt = again ? c->now.attempt + 1 : c->now.attempt, .created = env_now(c->pod->agent->env) };
	int r = new_id(c, fresh.id);
	struct slice name = image->n_names ? image->names[0] : image->n_digests ? image->digests[0] : image->id;
	struct slice identity = image->n_digests ? image->digests[0] : image->id;
	if (r < 0) return r;
	bool ok = string_set(&fresh.image, name) && string_set(&fresh.image_id, identity)
		  && string_set(&fresh.spec_image, json_path_str(spec, "image"));
	if (!ok) {
		container_run_done(&fresh);
		return -ENOMEM;
	}
	if (again) {
		container_run_done(&c->last);
		c->last = c->now;
		c->restarts = fresh.attempt;
	} else {
		container_run_done(&c->now);
	}
	c->now = fresh;
	return 0;
}

static void config_failed(struct container *c, const char *why) {
	c->config_failed_ms = agent_now_ms(c->pod->agent);
	pod_event(c->pod, c, "Warning", "Failed", "Error: %s", why);
	container_wait(c, "CreateContainerConfigError", why);
	pod_wake_in(c->pod, CONFIG_RETRY_MS);
}

/* The attempt did not get as far as a container: its number is used again. */
static void run_forget(struct container *c) {
	int attempt = c->now.attempt;
	op_begin(c);
	if (container_delete(runtime_of(c), c->now.id, on_signalled, c) < 0) op_end(c);
	container_run_done(&c->now);
	if (c->last.id[0] && c->last.attempt == attempt - 1) {
		c->now = c->last;
		c->last = (struct container_run){ 0 };
	}
}

static int make_log_dir(struct container *c, struct arena *a, const char **ret_log) {
	const char *path = container_log_path(c, a, c->now.attempt);
	char *slash = path ? strrchr(path, '/') : NULL;
	if (!slash) return -ENOMEM;
	*slash = 0;
	int r = files_mkdir_p(path, 0755);
	*slash = '/';
	*ret_log = path;
	return r;
}

static void create(struct container *c, struct arena *a) {
	const yyjson_mut_val *spec = container_spec_of(c);
	struct container_create o = { .id = c->now.id,
				      .name = c->name,
				      .terminal = json_path_bool(spec, "tty", false),
				      .std_in = json_path_bool(spec, "stdin", false),
				      .std_in_once = json_path_bool(spec, "stdinOnce", false) };
	int r = make_log_dir(c, a, &o.log_path);
	container_set_state(c, CTR_CREATING);
	(void)pod_record_save(c->pod);
	op_begin(c);
	if (r == 0) r = container_create(runtime_of(c), &o, on_created, c);
	if (r == 0) return;
	run_failed(c, "StartError", strerror(-r));
	op_end(c);
}

static bool crash_backoff(struct container *c) {
	uint64_t now = agent_now_ms(c->pod->agent), left = backoff_left(&c->crash, c->ended_ms, now);
	char message[512], delay[DURATION_TEXT];
	if (left == 0) return false;
	duration_format((int64_t)c->crash.delay_ms * 1000000, delay);
	snprintf(message, sizeof(message), "back-off %s restarting failed container=%s pod=%s_%s(%s)", delay, c->name,
		 c->pod->name, c->pod->ns, c->pod->uid);
	if (!c->wait_reason || strcmp(c->wait_reason, "CrashLoopBackOff") != 0)
		pod_event(c->pod, c, "Warning", "BackOff", "Back-off restarting failed container %s in pod %s_%s(%s)", c->name,
			  c->pod->name, c->pod->ns, c->pod->uid);
	container_wait(c, "CrashLoopBackOff", message);
	pod_wake_in(c->pod, left);
	return true;
}

static bool may_begin(struct container *c, bool again) {
	uint64_t now = agent_now_ms(c->pod->agent), passed = now - c->config_failed_ms;
	if (again && (!container_will_restart(c) || crash_backoff(c))) return false;
	if (!c->config_failed_ms || passed >= CONFIG_RETRY_MS) return true;
	pod_wake_in(c->pod, CONFIG_RETRY_MS - passed);
	return false;
}

void container_begin(struct container *c) {
	bool again = c->now.id[0] && c->now.reason;
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct container_config config = { 0 };
	const struct image *image;
	const char *why = NULL;
	if (!a || !may_begin(c, again)) return;
	container_set_state(c, CTR_WAITING);
	if (container_image(c, a, &image) != 0 || !c->pod->agent->services_known) return;
	int r = container_environment(c, a, image, &config, &why);
	if (r == -EAGAIN) return;
	if (r < 0) return config_failed(c, why ? why : strerror(-r));
	r = next_run(c, image);
	if (r == 0) r = container_configure(c, a, image, &config, &why);
	if (r < 0) {
		run_forget(c);
		return config_failed(c, why ? why : strerror(-r));
	}
	if (again) backoff_fail(&c->crash, c->ended_ms, agent_now_ms(c->pod->agent));
	c->config_failed_ms = 0;
	c->image_fresh = c->image_told = c->preload_asked = false;
	create(c, a);
}
