/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PodSecurity: a namespace's labels say which level of the pod security standards its pods are held to, and which only warned
 * about (KEP-2579). Workloads are not refused: their pods will be. No exemptions; without labels everything is privileged.
 */
#include "api/admit/plugins.h"
#include "api/admit/pod_security/policy.h"

#define LABEL "pod-security.kubernetes.io/"
/* Existing pods looked at when a namespace's level is raised. */
#define PODS_MAX 3000

/* The audit level is read for its faults only: there is no audit log. */
struct ns_policy { struct ps_policy enforce, audit, warn; };

static int deny(const struct status **ret_st, const struct status *st) {
	*ret_st = st;
	return ADMIT_DENY;
}

/* ---- labels ---- */

#define BAD_LEVEL "must be one of privileged, baseline, restricted"
#define BAD_VERSION "must be \"latest\" or \"v1.x\""

static bool level_parse(struct slice s, enum ps_level *ret) {
	static const char *const names[] = { "privileged", "baseline", "restricted" };
	*ret = PS_RESTRICTED;
	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		if (slice_eqs(s, names[i])) {
			*ret = (enum ps_level)i;
			return true;
		}
	return false;
}

static bool version_parse(struct slice s, unsigned *ret) {
	uint64_t minor;
	*ret = PS_LATEST;
	if (slice_eqs(s, "latest")) return true;
	struct slice digits = slice_from(s, 3);
	if (!slice_starts(s, SLICE_LIT("v1.")) || slice_empty(digits) || (digits.n > 1 && digits.p[0] == '0')) return false;
	if (slice_uint(digits, PS_LATEST - 1, &minor) < 0) return false;
	*ret = (unsigned)minor;
	return true;
}

struct faults { struct words labels, values, whys; };

static void fault(struct faults *f, const char *label, struct slice value, const char *why) {
	words_add(&f->labels, slice_str(label));
	words_add(&f->values, value);
	words_add(&f->whys, slice_str(why));
}

/* Returns whether there is a level label; *ret_good whether it is a level. */
static bool read_mode(const yyjson_mut_val *labels, const char *level_label, const char *version_label, struct ps_policy *p, bool *ret_good,
		      bool *ret_version, struct faults *f) {
	const yyjson_mut_val *level = json_get(labels, level_label), *version = json_get(labels, version_label);
	*ret_good = level && level_parse(json_str(level), &p->level);
	if (level && !*ret_good) fault(f, level_label, json_str(level), BAD_LEVEL);
	if (version && !version_parse(json_str(version), &p->minor)) fault(f, version_label, json_str(version), BAD_VERSION);
	*ret_version = version != NULL;
	return level != NULL;
}

static struct ns_policy read_labels(const yyjson_mut_val *labels, struct faults *f) {
	struct ns_policy p = { { PS_PRIVILEGED, PS_LATEST }, { PS_PRIVILEGED, PS_LATEST }, { PS_PRIVILEGED, PS_LATEST } };
	bool enforced, good, version;
	read_mode(labels, LABEL "enforce", LABEL "enforce-version", &p.enforce, &enforced, &version, f);
	/* What does not enforce fails open. */
	if (read_mode(labels, LABEL "audit", LABEL "audit-version", &p.audit, &good, &version, f) && !good) p.audit.level = PS_PRIVILEGED;
	bool warned = read_mode(labels, LABEL "warn", LABEL "warn-version", &p.warn, &good, &version, f);
	if (warned && !good) p.warn.level = PS_PRIVILEGED;
	if (!warned && enforced && p.enforce.level > p.warn.level) {
		p.warn.level = p.enforce.level;
		if (!version) p.warn.minor = p.enforce.minor;
	}
	return p;
}

static struct faults faults_new(struct arena *a) { return (struct faults){ { .a = a }, { .a = a }, { .a = a } }; }

/* ---- pods and templates ---- */

static bool images_differ(const yyjson_mut_val *a, const yyjson_mut_val *b) {
	yyjson_mut_val *one, *other = json_first(b);
	if (json_size(a) != json_size(b)) return true;
	yyjson_mut_arr_iter it = json_arr_iter(b);
	json_each(a, one) {
		other = yyjson_mut_arr_iter_next(&it);
		if (!slice_eq(json_path_str(one, "image"), json_path_str(other, "image"))) return true;
	}
	return false;
}

