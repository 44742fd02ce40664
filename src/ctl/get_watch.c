/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/get_watch.h"
#include "client/jsonslice.h"
#include "ctl/table.h"
#include "ctl/tree.h"

struct watching {
	struct ctl *c;
	struct printer *printer;
	struct table table;
	struct jsonstream stream;
	const char *rv;
	bool done, events;
};

static const char *base_query(struct ctl *c, const struct pick *p, const struct info *i) {
	struct buf q = BUF_INIT(65536);
	query_add(&q, "labelSelector", p->selector);
	query_add(&q, "fieldSelector", i->name ? ctl_printf(c, "metadata.name=%s", i->name) : p->field_selector);
	return ctl_take(c, &q).p;
}

static int show(struct watching *w, yyjson_mut_val *obj, const char *type) {
	struct ctl *c = w->c;
	yyjson_mut_val *v;
	if (!w->printer) {
		table_add(c, &w->table, obj, type);
		table_flush(c, &w->table);
	} else if (json_get(obj, "items") && slice_ends(json_path_str(obj, "kind"), SLICE_LIT("List"))) {
		json_each(json_get(obj, "items"), v) if (show(w, v, type)) return 1;
	} else {
		if (w->events) {
			yyjson_mut_doc *doc = tree_new(c);
			tree_put(c, doc, doc->root, "type", type);
			tree_set(c, doc, doc->root, "object", obj);
			obj = doc->root;
		}
		if (printer_print(c, w->printer, obj)) return 1;
	}
	(void)sink_flush(&c->out);
	return 0;
}

static int on_event(void *ctx, const char *key, struct slice json) {
	struct watching *w = ctx;
	yyjson_mut_doc *doc;
	const char *msg;
	(void)key;
	if (tree_parse(w->c, json, &doc, &msg) < 0) return ctl_fail(w->c, "unable to decode an event from the watch stream: %s", msg), -1;
	const char *type = text_at(doc->root, "type");
	if (!strcmp(type, "BOOKMARK")) return 0;
	if (!strcmp(type, "ERROR")) return ctl_fail(w->c, "an error on the server has ended the watch: %s", text_at(doc->root, "object.message")), -1;
	return show(w, json_get(doc->root, "object"), type) ? -1 : 0;
}

static void on_data(void *ctx, struct k8c_bytes bytes) {
	struct watching *w = ctx;
	if (!w->done && jsonstream_feed(&w->stream, slice_of(bytes)) < 0) w->done = true;
}

static void on_done(void *ctx, const struct k8c_response *res, const struct k8c_error *err) {
	struct watching *w = ctx;
	(void)res;
	w->done = true;
	if (err) (void)ctl_fail_api(w->c, err, NULL);
}

static int first(struct watching *w, const struct pick *p, const struct info *i) {
	struct ctl *c = w->c;
	yyjson_mut_doc *doc;
	struct call call = { .path = resource_path(c, i->r, i->ns, i->name, NULL), .query = i->name ? NULL : base_query(c, p, i),
			     .accept = w->printer ? NULL : TABLE_ACCEPT };
	if (session_json(c, &call, &doc)) return 1;
	w->rv = text_at(doc->root, "metadata.resourceVersion");
	return flag_on(&c->flags, "watch-only") ? 0 : show(w, doc->root, "ADDED");
}

static int follow(struct watching *w, const struct pick *p, const struct info *i) {
	static const struct k8c_request_handler h = { .on_data = on_data, .on_done = on_done };
	struct ctl *c = w->c;
	struct buf q = BUF_INIT(65536);
	(void)buf_puts(&q, base_query(c, p, i));
	query_add(&q, "resourceVersion", w->rv);
	query_add(&q, "watch", "true");
	struct k8c_request req = { .size = sizeof(req), .path = resource_path(c, i->r, i->ns, NULL, NULL), .query = ctl_take(c, &q).p,
				   .accept = w->printer ? NULL : TABLE_ACCEPT, .timeout_ms = K8C_NO_TIMEOUT };
	jsonstream_init(&w->stream, JSONSTREAM_VALUES, CTL_FILE_MAX, on_event, w);
	struct k8c_call *call = NULL;
	int r = k8c_request_start(c->client, &req, &h, w, &call);
	while (r == 0 && !w->done && !c->out.err) r = k8c_client_run_once(c->client, -1);
	jsonstream_done(&w->stream);
	return r < 0 ? ctl_fail(c, "%s", strerror(-r)) : c->faults.n > 0;
}

int get_watch(struct ctl *c, struct printer *printer, const struct pick *p, const struct infos *l) {
	struct watching w = { .c = c, .printer = printer, .events = flag_on(&c->flags, "output-watch-events") };
	if (l->n != 1) return ctl_fail(c, "you may only specify a single resource type");
	table_init(c, &w.table);
	w.table.event = w.events;
	table_begin(c, &w.table, l->v[0].r, p->flags & PICK_ALL_NAMESPACES, flag_on(&c->flags, "show-kind"));
	int r = first(&w, p, &l->v[0]) || follow(&w, p, &l->v[0]);
	tabs_done(&w.table.tabs);
	return r;
}
