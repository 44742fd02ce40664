/* SPDX-License-Identifier: Apache-2.0 */
#include "node/volume/payload.h"

#include "codec/base64.h"
#include "node/limits.h"

#include <errno.h>

#define MODE_DEFAULT 0644
#define TOKEN_SECONDS_DEFAULT 3600
#define PAYLOAD_GROW 8u

struct collecting {
	struct payload *p;
	const struct payload_context *c;
	mode_t mode; /* defaultMode of the volume */
	const char **why;
};

static int payload_add(struct payload *p, struct slice path, struct slice bytes, mode_t mode, int64_t uid) {
	p->bytes += bytes.n;
	if (p->n == VOLUME_FILES_MAX || p->bytes > VOLUME_BYTES_MAX) return -E2BIG;
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : PAYLOAD_GROW;
		struct volume_file *more = arena_realloc(p->arena, p->files, p->cap * sizeof(*more), cap * sizeof(*more));
		if (!more) return -ENOMEM;
		p->files = more;
		p->cap = cap;
	}
	struct slice copy = arena_slice_dup(p->arena, bytes), name = arena_slice_dup(p->arena, path);
	if (!copy.p || !name.p) return -ENOMEM;
	p->files[p->n++] = (struct volume_file){ name, copy, mode, uid };
	return 0;
}

static int add_base64(struct collecting *k, struct slice path, struct slice text, mode_t mode) {
	_cleanup_buf_ struct buf b = BUF_INIT(VOLUME_BYTES_MAX);
	size_t at;
	int r = base64_decode(&b, BASE64_STD, text, &at);
	return r < 0 ? r : payload_add(k->p, path, buf_slice(&b), mode, -1);
}

/* One key of a ConfigMap or Secret. False when the object does not have it. */
static bool add_key(struct collecting *k, enum object_kind kind, const yyjson_mut_val *object, struct slice key,
		    struct slice path, mode_t mode, int *ret) {
	yyjson_mut_val *plain = json_getn(json_get(object, "data"), key), *binary = json_getn(json_get(object, "binaryData"), key);
	bool secret = kind == OBJECT_SECRET;
	if (secret ? plain != NULL : binary != NULL) *ret = add_base64(k, path, json_str(secret ? plain : binary), mode);
	else if (!secret && plain) *ret = payload_add(k->p, path, json_str(plain), mode, -1);
	else return false;
	return true;
}

static int add_all_keys(struct collecting *k, enum object_kind kind, const yyjson_mut_val *object) {
	static const char *const members[] = { "data", "binaryData" };
	size_t i, max;
	yyjson_mut_val *key, *v;
	int r = 0;
	for (size_t m = 0; m < ELEMENTSOF(members); m++)
		yyjson_mut_obj_foreach(json_get(object, members[m]), i, max, key, v)
			if (r == 0) add_key(k, kind, object, json_str(key), json_str(key), k->mode, &r);
	return r;
}

static int add_items(struct collecting *k, enum object_kind kind, const yyjson_mut_val *object, yyjson_mut_val *items,
		     bool optional) {
	size_t i, max;
	yyjson_mut_val *item;
	int r = 0;
	yyjson_mut_arr_foreach(items, i, max, item) {
		struct slice key = json_path_str(item, "key");
		mode_t mode = (mode_t)json_path_int(item, "mode", k->mode);
		if (r < 0 || add_key(k, kind, object, key, json_path_str(item, "path"), mode, &r) || optional) continue;
		*k->why = arena_printf(k->p->arena, "%s non-existent %s key: %.*s",
				       kind == OBJECT_SECRET ? "references" : "configmap references",
				       kind == OBJECT_SECRET ? "secret" : "config", SLICE_FMT(key));
		r = -EINVAL;
	}
	return r;
}

static int add_object(struct collecting *k, enum object_kind kind, struct slice name, const yyjson_mut_val *source) {
	const yyjson_mut_val *object = NULL;
	struct slice ns = json_path_str(k->c->facts->pod, "metadata.namespace");
	bool optional = json_path_bool(source, "optional", false);
	int r = k->c->objects->get(k->c->objects->ctx, kind, ns, name, &object, k->why);
	if (r == -ENOENT && optional) return 0;
	if (r == -ENOENT) *k->why = arena_printf(k->p->arena, "%s \"%.*s\" not found", object_kind_name(kind), SLICE_FMT(name));
	if (r < 0) return r;
	yyjson_mut_val *items = json_get(source, "items");
	return yyjson_mut_arr_size(items) ? add_items(k, kind, object, items, optional) : add_all_keys(k, kind, object);
}

static int add_config_map(struct collecting *k, const yyjson_mut_val *source) {
	return add_object(k, OBJECT_CONFIGMAP, json_path_str(source, "name"), source);
}

static int add_secret(struct collecting *k, const yyjson_mut_val *source) {
	struct slice name = json_path_str(source, "secretName");
	return add_object(k, OBJECT_SECRET, slice_empty(name) ? json_path_str(source, "name") : name, source);
}

