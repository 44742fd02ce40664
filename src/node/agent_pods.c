/* SPDX-License-Identifier: Apache-2.0 */
/* The pods of this node as the API tells them, and what an earlier run of the agent has left on disk. */
#include "node/agent-internal.h"

#include "base/log.h"
#include "node/files.h"
#include "node/pod/container.h"
#include "node/pod/status.h"
#include "node/runtime/cgroup.h"
#include "node/runtime/sandbox.h"
#include "node/volume/volume.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#define MANIFEST_MAX (16u * MIB)

void agent_kick_all(void *agent) {
	struct node_agent *a = agent;
	struct slice key;
	size_t it = 0;
	void *v;
	while (map_next(a->pods, &it, &key, &v)) {
		struct pod *p = v;
		p->volumes_next_ms = 0;
		pod_kick(p);
	}
}

static struct pod *pod_find(struct node_agent *a, struct slice uid) { return map_get(a->pods, uid); }

static int pod_list(struct node_agent *a, struct pod *p) {
	int r = map_put(a->pods, slice_str(p->uid), p, NULL);
	if (r < 0) {
		pod_unref(p);
		return r;
	}
	p->listed = true;
	pod_kick(p);
	return 0;
}

static bool has_ended(const yyjson_mut_val *object) {
	struct slice phase = json_path_str(object, "status.phase");
	return slice_eqs(phase, "Succeeded") || slice_eqs(phase, "Failed");
}

static void pod_add(struct node_agent *a, struct k8c_object *o) {
	struct pod *p = pod_find(a, slice_of(k8c_object_uid(o)));
	struct slice json = slice_of(k8c_object_json(o));
	int r;
	if (p) {
		p->gone = false;
		r = pod_update(p, json);
	} else {
		r = pod_new(a, json, &p);
		if (r == 0) {
			pod_conditions_load(p);
			if (pod_record_load(p) < 0 && has_ended(p->object)) {
				p->state = POD_ENDED;
				p->mute = true;
			}
			r = pod_list(a, p);
		}
	}
	if (r < 0)
		log_error("node", "pod %.*s/%.*s cannot be run: %s", SLICE_FMT(slice_of(k8c_object_namespace(o))),
			  SLICE_FMT(slice_of(k8c_object_name(o))), strerror(-r));
}

static void pod_lose(struct node_agent *a, struct k8c_object *o) {
	struct pod *p = pod_find(a, slice_of(k8c_object_uid(o)));
	if (p) pod_gone(p);
}

static void on_add(void *ctx, struct k8c_object *o) { pod_add(ctx, o); }

static void on_update(void *ctx, struct k8c_object *old, struct k8c_object *o) {
	/* The same name for another pod: the watch may not have told the end of the first. */
	if (!slice_eq(slice_of(k8c_object_uid(old)), slice_of(k8c_object_uid(o)))) pod_lose(ctx, old);
	pod_add(ctx, o);
}

static void on_delete(void *ctx, struct k8c_object *o) { pod_lose(ctx, o); }

static void on_list_error(void *ctx, const struct k8c_error *err) {
	log_warn("node", "pods could not be listed: %s", err->message);
}

/* ==== what an earlier run left ==== */

/* A pod that is no longer in the API is ended as if it were deleted now. */
static int orphan_adopt(struct node_agent *a, const char *uid) {
	char path[VOLUME_PATH_MAX];
	_cleanup_buf_ struct buf b = BUF_INIT(MANIFEST_MAX);
	struct pod *p;
	snprintf(path, sizeof(path), "%s/pods/%s/pod.json", a->paths.base, uid);
	int r = files_read(path, &b);
	if (r == 0) r = pod_new(a, buf_slice(&b), &p);
	if (r < 0) return r;
	(void)pod_record_load(p);
	p->gone = true;
	log_info("node", "pod %s/%s is gone from the API: ending it", p->ns, p->name);
	return pod_list(a, p);
}

/* Nothing readable is known of it: only its traces can be removed. */
static void traces_remove(struct node_agent *a, const char *uid) {
	char path[VOLUME_PATH_MAX];
	snprintf(path, sizeof(path), "%s/pod%s", a->paths.cgroup, uid);
	(void)cgroup_kill(path);
	(void)cgroup_remove(path);
	snprintf(path, sizeof(path), "%s/ns/%s", a->paths.run, uid);
	(void)sandbox_remove(path);
	snprintf(path, sizeof(path), "%s/pods/%s", a->paths.base, uid);
	(void)files_unmount_below(path);
	(void)files_remove_tree(path);
}

