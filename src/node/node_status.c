/* SPDX-License-Identifier: Apache-2.0 */
#include "node/node_status.h"

#include "base/log.h"
#include "codec/timestamp.h"
#include "node/agent-internal.h"

#include <errno.h>

#define LEASE_SECONDS 40
#define LEASE_RENEW_MS 10000u
/* The status is compared every 10 s and sent when it changed, else every 5 min. */
#define STATUS_REPORT_MS 300000u
#define REGISTER_RETRY_MS 1000u
#define NODE_BYTES_MAX (256u * KIB)
#define MEMORY_PRESSURE_BYTES (100ll * 1024 * 1024)
#define DISK_PRESSURE_PART 10 /* percent free */

struct node_status {
	struct node_agent *agent;
	struct loop_timer *timer;
	struct k8c_call *call, *lease_call;
	bool registered, lease_known, ready_told;
	uint64_t reported_ms, next_ms;
	char *uid, *sent;        /* status without times, as last reported */
	int64_t since[4];        /* lastTransitionTime of the conditions, seconds */
	bool value[4];
};

enum { C_MEMORY, C_DISK, C_PID, C_READY };

static void put(struct buf *b, const char *key, const char *value) {
	buf_printf(b, ",\"%s\":", key);
	json_write_string(b, slice_str(value));
}

static void write_labels(struct buf *b, const struct node_agent *a) {
	buf_puts(b, "\"labels\":{\"beta.kubernetes.io/arch\":");
	json_write_string(b, slice_str(a->machine.architecture));
	buf_puts(b, ",\"beta.kubernetes.io/os\":\"linux\"");
	put(b, "kubernetes.io/arch", a->machine.architecture);
	put(b, "kubernetes.io/hostname", a->o.node_name);
	put(b, "kubernetes.io/os", "linux");
	buf_putc(b, '}');
}

static void write_resources(struct buf *b, const struct node_agent *a) {
	static const char *const keys[] = { "allocatable", "capacity" };
	const struct machine *m = &a->machine;
	for (size_t i = 0; i < ELEMENTSOF(keys); i++)
		buf_printf(
			b,
			",\"%s\":{\"cpu\":\"%lld\",\"ephemeral-storage\":\"%lldKi\",\"hugepages-1Gi\":\"0\",\"hugepages-2Mi\":\"0\",\"memory\":\"%lldKi\",\"pods\":\"%u\"}",
			keys[i], (long long)m->milli_cpu / 1000, (long long)m->ephemeral / 1024, (long long)m->memory / 1024,
			a->o.max_pods);
}

static void write_info(struct buf *b, const struct node_agent *a) {
	const struct machine *m = &a->machine;
	buf_puts(b, ",\"nodeInfo\":{\"architecture\":");
	json_write_string(b, slice_str(m->architecture));
	put(b, "bootID", m->boot_id);
	put(b, "containerRuntimeVersion", a->runtime.facts.is_crun ? "k8c+crun://0.1.0" : "k8c+runc://0.1.0");
	put(b, "kernelVersion", m->kernel);
	put(b, "kubeProxyVersion", "");
	put(b, "kubeletVersion", a->o.version);
	put(b, "machineID", m->machine_id);
	put(b, "operatingSystem", "linux");
	put(b, "osImage", m->os_image);
	put(b, "systemUUID", m->system_uuid);
	buf_putc(b, '}');
}

struct image_list {
	struct buf *b;
	size_t n;
};
#define NODE_IMAGES_MAX 50u

static void write_image(void *ctx, const struct image *i) {
	struct image_list *l = ctx;
	const char *sep = "";
	if (l->n == NODE_IMAGES_MAX) return;
	buf_puts(l->b, l->n++ ? ",{\"names\":[" : "{\"names\":[");
	for (size_t k = 0; k < i->n_digests + i->n_names; k++) {
		buf_puts(l->b, sep);
		json_write_string(l->b, k < i->n_digests ? i->digests[k] : i->names[k - i->n_digests]);
		sep = ",";
	}
	buf_printf(l->b, "],\"sizeBytes\":%llu}", (unsigned long long)i->size);
}

