/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pod on this node, from the moment it is bound until nothing of it is left. Level-triggered: pod_kick asks for a look
 * (pod_sync), which compares what the API wants with what there is and starts at most one operation per container; the end
 * of an operation kicks again. machine.c holds the states of the pod, container.c those of a container.
 */
#pragma once

#include "node/agent-internal.h"
#include "node/pod/backoff.h"

enum pod_state {
	POD_NEW,       /* not admitted yet */
	POD_STARTING,  /* volumes, namespaces, network */
	POD_RUNNING,   /* containers */
	POD_STOPPING,  /* containers are being ended */
	POD_TEARING,   /* network, namespaces, volumes go */
	POD_ENDED,     /* nothing left; the API object may still be there */
};

enum container_kind { KIND_INIT, KIND_SIDECAR, KIND_MAIN, KIND_EPHEMERAL };

enum container_state {
	CTR_WAITING,   /* not begun, or waiting to begin again */
	CTR_PULLING,
	CTR_CREATING,  /* conmon and the runtime are at it */
	CTR_RUNNING,
	CTR_STOPPING,  /* hook, signal or second signal on the way */
	CTR_REMOVING,  /* it has ended; the runtime forgets it */
	CTR_ENDED,
};

/* One attempt at running a container. Strings are owned, NULL when unset. */
struct container_run {
	char id[65];                            /* "" none */
	int attempt;
	int64_t created, started, finished;     /* wall clock, ns; 0 unset */
	int code;
	bool oom_killed;
	char *reason, *message;                 /* how it ended; reason NULL while it has not */
	char *image, *image_id, *spec_image;
};

enum probe_kind { PROBE_STARTUP, PROBE_LIVENESS, PROBE_READINESS, PROBE_KINDS };
struct probe;

struct container {
	struct pod *pod;
	char *name;
	enum container_kind kind;
	enum container_state state;
	struct container_run now, last;
	int restarts;
	char *wait_reason, *wait_message;       /* NULL: "ContainerCreating" or "PodInitializing" */
	struct backoff crash, pull;
	uint64_t ended_ms, pull_failed_ms, config_failed_ms;
	bool pull_failed;                       /* the last attempt to have the image failed */
	char *pull_error;
	bool image_fresh, image_told;           /* pulled for this attempt (policy Always); the event about it is out */
	bool preload_asked;
	bool started, ready;                    /* by startup and readiness probes */
	bool hook_running, stop_sent;
	char *stop_why;                         /* ends it although the pod goes on: text of the Killing event */
	uint64_t kill_at_ms, kill_again_ms;     /* when SIGKILL is due, while STOPPING */
	struct probe *probes[PROBE_KINDS];
};

enum pod_condition { COND_SANDBOX, COND_INITIALIZED, COND_READY, COND_CONTAINERS_READY, COND_SCHEDULED, COND_COUNT };
struct pod_transition {
	bool known, value;
	int64_t since;                          /* seconds */
};

enum sandbox_state { SANDBOX_NONE, SANDBOX_MAKING, SANDBOX_CONNECTING, SANDBOX_READY, SANDBOX_REMOVING };

