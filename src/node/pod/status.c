/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod/status.h"

#include "base/log.h"
#include "client/attach.h"
#include "codec/timestamp.h"
#include "node/pod/container.h"
#include "node/pod/container_status.h"
#include "node/pod/resources.h"

#include <errno.h>

#define STATUS_MAX (4u * MIB)
#define STATUS_RETRY_MS 2000u

struct counts {
	size_t running, waiting, stopped, succeeded, init_pending, init_failed, sidecars;
};

static void count_main(const struct container *c, struct counts *n) {
	bool never_ran = !c->now.id[0] && !c->last.id[0];
	if (c->state == CTR_RUNNING || c->state == CTR_STOPPING) n->running++;
	else if (!c->now.reason) *(never_ran || !c->last.reason ? &n->waiting : &n->stopped) += 1;
	else {
		n->stopped++;
		/* One that ended well has ended well while it is still being taken away. */
		if (c->now.code == 0 && (c->state == CTR_REMOVING || c->state == CTR_ENDED)) n->succeeded++;
	}
}

static struct counts count(const struct pod *p) {
	struct counts n = { 0 };
	for (size_t i = 0; i < p->n_containers; i++) {
		const struct container *c = &p->containers[i];
		bool init = c->kind == KIND_INIT || c->kind == KIND_SIDECAR;
		if (c->kind == KIND_MAIN) count_main(c, &n);
		if (c->kind == KIND_SIDECAR && (c->state == CTR_RUNNING || c->state == CTR_STOPPING)) n.sidecars++;
		if (!init || container_lets_next_begin(c)) continue;
		if (c->kind == KIND_INIT && container_is_over(c) && c->now.code) n.init_failed++;
		else n.init_pending++;
	}
	return n;
}

static bool initialized(const struct pod *p) {
	/* Once a main container has run, initialization is behind the pod. */
	for (size_t i = 0; i < p->n_containers; i++)
		if (p->containers[i].kind == KIND_MAIN && (p->containers[i].now.started || p->containers[i].last.id[0])) return true;
	struct counts n = count(p);
	return n.init_pending == 0 && n.init_failed == 0;
}

const char *pod_phase(const struct pod *p) {
	struct counts n = count(p);
	struct slice policy = json_path_str(p->object, "spec.restartPolicy");
	bool terminal = p->state == POD_TEARING || p->state == POD_ENDED;
	if (p->reject_reason || n.init_failed) return "Failed";
	if (n.init_pending && !initialized(p)) return terminal ? "Failed" : "Pending";
	if (n.waiting) return terminal ? "Failed" : "Pending";
	if (n.running) return "Running";
	if (n.stopped == 0) return "Pending";
	if (terminal) return n.stopped == n.succeeded ? "Succeeded" : "Failed";
	/* As the kubelet's status manager: no phase is the last one while something may still run. */
	if (n.sidecars || slice_eqs(policy, "Always")) return "Running";
	if (n.stopped == n.succeeded) return "Succeeded";
	return slice_eqs(policy, "Never") ? "Failed" : "Running";
}

static void write_time(struct buf *b, int64_t sec) {
	char text[TIMESTAMP_TEXT];
	timestamp_format(sec, text);
	buf_printf(b, "\"%s\"", text);
}

static void write_condition(struct buf *b, struct pod *p, enum pod_condition which, bool value, const char *reason,
			    struct slice message) {
	static const char *const names[] = { "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled" };
	struct pod_transition *t = &p->transitions[which];
	if (!t->known || t->value != value) *t = (struct pod_transition){ true, value, env_now_sec(p->agent->env) };
	buf_printf(
		b,
		"%s{\"type\":\"%s\",\"observedGeneration\":%lld,\"status\":\"%s\",\"lastProbeTime\":null,\"lastTransitionTime\":",
		which ? "," : "", names[which], (long long)json_path_int(p->object, "metadata.generation", 1),
		value ? "True" : "False");
	write_time(b, t->since);
	if (reason) buf_printf(b, ",\"reason\":\"%s\"", reason);
	if (message.n) {
		buf_puts(b, ",\"message\":");
		json_write_string(b, message);
	}
	buf_putc(b, '}');
}

/* "[a b]" of the containers that fail the test; empty when none does. */
static void list_names(struct buf *b, const struct pod *p, const char *lead, bool (*bad)(const struct container *)) {
	bool any = false;
	for (size_t i = 0; i < p->n_containers; i++) {
		if (!bad(&p->containers[i])) continue;
		buf_printf(b, "%s%s", any ? " " : lead, p->containers[i].name);
		any = true;
	}
	if (any) buf_putc(b, ']');
}

static bool is_unready(const struct container *c) { return c->kind == KIND_MAIN && !c->ready; }
static bool is_incomplete(const struct container *c) {
	return (c->kind == KIND_INIT || c->kind == KIND_SIDECAR) && !container_lets_next_begin(c);
}

static bool gate_open(const struct pod *p, struct slice type) {
	size_t i, max;
	yyjson_mut_val *v;
	yyjson_mut_arr_foreach(json_path(p->object, "status.conditions"), i, max, v)
		if (slice_eq(json_path_str(v, "type"), type)) return slice_eqs(json_path_str(v, "status"), "True");
	return false;
}