static bool ephemeral_differ(const yyjson_mut_val *now, const yyjson_mut_val *was) {
	yyjson_mut_val *c, *o;
	json_each(now, c) {
		bool same = false;
		json_each(was, o)
			if (slice_eq(json_path_str(o, "name"), json_path_str(c, "name"))) same = slice_eq(json_path_str(o, "image"), json_path_str(c, "image"));
		if (!same) return true;
	}
	return false;
}

/* An update matters when it brings containers or images. */
static bool is_significant(const struct admit *ad) {
	const yyjson_mut_val *now = json_get(ad->obj, "spec"), *was = json_get(ad->old, "spec");
	return images_differ(json_get(now, "containers"), json_get(was, "containers")) ||
	       images_differ(json_get(now, "initContainers"), json_get(was, "initContainers")) ||
	       ephemeral_differ(json_get(now, "ephemeralContainers"), json_get(was, "ephemeralContainers"));
}

static int check_pod(struct admit *ad, const yyjson_mut_val *from, bool enforce, const struct status **ret_st) {
	struct arena *a = ad->r->a;
	struct faults f = faults_new(a);
	const yyjson_mut_val *ns = admit_get(ad, "", "namespaces", SLICE_NULL, ad->ns);
	struct ns_policy p = read_labels(json_path(ns, "metadata.labels"), &f);
	struct ps_pod pod = { a, json_get(from, "metadata"), json_get(from, "spec") };
	const char *found = enforce ? ps_violations(&pod, p.enforce, NULL) : NULL;
	if (found) return deny(ret_st, admit_forbidden(ad, "violates PodSecurity \"%s\": %s", ps_policy_text(a, p.enforce), found));
	found = ps_violations(&pod, p.warn, NULL);
	const char *warning = found ? arena_printf(a, "would violate PodSecurity \"%s\": %s", ps_policy_text(a, p.warn), found) : NULL;
	if (warning) request_warn(ad->r, warning);
	return ADMIT_OK;
}

/* ---- namespaces ---- */

static const struct status *invalid_labels(struct admit *ad, const struct faults *f) {
	struct arena *a = ad->r->a;
	struct schema_errors errs = { 0 };
	errs.v = arena_array(a, f->labels.n, sizeof(*errs.v));
	if (!errs.v || f->labels.failed || f->values.failed || f->whys.failed) return status_no_memory();
	for (size_t i = 0; i < f->labels.n; i++) {
		const char *field = arena_printf(a, "metadata.labels[%.*s]", SLICE_FMT(f->labels.v[i]));
		const char *body = arena_printf(a, "Invalid value: %s: %.*s", status_quote(a, f->values.v[i]), SLICE_FMT(f->whys.v[i]));
		if (!field || !body) return status_no_memory();
		errs.v[errs.n++] = (struct schema_error){ .type = "FieldValueInvalid", .field = field, .body = body };
	}
	return status_invalid(a, SLICE_NULL, SLICE_LIT("Namespace"), json_path_str(ad->obj, "metadata.name"), &errs);
}

/* Pods that fail for the same reasons are one warning. */
struct group { const char *reasons; struct slice first; size_t n; };
struct survey { struct group *v; size_t n, checked, total; };

static void survey_add(struct survey *s, const char *reasons, struct slice name) {
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].reasons, reasons) == 0) {
			if (slice_cmp(name, s->v[i].first) < 0) s->v[i].first = name;
			s->v[i].n++;
			return;
		}
	s->v[s->n++] = (struct group){ reasons, name, 1 };
}

static bool survey_pods(struct admit *ad, struct slice ns, struct ps_policy p, struct survey *s) {
	const struct schema_resource *res = schema_find(SLICE_NULL, SLICE_LIT("v1"), SLICE_LIT("pods"));
	struct store_cursor cursor;
	struct store_obj *o;
	s->total = store_count(ad->snap, SLICE_LIT("/pods"), ns);
	size_t max = s->total < PODS_MAX ? s->total : PODS_MAX;
	s->v = arena_array(ad->r->a, max + 1, sizeof(*s->v));
	if (!s->v || !res) return false;
	store_scan(ad->snap, SLICE_LIT("/pods"), ns, NULL, &cursor);
	for (; s->checked < max && (o = store_next(&cursor)); s->checked++) {
		yyjson_mut_doc *doc = request_parse(ad->r->a, res, o);
		yyjson_mut_val *root = doc ? yyjson_mut_doc_get_root(doc) : NULL;
		struct ps_pod pod = { ad->r->a, json_get(root, "metadata"), json_get(root, "spec") };
		const char *reasons = NULL;
		if (root && ps_violations(&pod, p, &reasons) && reasons) survey_add(s, reasons, json_path_str(root, "metadata.name"));
	}
	return true;
}

