/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/pod.h"
#include "ctl/session.h"
#include "ctl/tree.h"

#include <errno.h>

#define DEFAULT_CONTAINER "kubectl.kubernetes.io/default-container"

const struct resource pod_resource = { .group = "", .version = "v1", .name = "pods", .kind = "Pod", .singular = "pod", .namespaced = true };

int pod_object(struct ctl *c, const char *const *args, size_t n, struct info *ret) {
	struct pick p = { .args = args, .n = n, .flags = PICK_NEED_NAMES };
	struct infos l = { 0 };
	*ret = (struct info){ .r = &pod_resource, .name = args[0], .ns = session_namespace(c) };
	if (!ret->ns) return 1;
	if (n > 1 || strchr(args[0], '/')) {
		if (infos_args(c, &p, &l)) return 1;
		if (l.n != 1) return ctl_fail(c, "expected a resource");
		*ret = l.v[0];
	}
	return info_fetch(c, ret, true, NULL) ? 1 : 0;
}

/* ---- what selects pods ---- */

static void add_expression(struct ctl *c, struct strings *s, const yyjson_mut_val *e) {
	const char *op = text_at(e, "operator"), *key = text_at(e, "key");
	struct strings values = { 0 };
	yyjson_mut_val *v;
	json_each(json_get(e, "values"), v) strings_add(c, &values, text_of(v));
	const char *list = strings_join(c, &values, ",");
	if (!strcmp(op, "In")) strings_add(c, s, ctl_printf(c, "%s in (%s)", key, list));
	else if (!strcmp(op, "NotIn")) strings_add(c, s, ctl_printf(c, "%s notin (%s)", key, list));
	else strings_add(c, s, ctl_printf(c, "%s%s", !strcmp(op, "Exists") ? "" : "!", key));
}

static const char *selector_text(struct ctl *c, yyjson_mut_val *labels, const yyjson_mut_val *expressions) {
	struct strings s = { 0 };
	yyjson_mut_val *k, *v;
	size_t i, n;
	yyjson_mut_obj_foreach(labels, i, n, k, v) strings_add(c, &s, ctl_printf(c, "%s=%s", text_of(k), text_of(v)));
	json_each(expressions, v) add_expression(c, &s, v);
	strings_sort(&s);
	return strings_join(c, &s, ",");
}

const char *pod_selector(struct ctl *c, const struct info *obj, const char *doing) {
	static const char *const selecting[] = { "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job" };
	static const char *const plain[] = { "Service", "ReplicationController" };
	yyjson_mut_val *selector = json_path(obj->doc->root, "spec.selector");
	const char *kind = obj->r->kind, *text = "";
	for (size_t i = 0; i < ELEMENTSOF(selecting); i++)
		if (!strcmp(kind, selecting[i])) text = selector_text(c, json_get(selector, "matchLabels"), json_get(selector, "matchExpressions"));
	for (size_t i = 0; i < ELEMENTSOF(plain); i++)
		if (!strcmp(kind, plain[i])) text = selector_text(c, selector, NULL);
	if (*text) return text;
	if (!strcmp(kind, "Service"))
		(void)ctl_fail(c, "%s *v1.Service: invalid service '%s': Service is defined without a selector", doing, obj->name);
	else
		(void)ctl_fail(c, "%s *%s.%s: selector for *%s.%s not implemented", doing, obj->r->version, kind, obj->r->version, kind);
	return "";
}

/* ---- which pod first ---- */

static int phase_rank(const yyjson_mut_val *pod) {
	static const char *const phases[] = { "Running", "Unknown", "Pending" };
	const char *phase = text_at(pod, "status.phase");
	for (size_t i = 0; i < ELEMENTSOF(phases); i++)
		if (!strcmp(phase, phases[i])) return (int)i;
	return (int)ELEMENTSOF(phases);
}

static const yyjson_mut_val *ready_condition(const yyjson_mut_val *pod) {
	yyjson_mut_val *v;
	json_each(json_path(pod, "status.conditions"), v)
		if (!strcmp(text_at(v, "type"), "Ready") && !strcmp(text_at(v, "status"), "True")) return v;
	return NULL;
}