struct pod {
	struct node_agent *agent;
	unsigned refs;                          /* operations under way and the agent's map */
	char *uid, *ns, *name, *dir;
	struct arena *arena;                    /* of the present version of the object */
	const yyjson_mut_val *object;           /* replaced by pod_update: not kept over a turn of the loop */
	enum pod_state state;
	bool listed;                            /* in agent->pods */
	bool admitted, gone;                    /* gone: no longer in the API */
	bool mute;                              /* it had ended before this agent knew of it: its status stays as it is */
	char *reject_reason, *reject_message;   /* admission said no, or the pod failed as a whole (deadline) */
	int64_t start_time;                     /* seconds */
	struct container *containers;           /* init first, then main, then ephemeral */
	size_t n_containers;
	enum sandbox_state sandbox;
	bool network_up;                        /* CNI ADD succeeded or half succeeded: DEL is owed */
	bool processes_up;                      /* pod_processes_start was called: an end is owed */
	char *ip;
	struct backoff sandbox_backoff, volume_backoff;
	uint64_t sandbox_failed_ms, volume_failed_ms, volumes_next_ms;
	bool volumes_ready, tearing_started;
	uint64_t stop_deadline_ms;
	uv_timer_t timer;
	bool timer_open, kicked;
	uint64_t wake_ms;                       /* earliest wish of this sync; 0 none */
	struct pod_transition transitions[COND_COUNT];
	struct k8c_call *status_call, *delete_call;
	char *status_sent, *status_sending;     /* the last status the API took; the one under way */
	uint64_t api_retry_ms;                  /* nothing is sent before, after a failure */
	bool delete_wanted, delete_done;
};

/* A pod for an object of the API (JSON). 0, -EBADMSG, -EINVAL (unusable uid), -ENOMEM. */
int pod_new(struct node_agent *a, struct slice json, struct pod **ret);
struct pod *pod_ref(struct pod *p);
void pod_unref(struct pod *p);
/* A newer version of the object. */
int pod_update(struct pod *p, struct slice json);
/* The object has left the API. */
void pod_gone(struct pod *p);
/* Ask for a sync at the next turn of the loop. */
void pod_kick(struct pod *p);
/* Ask for a sync in `ms` from within a sync: the earliest wish wins. */
void pod_wake_in(struct pod *p, uint64_t ms);
/* The agent goes: no timers, no callbacks any more; on disk everything stays. */
void pod_detach(struct pod *p);

/* machine.c */
bool pod_wants_end(const struct pod *p);
void pod_set_state(struct pod *p, enum pod_state next);
const char *pod_state_name(enum pod_state s);
bool pod_host_network(const struct pod *p);
int64_t pod_grace_seconds(const struct pod *p);

/* sandbox_setup.c: namespaces, network, files. */
void pod_sandbox_ensure(struct pod *p);
/* Starts taking it down; pod_kick when over. */
void pod_sandbox_end(struct pod *p);
const char *pod_ns_dir(struct pod *p, struct arena *a);
size_t pod_host_ports(struct pod *p, struct arena *a, struct cni_port **ret);

/* process_namespace.c: the one the containers share with shareProcessNamespace. */
bool pod_shares_processes(const struct pod *p);
/* Starts its first process in the namespaces of the sandbox. done(p, 0 or -errno, why) later; 0, or -errno and done does not run.
 * The caller holds the pod until then. */
int pod_processes_start(struct pod *p, runtime_done *done);
/* Ends it, and with it whatever is left in the namespace; succeeds when there is none. As above. */
int pod_processes_end(struct pod *p, runtime_done *done);
/* False when the pod shares one and its first process is gone: everything in it has been killed. */
bool pod_processes_alive(struct pod *p);
/* Whether this is the name of its container at the runtime. */
bool pod_processes_is(const struct pod *p, const char *id);

/* volumes_setup.c. True when all are there. */
bool pod_volumes_ensure(struct pod *p);
/* Host directory of a volume by name (as set up), or NULL. */
const char *pod_volume_path(struct pod *p, struct arena *a, struct slice name, const yyjson_mut_val **ret_volume);
struct objects_source pod_objects_source(struct pod *p);
struct field_facts pod_field_facts(struct pod *p);

/* record.c */
int pod_record_save(struct pod *p);
int pod_record_load(struct pod *p);
int pod_manifest_save(struct pod *p);

/* events.c */
void pod_event(struct pod *p, const struct container *c, const char *type, const char *reason, const char *fmt, ...)
	k8c_printf(5, 6);

/* helpers */
static inline bool string_set(char **p, struct slice s) {
	char *copy = s.p ? strndup(s.p, s.n) : NULL;
	free(*p);
	*p = copy;
	return copy || !s.p;
}