static int add_downward(struct collecting *k, const yyjson_mut_val *source) {
	size_t i, max;
	yyjson_mut_val *item;
	struct arena *a = k->p->arena;
	int r = 0;
	yyjson_mut_arr_foreach(json_get(source, "items"), i, max, item) {
		struct slice value = SLICE_NULL;
		yyjson_mut_val *ref = json_get(item, "resourceFieldRef");
		const yyjson_mut_val *container = ref ? pod_container(k->c->facts->pod, json_path_str(ref, "containerName")) : NULL;
		if (r == 0)
			r = ref ? resource_field_value(a, k->c->facts, container, ref, &value, k->why)
				: field_value(a, k->c->facts, json_path_str(item, "fieldRef.fieldPath"), &value, k->why);
		if (r == 0) r = payload_add(k->p, json_path_str(item, "path"), value, (mode_t)json_path_int(item, "mode", k->mode), -1);
	}
	return r;
}

static int add_token(struct collecting *k, const yyjson_mut_val *source) {
	const yyjson_mut_val *pod = k->c->facts->pod;
	struct token_request q = {
		.ns = json_path_str(pod, "metadata.namespace"),
		.account = json_path_str(pod, "spec.serviceAccountName"),
		.audience = json_path_str(source, "audience"),
		.expiration = json_path_int(source, "expirationSeconds", TOKEN_SECONDS_DEFAULT),
		.pod_name = json_path_str(pod, "metadata.name"),
		.pod_uid = json_path_str(pod, "metadata.uid"),
	};
	struct slice token;
	const char *detail = NULL;
	int r = k->c->tokens->get(k->c->tokens->ctx, &q, &token, &detail);
	if (r == -EIO) *k->why = arena_printf(k->p->arena, "failed to fetch token: %s", detail ? detail : "no answer");
	if (r < 0) return r;
	bool narrow = k->c->fs_user >= 0 || k->c->fs_group >= 0;
	return payload_add(k->p, json_path_str(source, "path"), token, narrow ? 0600 : k->mode, k->c->fs_user);
}

static int refuse_trust_bundle(struct collecting *k, const yyjson_mut_val *source) {
	*k->why = "clusterTrustBundle projection is not supported by this node";
	return -ENOTSUP;
}

static int refuse_certificate(struct collecting *k, const yyjson_mut_val *source) {
	*k->why = "podCertificate projection is not supported by this node";
	return -ENOTSUP;
}

static const struct {
	const char *member;
	int (*add)(struct collecting *k, const yyjson_mut_val *source);
} sources[] = {
	{ "configMap", add_config_map }, { "secret", add_secret }, { "downwardAPI", add_downward },
	{ "serviceAccountToken", add_token }, { "clusterTrustBundle", refuse_trust_bundle }, { "podCertificate", refuse_certificate },
};

static int add_source(struct collecting *k, const yyjson_mut_val *holder) {
	int r = 0;
	for (size_t i = 0; i < ELEMENTSOF(sources) && r == 0; i++) {
		yyjson_mut_val *source = json_get(holder, sources[i].member);
		if (source && !yyjson_mut_is_null(source)) r = sources[i].add(k, source);
	}
	return r;
}

static mode_t default_mode(const yyjson_mut_val *volume) {
	static const char *const kinds[] = { "projected", "configMap", "secret", "downwardAPI" };
	for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
		yyjson_mut_val *source = json_get(volume, kinds[i]);
		if (source) return (mode_t)json_path_int(source, "defaultMode", MODE_DEFAULT);
	}
	return MODE_DEFAULT;
}

int payload_collect(struct payload *p, const struct payload_context *c, const yyjson_mut_val *volume, const char **ret_why) {
	struct collecting k = { p, c, default_mode(volume), ret_why };
	yyjson_mut_val *projected = json_get(volume, "projected"), *one;
	size_t i, max;
	int r = projected ? 0 : add_source(&k, volume);
	yyjson_mut_arr_foreach(json_get(projected, "sources"), i, max, one)
		if (r == 0) r = add_source(&k, one);
	for (i = 0; i < p->n && r == 0; i++) {
		if (volume_path_valid(p->files[i].path)) continue;
		*ret_why = arena_printf(p->arena, "invalid path: %.*s", SLICE_FMT(p->files[i].path));
		r = -EINVAL;
	}
	return r;
}

int64_t pod_fs_user(const yyjson_mut_val *pod) {
	static const char *const lists[] = { "spec.initContainers", "spec.containers", "spec.ephemeralContainers" };
	int64_t common = json_path_int(pod, "spec.securityContext.runAsUser", -1), user = -1;
	size_t i, max;
	bool first = true;
	yyjson_mut_val *c;
	for (size_t k = 0; k < ELEMENTSOF(lists); k++)
		yyjson_mut_arr_foreach(json_path(pod, lists[k]), i, max, c) {
			int64_t one = json_path_int(c, "securityContext.runAsUser", common);
			if (one < 0 || (!first && one != user)) return -1;
			user = one;
			first = false;
		}
	return user;
}