static int by_worth(const void *a, const void *b) {
	const yyjson_mut_val *x = ((const struct info *)a)->doc->root, *y = ((const struct info *)b)->doc->root;
	const yyjson_mut_val *rx = ready_condition(x), *ry = ready_condition(y);
	int placed = !*text_at(x, "spec.nodeName") - !*text_at(y, "spec.nodeName"), phase = phase_rank(x) - phase_rank(y), ready = !rx - !ry;
	if (placed) return placed;
	if (phase) return phase;
	if (ready) return ready;
	int since = rx ? strcmp(text_at(rx, "lastTransitionTime"), text_at(ry, "lastTransitionTime")) : 0;
	return since ? since : strcmp(text_at(x, "metadata.creationTimestamp"), text_at(y, "metadata.creationTimestamp"));
}

void pods_sort(struct infos *l) {
	if (l->n) qsort(l->v, l->n, sizeof(*l->v), by_worth);
}

/* ---- waiting for a first pod ---- */

struct first {
	struct ctl *c;
	yyjson_mut_doc *doc;
	bool done;
};

static void on_event(void *ctx, const struct k8c_event *e) {
	struct first *f = ctx;
	struct slice text = slice_of(e->object);
	const char *msg;
	if (f->doc || e->type == K8C_DELETED || e->type == K8C_BOOKMARK) return;
	if (tree_parse(f->c, text, &f->doc, &msg) < 0) f->doc = NULL;
}

static void on_end(void *ctx, const struct k8c_error *err) {
	struct first *f = ctx;
	f->done = true;
	if (err && err->err != -ECANCELED) (void)ctl_fail_api(f->c, err, NULL);
}

static int wait_first(struct ctl *c, const char *ns, const char *selector, int64_t timeout_ns, struct infos *l) {
	static const struct k8c_watch_handler h = { on_event, on_end };
	struct k8c_watch_options o = { .size = sizeof(o), .target = { .version = "v1", .resource = "pods", .ns = ns }, .label_selector = selector };
	struct first f = { .c = c };
	struct k8c_call *call = NULL;
	uint64_t end = env_mono(c->env) + (uint64_t)(timeout_ns > 0 ? timeout_ns : 0);
	int r = k8c_watch_start(c->client, &o, &h, &f, &call);
	while (r == 0 && !f.done && !f.doc) {
		uint64_t now = env_mono(c->env);
		if (now >= end) break;
		r = k8c_client_run_once(c->client, (int)((end - now) / 1000000u) + 1);
	}
	if (r == 0 && !f.done) k8c_call_cancel(call);
	if (r < 0) return ctl_fail(c, "%s", strerror(-r));
	if (!f.doc) return c->faults.n ? 1 : ctl_fail(c, "timed out waiting for the condition");
	infos_add(c, l, &(struct info){ .r = &pod_resource, .ns = ns, .name = text_at(f.doc->root, "metadata.name"), .doc = f.doc });
	return 0;
}

int pod_of(struct ctl *c, const struct info *obj, const char *doing, int64_t timeout_ns, struct info *ret, size_t *ret_n) {
	struct infos l = { 0 };
	if (ret_n) *ret_n = 1;
	if (!strcmp(obj->r->kind, "Pod") && !*obj->r->group) {
		*ret = *obj;
		return 0;
	}
	const char *selector = pod_selector(c, obj, doing);
	struct pick p = { .selector = selector, .chunk = 500 };
	if (!*selector || info_list(c, &(struct info){ .r = &pod_resource, .ns = obj->ns }, &p, &l)) return 1;
	if (!l.n && wait_first(c, obj->ns, selector, timeout_ns, &l)) return 1;
	pods_sort(&l);
	*ret = l.v[0];
	if (ret_n) *ret_n = l.n;
	return 0;
}

/* ---- containers ---- */

