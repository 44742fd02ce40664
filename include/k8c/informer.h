/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cache that is kept equal to what the server has (reflector, store with indexes, handlers).
 */
#pragma once

#include <k8c/watch.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One version of an object in a cache: immutable, counted (not between threads). */
struct k8c_object;
/* One more holder, and one less (the last one frees it; NULL is allowed). Only on the client's thread, and not after the client is
 * gone. */
K8C_EXPORT struct k8c_object *k8c_object_ref(struct k8c_object *o);
K8C_EXPORT void k8c_object_unref(struct k8c_object *o);
/* Its JSON, and what its metadata says ("" where it says nothing). Bytes live as long as the object. */
K8C_EXPORT struct k8c_bytes k8c_object_json(const struct k8c_object *o);
K8C_EXPORT struct k8c_bytes k8c_object_namespace(const struct k8c_object *o);
K8C_EXPORT struct k8c_bytes k8c_object_name(const struct k8c_object *o);
K8C_EXPORT struct k8c_bytes k8c_object_uid(const struct k8c_object *o);
K8C_EXPORT struct k8c_bytes k8c_object_resource_version(const struct k8c_object *o);
/* The object as a tree (yyjson), made on demand; valid until control goes back to the loop. Not to be changed. NULL when out of
 * memory. */
K8C_EXPORT const struct yyjson_mut_val *k8c_object_value(struct k8c_object *o);

/* Names an index and tells an object's values in it. */
struct k8c_index {
	const char *name;
	void (*values)(void *ctx, struct k8c_object *o, void (*emit)(void *sink, struct k8c_bytes value), void *sink);
	void *ctx;
};

struct k8c_informer;
struct k8c_informer_options {
	size_t size;
	struct k8c_target target;     /* name and subresource NULL; ns NULL: all */
	const char *label_selector, *field_selector;
	const struct k8c_index *indexes;
	size_t n_indexes;
	bool no_watch_list;           /* list and watch even where the server can send initial events */
};
/* Any may be NULL. `o`, `old` are borrowed for the call. */
struct k8c_informer_handler {
	void (*on_add)(void *ctx, struct k8c_object *o);
	void (*on_update)(void *ctx, struct k8c_object *old, struct k8c_object *o);
	/* The last state known (also when the deletion was only noticed by a new list). */
	void (*on_delete)(void *ctx, struct k8c_object *o);
	/* Once, after the first complete list has been told. */
	void (*on_synced)(void *ctx);
	/* A list or watch failed; it is tried again with back-off. */
	void (*on_error)(void *ctx, const struct k8c_error *err);
};
/* `o` is copied, what an index points to is not. Nothing is asked for before k8c_informer_start. 0, -EINVAL, -ENOMEM. */
K8C_EXPORT int k8c_informer_new(struct k8c_client *c, const struct k8c_informer_options *o, struct k8c_informer **ret);
/* Several may be added; objects already in the cache are told as on_add at the next turn of the loop. -ENOMEM. */
K8C_EXPORT int k8c_informer_add_handler(struct k8c_informer *i, const struct k8c_informer_handler *h, void *ctx);
/* Begins to list and watch. 0 or -ENOMEM. */
K8C_EXPORT int k8c_informer_start(struct k8c_informer *i);
/* Stops and frees; no handler runs any more. Not from one of its handlers. NULL is allowed. */
K8C_EXPORT void k8c_informer_free(struct k8c_informer *i);
/* Whether the first complete list is in the cache; how many objects are. */
K8C_EXPORT bool k8c_informer_synced(const struct k8c_informer *i);
K8C_EXPORT size_t k8c_informer_count(const struct k8c_informer *i);
/* Borrowed until control goes back to the loop; NULL when absent. ns "" or NULL for cluster-scoped kinds. */
K8C_EXPORT struct k8c_object *k8c_informer_get(const struct k8c_informer *i, struct k8c_bytes ns, struct k8c_bytes name);
/* All objects, in no particular order: *it starts at 0; NULL at the end. The cache does not change meanwhile (no callbacks run).
 */
K8C_EXPORT struct k8c_object *k8c_informer_next(const struct k8c_informer *i, size_t *it);
/* Objects with this value in an index. The namespaces are an index too: "namespace". */
K8C_EXPORT struct k8c_object *k8c_informer_index_next(const struct k8c_informer *i, const char *index, struct k8c_bytes value,
						      size_t *it);

#ifdef __cplusplus
}
#endif