static void write_condition(struct buf *b, const struct node_agent *a, int which, bool with_times) {
	static const struct { const char *type, *ok_reason, *ok_message, *bad_reason, *bad_message; bool good;
	} texts[] = {
		[C_MEMORY] = { "MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available",
			       "KubeletHasInsufficientMemory", "kubelet has insufficient memory available", false },
		[C_DISK] = { "DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", "KubeletHasDiskPressure",
			     "kubelet has disk pressure", false },
		[C_PID] = { "PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available",
			    "KubeletHasInsufficientPID", "kubelet has insufficient PID available", false },
		[C_READY] = { "Ready", "KubeletReady", "kubelet is posting ready status", "KubeletNotReady",
			      "node agent is starting", true },
	};
	struct node_status *s = a->status;
	bool value = s ? s->value[which] : which == C_READY;
	bool well = value == texts[which].good;
	char now[TIMESTAMP_TEXT], since[TIMESTAMP_TEXT];
	timestamp_format(env_now_sec(a->env), now);
	timestamp_format(s ? s->since[which] : env_now_sec(a->env), since);
	buf_printf(b, "%s{\"type\":\"%s\",\"status\":\"%s\"", which ? "," : "", texts[which].type, value ? "True" : "False");
	if (with_times) buf_printf(b, ",\"lastHeartbeatTime\":\"%s\",\"lastTransitionTime\":\"%s\"", now, since);
	buf_printf(b, ",\"reason\":\"%s\",\"message\":\"%s\"}", well ? texts[which].ok_reason : texts[which].bad_reason,
		   well ? texts[which].ok_message : texts[which].bad_message);
}

static void write_status(struct buf *b, struct node_agent *a, bool with_times) {
	struct image_list images = { b, 0 };
	buf_puts(b, "\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":");
	json_write_string(b, slice_str(a->machine.ip));
	buf_puts(b, "},{\"type\":\"Hostname\",\"address\":");
	json_write_string(b, slice_str(a->o.node_name));
	buf_puts(b, "}]");
	write_resources(b, a);
	buf_puts(b, ",\"conditions\":[");
	for (int i = 0; i < 4; i++) write_condition(b, a, i, with_times);
	buf_printf(b, "],\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":%u}}", a->o.port);
	write_info(b, a);
	buf_puts(b, ",\"images\":[");
	image_store_each(a->images, write_image, &images);
	buf_puts(b, "]}");
}

