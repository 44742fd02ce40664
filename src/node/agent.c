/* SPDX-License-Identifier: Apache-2.0 */
#include "node/agent-internal.h"

#include "base/log.h"
#include "node/files.h"
#include "node/forwarding.h"
#include "node/grpc_check.h"
#include "node/image_gc.h"
#include "node/node_status.h"
#include "node/pod/container.h"
#include "node/pod/container_status.h"

#include <errno.h>
#include <stdio.h>

#define HOST_FILE_MAX (1u * MIB)
#define MINUTE_MS 60000u

struct node_agent *agent_ref(struct node_agent *a) {
	a->refs++;
	return a;
}

void agent_unref(struct node_agent *a) {
	if (!a || --a->refs) return;
	arena_free(a->arena);
	free(a);
}

static const char *copy(struct node_agent *a, const char *s, const char *otherwise) {
	const char *from = s ? s : otherwise;
	return from ? arena_strdup(a->arena, from) : NULL;
}

static int options_take(struct node_agent *a, const struct node_agent_options *o) {
	struct node_agent_options c = *o;
	if (!o->node_name || !o->data_dir || !o->pod_cidr) return -EINVAL;
	c.node_name = copy(a, o->node_name, NULL);
	c.data_dir = copy(a, o->data_dir, NULL);
	c.image_dir = copy(a, o->image_dir, NULL);
	c.cluster_dns = copy(a, o->cluster_dns, NULL);
	c.cluster_domain = copy(a, o->cluster_domain, "cluster.local");
	c.pod_cidr = copy(a, o->pod_cidr, NULL);
	c.service_cidr = copy(a, o->service_cidr, NULL);
	c.node_ip = copy(a, o->node_ip, NULL);
	c.bridge = copy(a, o->bridge, "k8c0");
	c.version = copy(a, o->version, "v1.34.0");
	c.registries = arena_slice_dup(a->arena, o->registries);
	if (!c.max_pods) c.max_pods = PODS_MAX_DEFAULT;
	if (!c.env) c.env = &env_system;
	a->o = c;
	a->env = c.env;
	return c.node_name && c.data_dir && c.cluster_domain && c.pod_cidr && c.bridge && c.version ? 0 : -ENOMEM;
}

static int machine_prepare(struct node_agent *a, const char **ret_why) {
	int r = node_paths_init(a->arena, a->o.data_dir, &a->paths);
	if (r == 0) r = runtime_detect(a->arena, "", NULL, &a->runtime.facts, ret_why);
	if (r == 0) r = node_paths_make(&a->paths);
	if (r == 0) r = machine_read(a->arena, a->o.data_dir, a->o.node_ip, &a->machine);
	if (r < 0) return r;
	a->runtime.loop = a->loop;
	a->runtime.paths = &a->paths;
	a->runtime.root_arg = arena_printf(a->arena, "--root=%s/runtime", a->paths.run);
	if (files_read_arena(a->arena, "/etc/resolv.conf", HOST_FILE_MAX, &a->host_resolv) < 0) a->host_resolv = SLICE_NULL;
	if (files_read_arena(a->arena, "/etc/hosts", HOST_FILE_MAX, &a->host_hosts) < 0) a->host_hosts = SLICE_NULL;
	log_info("node", "runtime %s, cgroup layout %d, address %s", a->runtime.facts.runtime, (int)a->runtime.facts.cgroups,
		 a->machine.ip);
	return a->runtime.root_arg ? 0 : -ENOMEM;
}

static int network_prepare(struct node_agent *a, const char **ret_why) {
	a->network = (struct cni_network){
		a->loop,       a->runtime.facts.cni_dir, arena_printf(a->arena, "%s/cni", a->paths.base), a->o.bridge,
		a->o.pod_cidr, !a->o.no_masquerade
	};
	if (!a->network.state_dir) return -ENOMEM;
	/* For node_agent_cleanup: the plugin's rules go only when it is told of them. */
	const char *mark = arena_printf(a->arena, "%s/cni-masquerade", a->paths.base);
	if (mark && a->network.masquerade) (void)files_write(mark, SLICE_NULL, 0600, false);
	const char *other = cni_overlap(&a->network, a->arena);
	if (!other) return 0;
	*ret_why = arena_printf(
		a->arena, "the pod network %s overlaps with the addresses of interface %s: choose another with --cluster-cidr",
		a->o.pod_cidr, other);
	return -EADDRINUSE;
}

static int parts_make(struct node_agent *a) {
	const char *dir = arena_printf(a->arena, "%s/images", a->paths.base);
	struct image_store_options io = { dir, a->o.image_dir, a->o.registries, a->env };
	struct net_client_options no = { .insecure = true, .http1_only = true };
	struct k8c_recorder_options ro = { .size = sizeof(ro), .component = "kubelet", .host = a->o.node_name };
	a->pods = map_new((size_t)a->o.max_pods * 8);
	int r = dir && a->pods ? image_store_open(a->loop, &io, &a->images) : -ENOMEM;
	if (r == 0) r = net_client_new(a->loop, &no, &a->probe_client);
	if (r == 0) r = grpc_check_client_new(a->loop, &a->grpc_client);
	if (r == 0) r = objects_new(a->client, agent_kick_all, a, &a->objects);
	if (r == 0) r = tokens_new(a->client, a->env, agent_kick_all, a, &a->tokens);
	if (r == 0) r = k8c_recorder_new(a->client, &ro, &a->recorder);
	return r;
}

