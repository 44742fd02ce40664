/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LimitRanger: a namespace's LimitRanges give containers default requests and limits, and bounds to containers, pods and claims
 * (plugin/pkg/admission/limitranger).
 */
#include "schema/quota/pod_amounts.h"
#include "api/admit/plugins.h"
#include "base/words.h"

#define ANNOTATION "kubernetes.io/limit-ranger"

static bool handles(const struct admit *ad) {
	if (admit_is(ad, "", "pods", "resize")) return true;
	if (admit_is(ad, "", "pods", NULL)) return ad->op == ADMIT_CREATE;
	return admit_is(ad, "", "persistentvolumeclaims", NULL);
}

static int deny(const struct status **ret_st, const struct status *st) {
	*ret_st = st;
	return ADMIT_DENY;
}

/* Calls fn for every LimitRange of the namespace until one is not ADMIT_OK. */
static int each_range(struct admit *ad, int (*fn)(struct admit *ad, const yyjson_mut_val *limits, const struct status **ret_st), const struct status **ret_st) {
	struct store_cursor cursor;
	struct store_obj *o;
	int r = ADMIT_OK;
	if (json_path(ad->old, "metadata.deletionTimestamp")) return ADMIT_OK;
	store_scan(ad->snap, SLICE_LIT("/limitranges"), ad->ns, NULL, &cursor);
	while (r == ADMIT_OK && (o = store_next(&cursor))) {
		yyjson_mut_doc *doc;
		struct json_error err;
		if (json_parse(ad->r->a, blob_slice(o->json), &doc, &err) < 0) return deny(ret_st, status_no_memory());
		r = fn(ad, json_path(yyjson_mut_doc_get_root(doc), "spec.limits"), ret_st);
	}
	return r;
}

/* ---- defaults ---- */

/* Fills what the container leaves out; notes `cpu, memory request for container c`. */
static bool fill(struct admit *ad, yyjson_mut_val *container, const char *part, const yyjson_mut_val *defaults, const char *what, struct words *notes) {
	struct words set = { .a = ad->r->a };
	yyjson_mut_val *key;
	if (!json_size(defaults)) return true;
	yyjson_mut_val *resources = json_ensure_obj(ad->doc, container, "resources"), *list = resources ? json_ensure_obj(ad->doc, resources, part) : NULL;
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with((yyjson_mut_val *)(uintptr_t)defaults);
	while ((key = yyjson_mut_obj_iter_next(&it))) {
		if (json_getn(list, json_str(key))) continue;
		if (!list || !json_setn(ad->doc, list, json_str(key), json_copy(ad->doc, yyjson_mut_obj_iter_get_val(key)))) return false;
		words_add(&set, json_str(key));
	}
	words_sort(&set);
	if (set.n)
		words_add(notes, slice_str(arena_printf(ad->r->a, "%s %s for %s %.*s", words_join(&set, ", "), strcmp(part, "limits") ? "request" : "limit", what,
							SLICE_FMT(json_path_str(container, "name")))));
	return !set.failed && !notes->failed;
}

static bool merge(struct admit *ad, yyjson_mut_val *into, const yyjson_mut_val *from) {
	yyjson_mut_val *key;
	if (!from) return true;
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with((yyjson_mut_val *)(uintptr_t)from);
	while ((key = yyjson_mut_obj_iter_next(&it)))
		if (!json_setn(ad->doc, into, json_str(key), json_copy(ad->doc, yyjson_mut_obj_iter_get_val(key)))) return false;
	return true;
}

static bool fill_all(struct admit *ad, const yyjson_mut_val *requests, const yyjson_mut_val *limits, struct words *notes) {
	static const struct { const char *list, *what; } rows[] = { { "containers", "container" }, { "initContainers", "init container" } };
	yyjson_mut_val *container;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		json_each(json_get(json_get(ad->obj, "spec"), rows[i].list), container)
			if (!fill(ad, container, "requests", requests, rows[i].what, notes) || !fill(ad, container, "limits", limits, rows[i].what, notes)) return false;
	return true;
}