int node_object_write(struct buf *b, struct node_agent *a) {
	buf_puts(b, "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":");
	json_write_string(b, slice_str(a->o.node_name));
	buf_putc(b, ',');
	write_labels(b, a);
	buf_puts(b, ",\"annotations\":{\"volumes.kubernetes.io/controller-managed-attach-detach\":\"true\"}},\"spec\":{\"podCIDR\":");
	json_write_string(b, slice_str(a->o.pod_cidr));
	buf_puts(b, ",\"podCIDRs\":[");
	json_write_string(b, slice_str(a->o.pod_cidr));
	buf_puts(b, "]},");
	write_status(b, a, true);
	buf_putc(b, '}');
	return buf_err(b);
}

int node_status_patch_write(struct buf *b, struct node_agent *a, bool with_times) {
	buf_putc(b, '{');
	write_status(b, a, with_times);
	buf_putc(b, '}');
	return buf_err(b);
}

static void look_at_machine(struct node_status *s) {
	int64_t total = 0, available = machine_disk_available(s->agent->paths.base, &total), now = env_now_sec(s->agent->env);
	const bool fresh[4] = {
		[C_MEMORY] = machine_memory_available() < MEMORY_PRESSURE_BYTES,
		[C_DISK] = total > 0 && available * 100 / total < DISK_PRESSURE_PART,
		[C_PID] = false,
		[C_READY] = true,
	};
	for (int i = 0; i < 4; i++) {
		if (s->since[i] && s->value[i] == fresh[i]) continue;
		s->value[i] = fresh[i];
		s->since[i] = now;
	}
}

static void node_event(struct node_status *s, const char *reason, const char *message) {
	const char *name = s->agent->o.node_name;
	struct k8c_reference about = { .kind = "Node", .name = name, .uid = name };
	if (s->agent->recorder) (void)k8c_recorder_event(s->agent->recorder, &about, "Normal", reason, message);
}

/* ==== Lease ==== */

static void lease_body(struct buf *b, struct node_status *s) {
	char now[TIMESTAMP_TEXT];
	int64_t ns = env_now(s->agent->env);
	timestamp_format_micro((struct timestamp){ ns / NSEC_PER_SEC, (uint32_t)(ns % NSEC_PER_SEC) }, now);
	buf_puts(b, "{\"kind\":\"Lease\",\"apiVersion\":\"coordination.k8s.io/v1\",\"metadata\":{\"name\":");
	json_write_string(b, slice_str(s->agent->o.node_name));
	buf_puts(b, ",\"namespace\":\"kube-node-lease\"");
	if (s->uid) {
		buf_puts(b, ",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"name\":");
		json_write_string(b, slice_str(s->agent->o.node_name));
		buf_printf(b, ",\"uid\":\"%s\"}]", s->uid);
	}
	buf_puts(b, "},\"spec\":{\"holderIdentity\":");
	json_write_string(b, slice_str(s->agent->o.node_name));
	buf_printf(b, ",\"leaseDurationSeconds\":%d,\"renewTime\":\"%s\"}}", LEASE_SECONDS, now);
}

static void on_lease(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct node_status *s = ctx;
	if (!s->agent) return;
	s->lease_call = NULL;
	if (!err || err->err == -EEXIST) s->lease_known = true;
	else if (err->err == -ENOENT) s->lease_known = false;
	else log_warn("node", "lease of node %s could not be renewed: %s", s->agent->o.node_name, err->message);
}

static void lease_renew(struct node_status *s) {
	static const struct k8c_request_handler handler = { .on_done = on_lease };
	_cleanup_buf_ struct buf b = BUF_INIT(NODE_BYTES_MAX);
	if (s->lease_call) return;
	lease_body(&b, s);
	struct k8c_op op = {
		.size = sizeof(op),
		.verb = s->lease_known ? K8C_PATCH : K8C_CREATE,
		.patch = K8C_PATCH_MERGE,
		.body = bytes_of(buf_slice(&b)),
		.target = { .group = "coordination.k8s.io",
			    .version = "v1",
			    .resource = "leases",
			    .ns = "kube-node-lease",
			    .name = s->lease_known ? s->agent->o.node_name : NULL },
		.timeout_ms = LEASE_RENEW_MS,
	};
	if (!buf_err(&b)) (void)k8c_op_start(s->agent->client, &op, &handler, s, &s->lease_call);
}

/* ==== Node ==== */

static void on_status(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct node_status *s = ctx;
	if (!s->agent) return;
	s->call = NULL;
	if (!err) {
		s->reported_ms = agent_now_ms(s->agent);
		if (!s->ready_told) node_event(s, "NodeReady", "Node status is now: NodeReady");
		s->ready_told = true;
		return;
	}
	free(TAKE_PTR(s->sent));
	/* The Node was deleted: begin again. */
	if (err->err == -ENOENT) s->registered = false;
	log_warn("node", "status of node %s was not taken: %s", s->agent->o.node_name, err->message);
}

static void status_report(struct node_status *s) {
	static const struct k8c_request_handler handler = { .on_done = on_status };
	_cleanup_buf_ struct buf plain = BUF_INIT(NODE_BYTES_MAX), b = BUF_INIT(NODE_BYTES_MAX);
	uint64_t now = agent_now_ms(s->agent);
	if (s->call) return;
	look_at_machine(s);
	if (node_status_patch_write(&plain, s->agent, false) < 0 || buf_putc(&plain, 0) < 0) return;
	if (s->sent && strcmp(s->sent, plain.p) == 0 && now - s->reported_ms < STATUS_REPORT_MS) return;
	if (node_status_patch_write(&b, s->agent, true) < 0) return;
	struct k8c_op op = {
		.size = sizeof(op), .verb = K8C_PATCH, .patch = K8C_PATCH_STRATEGIC, .body = bytes_of(buf_slice(&b)),
		.target = { .version = "v1", .resource = "nodes", .name = s->agent->o.node_name, .subresource = "status" },
	};
	if (k8c_op_start(s->agent->client, &op, &handler, s, &s->call) == 0) free(s->sent), s->sent = strdup(plain.p);
}

static void uid_take(struct node_status *s, struct slice body) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	if (!a || json_parse(a, body, &doc, &err) < 0) return;
	struct slice uid = json_path_str(yyjson_mut_doc_get_root(doc), "metadata.uid");
	free(s->uid);
	s->uid = uid.n ? strndup(uid.p, uid.n) : NULL;
}