static void on_minute(void *arg) {
	struct node_agent *a = arg;
	tokens_collect(a->tokens);
	forwarding_ensure(a->loop, a->network.bridge);
	image_gc_look(a);
}

static void on_preloaded(void *ctx) { agent_kick_all(ctx); }

static int agent_start(struct node_agent *a, const char **ret_why) {
	int r = machine_prepare(a, ret_why);
	if (r == 0) r = network_prepare(a, ret_why);
	if (r == 0) r = parts_make(a);
	if (r == 0) r = agent_pods_start(a);
	if (r == 0) r = node_status_start(a, &a->status);
	if (r == 0 && !(a->minute = loop_timer_start(a->loop, MINUTE_MS, MINUTE_MS, on_minute, a))) r = -ENOMEM;
	if (r == 0) forwarding_ensure(a->loop, a->network.bridge);
	if (r == 0) image_store_preload(a->images, on_preloaded, a);
	return r;
}

int node_agent_new(struct loop *l, struct k8c_client *client, const struct node_agent_options *o, struct node_agent **ret,
		   char **ret_why) {
	struct node_agent *a = calloc(1, sizeof(*a));
	const char *why = NULL;
	if (!a) return -ENOMEM;
	*a = (struct node_agent){ .refs = 1, .loop = l, .client = client, .arena = arena_new(0) };
	int r = a->arena ? options_take(a, o) : -ENOMEM;
	if (r == 0) r = agent_start(a, &why);
	if (r == 0) {
		*ret = a;
		return 0;
	}
	if (ret_why) *ret_why = strdup(why ? why : strerror(-r));
	node_agent_free(a);
	return r;
}

void node_agent_free(struct node_agent *a) {
	if (!a) return;
	a->stopping = true;
	a->minute = loop_timer_stop(a->minute);
	node_status_free(TAKE_PTR(a->status));
	agent_pods_stop(a);
	image_store_free(TAKE_PTR(a->images));
	objects_free(TAKE_PTR(a->objects));
	tokens_free(TAKE_PTR(a->tokens));
	k8c_recorder_free(TAKE_PTR(a->recorder));
	net_client_free(TAKE_PTR(a->probe_client));
	net_client_free(TAKE_PTR(a->grpc_client));
	agent_unref(a);
}

size_t node_agent_pod_count(const struct node_agent *a) { return map_count(a->pods); }

struct runtime *node_agent_runtime(struct node_agent *a) { return &a->runtime; }

static struct pod *pod_by_name(struct node_agent *a, struct slice ns, struct slice name) {
	struct slice key;
	size_t it = 0;
	void *v;
	while (map_next(a->pods, &it, &key, &v)) {
		struct pod *p = v;
		if (!p->gone && slice_eqs(ns, p->ns) && slice_eqs(name, p->name)) return p;
	}
	return NULL;
}

const char *node_agent_netns(struct node_agent *a, struct slice ns, struct slice pod) {
	static _Thread_local char path[VOLUME_PATH_MAX];
	struct pod *p = pod_by_name(a, ns, pod);
	if (!p || p->sandbox != SANDBOX_READY) return NULL;
	if (pod_host_network(p)) return "";
	snprintf(path, sizeof(path), "%s/ns/%s/net", a->paths.run, p->uid);
	return path;
}

static struct container *container_by_name(struct pod *p, struct slice name) {
	for (size_t i = 0; i < p->n_containers; i++)
		if (slice_eqs(name, p->containers[i].name)) return &p->containers[i];
	return NULL;
}

int node_agent_find(struct node_agent *a, struct slice ns, struct slice pod, struct slice container, bool previous,
		    struct node_container_view *ret, const char **ret_why) {
	static _Thread_local char log[VOLUME_PATH_MAX], no_previous[768];
	struct pod *p = pod_by_name(a, ns, pod);
	struct container *c = p ? container_by_name(p, container) : NULL;
	*ret_why = p ? "container not found in pod" : "pod does not exist";
	if (!c) return -ENOENT;
	/* Waiting to run again: what has ended last is "previous" and is also what there is to see. */
	bool waiting = c->now.reason && !container_shows_end(c);
	const struct container_run *run = previous && !waiting ? &c->last : &c->now;
	if (!previous && c->state == CTR_CREATING && c->last.id[0]) run = &c->last;
	snprintf(no_previous, sizeof(no_previous), "previous terminated container \"%.*s\" in pod \"%.*s\" not found", SLICE_FMT(container),
		 SLICE_FMT(pod));
	*ret_why = previous ? no_previous : "container has not been started";
	if (!run->id[0]) return -ESRCH;
	_cleanup_arena_ struct arena *scratch = arena_new(0);
	const char *path = scratch ? container_log_path(c, scratch, run->attempt) : NULL;
	if (!path) return -ENOMEM;
	snprintf(log, sizeof(log), "%s", path);
	const yyjson_mut_val *spec = container_spec_of(c);
	*ret = (struct node_container_view){
		.id = run->id, .log_path = log, .running = !previous && (c->state == CTR_RUNNING || c->state == CTR_STOPPING),
		.terminal = json_path_bool(spec, "tty", false), .std_in = json_path_bool(spec, "stdin", false),
		.std_in_once = json_path_bool(spec, "stdinOnce", false),
	};
	return 0;
}