static int apply_defaults(struct admit *ad, const yyjson_mut_val *limits, const struct status **ret_st) {
	yyjson_mut_val *item, *requests = yyjson_mut_obj(ad->doc), *maxima = yyjson_mut_obj(ad->doc);
	struct words notes = { .a = ad->r->a };
	bool ok = requests && maxima;
	json_each(limits, item) {
		if (!ok || !slice_eqs(json_path_str(item, "type"), "Container")) continue;
		ok = merge(ad, requests, json_get(item, "defaultRequest")) && merge(ad, maxima, json_get(item, "default"));
	}
	ok = ok && fill_all(ad, requests, maxima, &notes);
	if (ok && notes.n) {
		yyjson_mut_val *annotations = json_ensure_obj(ad->doc, ad->obj, "metadata.annotations");
		const char *text = arena_printf(ad->r->a, "LimitRanger plugin set: %s", words_join(&notes, "; "));
		ok = annotations && text && json_set_str(ad->doc, annotations, ANNOTATION, slice_str(text));
	}
	return ok ? ADMIT_OK : deny(ret_st, status_no_memory());
}

static int mutate(struct admit *ad, const struct status **ret_st) {
	return admit_is(ad, "", "pods", NULL) ? each_range(ad, apply_defaults, ret_st) : ADMIT_OK;
}

/* ---- bounds ---- */

struct bound {
	struct words *errs;
	const char *type;
	struct slice name;
	struct quantity enforced;
	const struct quantity *request, *limit;
};

static const char *text_of(struct arena *a, struct quantity q) {
	char text[QUANTITY_TEXT];
	quantity_format(q, text);
	const char *s = arena_strdup(a, text);
	return s ? s : "";
}

static void complain(const struct bound *b, const char *what, const char *rest) {
	struct arena *a = b->errs->a;
	words_add(b->errs, slice_str(arena_printf(a, "%s %.*s usage per %s is %s%s", what, SLICE_FMT(b->name), b->type, text_of(a, b->enforced), rest ? rest : "")));
}

static void check_min(const struct bound *b) {
	struct arena *a = b->errs->a;
	if (!b->request) complain(b, "minimum", ".  No request is specified");
	else if (quantity_cmp(*b->request, b->enforced) < 0) complain(b, "minimum", arena_printf(a, ", but request is %s", text_of(a, *b->request)));
	else if (b->limit && quantity_cmp(*b->limit, b->enforced) < 0) complain(b, "minimum", arena_printf(a, ", but limit is %s", text_of(a, *b->limit)));
}

static void check_max(const struct bound *b) {
	struct arena *a = b->errs->a;
	if (!b->limit) complain(b, "maximum", ".  No limit is specified");
	else if (quantity_cmp(*b->limit, b->enforced) > 0) complain(b, "maximum", arena_printf(a, ", but limit is %s", text_of(a, *b->limit)));
	else if (b->request && quantity_cmp(*b->request, b->enforced) > 0) complain(b, "maximum", arena_printf(a, ", but request is %s", text_of(a, *b->request)));
}

static void check_max_request(const struct bound *b) {
	struct arena *a = b->errs->a;
	if (!b->request) complain(b, "maximum", ".  No request is specified");
	else if (quantity_cmp(*b->request, b->enforced) > 0) complain(b, "maximum", arena_printf(a, ", but request is %s", text_of(a, *b->request)));
}

static void check_ratio(const struct bound *b) {
	struct arena *a = b->errs->a;
	const char *missing = !b->request || !b->request->nano ? "request" : !b->limit || !b->limit->nano ? "limit" : NULL;
	const char *start = arena_printf(a, "%.*s max limit to request ratio per %s is %s, but ", SLICE_FMT(b->name), b->type, text_of(a, b->enforced));
	if (!start) start = "";
	if (missing) {
		words_add(b->errs, slice_str(arena_printf(a, "%sno %s is specified or %s is 0", start, missing, missing)));
		return;
	}
	double ratio = (double)b->limit->nano / (double)b->request->nano;
	if (ratio * 1000 > (double)quantity_milli(b->enforced)) words_add(b->errs, slice_str(arena_printf(a, "%sprovided ratio is %f", start, ratio)));
}