static void registered_read(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct node_status *s = ctx;
	if (!s->agent) return;
	s->call = NULL;
	if (err) return;
	uid_take(s, slice_of(res->body));
	s->registered = true;
	lease_renew(s);
	status_report(s);
}

static void on_registered(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	static const struct k8c_request_handler handler = { .on_done = registered_read };
	struct node_status *s = ctx;
	if (!s->agent) return;
	s->call = NULL;
	if (!err) {
		log_info("node", "node %s is registered", s->agent->o.node_name);
		node_event(s, "Starting", "Starting kubelet.");
		return registered_read(s, res, NULL);
	}
	if (err->err != -EEXIST) {
		log_warn("node", "node %s could not be registered: %s", s->agent->o.node_name, err->message);
		return;
	}
	/* The node is known and was ready before. */
	s->ready_told = true;
	struct k8c_op op = { .size = sizeof(op),
			     .verb = K8C_GET,
			     .target = { .version = "v1", .resource = "nodes", .name = s->agent->o.node_name } };
	(void)k8c_op_start(s->agent->client, &op, &handler, s, &s->call);
}

static void node_register(struct node_status *s) {
	static const struct k8c_request_handler handler = { .on_done = on_registered };
	_cleanup_buf_ struct buf b = BUF_INIT(NODE_BYTES_MAX);
	if (s->call) return;
	look_at_machine(s);
	if (node_object_write(&b, s->agent) < 0) return;
	struct k8c_op op = { .size = sizeof(op),
			     .verb = K8C_CREATE,
			     .body = bytes_of(buf_slice(&b)),
			     .target = { .version = "v1", .resource = "nodes" } };
	(void)k8c_op_start(s->agent->client, &op, &handler, s, &s->call);
}

static void on_tick(void *arg) {
	struct node_status *s = arg;
	uint64_t now = agent_now_ms(s->agent);
	if (!s->registered) return node_register(s);
	if (now < s->next_ms) return;
	s->next_ms = now + LEASE_RENEW_MS - REGISTER_RETRY_MS / 2;
	lease_renew(s);
	status_report(s);
}

int node_status_start(struct node_agent *a, struct node_status **ret) {
	struct node_status *s = calloc(1, sizeof(*s));
	if (!s) return -ENOMEM;
	s->agent = a;
	s->timer = loop_timer_start(a->loop, 0, REGISTER_RETRY_MS, on_tick, s);
	if (!s->timer) {
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

void node_status_free(struct node_status *s) {
	if (!s) return;
	struct k8c_call *call = TAKE_PTR(s->call), *lease = TAKE_PTR(s->lease_call);
	loop_timer_stop(s->timer);
	s->agent = NULL;
	k8c_call_cancel(call);
	k8c_call_cancel(lease);
	free(s->uid);
	free(s->sent);
	free(s);
}