static const struct { const char *list, *suffix; } lists[] = {
	{ "containers", "" }, { "ephemeralContainers", " (ephem)" }, { "initContainers", " (init)" },
};

yyjson_mut_val *pod_container(const yyjson_mut_val *pod, const char *name, const char **ret_list) {
	yyjson_mut_val *v;
	for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
		json_each(json_get(json_get(pod, "spec"), lists[i].list), v) {
			if (strcmp(text_at(v, "name"), name) != 0) continue;
			if (ret_list) *ret_list = lists[i].list;
			return v;
		}
	}
	return NULL;
}

const char *pod_container_names(struct ctl *c, const yyjson_mut_val *pod) {
	struct strings names = { 0 };
	yyjson_mut_val *v;
	for (size_t i = 0; i < ELEMENTSOF(lists); i++)
		json_each(json_get(json_get(pod, "spec"), lists[i].list), v)
			strings_add(c, &names, ctl_printf(c, "%s%s", text_at(v, "name"), lists[i].suffix));
	return strings_join(c, &names, ", ");
}

yyjson_mut_val *pod_container_or_default(struct ctl *c, const yyjson_mut_val *pod, const char *name, bool quiet) {
	const char *pod_name = text_at(pod, "metadata.name");
	if (*name) {
		yyjson_mut_val *found = pod_container(pod, name, NULL);
		if (!found) (void)ctl_fail(c, "container %s not found in pod %s", name, pod_name);
		return found;
	}
	yyjson_mut_val *first = json_first(json_path(pod, "spec.containers"));
	if (!first) {
		(void)ctl_fail(c, "pod %s/%s does not have any containers", text_at(pod, "metadata.namespace"), pod_name);
		return NULL;
	}
	const char *chosen = text_of(json_get(json_path(pod, "metadata.annotations"), DEFAULT_CONTAINER));
	yyjson_mut_val *found = *chosen ? pod_container(pod, chosen, NULL) : NULL;
	if (found) return found;
	const char *names = pod_container_names(c, pod);
	if (!quiet && strchr(names, ','))
		ctl_err(c, "Defaulted container %s out of: %s\n", ctl_quote(c, slice_str(text_at(first, "name"))), names);
	return first;
}

/* ---- waiting ---- */

int pod_timeout(struct ctl *c) {
	return flag_int(&c->flags, "pod-running-timeout") > 0 ? 0 : ctl_usage(c, "--pod-running-timeout must be higher than zero");
}

struct waiting {
	struct ctl *c;
	int (*check)(void *ctx, const yyjson_mut_val *root);
	yyjson_mut_doc *doc;
};

static int on_check(void *ctx, const yyjson_mut_val *root) {
	struct waiting *w = ctx;
	if (!root) return -ENOENT;
	int r = w->check(NULL, root);
	if (r == 1) w->doc = tree_copy(w->c, root);
	return r;
}

static void on_held(void *ctx, const struct k8c_error *err) {
	struct waiting *w = ctx;
	if (err && err->err == -ETIMEDOUT) (void)ctl_fail(w->c, "timed out waiting for the condition");
	else if (err && err->status == 0 && err->err == -ENOENT) (void)ctl_fail_text(w->c, "Error from server (NotFound): pods \"\" not found");
	else if (err) (void)ctl_fail_api(w->c, err, NULL);
}

int pod_wait(struct ctl *c, struct info *i, int64_t timeout_ns, int (*check)(void *ctx, const yyjson_mut_val *root)) {
	static const struct k8c_wait_handler h = { on_check, on_held };
	struct k8c_target t = { .version = "v1", .resource = "pods", .ns = i->ns, .name = i->name };
	struct waiting w = { .c = c, .check = check };
	int64_t ms = timeout_ns / 1000000;
	size_t faults = c->faults.n;
	int r = k8c_wait_wait(c->client, &t, ms <= 0 ? 0 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms, &h, &w);
	if (c->faults.n > faults) return 1;
	if (!w.doc) return ctl_fail(c, "%s", strerror(r < 0 ? -r : EIO));
	i->doc = w.doc;
	return 0;
}