static bool gates_open(const struct pod *p, struct buf *why) {
	size_t i, max;
	yyjson_mut_val *v;
	bool all = true;
	yyjson_mut_arr_foreach(json_path(p->object, "spec.readinessGates"), i, max, v) {
		struct slice type = json_path_str(v, "conditionType");
		if (gate_open(p, type)) continue;
		if (why)
			buf_printf(why, "%scorresponding condition of pod readiness gate \"%.*s\" does not exist.",
				   all ? "" : " ", SLICE_FMT(type));
		all = false;
	}
	return all;
}

static bool containers_ready(const struct pod *p) {
	for (size_t i = 0; i < p->n_containers; i++)
		if (is_unready(&p->containers[i])) return false;
	return true;
}

bool pod_is_ready(const struct pod *p) { return containers_ready(p) && gates_open(p, NULL); }

/* Conditions that others own are handed back as they are. */
static void write_foreign_conditions(struct buf *b, const struct pod *p) {
	static const char *const own[] = { "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled" };
	size_t i, max;
	yyjson_mut_val *v;
	yyjson_mut_arr_foreach(json_path(p->object, "status.conditions"), i, max, v) {
		bool mine = false;
		for (size_t k = 0; k < ELEMENTSOF(own); k++) mine = mine || slice_eqs(json_path_str(v, "type"), own[k]);
		if (mine) continue;
		buf_putc(b, ',');
		json_write(b, v);
	}
}

static void write_conditions(struct buf *b, struct pod *p, const char *phase) {
	_cleanup_buf_ struct buf unready = BUF_INIT(64 * KIB), incomplete = BUF_INIT(64 * KIB), gates = BUF_INIT(64 * KIB);
	bool succeeded = strcmp(phase, "Succeeded") == 0, failed = strcmp(phase, "Failed") == 0, init = initialized(p);
	bool ready = containers_ready(p) && !succeeded && !failed, open = gates_open(p, &gates);
	list_names(&unready, p, "containers with unready status: [", is_unready);
	list_names(&incomplete, p, "containers with incomplete status: [", is_incomplete);
	const char *over = succeeded ? "PodCompleted" : failed ? "PodFailed" : NULL;
	const char *not_ready = over ? over : "ContainersNotReady";
	struct slice list = over ? SLICE_NULL : buf_slice(&unready);
	buf_puts(b, "\"conditions\":[");
	write_condition(b, p, COND_SANDBOX, p->sandbox == SANDBOX_READY, NULL, SLICE_NULL);
	write_condition(b, p, COND_INITIALIZED, init || succeeded, succeeded ? "PodCompleted" : init ? NULL : "ContainersNotInitialized",
			init ? SLICE_NULL : buf_slice(&incomplete));
	if (ready && !open) write_condition(b, p, COND_READY, false, "ReadinessGatesNotReady", buf_slice(&gates));
	else write_condition(b, p, COND_READY, ready, ready ? NULL : not_ready, ready ? SLICE_NULL : list);
	write_condition(b, p, COND_CONTAINERS_READY, ready, ready ? NULL : not_ready, ready ? SLICE_NULL : list);
	write_condition(b, p, COND_SCHEDULED, true, NULL, SLICE_NULL);
	write_foreign_conditions(b, p);
	buf_putc(b, ']');
}

static void write_text(struct buf *b, const char *key, const char *prefix, const char *text) {
	_cleanup_buf_ struct buf joined = BUF_INIT(64 * KIB);
	buf_printf(b, ",\"%s\":", key);
	if (!text) {
		buf_puts(b, "null");
		return;
	}
	buf_printf(&joined, "%s%s", prefix, text);
	json_write_string(b, buf_slice(&joined));
}

static void write_addresses(struct buf *b, const struct pod *p) {
	const char *host = p->agent->machine.ip, *ip = pod_host_network(p) ? host : p->ip;
	buf_printf(b, ",\"hostIP\":\"%s\",\"hostIPs\":[{\"ip\":\"%s\"}]", host, host);
	if (ip && *ip && p->admitted) buf_printf(b, ",\"podIP\":\"%s\",\"podIPs\":[{\"ip\":\"%s\"}]", ip, ip);
}

static void write_container_lists(struct buf *b, const struct pod *p) {
	static const struct { const char *key; unsigned kinds; } lists[] = {
		{ "initContainerStatuses", 1u << KIND_INIT | 1u << KIND_SIDECAR }, { "containerStatuses", 1u << KIND_MAIN },
		{ "ephemeralContainerStatuses", 1u << KIND_EPHEMERAL },
	};
	for (size_t k = 0; k < ELEMENTSOF(lists); k++) {
		const char *sep = "";
		for (size_t i = 0; i < p->n_containers; i++) {
			if (!(lists[k].kinds & (1u << p->containers[i].kind))) continue;
			if (!*sep) buf_printf(b, ",\"%s\":[", lists[k].key);
			buf_puts(b, sep);
			container_status_write(b, &p->containers[i]);
			sep = ",";
		}
		if (*sep) buf_putc(b, ']');
	}
}

