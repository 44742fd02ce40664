/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the admission plugins of admit/table.c over a write. */
#include "api/admit.h"

#include "api/internal.h"

#include <errno.h>

static bool takes(const struct admit_plugin *p, const struct admit *ad) {
	bool has = ad->validating ? p->validate != NULL : p->mutate != NULL;
	return has && (p->ops & ad->op) && (!p->handles || p->handles(ad));
}

static int call(const struct admit_plugin *p, struct admit *ad, const struct status **st) {
	return ad->validating ? p->validate(ad, st) : p->mutate(ad, st);
}

/* True when the mutating phase has to run again (apiserver's admission/reinvocation.go): once. */
static bool starts_over(struct admit *ad) {
	if (ad->validating || !ad->reinvoke || ad->reinvoking) return false;
	ad->reinvoking = true;
	ad->at = 0;
	return true;
}

static void go_on(struct admit *ad) {
	const struct admit_plugin *p;
	for (; (p = admit_plugins[ad->at]) || (starts_over(ad) && (p = admit_plugins[0])); ad->at++, ad->plugin_state = NULL) {
		const struct status *st = NULL;
		if (!takes(p, ad)) continue;
		int got = call(p, ad, &st);
		if (got == ADMIT_WAIT) return;
		if (got == ADMIT_DENY) {
			ad->done(ad, st ? st : status_no_memory());
			return;
		}
	}
	ad->done(ad, NULL);
}

void admit_run(struct admit *ad, bool validating) {
	ad->validating = validating;
	ad->at = 0;
	ad->plugin_state = NULL;
	go_on(ad);
}

void admit_again(struct admit *ad) { go_on(ad); }

int admit_also(struct admit *ad, const struct store_op *op) {
	if (ad->n_also >= ELEMENTSOF(ad->also)) {
		blob_unref(op->json);
		return -E2BIG;
	}
	ad->also[ad->n_also++] = *op;
	return 0;
}

const struct status *admit_forbidden(struct admit *ad, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	const char *why = arena_vprintf(ad->r->a, fmt, ap);
	va_end(ap);
	struct slice name = ad->name;
	if (slice_empty(name)) name = json_path_str(ad->obj, "metadata.name");
	if (slice_empty(name)) name = json_path_str(ad->obj, "metadata.generateName");
	if (slice_empty(name)) name = SLICE_LIT("Unknown");
	return why ? status_forbidden(ad->r->a, slice_str(ad->res->group), slice_str(ad->res->resource), name, why) : status_no_memory();
}

bool admit_is(const struct admit *ad, const char *group, const char *resource, const char *sub) {
	if (strcmp(ad->res->group, group) != 0 || strcmp(ad->res->resource, resource) != 0) return false;
	return sub ? ad->sub && !strcmp(ad->sub->name, sub) : !ad->sub;
}

yyjson_mut_val *admit_get(const struct admit *ad, const char *group, const char *resource, struct slice ns, struct slice name) {
	const char *path = arena_printf(ad->r->a, "%s/%s", group, resource);
	struct store_key key = { .resource = slice_str(path ? path : ""), .ns = ns, .name = name };
	struct store_obj *o = path ? store_get(ad->snap, &key) : NULL;
	yyjson_mut_doc *doc;
	struct json_error e;
	if (!o || json_parse(ad->r->a, blob_slice(o->json), &doc, &e) < 0) return NULL;
	return yyjson_mut_doc_get_root(doc);
}