struct subject { const struct amounts *requests, *limits; bool claim; };

static void check_item(struct words *errs, const yyjson_mut_val *item, const struct subject *s) {
	const struct { const char *list; void (*check)(const struct bound *b); } rows[] = {
		{ "min", check_min }, { "max", s->claim ? check_max_request : check_max }, { "maxLimitRequestRatio", s->claim ? NULL : check_ratio },
	};
	const char *type = arena_slice_str(errs->a, json_path_str(item, "type"));
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct amounts bounds = { .a = errs->a };
		if (!rows[i].check) continue;
		amounts_add_list(&bounds, json_get(item, rows[i].list));
		errs->failed |= bounds.failed || !type;
		for (size_t j = 0; j < bounds.n && type; j++)
			rows[i].check(&(struct bound){ errs, type, bounds.v[j].name, bounds.v[j].q, amounts_get(s->requests, bounds.v[j].name),
						       s->limits ? amounts_get(s->limits, bounds.v[j].name) : NULL });
	}
}

static void check_containers(struct words *errs, const yyjson_mut_val *item, const yyjson_mut_val *list) {
	yyjson_mut_val *c;
	json_each(list, c) {
		struct amounts requests = { .a = errs->a }, limits = { .a = errs->a };
		amounts_add_list(&requests, json_path(c, "resources.requests"));
		amounts_add_list(&limits, json_path(c, "resources.limits"));
		check_item(errs, item, &(struct subject){ &requests, &limits, false });
	}
}

static void check_pod(struct words *errs, const yyjson_mut_val *item, const yyjson_mut_val *spec) {
	if (slice_eqs(json_path_str(item, "type"), "Container")) {
		check_containers(errs, item, json_get(spec, "containers"));
		check_containers(errs, item, json_get(spec, "initContainers"));
	} else if (slice_eqs(json_path_str(item, "type"), "Pod")) {
		struct amounts requests = pod_amounts(errs->a, spec, "requests"), limits = pod_amounts(errs->a, spec, "limits");
		check_item(errs, item, &(struct subject){ &requests, &limits, false });
	}
}

static void check_claim(struct words *errs, const yyjson_mut_val *item, const yyjson_mut_val *spec) {
	struct amounts requests = { .a = errs->a };
	if (!slice_eqs(json_path_str(item, "type"), "PersistentVolumeClaim")) return;
	amounts_add_list(&requests, json_path(spec, "resources.requests"));
	check_item(errs, item, &(struct subject){ &requests, NULL, true });
}

/* One complaint stands for itself, several are a list (an aggregate's text, which has each once). */
static int check_range(struct admit *ad, const yyjson_mut_val *limits, const struct status **ret_st) {
	struct words errs = { .a = ad->r->a }, once = { .a = ad->r->a };
	yyjson_mut_val *item;
	bool claim = strcmp(ad->res->resource, "persistentvolumeclaims") == 0;
	json_each(limits, item) (claim ? check_claim : check_pod)(&errs, item, json_get(ad->obj, "spec"));
	for (size_t i = 0; i < errs.n; i++) words_add_once(&once, errs.v[i]);
	if (errs.failed) return deny(ret_st, status_no_memory());
	if (!once.n) return ADMIT_OK;
	return deny(ret_st, admit_forbidden(ad, once.n > 1 ? "[%s]" : "%s", words_join(&once, ", ")));
}

static int validate(struct admit *ad, const struct status **ret_st) { return each_range(ad, check_range, ret_st); }

const struct admit_plugin admit_limit_ranger = {
	.name = "LimitRanger",
	.ops = ADMIT_CREATE | ADMIT_UPDATE,
	.handles = handles,
	.mutate = mutate,
	.validate = validate,
};