int pod_status_write(struct buf *b, struct pod *p) {
	const char *phase = pod_phase(p);
	buf_printf(b, "{\"metadata\":{\"uid\":\"%s\"},\"status\":{\"observedGeneration\":%lld,\"phase\":\"%s\",", p->uid,
		   (long long)json_path_int(p->object, "metadata.generation", 1), phase);
	write_conditions(b, p, phase);
	write_text(b, "message", p->admitted ? "" : "Pod was rejected: ", p->reject_message);
	write_text(b, "reason", "", p->reject_reason);
	write_addresses(b, p);
	if (p->start_time) buf_puts(b, ",\"startTime\":"), write_time(b, p->start_time);
	if (p->admitted) write_container_lists(b, p);
	buf_printf(b, ",\"qosClass\":\"%s\"}}", pod_qos_class(p->object));
	return buf_err(b);
}

void pod_conditions_load(struct pod *p) {
	static const char *const names[] = { "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled" };
	_cleanup_arena_ struct arena *a = arena_new(0);
	size_t i, max;
	yyjson_mut_val *v;
	yyjson_mut_arr_foreach(json_path(p->object, "status.conditions"), i, max, v)
		for (size_t k = 0; a && k < ELEMENTSOF(names); k++) {
			struct timestamp at;
			if (!slice_eqs(json_path_str(v, "type"), names[k])) continue;
			if (timestamp_parse(a, json_path_str(v, "lastTransitionTime"), &at, NULL) < 0) continue;
			p->transitions[k] = (struct pod_transition){ true, slice_eqs(json_path_str(v, "status"), "True"), at.sec };
		}
}

static void on_status(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct pod *p = ctx;
	/* pod_detach has taken the call away. */
	bool mine = p->status_call != NULL;
	p->status_call = NULL;
	if (!err) {
		free(p->status_sent);
		p->status_sent = TAKE_PTR(p->status_sending);
	} else {
		free(TAKE_PTR(p->status_sending));
		p->api_retry_ms = agent_now_ms(p->agent) + STATUS_RETRY_MS;
		if (mine && err->err != -ENOENT) log_warn("node", "status of pod %s/%s was not taken: %s", p->ns, p->name, err->message);
	}
	if (mine) pod_kick(p);
	pod_unref(p);
}

static int send_status(struct pod *p, char *body) {
	static const struct k8c_request_handler handler = { .on_done = on_status };
	struct k8c_op op = {
		.size = sizeof(op),
		.verb = K8C_PATCH,
		.patch = K8C_PATCH_MERGE,
		.body = bytes_of(slice_str(body)),
		.flags = K8C_REQ_REPEATABLE,
		.target = { .version = "v1", .resource = "pods", .ns = p->ns, .name = p->name, .subresource = "status" },
	};
	int r = k8c_op_start(p->agent->client, &op, &handler, p, &p->status_call);
	if (r == 0) pod_ref(p);
	return r;
}

static void on_deleted(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct pod *p = ctx;
	bool mine = p->delete_call != NULL;
	p->delete_call = NULL;
	/* Conflict: another object has the name by now; not found: somebody was faster. The watch tells the rest. */
	p->delete_done = !err || err->err == -ENOENT || err->err == -EAGAIN;
	if (!p->delete_done) p->api_retry_ms = agent_now_ms(p->agent) + STATUS_RETRY_MS;
	if (mine && !p->delete_done) log_warn("node", "pod %s/%s could not be removed from the API: %s", p->ns, p->name, err->message);
	if (mine) pod_kick(p);
	pod_unref(p);
}

void pod_delete_from_api(struct pod *p) { p->delete_wanted = true; }

static void send_delete(struct pod *p) {
	static const struct k8c_request_handler handler = { .on_done = on_deleted };
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_DELETE, .has_grace = true, .grace_seconds = 0, .precondition_uid = p->uid,
		.target = { .version = "v1", .resource = "pods", .ns = p->ns, .name = p->name },
	};
	if (k8c_op_start(p->agent->client, &op, &handler, p, &p->delete_call) == 0) pod_ref(p);
	else pod_wake_in(p, STATUS_RETRY_MS);
}

void pod_status_publish(struct pod *p) {
	if (p->gone || !p->listed || p->status_call || p->delete_call) return;
	uint64_t now = agent_now_ms(p->agent);
	if (p->api_retry_ms > now) return pod_wake_in(p, p->api_retry_ms - now);
	_cleanup_buf_ struct buf b = BUF_INIT(STATUS_MAX);
	if (pod_status_write(&b, p) < 0 || buf_putc(&b, 0) < 0) return;
	if (p->mute || (p->status_sent && strcmp(p->status_sent, b.p) == 0)) {
		if (p->delete_wanted && !p->delete_done) send_delete(p);
		return;
	}
	free(p->status_sending);
	p->status_sending = strdup(b.p);
	if (!p->status_sending || send_status(p, p->status_sending) < 0) pod_wake_in(p, STATUS_RETRY_MS);
}