static void warn_about_pods(struct admit *ad, struct slice ns, struct ps_policy p) {
	struct survey s = { 0 };
	struct words warnings = { .a = ad->r->a };
	struct arena *a = ad->r->a;
	if (!survey_pods(ad, ns, p, &s)) return;
	if (s.checked < s.total)
		request_warn(ad->r, arena_printf(a, "new PodSecurity enforce level only checked against the first %zu of %zu existing pods", s.checked, s.total));
	if (s.n)
		request_warn(ad->r, arena_printf(a, "existing pods in namespace \"%.*s\" violate the new PodSecurity enforce level \"%s\"", SLICE_FMT(ns),
						 ps_policy_text(a, p)));
	for (size_t i = 0; i < s.n; i++) {
		const struct group *g = &s.v[i];
		const char *more = g->n == 1 ? "" : g->n == 2 ? " (and 1 other pod)" : arena_printf(a, " (and %zu other pods)", g->n - 1);
		words_add(&warnings, slice_str(arena_printf(a, "%.*s%s: %s", SLICE_FMT(g->first), more ? more : "", g->reasons)));
	}
	words_sort(&warnings);
	for (size_t i = 0; i < warnings.n; i++) request_warn(ad->r, warnings.v[i].p);
}

static bool same_faults(const struct faults *a, const struct faults *b) {
	if (a->labels.n != b->labels.n) return false;
	for (size_t i = 0; i < a->labels.n; i++)
		if (!slice_eq(a->labels.v[i], b->labels.v[i]) || !slice_eq(a->values.v[i], b->values.v[i])) return false;
	return true;
}

static int check_namespace(struct admit *ad, const struct status **ret_st) {
	struct faults now = faults_new(ad->r->a), was = faults_new(ad->r->a);
	struct ns_policy p = read_labels(json_path(ad->obj, "metadata.labels"), &now), q = read_labels(json_path(ad->old, "metadata.labels"), &was);
	if (now.labels.n && (ad->op == ADMIT_CREATE || !same_faults(&now, &was))) return deny(ret_st, invalid_labels(ad, &now));
	if (ad->op == ADMIT_CREATE || p.enforce.level == PS_PRIVILEGED) return ADMIT_OK;
	if (p.enforce.minor == q.enforce.minor && p.enforce.level <= q.enforce.level) return ADMIT_OK;
	warn_about_pods(ad, json_path_str(ad->obj, "metadata.name"), p.enforce);
	return ADMIT_OK;
}

/* ---- the plugin ---- */

static const struct { const char *group, *resource, *sub, *template; } rows[] = {
	{ "", "namespaces", NULL, NULL },
	{ "", "pods", NULL, NULL },
	{ "", "pods", "ephemeralcontainers", NULL },
	{ "", "pods", "resize", NULL },
	{ "", "podtemplates", NULL, "template" },
	{ "", "replicationcontrollers", NULL, "spec.template" },
	{ "apps", "replicasets", NULL, "spec.template" },
	{ "apps", "deployments", NULL, "spec.template" },
	{ "apps", "statefulsets", NULL, "spec.template" },
	{ "apps", "daemonsets", NULL, "spec.template" },
	{ "batch", "jobs", NULL, "spec.template" },
	{ "batch", "cronjobs", NULL, "spec.jobTemplate.spec.template" },
};

static size_t row_of(const struct admit *ad) {
	size_t i = 0;
	while (i < ELEMENTSOF(rows) && !admit_is(ad, rows[i].group, rows[i].resource, rows[i].sub)) i++;
	return i;
}

static bool handles(const struct admit *ad) { return row_of(ad) < ELEMENTSOF(rows); }

static int validate(struct admit *ad, const struct status **ret_st) {
	size_t i = row_of(ad);
	if (i == 0) return check_namespace(ad, ret_st);
	if (rows[i].template) {
		const yyjson_mut_val *template = json_path(ad->obj, rows[i].template);
		return template ? check_pod(ad, template, false, ret_st) : ADMIT_OK;
	}
	return ad->op == ADMIT_UPDATE && !is_significant(ad) ? ADMIT_OK : check_pod(ad, ad->obj, true, ret_st);
}

const struct admit_plugin admit_pod_security = {
	.name = "PodSecurity",
	.ops = ADMIT_CREATE | ADMIT_UPDATE,
	.handles = handles,
	.validate = validate,
};
