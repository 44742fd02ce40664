/* SPDX-License-Identifier: Apache-2.0 */
#include "api/webhook/question.h"

#include "api/convert.h"
#include "api/resources.h"
#include "api/webhook/match.h"

#include <errno.h>

/* ---- whether ---- */

static const struct { enum admit_op op; const char *name; const char *options; } operations[] = {
	{ ADMIT_CREATE, "CREATE", "CreateOptions" }, { ADMIT_UPDATE, "UPDATE", "UpdateOptions" },
	{ ADMIT_DELETE, "DELETE", "DeleteOptions" }, { ADMIT_CONNECT, "CONNECT", NULL },
};

static size_t operation_of(const struct admit *ad) {
	for (size_t i = 0; i < ELEMENTSOF(operations); i++)
		if (operations[i].op == ad->op) return i;
	return 0;
}

static bool is_namespace(const struct admit *ad) { return !*ad->res->group && !strcmp(ad->res->resource, "namespaces"); }

static struct slice name_of(const struct admit *ad) { return ad->name.n ? ad->name : json_path_str(ad->obj ? ad->obj : ad->old, "metadata.name"); }

/* Namespaces count as lying in themselves. */
static struct slice namespace_of(const struct admit *ad) { return is_namespace(ad) ? name_of(ad) : ad->ns; }

static const struct status *match_namespace(struct admit *ad, const struct webhook *w, bool *ret) {
	struct slice ns = namespace_of(ad);
	*ret = true;
	if (!w->namespaces.n || slice_empty(ns)) return NULL;
	const yyjson_mut_val *o = ad->obj;
	if (!is_namespace(ad) || ad->sub || !(ad->op & (ADMIT_CREATE | ADMIT_UPDATE))) o = admit_get(ad, "", "namespaces", SLICE_NULL, ns);
	if (!o) return status_not_found(ad->r->a, SLICE_NULL, SLICE_LIT("namespaces"), ns);
	*ret = labels_match(&w->namespaces, json_path(o, "metadata.labels"));
	return NULL;
}

static bool match_object(const struct webhook *w, const struct admit *ad) {
	if (!w->objects.n) return true;
	const yyjson_mut_val *states[] = { ad->op == ADMIT_CONNECT ? NULL : ad->obj, ad->old };
	for (size_t i = 0; i < ELEMENTSOF(states); i++)
		if (states[i] && labels_match(&w->objects, json_path(states[i], "metadata.labels"))) return true;
	return false;
}

static bool fits(const struct admit *ad, const struct webhook *w, const struct schema_resource *res) {
	struct webhook_subject s = {
		.operation = operations[operation_of(ad)].name, .group = slice_str(res->group), .version = slice_str(res->version),
		.resource = slice_str(res->resource), .subresource = ad->sub ? slice_str(ad->sub->name) : SLICE_NULL,
		.in_namespace = ad->ns.n > 0 && !is_namespace(ad),
	};
	return webhook_rules_match(w->rules, &s);
}

static bool same_objects(const struct schema_resource *a, const struct schema_resource *b) {
	return !strcmp(a->storage_group, b->storage_group) && !strcmp(a->storage_resource, b->storage_resource) &&
	       (strcmp(a->group, b->group) != 0 || strcmp(a->version, b->version) != 0);
}

/* Another version of the same objects that the rules name. */
static const struct schema_resource *equivalent(struct admit *ad, const struct webhook *w) {
	for (size_t i = 0; !ad->res->is_custom && i < schema_builtin_count(); i++)
		if (same_objects(ad->res, schema_builtin(i)) && fits(ad, w, schema_builtin(i))) return schema_builtin(i);
	yyjson_mut_val *rule, *v;
	json_each(ad->res->is_custom ? w->rules : NULL, rule) {
		json_each(json_get(rule, "apiVersions"), v) {
			const struct schema_resource *res =
				resources_find(ad->r->api, ad->r->a, slice_str(ad->res->group), json_str(v), slice_str(ad->res->resource));
			if (res && same_objects(ad->res, res) && fits(ad, w, res)) return res;
		}
	}
	return NULL;
}

