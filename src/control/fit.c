/* SPDX-License-Identifier: Apache-2.0 */
#include "control/fit.h"
#include "codec/labels.h"
#include "codec/quantity.h"

/* ---- resources ---- */

static int64_t amount(const yyjson_mut_val *list, const char *name, bool milli) {
	struct quantity q;
	const char *msg;
	struct slice text = json_str(json_get(list, name));
	if (slice_empty(text) || quantity_parse(text, &q, &msg) < 0) return 0;
	return milli ? quantity_milli(q) : quantity_value(q);
}

static struct fit_use use_of(const yyjson_mut_val *list) {
	return (struct fit_use){ amount(list, "cpu", true), amount(list, "memory", false), amount(list, "ephemeral-storage", false), 0 };
}

static int64_t max64(int64_t a, int64_t b) { return a > b ? a : b; }

static void use_add(struct fit_use *a, struct fit_use b) {
	a->cpu += b.cpu;
	a->memory += b.memory;
	a->ephemeral += b.ephemeral;
}

static void use_max(struct fit_use *a, struct fit_use b) {
	a->cpu = max64(a->cpu, b.cpu);
	a->memory = max64(a->memory, b.memory);
	a->ephemeral = max64(a->ephemeral, b.ephemeral);
}

struct fit_use fit_requests(const yyjson_mut_val *pod) {
	struct fit_use sum = { .pods = 1 }, sidecars = { 0 }, init = { 0 };
	yyjson_mut_val *list = json_path(pod, "spec.containers"), *c;
	if (list)
		json_each(list, c) use_add(&sum, use_of(json_path(c, "resources.requests")));
	list = json_path(pod, "spec.initContainers");
	if (list)
		json_each(list, c) {
			struct fit_use one = use_of(json_path(c, "resources.requests"));
			if (slice_eqs(json_path_str(c, "restartPolicy"), "Always")) {
				use_add(&sidecars, one);
				use_max(&init, sidecars);
			} else {
				use_add(&one, sidecars);
				use_max(&init, one);
			}
		}
	use_add(&sum, sidecars);
	use_max(&sum, init);
	const yyjson_mut_val *whole = json_path(pod, "spec.resources.requests"); /* pod level resources (KEP-2837) */
	if (json_get(whole, "cpu")) sum.cpu = amount(whole, "cpu", true);
	if (json_get(whole, "memory")) sum.memory = amount(whole, "memory", false);
	use_add(&sum, use_of(json_path(pod, "spec.overhead")));
	return sum;
}

struct fit_use fit_allocatable(const yyjson_mut_val *node) {
	const yyjson_mut_val *list = json_path(node, "status.allocatable");
	if (!list) list = json_path(node, "status.capacity");
	struct fit_use u = use_of(list);
	u.pods = amount(list, "pods", false);
	return u;
}

static const char *resources_fit(struct arena *a k8c_unused, const yyjson_mut_val *pod k8c_unused, const struct fit_use *w, const struct fit_node *n) {
	const struct { int64_t wants, used, has; const char *why; } rows[] = {
		{ 1, n->used.pods, n->has.pods, "Too many pods" },
		{ w->cpu, n->used.cpu, n->has.cpu, "Insufficient cpu" },
		{ w->memory, n->used.memory, n->has.memory, "Insufficient memory" },
		{ w->ephemeral, n->used.ephemeral, n->has.ephemeral, "Insufficient ephemeral-storage" },
	};
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		if (rows[i].wants && rows[i].wants > rows[i].has - rows[i].used) return rows[i].why;
	return NULL;
}

/* ---- node selection ---- */

static int64_t number_of(struct slice s, bool *ok) {
	int64_t v = 0;
	*ok = slice_int(s, INT64_MIN, INT64_MAX, &v) == 0;
	return v;
}

static bool has_value(const yyjson_mut_val *values, struct slice v) {
	yyjson_mut_val *one;
	if (!values) return false;
	json_each(values, one)
		if (slice_eq(json_str(one), v)) return true;
	return false;
}

/* One nodeSelectorRequirement against a value (p NULL: the label is not there). */
static bool requirement(const yyjson_mut_val *r, struct slice value) {
	struct slice op = json_path_str(r, "operator");
	const yyjson_mut_val *values = json_get(r, "values");
	bool ok, ok2;
	if (slice_eqs(op, "In")) return value.p && has_value(values, value);
	if (slice_eqs(op, "NotIn")) return !value.p || !has_value(values, value);
	if (slice_eqs(op, "Exists")) return value.p;
	if (slice_eqs(op, "DoesNotExist")) return !value.p;
	if (!value.p || !json_size(values)) return false;
	int64_t have = number_of(value, &ok), want = number_of(json_str(json_first(values)), &ok2);
	return ok && ok2 && (slice_eqs(op, "Gt") ? have > want : slice_eqs(op, "Lt") && have < want);
}

static bool term_matches(const yyjson_mut_val *term, const yyjson_mut_val *node) {
	yyjson_mut_val *list = json_get(term, "matchExpressions"), *r;
	size_t n = 0;
	if (list)
		json_each(list, r) {
			n++;
			if (!requirement(r, json_str(json_getn(json_path(node, "metadata.labels"), json_path_str(r, "key"))))) return false;
		}
	list = json_get(term, "matchFields");
	if (list)
		json_each(list, r) {
			n++;
			if (!slice_eqs(json_path_str(r, "key"), "metadata.name") || !requirement(r, json_path_str(node, "metadata.name"))) return false;
		}
	return n > 0;
}

