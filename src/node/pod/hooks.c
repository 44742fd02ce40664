/* SPDX-License-Identifier: Apache-2.0 */
/* postStart and preStop (pkg/kubelet/lifecycle). */
#include "node/pod/action.h"
#include "node/pod/container.h"

#include "base/log.h"

#include <errno.h>

#define HOOK_AGENT "kube-lifecycle/1.34"

struct hook {
	struct container *c;
	bool post_start;
};

static void hook_failed(struct hook *h, const char *message) {
	struct container *c = h->c;
	const char *event = h->post_start ? "FailedPostStartHook" : "FailedPreStopHook";
	pod_event(c->pod, c, "Warning", event, "%s: %s", h->post_start ? "PostStartHook failed" : "PreStopHook failed", message);
	if (!h->post_start || c->state != CTR_RUNNING) return;
	/* A container whose start hook fails is ended and dealt with as its restartPolicy says. */
	container_end(c, (uint64_t)pod_grace_seconds(c->pod) * 1000u, "FailedPostStartHook");
}

static void on_done(void *ctx, const struct action_result *r) {
	struct hook *h = ctx;
	struct container *c = h->c;
	if (!h->post_start) c->hook_running = false;
	if (!r->ok) hook_failed(h, r->message);
	pod_kick(c->pod);
	pod_unref(c->pod);
	free(h);
}

bool container_hook_start(struct container *c, const char *which, uint64_t timeout_ms) {
	const yyjson_mut_val *spec = json_get(json_get(container_spec_of(c), "lifecycle"), which);
	const char *why = NULL;
	struct action *action;
	if (!spec || yyjson_mut_is_null((yyjson_mut_val *)spec)) return false;
	struct hook *h = malloc(sizeof(*h));
	if (!h) return false;
	*h = (struct hook){ c, which[1] == 'o' };
	int r = action_start(c, spec, timeout_ms, HOOK_AGENT, on_done, h, &action, &why);
	if (r == 0) {
		pod_ref(c->pod);
		return true;
	}
	hook_failed(h, why ? why : strerror(-r));
	free(h);
	return false;
}
