/* SPDX-License-Identifier: Apache-2.0 */
/* All volumes of a pod: made before its containers start, looked at again while it runs. */
#include "node/pod/pod.h"

#include "node/pod/container.h"
#include "node/volume/volume.h"

#include <errno.h>
#include <stdio.h>

#define REFRESH_MS 60000u
#define REFRESH_JITTER_MS 30000u
/* MountVolume retries: 500 ms, doubled, at most 2 min 2 s. */
#define RETRY_MIN_MS 500u
#define RETRY_MAX_MS 122000u
#define LOOK_ARENA_MAX ((size_t)VOLUME_BYTES_MAX * 8)

static int source_get(void *ctx, enum object_kind kind, struct slice ns, struct slice name, const yyjson_mut_val **ret,
		      const char **ret_why) {
	struct pod *p = ctx;
	return objects_get(p->agent->objects, slice_str(p->uid), kind, ns, name, ret, ret_why);
}

struct objects_source pod_objects_source(struct pod *p) { return (struct objects_source){ source_get, p }; }

struct field_facts pod_field_facts(struct pod *p) {
	const struct machine *m = &p->agent->machine;
	return (struct field_facts){
		.pod = p->object, .node_name = slice_str(p->agent->o.node_name), .host_ip = slice_str(m->ip),
		.pod_ip = pod_host_network(p) ? slice_str(m->ip) : slice_str(p->ip),
		.node_milli_cpu = m->milli_cpu, .node_memory = m->memory, .node_ephemeral = m->ephemeral,
	};
}

static void report(struct pod *p, struct slice name, const char *why) {
	pod_event(p, NULL, "Warning", "FailedMount", "MountVolume.SetUp failed for volume \"%.*s\" : %s", SLICE_FMT(name),
		  why ? why : "no reason given");
}

/* The worst of all volumes: 0, -EAGAIN, or a failure (reported). */
static int set_up_all(struct pod *p, const struct volume_context *c) {
	size_t i, max;
	yyjson_mut_val *v;
	int worst = 0;
	yyjson_mut_arr_foreach(json_path(p->object, "spec.volumes"), i, max, v) {
		const char *path, *why = NULL;
		/* Only volumes of the agent's own content change; the others are made once. */
		if (p->volumes_ready && !volume_is_managed(v)) continue;
		int r = volume_set_up(c, v, &path, &why);
		if (r == -EAGAIN && worst == 0) worst = r;
		if (r >= 0 || r == -EAGAIN) continue;
		report(p, json_path_str(v, "name"), why);
		worst = r;
	}
	return worst;
}

static void failed(struct pod *p, uint64_t now) {
	uint64_t delay = p->volume_backoff.delay_ms * 2;
	p->volume_backoff.delay_ms = delay < RETRY_MIN_MS ? RETRY_MIN_MS : delay > RETRY_MAX_MS ? RETRY_MAX_MS : delay;
	p->volume_failed_ms = now;
	pod_wake_in(p, p->volume_backoff.delay_ms);
}

bool pod_volumes_ensure(struct pod *p) {
	uint64_t now = agent_now_ms(p->agent);
	uint64_t wait = p->volumes_ready && p->volumes_next_ms > now ? p->volumes_next_ms - now : 0;
	uint64_t passed = now - p->volume_failed_ms;
	if (p->volume_failed_ms && passed < p->volume_backoff.delay_ms) wait = p->volume_backoff.delay_ms - passed;
	if (wait) {
		pod_wake_in(p, wait);
		return p->volumes_ready;
	}
	_cleanup_arena_ struct arena *a = arena_new(LOOK_ARENA_MAX);
	struct objects_source objects = pod_objects_source(p);
	struct token_source tokens = { tokens_get, p->agent->tokens };
	struct field_facts facts = pod_field_facts(p);
	struct volume_context c = { .arena = a,
				    .env = p->agent->env,
				    .pod_dir = p->dir,
				    .pod = p->object,
				    .payload = { &objects, &tokens, &facts, pod_fs_user(p->object),
						 json_path_int(p->object, "spec.securityContext.fsGroup", -1) } };
	int r = a ? set_up_all(p, &c) : -ENOMEM;
	if (r < 0 && r != -EAGAIN) failed(p, now);
	if (r < 0) return p->volumes_ready;
	p->volumes_ready = true;
	p->volume_failed_ms = 0;
	backoff_reset(&p->volume_backoff);
	p->volumes_next_ms = now + REFRESH_MS + env_uniform(p->agent->env, REFRESH_JITTER_MS);
	pod_wake_in(p, p->volumes_next_ms - now);
	return true;
}

const char *pod_volume_path(struct pod *p, struct arena *a, struct slice name, const yyjson_mut_val **ret_volume) {
	size_t i, max;
	yyjson_mut_val *v;
	struct volume_context c = { .arena = a, .pod_dir = p->dir };
	yyjson_mut_arr_foreach(json_path(p->object, "spec.volumes"), i, max, v) {
		if (!slice_eq(json_path_str(v, "name"), name)) continue;
		*ret_volume = v;
		return volume_path(&c, v);
	}
	return NULL;
}