/* There are no expressions here: they fail as an expression does that cannot be evaluated. */
static const struct status *judge_conditions(struct admit *ad, const struct webhook *w, struct webhook_match *m) {
	if (!m->matches || !w->conditional) return NULL;
	m->matches = false;
	if (w->fail_open) return NULL;
	return admit_forbidden(ad, "match conditions of webhook %s cannot be evaluated: this server does not evaluate CEL expressions", status_quote(ad->r->a, w->name));
}

const struct status *webhook_match(struct admit *ad, const struct webhook *w, struct webhook_match *ret) {
	bool in_namespace;
	*ret = (struct webhook_match){ 0 };
	if (webhook_exempts(slice_str(ad->res->group), slice_str(ad->res->resource))) return NULL;
	const struct status *st = match_namespace(ad, w, &in_namespace);
	if (!in_namespace || !match_object(w, ad)) return NULL;
	ret->as = fits(ad, w, ad->res) ? ad->res : w->equivalent ? equivalent(ad, w) : NULL;
	ret->matches = ret->as != NULL;
	/* What is wrong with the namespace only matters to a webhook that would be called. */
	if (st) return ret->matches ? st : NULL;
	return judge_conditions(ad, w, ret);
}

/* ---- versions ---- */

const struct schema_type *webhook_type_of(const struct admit *ad, const struct schema_resource *as) {
	const struct schema_subresource *s = ad->sub;
	if (!s || !strcmp(s->kind, ad->res->kind)) return as->type;
	return s->type ? s->type : schema_type_of_kind(slice_str(s->group), slice_str(s->version), slice_str(s->kind));
}

yyjson_mut_val *webhook_version_of(struct admit *ad, const struct schema_resource *as, const yyjson_mut_val *obj, yyjson_mut_doc **ret_doc) {
	yyjson_mut_doc *doc = json_doc(ad->r->a);
	yyjson_mut_val *copy = doc ? json_copy(doc, obj) : NULL;
	if (!copy) return NULL;
	yyjson_mut_doc_set_root(doc, copy);
	bool own_kind = ad->sub && strcmp(ad->sub->kind, ad->res->kind) != 0;
	if (as != ad->res && !own_kind && (convert_to_stored(ad->res, doc, copy) < 0 || convert_to_served(as, doc, copy) < 0)) return NULL;
	if (ret_doc) *ret_doc = doc;
	return copy;
}

/* ---- the text ---- */

static void put_member(struct buf *b, const char *name, struct slice value) {
	buf_printf(b, "\"%s\":", name);
	json_write_string(b, value);
	buf_putc(b, ',');
}

static void put_triple(struct buf *b, const char *name, const char *group, const char *version, const char *last, const char *word) {
	buf_printf(b, "\"%s\":{\"group\":\"%s\",\"version\":\"%s\",\"%s\":\"%s\"},", name, group, version, last, word);
}

static void put_kind(const struct admit *ad, const struct schema_resource *res, const char *name, struct buf *b) {
	const struct schema_subresource *s = ad->sub && strcmp(ad->sub->kind, ad->res->kind) != 0 ? ad->sub : NULL;
	if (s) put_triple(b, name, s->group, s->version, "kind", s->kind);
	else put_triple(b, name, res->group, res->version, "kind", res->kind);
}

static void put_names(const struct admit *ad, const struct schema_resource *as, struct buf *b) {
	struct slice sub = ad->sub ? slice_str(ad->sub->name) : SLICE_NULL, ns = namespace_of(ad);
	put_kind(ad, as, "kind", b);
	put_triple(b, "resource", as->group, as->version, "resource", as->resource);
	if (sub.n) put_member(b, "subResource", sub);
	put_kind(ad, ad->res, "requestKind", b);
	put_triple(b, "requestResource", ad->res->group, ad->res->version, "resource", ad->res->resource);
	if (sub.n) put_member(b, "requestSubResource", sub);
	if (name_of(ad).n) put_member(b, "name", name_of(ad));
	if (ns.n) put_member(b, "namespace", ns);
}

static void put_list(struct buf *b, const struct slice *v, size_t n) {
	buf_putc(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i) buf_putc(b, ',');
		json_write_string(b, v[i]);
	}
	buf_putc(b, ']');
}

