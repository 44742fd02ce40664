/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/rollout.h"
#include "ctl/tree.h"

#include <errno.h>

static const struct flag flags[] = {
	{ "revision", FLAG_INT, "0", 0, NULL, "wait for this revision; 0: the newest" },
	{ "timeout", FLAG_DURATION, "0s", 0, NULL, "how long; 0: for ever" },
	{ "watch", FLAG_BOOL, "true", 'w', NULL, "watch until it is done" },
	{ 0 },
};

struct progress {
	struct ctl *c;
	const struct info *i;
	int (*look)(struct progress *s, const yyjson_mut_val *root);
	bool seen, timed_out;
};

static long long number(const yyjson_mut_val *root, const char *path) { return (long long)json_path_int(root, path, 0); }
static bool observed(const yyjson_mut_val *root) { return number(root, "metadata.generation") <= number(root, "status.observedGeneration"); }

static bool deadline_passed(const yyjson_mut_val *root) {
	yyjson_mut_val *v;
	json_each(json_path(root, "status.conditions"), v) {
		if (!strcmp(text_at(v, "type"), "Progressing") && !strcmp(text_at(v, "reason"), "ProgressDeadlineExceeded")) return true;
	}
	return false;
}

/* 1: done; 0: go on; negative: a fault is noted. */
static int look_deployment(struct progress *s, const yyjson_mut_val *root) {
	struct ctl *c = s->c;
	const char *name = s->i->name;
	long long want = flag_int(&c->flags, "revision"), replicas = number(root, "spec.replicas"), updated = number(root, "status.updatedReplicas");
	long long all = number(root, "status.replicas"), available = number(root, "status.availableReplicas"), revision = 0;
	(void)slice_int(json_str(json_get(json_path(root, "metadata.annotations"), "deployment.kubernetes.io/revision")), 0, INT64_MAX, (int64_t *)&revision);
	if (want > 0 && want != revision)
		return (void)ctl_fail(c, "desired revision (%lld) is different from the running revision (%lld)", want, revision), -EINVAL;
	if (!observed(root)) return ctl_out(c, "Waiting for deployment spec update to be observed...\n"), 0;
	if (deadline_passed(root)) return (void)ctl_fail(c, "deployment \"%s\" exceeded its progress deadline", name), -EINVAL;
	if (updated < replicas)
		ctl_out(c, "Waiting for deployment \"%s\" rollout to finish: %lld out of %lld new replicas have been updated...\n", name, updated, replicas);
	else if (all > updated)
		ctl_out(c, "Waiting for deployment \"%s\" rollout to finish: %lld old replicas are pending termination...\n", name, all - updated);
	else if (available < updated)
		ctl_out(c, "Waiting for deployment \"%s\" rollout to finish: %lld of %lld updated replicas are available...\n", name, available, updated);
	else return ctl_out(c, "deployment \"%s\" successfully rolled out\n", name), 1;
	return 0;
}

static int only_rolling(struct progress *s, const yyjson_mut_val *root) {
	if (!strcmp(text_at(root, "spec.updateStrategy.type"), "RollingUpdate")) return 0;
	return (void)ctl_fail(s->c, "rollout status is only available for RollingUpdate strategy type"), -EINVAL;
}

static int look_daemon_set(struct progress *s, const yyjson_mut_val *root) {
	struct ctl *c = s->c;
	long long want = number(root, "status.desiredNumberScheduled"), updated = number(root, "status.updatedNumberScheduled");
	if (only_rolling(s, root)) return -EINVAL;
	if (!observed(root)) return ctl_out(c, "Waiting for daemon set spec update to be observed...\n"), 0;
	if (updated < want)
		ctl_out(c, "Waiting for daemon set \"%s\" rollout to finish: %lld out of %lld new pods have been updated...\n", s->i->name, updated, want);
	else if (number(root, "status.numberAvailable") < want)
		ctl_out(c, "Waiting for daemon set \"%s\" rollout to finish: %lld of %lld updated pods are available...\n", s->i->name,
			number(root, "status.numberAvailable"), want);
	else return ctl_out(c, "daemon set \"%s\" successfully rolled out\n", s->i->name), 1;
	return 0;
}

