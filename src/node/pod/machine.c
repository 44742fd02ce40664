/* SPDX-License-Identifier: Apache-2.0 */
/*
 *            admitted             volumes, network
 *   NEW ------------> STARTING ------------------> RUNNING
 *    |                  |   ^---- network lost -----'  |
 *    | refused          | end wanted                   | end wanted, or all containers are over
 *    v                  v                              v
 *  ENDED <-- TEARING <-- STOPPING <-------------------'
 */
#include "node/pod/machine.h"

#include "base/log.h"
#include "node/files.h"
#include "node/pod/admission.h"
#include "node/pod/container.h"
#include "node/pod/status.h"
#include "node/runtime/cgroup.h"
#include "node/runtime/sandbox.h"
#include "node/volume/volume.h"

#include <errno.h>
#include <stdio.h>

#define A(s) (1u << POD_##s)

static const struct {
	const char *name;
	unsigned next; /* states that may follow */
} states[] = {
	[POD_NEW] = { "new", A(STARTING) | A(RUNNING) | A(STOPPING) | A(ENDED) },
	[POD_STARTING] = { "starting", A(RUNNING) | A(STOPPING) },
	[POD_RUNNING] = { "running", A(STARTING) | A(STOPPING) },
	[POD_STOPPING] = { "stopping", A(TEARING) },
	[POD_TEARING] = { "tearing", A(ENDED) },
	[POD_ENDED] = { "ended", 0 },
};

#define GRACE_DEFAULT_SECONDS 30
/* How often a running pod is looked at without a reason (lost notifications). */
#define RUNNING_LOOK_MS 10000u

const char *pod_state_name(enum pod_state s) { return states[s].name; }

void pod_set_state(struct pod *p, enum pod_state next) {
	if (p->state == next) return;
	if (!(states[p->state].next & (1u << next))) {
		log_error("node", "pod %s/%s: %s may not follow %s", p->ns, p->name, states[next].name, states[p->state].name);
		return;
	}
	log_debug("node", "pod %s/%s: %s -> %s", p->ns, p->name, states[p->state].name, states[next].name);
	p->state = next;
}

bool pod_host_network(const struct pod *p) { return json_path_bool(p->object, "spec.hostNetwork", false); }

bool pod_wants_end(const struct pod *p) {
	return p->gone || p->reject_reason || json_path(p->object, "metadata.deletionTimestamp") != NULL;
}

int64_t pod_grace_seconds(const struct pod *p) {
	int64_t grace = json_path_int(p->object, "metadata.deletionGracePeriodSeconds", -1);
	if (grace < 0) grace = json_path_int(p->object, "spec.terminationGracePeriodSeconds", GRACE_DEFAULT_SECONDS);
	/* As the kubelet: a moment for SIGTERM even when the object was removed by force. */
	return grace < 1 ? 1 : grace;
}

static void sync_new(struct pod *p) {
	char *reason = NULL, *message = NULL;
	if (pod_wants_end(p)) return pod_set_state(p, POD_STOPPING);
	if (!p->admitted && !pod_admit(p, &reason, &message)) {
		p->reject_reason = reason;
		p->reject_message = message;
		pod_event(p, NULL, "Warning", reason, "%s", message);
		return pod_set_state(p, POD_ENDED);
	}
	p->admitted = true;
	if (!p->start_time) p->start_time = env_now_sec(p->agent->env);
	(void)pod_record_save(p);
	pod_set_state(p, POD_STARTING);
}

static void sync_starting(struct pod *p) {
	if (pod_wants_end(p)) return pod_set_state(p, POD_STOPPING);
	pod_sandbox_ensure(p);
	if (pod_volumes_ensure(p) && p->sandbox == SANDBOX_READY) pod_set_state(p, POD_RUNNING);
}

/* The deadline counts from startTime (activeDeadlineSeconds). */
static bool deadline_passed(struct pod *p) {
	int64_t limit = json_path_int(p->object, "spec.activeDeadlineSeconds", 0), now = env_now_sec(p->agent->env);
	if (limit <= 0) return false;
	if (now - p->start_time >= limit) return true;
	pod_wake_in(p, (uint64_t)(p->start_time + limit - now) * 1000u);
	return false;
}

