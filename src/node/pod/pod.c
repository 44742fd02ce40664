/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod/pod.h"

#include "base/log.h"
#include "codec/json.h"
#include "node/pod/container.h"
#include "node/pod/machine.h"
#include "node/pod/resources.h"

#include <errno.h>
#include <stdio.h>

struct pod *pod_ref(struct pod *p) {
	p->refs++;
	return p;
}

static void pod_destroy(struct pod *p) {
	for (size_t i = 0; i < p->n_containers; i++) container_free_contents(&p->containers[i]);
	free(p->containers);
	arena_free(p->arena);
	free(p->uid);
	free(p->ns);
	free(p->name);
	free(p->dir);
	free(p->ip);
	free(p->reject_reason);
	free(p->reject_message);
	free(p->status_sent);
	free(p->status_sending);
	agent_unref(p->agent);
	free(p);
}

static void on_timer_closed(uv_handle_t *h) { pod_destroy(h->data); }

void pod_unref(struct pod *p) {
	if (!p || --p->refs) return;
	if (!p->timer_open) return pod_destroy(p);
	p->timer_open = false;
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}

static void on_timer(uv_timer_t *t) { pod_kick(t->data); }

static void timer_set(struct pod *p) {
	if (!p->timer_open) return;
	uv_timer_stop(&p->timer);
	if (p->wake_ms == 0 || p->agent->stopping) return;
	uint64_t now = agent_now_ms(p->agent);
	uv_update_time(loop_uv(p->agent->loop));
	uv_timer_start(&p->timer, on_timer, p->wake_ms > now ? p->wake_ms - now : 1, 0);
}

static void on_kicked(void *arg) {
	struct pod *p = arg;
	p->kicked = false;
	if (!p->agent->stopping) pod_sync(p);
	timer_set(p);
	pod_unref(p);
}

void pod_kick(struct pod *p) {
	if (p->kicked || p->agent->stopping) return;
	p->kicked = true;
	if (loop_post(p->agent->loop, on_kicked, pod_ref(p)) == 0) return;
	p->kicked = false;
	p->refs--;
}

void pod_wake_in(struct pod *p, uint64_t ms) {
	uint64_t at = agent_now_ms(p->agent) + (ms ? ms : 1);
	if (p->wake_ms == 0 || at < p->wake_ms) p->wake_ms = at;
}

static int object_take(struct pod *p, struct slice json) {
	_cleanup_arena_ struct arena *a = arena_new(POD_ARENA_MAX);
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	int r = a ? json_parse(a, json, &doc, &err) : -ENOMEM;
	if (r < 0) return r;
	yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	if (!yyjson_mut_is_obj(root)) return -EBADMSG;
	arena_free(p->arena);
	p->arena = TAKE_PTR(a);
	p->object = root;
	return 0;
}

static const struct {
	const char *member;
	enum container_kind kind;
} lists[] = { { "initContainers", KIND_INIT }, { "containers", KIND_MAIN }, { "ephemeralContainers", KIND_EPHEMERAL } };

static bool container_known(const struct pod *p, struct slice name) {
	for (size_t i = 0; i < p->n_containers; i++)
		if (slice_eqs(name, p->containers[i].name)) return true;
	return false;
}

/* Containers never leave a pod; ephemeral ones are added at the end. */
static int containers_take(struct pod *p) {
	size_t i, max;
	yyjson_mut_val *v;
	for (size_t k = 0; k < ELEMENTSOF(lists); k++)
		yyjson_mut_arr_foreach(json_get(json_get(p->object, "spec"), lists[k].member), i, max, v) {
			struct slice name = json_path_str(v, "name");
			if (container_known(p, name)) continue;
			if (p->n_containers == POD_CONTAINERS_MAX || !node_name_is_safe(name)) return -EINVAL;
			enum container_kind kind = lists[k].kind == KIND_INIT && container_is_sidecar(v) ? KIND_SIDECAR : lists[k].kind;
			struct container *c = &p->containers[p->n_containers];
			*c = (struct container){ .pod = p, .name = strndup(name.p, name.n), .kind = kind };
			if (!c->name) return -ENOMEM;
			p->n_containers++;
		}
	return 0;
}

static int pod_fill(struct pod *p, struct slice json) {
	int r = object_take(p, json);
	if (r < 0) return r;
	struct slice uid = json_path_str(p->object, "metadata.uid"), ns = json_path_str(p->object, "metadata.namespace");
	struct slice name = json_path_str(p->object, "metadata.name");
	if (!node_name_is_safe(uid) || !node_name_is_safe(ns) || !node_name_is_safe(name)) return -EINVAL;
	p->containers = calloc(POD_CONTAINERS_MAX, sizeof(*p->containers));
	if (!p->containers || !string_set(&p->uid, uid) || !string_set(&p->ns, ns) || !string_set(&p->name, name)) return -ENOMEM;
	if (asprintf(&p->dir, "%s/pods/%s", p->agent->paths.base, p->uid) < 0) return p->dir = NULL, -ENOMEM;
	return containers_take(p);
}

int pod_new(struct node_agent *a, struct slice json, struct pod **ret) {
	struct pod *p = calloc(1, sizeof(*p));
	if (!p) return -ENOMEM;
	p->agent = agent_ref(a);
	p->refs = 1;
	int r = pod_fill(p, json);
	if (r == 0) r = uv_timer_init(loop_uv(a->loop), &p->timer);
	if (r < 0) {
		pod_destroy(p);
		return r;
	}
	p->timer.data = p;
	p->timer_open = true;
	*ret = p;
	return 0;
}

int pod_update(struct pod *p, struct slice json) {
	int r = object_take(p, json);
	if (r == 0) r = containers_take(p);
	if (r == 0 && p->admitted && p->state != POD_ENDED) (void)pod_manifest_save(p);
	pod_kick(p);
	return r;
}

void pod_gone(struct pod *p) {
	p->gone = true;
	pod_kick(p);
}

void pod_detach(struct pod *p) {
	struct k8c_call *status = TAKE_PTR(p->status_call), *del = TAKE_PTR(p->delete_call);
	for (size_t i = 0; i < p->n_containers; i++) container_probes_stop(&p->containers[i]);
	if (p->timer_open) uv_timer_stop(&p->timer);
	k8c_call_cancel(status);
	k8c_call_cancel(del);
}
