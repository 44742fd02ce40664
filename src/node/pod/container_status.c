/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod/container_status.h"

#include "codec/timestamp.h"
#include "node/pod/container.h"

static void write_time(struct buf *b, const char *key, int64_t ns) {
	char text[TIMESTAMP_TEXT];
	timestamp_format(ns / NSEC_PER_SEC, text);
	buf_printf(b, ",\"%s\":\"%s\"", key, text);
}

static void write_str(struct buf *b, const char *key, const char *value) {
	buf_printf(b, ",\"%s\":", key);
	json_write_string(b, slice_str(value));
}

static void write_terminated(struct buf *b, const struct container_run *r) {
	buf_printf(b, "{\"terminated\":{\"exitCode\":%d", r->code);
	write_str(b, "reason", r->reason);
	if (r->message) write_str(b, "message", r->message);
	write_time(b, "startedAt", r->started);
	write_time(b, "finishedAt", r->finished);
	buf_printf(b, ",\"containerID\":\"" CONTAINER_ID_PREFIX "%s\"}}", r->id);
}

static bool init_is_over(const struct pod *p) {
	for (size_t i = 0; i < p->n_containers; i++) {
		const struct container *c = &p->containers[i];
		if ((c->kind == KIND_INIT || c->kind == KIND_SIDECAR) && !container_lets_next_begin(c)) return false;
	}
	return true;
}

static void write_waiting(struct buf *b, const struct container *c) {
	bool later = c->kind == KIND_MAIN && !init_is_over(c->pod);
	const char *reason = c->wait_reason ? c->wait_reason : later ? "PodInitializing" : "ContainerCreating";
	buf_printf(b, "{\"waiting\":{\"reason\":\"%s\"", reason);
	if (c->wait_reason && c->wait_message) write_str(b, "message", c->wait_message);
	buf_puts(b, "}}");
}

bool container_shows_end(const struct container *c) {
	return c->now.reason && (c->state == CTR_REMOVING || c->state == CTR_ENDED) && !c->wait_reason;
}

static void write_states(struct buf *b, const struct container *c) {
	bool running = c->state == CTR_RUNNING || c->state == CTR_STOPPING;
	const struct container_run *last = &c->last;
	buf_puts(b, ",\"state\":");
	if (running) {
		char text[TIMESTAMP_TEXT];
		timestamp_format(c->now.started / NSEC_PER_SEC, text);
		buf_printf(b, "{\"running\":{\"startedAt\":\"%s\"}}", text);
	} else if (container_shows_end(c)) {
		write_terminated(b, &c->now);
	} else {
		write_waiting(b, c);
		if (c->now.reason) last = &c->now;
	}
	buf_puts(b, ",\"lastState\":");
	if (last->reason) write_terminated(b, last);
	else buf_puts(b, "{}");
}

static void write_mounts(struct buf *b, const yyjson_mut_val *spec) {
	yyjson_mut_val *mounts = json_get(spec, "volumeMounts"), *v;
	size_t i, max;
	if (yyjson_mut_arr_size(mounts) == 0) return;
	buf_puts(b, ",\"volumeMounts\":[");
	yyjson_mut_arr_foreach(mounts, i, max, v) {
		bool readonly = json_path_bool(v, "readOnly", false);
		buf_puts(b, i ? ",{\"name\":" : "{\"name\":");
		json_write_string(b, json_path_str(v, "name"));
		buf_puts(b, ",\"mountPath\":");
		json_write_string(b, json_path_str(v, "mountPath"));
		buf_puts(b, readonly ? ",\"readOnly\":true,\"recursiveReadOnly\":\"Disabled\"}" : "}");
	}
	buf_putc(b, ']');
}

static bool counts_as_ready(const struct container *c) {
	if (c->kind == KIND_INIT) return c->state == CTR_ENDED && c->now.code == 0;
	return c->ready && c->kind != KIND_EPHEMERAL;
}

int container_status_write(struct buf *b, const struct container *c) {
	const yyjson_mut_val *spec = container_spec_of(c), *resources = json_get(spec, "resources");
	bool running = c->state == CTR_RUNNING || c->state == CTR_STOPPING, known = c->now.id[0] && c->state != CTR_CREATING;
	buf_puts(b, "{\"name\":");
	json_write_string(b, slice_str(c->name));
	write_states(b, c);
	buf_printf(b, ",\"ready\":%s,\"restartCount\":%d", counts_as_ready(c) ? "true" : "false", c->restarts);
	buf_puts(b, ",\"image\":");
	json_write_string(b, known && c->now.image ? slice_str(c->now.image) : json_path_str(spec, "image"));
	write_str(b, "imageID", known && c->now.image_id ? c->now.image_id : "");
	if (known) buf_printf(b, ",\"containerID\":\"" CONTAINER_ID_PREFIX "%s\"", c->now.id);
	buf_printf(b, ",\"started\":%s", running && c->started ? "true" : "false");
	if (resources && running) {
		buf_puts(b, ",\"resources\":");
		json_write(b, resources);
	}
	write_mounts(b, spec);
	buf_putc(b, '}');
	return buf_err(b);
}