static bool every_main_is_over(const struct pod *p) {
	for (size_t i = 0; i < p->n_containers; i++)
		if (p->containers[i].kind == KIND_MAIN && !container_is_over(&p->containers[i])) return false;
	return true;
}

static bool init_has_failed(const struct pod *p) {
	for (size_t i = 0; i < p->n_containers; i++) {
		const struct container *c = &p->containers[i];
		if (c->kind == KIND_INIT && container_is_over(c) && c->now.code != 0) return true;
	}
	return false;
}

/* Init containers one after the other, sidecars stay; then all others at once. */
static void begin_containers(struct pod *p) {
	bool init_done = true;
	for (size_t i = 0; i < p->n_containers; i++) {
		struct container *c = &p->containers[i];
		bool init = c->kind == KIND_INIT || c->kind == KIND_SIDECAR;
		if (c->state == CTR_WAITING || c->state == CTR_ENDED) {
			if (init ? init_done && !(c->kind == KIND_INIT && container_lets_next_begin(c)) : init_done) container_begin(c);
		}
		if (init && !container_lets_next_begin(c)) init_done = false;
	}
}

static bool sandbox_stands(struct pod *p) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *dir = a ? pod_ns_dir(p, a) : NULL;
	bool host = pod_host_network(p), nothing = host && json_path_bool(p->object, "spec.hostIPC", false);
	return !dir || ((nothing || sandbox_alive(dir, host ? "ipc" : "net")) && pod_processes_alive(p));
}

/* A sandbox that vanished (reboot, somebody unmounted it, its first process ended) takes the containers with it. */
static bool sandbox_lost(struct pod *p) {
	if (sandbox_stands(p)) return false;
	for (size_t i = 0; i < p->n_containers; i++)
		if (container_is_busy(&p->containers[i])) return false;
	return true;
}

