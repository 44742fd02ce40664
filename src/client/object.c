/* SPDX-License-Identifier: Apache-2.0 */
#include "client/object.h"
#include "client/jsonslice.h"

#include <errno.h>

/* The text of a new object: with kind and apiVersion in front when it has neither. */
static struct k8c_object *with_text(struct slice json, bool typed, struct slice kind, struct slice api_version) {
	struct buf b = BUF_INIT(json.n + kind.n + api_version.n + 64);
	if (typed || !kind.n || json.n < 2) {
		buf_put_slice(&b, json);
	} else {
		buf_puts(&b, "{\"kind\":");
		json_write_string(&b, kind);
		buf_puts(&b, ",\"apiVersion\":");
		json_write_string(&b, api_version);
		struct slice rest = slice_from(json, 1);
		if (slice_trim(rest).p[0] != '}') buf_putc(&b, ',');
		buf_put_slice(&b, rest);
	}
	struct k8c_object *o = b.err ? NULL : calloc(1, sizeof(*o) + b.n + 1);
	if (o) {
		memcpy(o->text, b.p, b.n);
		o->json = slice_make(o->text, b.n);
	}
	buf_done(&b);
	return o;
}

static int find_names(struct k8c_object *o) {
	struct slice meta;
	static const char *const names[] = { "namespace", "name", "uid", "resourceVersion" };
	struct slice *to[] = { &o->ns, &o->name, &o->uid, &o->rv }, raw;
	if (!jsonslice_member(o->json, "metadata", &meta)) return -EBADMSG;
	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		if (jsonslice_member(meta, names[i], &raw)) *to[i] = jsonslice_plain(raw);
	return o->name.n ? 0 : -EBADMSG;
}

int object_new(struct k8c_client *c, struct slice json, struct slice kind, struct slice api_version, struct k8c_object **ret) {
	struct slice raw;
	if (json.n < 2 || json.p[0] != '{') return -EBADMSG;
	struct k8c_object *o = with_text(json, jsonslice_member(json, "kind", &raw), kind, api_version);
	if (!o) return -ENOMEM;
	o->refs = 1;
	o->client = c;
	list_init(&o->parsed);
	int r = find_names(o);
	if (r < 0) {
		free(o);
		return r;
	}
	*ret = o;
	return 0;
}

static void drop_tree(struct k8c_object *o) {
	list_del(&o->parsed);
	o->arena = arena_free(o->arena);
	o->tree = NULL;
}

struct k8c_object *k8c_object_ref(struct k8c_object *o) {
	o->refs++;
	return o;
}

void k8c_object_unref(struct k8c_object *o) {
	if (!o || --o->refs) return;
	drop_tree(o);
	free(o);
}

void objects_drop_parsed(struct k8c_client *c) {
	while (!list_empty(&c->parsed)) drop_tree(list_entry(c->parsed.next, struct k8c_object, parsed));
}

static void on_drop(void *arg) {
	struct k8c_client *c = arg;
	c->drop_parsed = NULL;
	objects_drop_parsed(c);
}

const struct yyjson_mut_val *k8c_object_value(struct k8c_object *o) {
	yyjson_mut_doc *doc;
	if (o->tree) return o->tree;
	struct arena *a = arena_new(0);
	if (!a) return NULL;
	if (json_parse(a, o->json, &doc, NULL) < 0) {
		arena_free(a);
		return NULL;
	}
	o->arena = a;
	o->tree = doc->root;
	list_add_tail(&o->client->parsed, &o->parsed);
	if (!o->client->drop_parsed) o->client->drop_parsed = loop_timer_start(o->client->loop, 0, 0, on_drop, o->client);
	return o->tree;
}

struct k8c_bytes k8c_object_json(const struct k8c_object *o) { return bytes_of(o->json); }
struct k8c_bytes k8c_object_namespace(const struct k8c_object *o) { return bytes_of(o->ns); }
struct k8c_bytes k8c_object_name(const struct k8c_object *o) { return bytes_of(o->name); }
struct k8c_bytes k8c_object_uid(const struct k8c_object *o) { return bytes_of(o->uid); }
struct k8c_bytes k8c_object_resource_version(const struct k8c_object *o) { return bytes_of(o->rv); }