static void orphans_adopt(struct node_agent *a) {
	char path[VOLUME_PATH_MAX];
	snprintf(path, sizeof(path), "%s/pods", a->paths.base);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		if (!node_name_is_safe(slice_str(e->d_name)) || pod_find(a, slice_str(e->d_name))) continue;
		if (orphan_adopt(a, e->d_name) < 0) traces_remove(a, e->d_name);
	}
	if (d) closedir(d);
}

static bool container_wanted(struct node_agent *a, const char *id) {
	struct slice key;
	size_t it = 0;
	void *v;
	while (map_next(a->pods, &it, &key, &v)) {
		const struct pod *p = v;
		if (p->state != POD_ENDED && pod_processes_is(p, id)) return true;
		for (size_t i = 0; i < p->n_containers; i++)
			if (p->containers[i].state != CTR_ENDED && strcmp(p->containers[i].now.id, id) == 0) return true;
	}
	return false;
}

static void on_swept(void *ctx, int err, const char *why) { agent_unref(ctx); }

/* Bundles of runs that have ended, or that never got a record. */
static void bundles_sweep(struct node_agent *a) {
	char path[VOLUME_PATH_MAX];
	snprintf(path, sizeof(path), "%s/containers", a->paths.base);
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		if (!node_name_is_safe(slice_str(e->d_name)) || container_wanted(a, e->d_name)) continue;
		if (container_delete(&a->runtime, e->d_name, on_swept, agent_ref(a)) < 0) agent_unref(a);
	}
	if (d) closedir(d);
}

static void on_synced(void *ctx) {
	struct node_agent *a = ctx;
	a->pods_known = true;
	orphans_adopt(a);
	bundles_sweep(a);
}

static void on_services_changed(void *ctx) {
	struct node_agent *a = ctx;
	if (a->services_known) return;
	a->services_known = true;
	agent_kick_all(a);
}

/* ==== ends of containers ==== */

static void on_exit_file(uv_fs_event_t *h, const char *file, int events, int status) {
	struct node_agent *a = h->data;
	struct slice key;
	size_t it = 0;
	void *v;
	while (map_next(a->pods, &it, &key, &v)) {
		struct pod *p = v;
		if (file && pod_processes_is(p, file)) pod_kick(p);
		for (size_t i = 0; i < p->n_containers; i++)
			if (!file || strcmp(p->containers[i].now.id, file) == 0) pod_kick(p);
	}
}

static void on_exits_closed(uv_handle_t *h) { agent_unref(h->data); }

static int exits_watch(struct node_agent *a) {
	char path[VOLUME_PATH_MAX];
	snprintf(path, sizeof(path), "%s/exits", a->paths.run);
	int r = uv_fs_event_init(loop_uv(a->loop), &a->exits);
	if (r < 0) return r;
	a->exits.data = agent_ref(a);
	a->exits_open = true;
	return uv_fs_event_start(&a->exits, on_exit_file, path, 0);
}

static int informer_start(struct node_agent *a, const char *resource, const char *selector, const struct k8c_informer_handler *h,
			  struct k8c_informer **ret) {
	struct k8c_informer_options o = { .size = sizeof(o),
					  .target = { .version = "v1", .resource = resource },
					  .field_selector = selector };
	int r = k8c_informer_new(a->client, &o, ret);
	if (r == 0) r = k8c_informer_add_handler(*ret, h, a);
	return r < 0 ? r : k8c_informer_start(*ret);
}

int agent_pods_start(struct node_agent *a) {
	static const struct k8c_informer_handler pods = { on_add, on_update, on_delete, on_synced, on_list_error };
	static const struct k8c_informer_handler services = { .on_synced = on_services_changed };
	const char *selector = arena_printf(a->arena, "spec.nodeName=%s", a->o.node_name);
	int r = selector ? exits_watch(a) : -ENOMEM;
	if (r == 0) r = informer_start(a, "services", NULL, &services, &a->service_informer);
	return r < 0 ? r : informer_start(a, "pods", selector, &pods, &a->pod_informer);
}

static void pod_drop(void *v) {
	struct pod *p = v;
	p->listed = false;
	pod_detach(p);
	pod_unref(p);
}

void agent_pods_stop(struct node_agent *a) {
	k8c_informer_free(TAKE_PTR(a->pod_informer));
	k8c_informer_free(TAKE_PTR(a->service_informer));
	if (a->exits_open) uv_close((uv_handle_t *)&a->exits, on_exits_closed);
	a->exits_open = false;
	a->pods = map_free(a->pods, pod_drop);
}