static void sync_running(struct pod *p) {
	for (size_t i = 0; i < p->n_containers; i++) container_look_after(&p->containers[i]);
	if (!p->reject_reason && deadline_passed(p)) {
		p->reject_reason = strdup("DeadlineExceeded");
		p->reject_message = strdup("Pod was active on the node longer than the specified deadline");
	}
	if (pod_wants_end(p) || init_has_failed(p) || every_main_is_over(p)) return pod_set_state(p, POD_STOPPING);
	if (sandbox_lost(p)) {
		pod_event(p, NULL, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
		p->sandbox = SANDBOX_NONE;
		return pod_set_state(p, POD_STARTING);
	}
	(void)pod_volumes_ensure(p);
	/* Without their first process the others are just being killed, and nothing can begin beside them. */
	if (pod_processes_alive(p)) begin_containers(p);
	pod_wake_in(p, RUNNING_LOOK_MS);
}

/* Main containers first; sidecars afterwards, last one first (KEP-753). */
static bool end_containers(struct pod *p, uint64_t grace_ms) {
	bool main_left = false;
	for (size_t i = 0; i < p->n_containers; i++) {
		struct container *c = &p->containers[i];
		if (c->kind == KIND_SIDECAR || !container_is_busy(c)) continue;
		main_left = true;
		container_end(c, grace_ms, NULL);
	}
	for (size_t i = p->n_containers; i > 0 && !main_left; i--) {
		struct container *c = &p->containers[i - 1];
		if (c->kind != KIND_SIDECAR || !container_is_busy(c)) continue;
		container_end(c, grace_ms, NULL);
		return false;
	}
	return !main_left;
}

static void sync_stopping(struct pod *p) {
	uint64_t now = agent_now_ms(p->agent), grace_ms = (uint64_t)pod_grace_seconds(p) * 1000u;
	/* A second delete with a shorter grace period shortens the wait. */
	if (!p->stop_deadline_ms || now + grace_ms < p->stop_deadline_ms) p->stop_deadline_ms = now + grace_ms;
	for (size_t i = 0; i < p->n_containers; i++) container_look_after(&p->containers[i]);
	uint64_t left = p->stop_deadline_ms > now ? p->stop_deadline_ms - now : 0;
	if (!end_containers(p, left)) return pod_wake_in(p, RUNNING_LOOK_MS);
	if (p->sandbox == SANDBOX_MAKING || p->sandbox == SANDBOX_CONNECTING) return;
	pod_set_state(p, POD_TEARING);
	pod_kick(p);
}

struct teardown {
	struct pod *pod;
	char *dir, *cgroup, *namespaces;
	int err;
};

static void teardown_work(void *arg) {
	struct teardown *t = arg;
	t->err = volumes_tear_down(t->dir);
	/* Normally gone already; left when the agent ended between making and recording them. */
	(void)sandbox_remove(t->namespaces);
	(void)files_unmount_below(t->dir);
	(void)cgroup_kill(t->cgroup);
	(void)cgroup_remove(t->cgroup);
}

static char *copy_text(const char *s) { return s ? strdup(s) : NULL; }

static void teardown_free(struct teardown *t) {
	pod_unref(t->pod);
	free(t->dir);
	free(t->cgroup);
	free(t->namespaces);
	free(t);
}

static void teardown_done(void *arg) {
	struct teardown *t = arg;
	struct pod *p = t->pod;
	if (t->err < 0) log_warn("node", "pod %s/%s: volumes could not be removed: %s", p->ns, p->name, strerror(-t->err));
	if (!p->agent->stopping) {
		tokens_release(p->agent->tokens, slice_str(p->uid));
		objects_release(p->agent->objects, slice_str(p->uid));
	}
	pod_set_state(p, POD_ENDED);
	(void)pod_record_save(p);
	pod_kick(p);
	teardown_free(t);
}

static void teardown_start(struct pod *p) {
	struct teardown *t = calloc(1, sizeof(*t));
	_cleanup_arena_ struct arena *a = arena_new(0);
	if (!t || !a) {
		free(t);
		return pod_wake_in(p, 1000);
	}
	t->pod = pod_ref(p);
	t->dir = strdup(p->dir);
	t->cgroup = copy_text(arena_printf(a, "%s/pod%s", p->agent->paths.cgroup, p->uid));
	t->namespaces = copy_text(pod_ns_dir(p, a));
	if (t->dir && t->cgroup && t->namespaces && work_run(p->agent->loop, teardown_work, teardown_done, t) == 0) {
		p->tearing_started = true;
		return;
	}
	teardown_free(t);
	pod_wake_in(p, 1000);
}

static void sync_tearing(struct pod *p) {
	bool owed = p->network_up || p->processes_up;
	if (p->sandbox == SANDBOX_READY || (p->sandbox == SANDBOX_NONE && owed)) pod_sandbox_end(p);
	if (p->sandbox == SANDBOX_REMOVING || p->tearing_started) return;
	teardown_start(p);
}

static void remove_files(struct pod *p) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *logs = a ? arena_printf(a, "%s/logs/%s_%s_%s", p->agent->paths.base, p->ns, p->name, p->uid) : NULL;
	(void)files_remove_tree(p->dir);
	if (logs) (void)files_remove_tree(logs);
}

static void sync_ended(struct pod *p) {
	if (p->gone) {
		remove_files(p);
		if (p->listed && map_del(p->agent->pods, slice_str(p->uid))) {
			p->listed = false;
			pod_unref(p);
		}
		return;
	}
	if (json_path(p->object, "metadata.deletionTimestamp")) pod_delete_from_api(p);
}

void pod_sync(struct pod *p) {
	static void (*const sync[])(struct pod *) = {
		[POD_NEW] = sync_new, [POD_STARTING] = sync_starting, [POD_RUNNING] = sync_running,
		[POD_STOPPING] = sync_stopping, [POD_TEARING] = sync_tearing, [POD_ENDED] = sync_ended,
	};
	p->wake_ms = 0;
	enum pod_state before;
	/* A change of state is worked on at once: a pod with everything at hand starts in one turn. */
	do {
		before = p->state;
		sync[before](p);
	} while (p->state != before && p->listed);
	pod_status_publish(p);
}
