/* SPDX-License-Identifier: Apache-2.0 */
/* POST: a new object (apiserver's handlers/create.go). */
#include "api/meta.h"
#include "api/verbs.h"
#include "api/write.h"

struct creation {
	yyjson_mut_doc *doc; /* the body, as decoded and defaulted */
};

/* Every attempt starts from the body: what admission of an earlier one changed is not kept. */
static const struct status *transform(struct write *w) {
	const struct creation *c = w->ctx;
	w->doc = json_doc(w->r->a);
	w->obj = w->doc ? json_copy(w->doc, yyjson_mut_doc_get_root(c->doc)) : NULL;
	if (!w->obj) return status_no_memory();
	yyjson_mut_doc_set_root(w->doc, w->obj);
	w->generated = false;
	return NULL;
}

static const struct status *read_body(struct request *r, struct write *w, struct creation *c) {
	if (negotiate_body(request_get_header(r, "content-type")) == MEDIA_NONE) return status_unsupported_body();
	if (r->x->body_too_large) return status_too_large(r->a, "limit is 3145728");
	const struct status *st = options_write(r->a, &r->query, "CreateOptions", false, &w->opt);
	if (!st) st = request_decode(r, r->res->type, r->res->group, r->res->version, r->res->kind, w->opt.validation, &c->doc);
	if (st) return st;
	yyjson_mut_val *root = yyjson_mut_doc_get_root(c->doc);
	st = meta_check_namespace(r->a, r->res, r->info.ns, c->doc, root);
	if (st) return st;
	meta_clear_system(root);
	return schema_default(r->res->type, c->doc, root) < 0 ? status_no_memory() : NULL;
}

void create_handle(struct request *r) {
	struct write *w = write_new(r);
	struct creation *c = arena_new_of(r->a, struct creation);
	const struct status *st = w && c ? read_body(r, w, c) : status_no_memory();
	if (st) {
		request_status(r, st);
		return;
	}
	w->op = WRITE_CREATE;
	w->transform = transform;
	w->ctx = c;
	write_start(w);
}
