/* SPDX-License-Identifier: Apache-2.0 */
/* kubectl's view of a pod: how many containers are ready, one word for its state, restarts. */
#include "schema/cells/cells.h"

#include "codec/timestamp.h"

struct pod_view {
	struct buf reason; /* the STATUS word */
	int64_t ready, total, restarts, restartable_restarts;
	int64_t last_restart, last_restartable_restart; /* INT64_MIN: none known */
};

static void pod_view_done(struct pod_view *v) { buf_done(&v->reason); }
#define _cleanup_pod_view_ _cleanup_(pod_view_done)

static void set_reason(struct pod_view *v, const char *prefix, struct slice reason) {
	buf_clear(&v->reason);
	buf_puts(&v->reason, prefix);
	buf_put_slice(&v->reason, reason);
}

static bool is_restartable(const yyjson_mut_val *spec, struct slice name) {
	yyjson_mut_val *c;
	size_t i, n;
	yyjson_mut_arr_foreach(json_get(spec, "initContainers"), i, n, c) {
		if (slice_eq(json_path_str(c, "name"), name)) return slice_eqs(json_path_str(c, "restartPolicy"), "Always");
	}
	return false;
}

static void note_restart(const yyjson_mut_val *status, int64_t *restarts, int64_t *last) {
	int64_t t;
	*restarts += json_path_int(status, "restartCount", 0);
	if (cell_time(status, "lastState.terminated.finishedAt", &t) && t > *last) *last = t;
}

/* "Signal:9" or "ExitCode:1" behind a prefix. */
static void exit_reason(struct pod_view *v, const char *prefix, const yyjson_mut_val *terminated) {
	int64_t signal = json_path_int(terminated, "signal", 0);
	buf_clear(&v->reason);
	if (signal) buf_printf(&v->reason, "%sSignal:%lld", prefix, (long long)signal);
	else buf_printf(&v->reason, "%sExitCode:%lld", prefix, (long long)json_path_int(terminated, "exitCode", 0));
}

/* The reason an init container gives, if it holds the pod up. */
static bool init_holds(struct pod_view *v, const yyjson_mut_val *spec, const yyjson_mut_val *status, bool restartable,
		       size_t at) {
	yyjson_mut_val *terminated = json_path(status, "state.terminated"), *waiting = json_path(status, "state.waiting");
	struct slice why = json_path_str(waiting, "reason"), ended = json_path_str(terminated, "reason");
	if (terminated && json_path_int(terminated, "exitCode", 0) == 0) return false;
	if (restartable && json_path_bool(status, "started", false)) {
		if (json_path_bool(status, "ready", false)) v->ready++;
		return false;
	}
	if (terminated && ended.n) {
		set_reason(v, "Init:", ended);
	} else if (terminated) {
		exit_reason(v, "Init:", terminated);
	} else if (why.n && !slice_eqs(why, "PodInitializing")) {
		set_reason(v, "Init:", why);
	} else {
		buf_clear(&v->reason);
		buf_printf(&v->reason, "Init:%zu/%zu", at, yyjson_mut_arr_size(json_get(spec, "initContainers")));
	}
	return true;
}

static bool view_init(struct pod_view *v, const yyjson_mut_val *pod) {
	yyjson_mut_val *spec = json_get(pod, "spec"), *s;
	size_t i, n;
	yyjson_mut_arr_foreach(json_path(pod, "status.initContainerStatuses"), i, n, s) {
		bool restartable = is_restartable(spec, json_path_str(s, "name"));
		note_restart(s, &v->restarts, &v->last_restart);
		if (restartable) note_restart(s, &v->restartable_restarts, &v->last_restartable_restart);
		if (init_holds(v, spec, s, restartable, i)) return true;
	}
	return false;
}

static void view_container(struct pod_view *v, const yyjson_mut_val *s, bool *running) {
	yyjson_mut_val *terminated = json_path(s, "state.terminated");
	struct slice waiting = json_path_str(s, "state.waiting.reason"), ended = json_path_str(terminated, "reason");
	note_restart(s, &v->restarts, &v->last_restart);
	if (waiting.n) {
		set_reason(v, "", waiting);
	} else if (ended.n) {
		set_reason(v, "", ended);
	} else if (terminated) {
		exit_reason(v, "", terminated);
	} else if (json_path_bool(s, "ready", false) && json_path(s, "state.running")) {
		*running = true;
		v->ready++;
	}
}

