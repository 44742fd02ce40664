/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be known of a pod after a restart of the agent: base/pods/<uid>/state.json, and pod.json, the object. */
#include "node/pod/container.h"

#include "node/files.h"

#include <errno.h>

#define RECORD_MAX (16u * MIB)

static void put_str(struct buf *b, const char *key, const char *value) {
	if (!value) return;
	buf_printf(b, ",\"%s\":", key);
	json_write_string(b, slice_str(value));
}

static void write_run(struct buf *b, const char *key, const struct container_run *r) {
	if (!r->id[0]) return;
	buf_printf(
		b,
		",\"%s\":{\"id\":\"%s\",\"attempt\":%d,\"created\":%lld,\"started\":%lld,\"finished\":%lld,\"code\":%d,\"oomKilled\":%s",
		key, r->id, r->attempt, (long long)r->created, (long long)r->started, (long long)r->finished, r->code,
		r->oom_killed ? "true" : "false");
	put_str(b, "reason", r->reason);
	put_str(b, "message", r->message);
	put_str(b, "image", r->image);
	put_str(b, "imageID", r->image_id);
	put_str(b, "specImage", r->spec_image);
	buf_putc(b, '}');
}

static void write_container(struct buf *b, const struct container *c) {
	buf_puts(b, "{\"name\":");
	json_write_string(b, slice_str(c->name));
	buf_printf(b, ",\"restarts\":%d,\"state\":\"%s\",\"started\":%s,\"stopSent\":%s,\"crashDelay\":%llu", c->restarts,
		   container_state_name(c->state), c->started ? "true" : "false", c->stop_sent ? "true" : "false",
		   (unsigned long long)c->crash.delay_ms);
	write_run(b, "now", &c->now);
	write_run(b, "last", &c->last);
	buf_putc(b, '}');
}

static int save(struct pod *p, const char *file, struct slice bytes) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *path = a ? arena_printf(a, "%s/%s", p->dir, file) : NULL;
	if (!path) return -ENOMEM;
	int r = files_mkdir_p(p->dir, 0750);
	return r < 0 ? r : files_write(path, bytes, 0600, false);
}

int pod_record_save(struct pod *p) {
	_cleanup_buf_ struct buf b = BUF_INIT(RECORD_MAX);
	buf_printf(&b, "{\"admitted\":%s,\"startTime\":%lld,\"sandboxReady\":%s,\"networkUp\":%s,\"ended\":%s",
		   p->admitted ? "true" : "false", (long long)p->start_time, p->sandbox == SANDBOX_READY ? "true" : "false",
		   p->network_up ? "true" : "false", p->state == POD_ENDED ? "true" : "false");
	put_str(&b, "ip", p->ip);
	put_str(&b, "rejectReason", p->reject_reason);
	put_str(&b, "rejectMessage", p->reject_message);
	buf_puts(&b, ",\"containers\":[");
	for (size_t i = 0; i < p->n_containers; i++) {
		if (i) buf_putc(&b, ',');
		write_container(&b, &p->containers[i]);
	}
	buf_puts(&b, "]}\n");
	return buf_err(&b) ? buf_err(&b) : save(p, "state.json", buf_slice(&b));
}

int pod_manifest_save(struct pod *p) {
	_cleanup_buf_ struct buf b = BUF_INIT(RECORD_MAX);
	int r = json_write(&b, p->object);
	return r < 0 ? r : save(p, "pod.json", buf_slice(&b));
}

static void read_str(const yyjson_mut_val *v, const char *key, char **ret) {
	yyjson_mut_val *s = json_get(v, key);
	if (yyjson_mut_is_str(s)) (void)string_set(ret, json_str(s));
}

static void read_run(const yyjson_mut_val *v, struct container_run *r) {
	struct slice id = json_path_str(v, "id");
	if (id.n != sizeof(r->id) - 1 || !node_name_is_safe(id)) return;
	memcpy(r->id, id.p, id.n);
	r->attempt = (int)json_path_int(v, "attempt", 0);
	r->created = json_path_int(v, "created", 0);
	r->started = json_path_int(v, "started", 0);
	r->finished = json_path_int(v, "finished", 0);
	r->code = (int)json_path_int(v, "code", 0);
	r->oom_killed = json_path_bool(v, "oomKilled", false);
	read_str(v, "reason", &r->reason);
	read_str(v, "message", &r->message);
	read_str(v, "image", &r->image);
	read_str(v, "imageID", &r->image_id);
	read_str(v, "specImage", &r->spec_image);
}

/* Whatever was under way when the agent went: containers with an id are looked at (container_look_after finds out whether they run,
 * have ended or never began), the others begin anew. Bundles of runs that have ended are swept when the agent starts. */
static void read_container(struct pod *p, const yyjson_mut_val *v) {
	struct slice name = json_path_str(v, "name");
	for (size_t i = 0; i < p->n_containers; i++) {
		struct container *c = &p->containers[i];
		if (!slice_eqs(name, c->name)) continue;
		c->restarts = (int)json_path_int(v, "restarts", 0);
		c->crash.delay_ms = (uint64_t)json_path_int(v, "crashDelay", 0);
		c->crash.last_ms = agent_now_ms(p->agent);
		c->started = json_path_bool(v, "started", false);
		read_run(json_get(v, "now"), &c->now);
		read_run(json_get(v, "last"), &c->last);
		if (!c->now.id[0]) return;
		if (!c->now.reason && !c->now.started && !container_has_begun(c)) {
			container_run_done(&c->now);
			c->now.attempt = c->restarts;
			return;
		}
		c->state = c->now.reason ? CTR_ENDED : CTR_RUNNING;
		c->ended_ms = agent_now_ms(p->agent);
		return;
	}
}

int pod_record_load(struct pod *p) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *path = a ? arena_printf(a, "%s/state.json", p->dir) : NULL;
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	struct slice text;
	size_t i, max;
	yyjson_mut_val *v;
	int r = path ? files_read_arena(a, path, RECORD_MAX, &text) : -ENOMEM;
	if (r == 0) r = json_parse(a, text, &doc, &err);
	if (r < 0) return r;
	const yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
	p->admitted = json_path_bool(root, "admitted", false);
	p->start_time = json_path_int(root, "startTime", 0);
	p->network_up = json_path_bool(root, "networkUp", false);
	p->processes_up = pod_shares_processes(p);
	read_str(root, "ip", &p->ip);
	read_str(root, "rejectReason", &p->reject_reason);
	read_str(root, "rejectMessage", &p->reject_message);
	yyjson_mut_arr_foreach(json_get(root, "containers"), i, max, v) read_container(p, v);
	if (json_path_bool(root, "ended", false)) p->state = POD_ENDED;
	else if (json_path_bool(root, "sandboxReady", false)) p->sandbox = SANDBOX_READY;
	return 0;
}
