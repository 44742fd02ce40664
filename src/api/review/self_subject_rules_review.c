/* SPDX-License-Identifier: Apache-2.0 */
/* SelfSubjectRulesReview: everything I may do in a namespace (pkg/registry/authorization/selfsubjectrulesreview). */
#include "api/internal.h"
#include "api/review/review.h"

static bool put(yyjson_mut_doc *doc, yyjson_mut_val *rule, const char *name, const struct slice *v, size_t n) {
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	if (n == 0) return true;
	for (size_t i = 0; i < n; i++)
		if (!yyjson_mut_arr_append(list, yyjson_mut_strncpy(doc, v[i].p, v[i].n))) return false;
	return json_set(doc, rule, name, list);
}

/* A rule of resources, of URLs, or (never in practice) of both appears in each list it belongs to. */
static bool add_rule(yyjson_mut_doc *doc, yyjson_mut_val *resources, yyjson_mut_val *urls, const struct access_rule *r) {
	if (r->n_resources) {
		yyjson_mut_val *rule = yyjson_mut_obj(doc);
		if (!put(doc, rule, "verbs", r->verbs, r->n_verbs) || !put(doc, rule, "apiGroups", r->groups, r->n_groups) ||
		    !put(doc, rule, "resources", r->resources, r->n_resources) || !put(doc, rule, "resourceNames", r->names, r->n_names) ||
		    !yyjson_mut_arr_append(resources, rule))
			return false;
	}
	if (r->n_urls) {
		yyjson_mut_val *rule = yyjson_mut_obj(doc);
		if (!put(doc, rule, "verbs", r->verbs, r->n_verbs) || !put(doc, rule, "nonResourceURLs", r->urls, r->n_urls) || !yyjson_mut_arr_append(urls, rule)) return false;
	}
	return true;
}

static void answer(struct review *rv) {
	struct request *r = rv->r;
	yyjson_mut_doc *doc = rv->doc;
	struct access_rule *rules;
	size_t n;
	const char *errors = NULL;
	bool incomplete = false;
	struct slice ns = json_path_str(rv->obj, "spec.namespace");
	if (slice_empty(ns)) {
		request_status(r, status_bad_request(r->a, "no namespace on request"));
		return;
	}
	yyjson_mut_val *status = yyjson_mut_obj(doc), *resources = yyjson_mut_arr(doc), *urls = yyjson_mut_arr(doc);
	int e = access_rules_for(r->api->access, r->a, r->user, ns, &rules, &n, &errors, &incomplete);
	bool ok = e >= 0 && status && resources && urls;
	for (size_t i = 0; ok && i < n; i++) ok = add_rule(doc, resources, urls, &rules[i]);
	ok = ok && json_set(doc, status, "resourceRules", resources) && json_set(doc, status, "nonResourceRules", urls) &&
	     json_set_bool(doc, status, "incomplete", incomplete) && (!errors || json_set_str(doc, status, "evaluationError", slice_str(errors)));
	/* The question is not echoed. */
	ok = ok && json_set(doc, rv->obj, "metadata", yyjson_mut_obj(doc)) && json_set(doc, rv->obj, "spec", yyjson_mut_obj(doc)) && json_set(doc, rv->obj, "status", status);
	if (ok) review_done(rv);
	else request_status(r, status_no_memory());
}

void review_self_subject_rules(struct request *r) { review_start(r, r->res->type, r->res->group, r->res->version, r->res->kind, false, answer); }