static int look_stateful_set(struct progress *s, const yyjson_mut_val *root) {
	struct ctl *c = s->c;
	long long replicas = number(root, "spec.replicas"), ready = number(root, "status.readyReplicas"), updated = number(root, "status.updatedReplicas");
	const yyjson_mut_val *rolling = json_path(root, "spec.updateStrategy.rollingUpdate");
	const char *update = text_at(root, "status.updateRevision"), *current = text_at(root, "status.currentRevision");
	if (only_rolling(s, root)) return -EINVAL;
	if (!number(root, "status.observedGeneration") || !observed(root)) return ctl_out(c, "Waiting for statefulset spec update to be observed...\n"), 0;
	if (ready < replicas) return ctl_out(c, "Waiting for %lld pods to be ready...\n", replicas - ready), 0;
	if (rolling) {
		long long part = replicas - number(rolling, "partition");
		if (json_get(rolling, "partition") && updated < part)
			return ctl_out(c, "Waiting for partitioned roll out to finish: %lld out of %lld new pods have been updated...\n", updated, part), 0;
		return ctl_out(c, "partitioned roll out complete: %lld new pods have been updated...\n", updated), 1;
	}
	if (strcmp(update, current) != 0)
		return ctl_out(c, "waiting for statefulset rolling update to complete %lld pods at revision %s...\n", updated, update), 0;
	ctl_out(c, "statefulset rolling update complete %lld pods at revision %s...\n", number(root, "status.currentReplicas"), current);
	return 1;
}

static const struct { const char *kind; int (*look)(struct progress *s, const yyjson_mut_val *root); } kinds[] = {
	{ "DaemonSet", look_daemon_set }, { "Deployment", look_deployment }, { "StatefulSet", look_stateful_set },
};

static int on_state(void *ctx, const yyjson_mut_val *root) {
	struct progress *s = ctx;
	struct ctl *c = s->c;
	if (!root) return s->seen ? ((void)ctl_fail(c, "object has been deleted"), -ENOENT) : 0;
	s->seen = true;
	int r = s->look(s, root);
	(void)sink_flush(&c->out);
	return r == 0 && !flag_on(&c->flags, "watch") ? 1 : r;
}

static void on_end(void *ctx, const struct k8c_error *err) {
	struct progress *s = ctx;
	s->timed_out = err && err->err == -ETIMEDOUT;
	if (err && !s->timed_out && !s->c->faults.n) (void)ctl_fail_api(s->c, err, NULL);
}

static int status_one(struct ctl *c, const struct info *i) {
	static const struct k8c_wait_handler h = { on_state, on_end };
	struct progress s = { .c = c, .i = i };
	struct k8c_target t = { .group = i->r->group, .version = i->r->version, .resource = i->r->name, .name = i->name, .ns = i->ns };
	int64_t ms = flag_int(&c->flags, "timeout") / 1000000;
	for (size_t k = 0; k < ELEMENTSOF(kinds); k++)
		if (!strcmp(i->r->kind, kinds[k].kind)) s.look = kinds[k].look;
	if (!s.look) return ctl_fail(c, "no status viewer has been implemented for %s", i->r->kind);
	(void)k8c_wait_wait(c->client, &t, ms <= 0 ? 0 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms, &h, &s);
	return s.timed_out ? ctl_fail(c, "timed out waiting for the condition") : c->faults.n > 0;
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	struct infos l = { 0 };
	if (flag_int(&c->flags, "revision") < 0) return ctl_fail(c, "revision must be a positive integer: %lld", (long long)flag_int(&c->flags, "revision"));
	if (rollout_pick(c, args, n, &l)) return 1;
	for (size_t i = 0; i < l.n; i++)
		if (status_one(c, &l.v[i])) return 1;
	return c->faults.n > 0;
}

static const struct flag *const tables[] = { flags, rollout_flags, file_flags, NULL };
const struct command rollout_status = { "status", NULL, "TYPE NAME | -f FILE", "Tell how far a rollout is", tables, run, NULL };