static void put_user(const struct access_user *u, struct buf *b) {
	buf_puts(b, "\"userInfo\":{\"username\":");
	json_write_string(b, u->name);
	if (u->uid.n) buf_puts(b, ",\"uid\":"), json_write_string(b, u->uid);
	if (u->n_groups) buf_puts(b, ",\"groups\":"), put_list(b, u->groups, u->n_groups);
	for (size_t i = 0; i < u->n_extra; i++) {
		buf_puts(b, i ? "," : ",\"extra\":{");
		json_write_string(b, u->extra[i].key);
		buf_putc(b, ':');
		put_list(b, u->extra[i].values, u->extra[i].n_values);
	}
	buf_puts(b, u->n_extra ? "}}," : "},");
}

static int put_object(struct admit *ad, const struct schema_resource *as, const char *name, const yyjson_mut_val *obj, struct buf *b) {
	buf_printf(b, "\"%s\":", name);
	if (!obj) return buf_puts(b, "null,");
	const yyjson_mut_val *seen = as == ad->res ? obj : webhook_version_of(ad, as, obj, NULL);
	if (!seen) return -ENOMEM;
	int err = schema_encode_json(webhook_type_of(ad, as), seen, b);
	return err ? err : buf_putc(b, ',');
}

static const char *const write_words[] = { "fieldManager", "fieldValidation" };

static void put_word(struct buf *b, const char *name, struct slice value) {
	if (!value.n) return;
	buf_printf(b, ",\"%s\":", name);
	json_write_string(b, value);
}

static void put_delete_options(const struct delete_options *d, struct buf *b) {
	static const char *const policies[] = { NULL, "Orphan", "Background", "Foreground" };
	if (d->grace >= 0) buf_printf(b, ",\"gracePeriodSeconds\":%lld", (long long)d->grace);
	if (d->uid.p || d->rv.p) {
		buf_puts(b, ",\"preconditions\":{");
		if (d->uid.p) buf_puts(b, "\"uid\":"), json_write_string(b, d->uid);
		if (d->uid.p && d->rv.p) buf_putc(b, ',');
		if (d->rv.p) buf_puts(b, "\"resourceVersion\":"), json_write_string(b, d->rv);
		buf_putc(b, '}');
	}
	if (d->has_orphan) buf_printf(b, ",\"orphanDependents\":%s", d->orphan ? "true" : "false");
	put_word(b, "propagationPolicy", slice_str(policies[d->propagation]));
}

/* The options of the request as they came. */
static void put_options(const struct admit *ad, struct buf *b) {
	const char *kind = operations[operation_of(ad)].options;
	if (!kind) {
		buf_puts(b, "\"options\":null");
		return;
	}
	buf_printf(b, "\"options\":{\"kind\":\"%s\",\"apiVersion\":\"meta.k8s.io/v1\"", kind);
	if (ad->delete_options) put_delete_options(ad->delete_options, b);
	if (ad->dry_run) buf_puts(b, ",\"dryRun\":[\"All\"]");
	for (size_t i = 0; !ad->delete_options && i < ELEMENTSOF(write_words); i++) put_word(b, write_words[i], query_get(&ad->r->query, write_words[i]));
	buf_putc(b, '}');
}

int webhook_question_rest(struct admit *ad, const struct schema_resource *as, struct buf *b) {
	buf_puts(b, "\",");
	put_names(ad, as, b);
	buf_printf(b, "\"operation\":\"%s\",", operations[operation_of(ad)].name);
	put_user(ad->r->user, b);
	int err = put_object(ad, as, "object", ad->obj, b);
	if (!err) err = put_object(ad, as, "oldObject", ad->old, b);
	if (err) return err;
	buf_printf(b, "\"dryRun\":%s,", ad->dry_run ? "true" : "false");
	put_options(ad, b);
	buf_puts(b, "}}");
	return buf_err(b);
}

int webhook_question_head(enum webhook_version version, struct slice uid, struct buf *b) {
	buf_printf(b, "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/%s\",\"request\":{\"uid\":\"%.*s", version == WEBHOOK_V1BETA1 ? "v1beta1" : "v1",
		   SLICE_FMT(uid));
	return buf_err(b);
}
