/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Startup, liveness and readiness probes (pkg/kubelet/prober): a timer per probe, one action at a time. The startup probe
 * holds the other two back; without one a container counts as started at once, without a readiness probe as ready.
 */
#include "node/pod/action.h"
#include "node/pod/container.h"

#include "base/log.h"

#include <errno.h>
#include <stdio.h>

#define PROBE_AGENT "kube-probe/1.34"

struct probe {
	struct container *c;     /* NULL once stopped */
	enum probe_kind kind;
	uv_timer_t timer;
	struct action *action;
	unsigned successes, failures;
};

static const struct {
	const char *member, *label;
} kinds[PROBE_KINDS] = {
	[PROBE_STARTUP] = { "startupProbe", "Startup" }, [PROBE_LIVENESS] = { "livenessProbe", "Liveness" },
	[PROBE_READINESS] = { "readinessProbe", "Readiness" },
};

static const yyjson_mut_val *probe_spec(const struct container *c, enum probe_kind kind) {
	yyjson_mut_val *v = json_get(container_spec_of(c), kinds[kind].member);
	return v && !yyjson_mut_is_null(v) ? v : NULL;
}

static void set_flags(struct container *c, bool started, bool ready) {
	if (c->started == started && c->ready == ready) return;
	c->started = started;
	c->ready = ready;
	(void)pod_record_save(c->pod);
	pod_kick(c->pod);
}

static void restart_container(struct probe *p, const yyjson_mut_val *spec) {
	struct container *c = p->c;
	char why[512];
	int64_t grace = json_path_int(spec, "terminationGracePeriodSeconds", pod_grace_seconds(c->pod));
	snprintf(why, sizeof(why), "Container %s failed %s probe, will be restarted", c->name,
		 p->kind == PROBE_LIVENESS ? "liveness" : "startup");
	/* Stops all probes of the container, this one too. */
	container_end(c, (uint64_t)grace * 1000u, why);
	pod_kick(c->pod);
}

static void succeeded(struct probe *p, const yyjson_mut_val *spec) {
	struct container *c = p->c;
	p->failures = 0;
	p->successes++;
	if ((int64_t)p->successes < json_path_int(spec, "successThreshold", 1)) return;
	if (p->kind == PROBE_STARTUP) set_flags(c, true, c->ready || !probe_spec(c, PROBE_READINESS));
	if (p->kind == PROBE_READINESS) set_flags(c, c->started, true);
}

static void failed(struct probe *p, const yyjson_mut_val *spec, const char *message) {
	struct container *c = p->c;
	p->successes = 0;
	p->failures++;
	pod_event(c->pod, c, "Warning", "Unhealthy", "%s probe failed: %s", kinds[p->kind].label, message);
	if ((int64_t)p->failures < json_path_int(spec, "failureThreshold", 3)) return;
	if (p->kind == PROBE_READINESS) set_flags(c, c->started, false);
	else restart_container(p, spec);
}

static void on_result(void *ctx, const struct action_result *r) {
	struct probe *p = ctx;
	p->action = NULL;
	const yyjson_mut_val *spec = p->c ? probe_spec(p->c, p->kind) : NULL;
	if (!spec || p->c->state != CTR_RUNNING) return;
	if (r->ok) succeeded(p, spec);
	else failed(p, spec, r->message);
}

static void on_timer(uv_timer_t *t) {
	struct probe *p = t->data;
	const yyjson_mut_val *spec = probe_spec(p->c, p->kind);
	const char *why = NULL;
	if (p->action || !spec) return;
	/* Held back by the startup probe; which itself rests once it has succeeded. */
	if ((p->kind == PROBE_STARTUP) == p->c->started) return;
	uint64_t timeout = (uint64_t)json_path_int(spec, "timeoutSeconds", 1) * 1000u;
	int r = action_start(p->c, spec, timeout, PROBE_AGENT, on_result, p, &p->action, &why);
	if (r < 0) failed(p, spec, why ? why : strerror(-r));
}

static void on_closed(uv_handle_t *h) { free(h->data); }

static struct probe *probe_start(struct container *c, enum probe_kind kind, const yyjson_mut_val *spec) {
	struct probe *p = calloc(1, sizeof(*p));
	uv_loop_t *uv = loop_uv(c->pod->agent->loop);
	if (!p) return NULL;
	p->c = c;
	p->kind = kind;
	uv_timer_init(uv, &p->timer);
	p->timer.data = p;
	uint64_t delay = (uint64_t)json_path_int(spec, "initialDelaySeconds", 0) * 1000u;
	uint64_t period = (uint64_t)json_path_int(spec, "periodSeconds", 10) * 1000u;
	uv_update_time(uv);
	uv_timer_start(&p->timer, on_timer, delay, period ? period : 1000u);
	return p;
}

void container_probes_start(struct container *c) {
	bool any = false;
	for (int k = 0; k < PROBE_KINDS; k++) any = any || c->probes[k];
	if (any) return;
	bool startup = probe_spec(c, PROBE_STARTUP) != NULL, readiness = probe_spec(c, PROBE_READINESS) != NULL;
	/* After a restart of the agent what had started stays started. */
	bool started = c->started || !startup;
	set_flags(c, started, started && !readiness ? true : c->ready);
	for (int k = 0; k < PROBE_KINDS; k++) {
		const yyjson_mut_val *spec = probe_spec(c, (enum probe_kind)k);
		if (spec) c->probes[k] = probe_start(c, (enum probe_kind)k, spec);
	}
}

void container_probes_stop(struct container *c) {
	for (int k = 0; k < PROBE_KINDS; k++) {
		struct probe *p = TAKE_PTR(c->probes[k]);
		if (!p) continue;
		if (p->action) action_cancel(TAKE_PTR(p->action));
		p->c = NULL;
		uv_timer_stop(&p->timer);
		uv_close((uv_handle_t *)&p->timer, on_closed);
	}
}