static bool terms_match(const yyjson_mut_val *terms, const yyjson_mut_val *node) {
	yyjson_mut_val *term;
	if (!terms) return true;
	json_each(terms, term)
		if (term_matches(term, node)) return true;
	return false;
}

static const char *selector_fits(struct arena *a, const yyjson_mut_val *pod, const struct fit_use *w k8c_unused, const struct fit_node *n) {
	struct labels_selector s;
	bool ok = labels_from_map(a, json_path(pod, "spec.nodeSelector"), &s) == 0 && labels_match(&s, json_path(n->node, "metadata.labels"));
	ok = ok && terms_match(json_path(pod, "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"), n->node);
	return ok ? NULL : "node(s) didn't match Pod's node affinity/selector";
}

/* ---- taints ---- */

static bool tolerated(const yyjson_mut_val *pod, const yyjson_mut_val *taint) {
	yyjson_mut_val *list = json_path(pod, "spec.tolerations"), *t;
	if (!list) return false;
	json_each(list, t) {
		struct slice key = json_path_str(t, "key"), effect = json_path_str(t, "effect");
		if (!slice_empty(effect) && !slice_eq(effect, json_path_str(taint, "effect"))) continue;
		if (!slice_empty(key) && !slice_eq(key, json_path_str(taint, "key"))) continue;
		if (slice_eqs(json_path_str(t, "operator"), "Exists") || slice_eq(json_path_str(t, "value"), json_path_str(taint, "value"))) return true;
	}
	return false;
}

static const char *taints_fit(struct arena *a, const yyjson_mut_val *pod, const struct fit_use *w k8c_unused, const struct fit_node *n) {
	yyjson_mut_val *list = json_path(n->node, "spec.taints"), *taint;
	if (!list) return NULL;
	json_each(list, taint) {
		if (slice_eqs(json_path_str(taint, "effect"), "PreferNoSchedule") || tolerated(pod, taint)) continue;
		struct slice value = json_path_str(taint, "value");
		return arena_printf(a, "node(s) had untolerated taint {%.*s: %.*s}", SLICE_FMT(json_path_str(taint, "key")), SLICE_FMT(value));
	}
	return NULL;
}

static const char *schedulable(struct arena *a k8c_unused, const yyjson_mut_val *pod, const struct fit_use *w k8c_unused, const struct fit_node *n) {
	static const char taint[] = "{\"key\":\"node.kubernetes.io/unschedulable\",\"effect\":\"NoSchedule\"}";
	yyjson_mut_doc *doc;
	struct json_error err;
	if (!json_path_bool(n->node, "spec.unschedulable", false)) return NULL;
	if (json_parse(a, slice_make(taint, sizeof(taint) - 1), &doc, &err) == 0 && tolerated(pod, yyjson_mut_doc_get_root(doc))) return NULL;
	return "node(s) were unschedulable";
}

/* ---- host ports ---- */

const struct fit_ports *fit_host_ports(struct arena *a, const yyjson_mut_val *pod, const struct fit_ports *next) {
	yyjson_mut_val *containers = json_path(pod, "spec.containers"), *c, *p;
	if (!containers) return next;
	json_each(containers, c) {
		yyjson_mut_val *ports = json_get(c, "ports");
		if (!ports) continue;
		json_each(ports, p) {
			int64_t number = json_path_int(p, "hostPort", 0);
			struct fit_ports *one = number ? arena_new_of(a, struct fit_ports) : NULL;
			if (!one) continue;
			*one = (struct fit_ports){ number, json_path_str(p, "protocol"), json_path_str(p, "hostIP"), next };
			next = one;
		}
	}
	return next;
}

static bool any_ip(struct slice ip) { return slice_empty(ip) || slice_eqs(ip, "0.0.0.0"); }

static const char *ports_fit(struct arena *a, const yyjson_mut_val *pod, const struct fit_use *w k8c_unused, const struct fit_node *n) {
	for (const struct fit_ports *want = fit_host_ports(a, pod, NULL); want; want = want->next)
		for (const struct fit_ports *used = n->ports; used; used = used->next)
			if (want->port == used->port && slice_eq(want->protocol, used->protocol) &&
			    (any_ip(want->ip) || any_ip(used->ip) || slice_eq(want->ip, used->ip)))
				return "node(s) didn't have free ports for the requested pod ports";
	return NULL;
}

const char *fit_check(struct arena *a, const yyjson_mut_val *pod, const struct fit_use *wants, const struct fit_node *n) {
	static const char *(*const filters[])(struct arena *, const yyjson_mut_val *, const struct fit_use *, const struct fit_node *) = {
		schedulable, taints_fit, selector_fits, ports_fit, resources_fit,
	};
	for (size_t i = 0; i < ELEMENTSOF(filters); i++) {
		const char *why = filters[i](a, pod, wants, n);
		if (why) return why;
	}
	return NULL;
}

/* ---- score ---- */

static int64_t free_share(int64_t wants, int64_t used, int64_t has) {
	return has <= 0 || used + wants > has ? 0 : (has - used - wants) * 100 / has;
}

int64_t fit_score(struct arena *a k8c_unused, const yyjson_mut_val *pod, const struct fit_use *w, const struct fit_node *n) {
	int64_t score = (free_share(w->cpu, n->used.cpu, n->has.cpu) + free_share(w->memory, n->used.memory, n->has.memory) +
			 free_share(1, n->used.pods, n->has.pods)) / 3;
	yyjson_mut_val *list = json_path(pod, "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution"), *p;
	if (list)
		json_each(list, p)
			if (term_matches(json_get(p, "preference"), n->node)) score += json_path_int(p, "weight", 0);
	return score;
}