static void view_containers(struct pod_view *v, const yyjson_mut_val *pod) {
	yyjson_mut_val *list = json_path(pod, "status.containerStatuses");
	bool running = false;
	v->restarts = v->restartable_restarts;
	v->last_restart = v->last_restartable_restart;
	for (size_t i = yyjson_mut_arr_size(list); i > 0; i--) view_container(v, yyjson_mut_arr_get(list, i - 1), &running);
	if (running && slice_eqs(buf_slice(&v->reason), "Completed"))
		set_reason(v, "", cell_condition_true(pod, "Ready") ? SLICE_LIT("Running") : SLICE_LIT("NotReady"));
}

static void count_containers(struct pod_view *v, const yyjson_mut_val *pod) {
	yyjson_mut_val *c;
	size_t i, n;
	v->total = (int64_t)yyjson_mut_arr_size(json_path(pod, "spec.containers"));
	yyjson_mut_arr_foreach(json_path(pod, "spec.initContainers"), i, n, c)
		v->total += slice_eqs(json_path_str(c, "restartPolicy"), "Always");
}

static void view(struct pod_view *v, const yyjson_mut_val *pod) {
	struct slice phase = json_path_str(pod, "status.phase"), reason = json_path_str(pod, "status.reason");
	*v = (struct pod_view){ .reason = BUF_INIT(CELL_TEXT_MAX),
				.last_restart = INT64_MIN,
				.last_restartable_restart = INT64_MIN };
	set_reason(v, "", reason.n ? reason : phase);
	count_containers(v, pod);
	if (slice_eqs(json_path_str(cell_condition(pod, "status.conditions", "PodScheduled"), "reason"), "SchedulingGated"))
		set_reason(v, "", SLICE_LIT("SchedulingGated"));
	if (!view_init(v, pod) || cell_condition_true(pod, "Initialized")) view_containers(v, pod);
	if (!json_path(pod, "metadata.deletionTimestamp")) return;
	if (slice_eqs(reason, "NodeLost")) set_reason(v, "", SLICE_LIT("Unknown"));
	else if (!slice_eqs(phase, "Succeeded") && !slice_eqs(phase, "Failed")) set_reason(v, "", SLICE_LIT("Terminating"));
}

SCHEMA_CELL(pod_ready) {
	_cleanup_pod_view_ struct pod_view v;
	view(&v, obj);
	buf_printf(b, "\"%lld/%lld\"", (long long)v.ready, (long long)v.total);
	return buf_err(b);
}

SCHEMA_CELL(pod_status) {
	_cleanup_pod_view_ struct pod_view v;
	view(&v, obj);
	return cell_text(b, &v.reason, "");
}

SCHEMA_CELL(pod_restarts) {
	_cleanup_pod_view_ struct pod_view v;
	char age[CELL_AGE_MAX];
	view(&v, obj);
	if (v.restarts == 0 || v.last_restart == INT64_MIN) return buf_printf(b, "\"%lld\"", (long long)v.restarts);
	cell_span(now_sec - v.last_restart, age);
	return buf_printf(b, "\"%lld (%s ago)\"", (long long)v.restarts, age);
}

SCHEMA_CELL(pod_readiness_gates) {
	yyjson_mut_val *gates = json_path(obj, "spec.readinessGates"), *g;
	size_t i, n, met = 0;
	if (!yyjson_mut_arr_size(gates)) return cell_cstr(b, "<none>");
	yyjson_mut_arr_foreach(gates, i, n, g) {
		_cleanup_buf_ struct buf type = BUF_INIT(CELL_TEXT_MAX);
		buf_put_slice(&type, json_path_str(g, "conditionType"));
		buf_putc(&type, 0);
		met += !buf_err(&type) && cell_condition_true(obj, type.p);
	}
	return buf_printf(b, "\"%zu/%zu\"", met, n);
}

int schema_table_conditions(const struct schema_resource *r, const yyjson_mut_val *obj, struct buf *b) {
	struct slice phase = json_path_str(obj, "status.phase");
	if (r->is_custom || r->group[0] || strcmp(r->resource, "pods")) return buf_err(b);
	if (slice_eqs(phase, "Succeeded"))
		return buf_puts(b, "[{\"type\":\"Completed\",\"status\":\"True\",\"reason\":\"Succeeded\",\"message\":\"The pod "
				   "has completed successfully.\"}]");
	if (slice_eqs(phase, "Failed"))
		return buf_puts(
			b,
			"[{\"type\":\"Completed\",\"status\":\"True\",\"reason\":\"Failed\",\"message\":\"The pod failed.\"}]");
	return buf_err(b);
}
