/* SPDX-License-Identifier: Apache-2.0 */
#include "node/image/auth.h"

#include "codec/base64.h"
#include "node/limits.h"

#include <errno.h>

#define AUTH_BYTES_MAX (1u * MIB)

int pull_auth_init(struct pull_auth *p, struct arena *a) {
	*p = (struct pull_auth){ .arena = a, .doc = json_doc(a) };
	p->auths = p->doc ? yyjson_mut_obj(p->doc) : NULL;
	return p->auths ? 0 : -ENOMEM;
}

/* Image tools write "https://index.docker.io/v1/"; skopeo looks for the bare host. */
static struct slice host_of(struct slice key) {
	static const struct slice schemes[] = { SLICE_LIT("https://"), SLICE_LIT("http://") };
	for (size_t i = 0; i < ELEMENTSOF(schemes); i++)
		if (slice_starts(key, schemes[i])) key = slice_from(key, schemes[i].n);
	static const struct slice suffixes[] = { SLICE_LIT("/"), SLICE_LIT("/v1"), SLICE_LIT("/v2") };
	for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
		if (slice_ends(key, suffixes[i])) key.n -= suffixes[i].n;
	return slice_eqs(key, "index.docker.io") ? SLICE_LIT("docker.io") : key;
}

/* "auth" as given, or made from username and password. */
static int entry_auth(struct arena *a, const yyjson_mut_val *entry, struct slice *ret) {
	struct slice user = json_path_str(entry, "username"), password = json_path_str(entry, "password");
	*ret = json_path_str(entry, "auth");
	if (!slice_empty(*ret) || slice_empty(user)) return 0;
	_cleanup_buf_ struct buf b = BUF_INIT(AUTH_BYTES_MAX);
	const char *pair = arena_printf(a, "%.*s:%.*s", SLICE_FMT(user), SLICE_FMT(password));
	if (!pair || base64_encode(&b, BASE64_STD, slice_str(pair)) < 0) return -ENOMEM;
	*ret = arena_slice_dup(a, buf_slice(&b));
	return ret->p ? 0 : -ENOMEM;
}

static int add_entries(struct pull_auth *p, yyjson_mut_val *auths) {
	size_t i, max;
	yyjson_mut_val *key, *entry;
	yyjson_mut_obj_foreach(auths, i, max, key, entry) {
		const char *host = arena_slice_str(p->arena, host_of(json_str(key)));
		yyjson_mut_val *copy = yyjson_mut_obj(p->doc);
		struct slice auth;
		if (!host || !copy) return -ENOMEM;
		if (json_get(p->auths, host)) continue;
		int r = entry_auth(p->arena, entry, &auth);
		if (r < 0) return r;
		if (slice_empty(auth)) continue;
		if (!json_set_str(p->doc, copy, "auth", auth) || !json_set(p->doc, p->auths, host, copy)) return -ENOMEM;
	}
	return 0;
}

int pull_auth_add(struct pull_auth *p, const yyjson_mut_val *secret) {
	static const struct { const char *key; bool wrapped; } forms[] = { { ".dockerconfigjson", true }, { ".dockercfg", false } };
	for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
		yyjson_mut_val *data = json_get(json_get(secret, "data"), forms[i].key);
		_cleanup_buf_ struct buf b = BUF_INIT(AUTH_BYTES_MAX);
		yyjson_mut_doc *doc;
		struct json_error err = { 0 };
		size_t at;
		if (!yyjson_mut_is_str(data)) continue;
		if (base64_decode(&b, BASE64_STD, json_str(data), &at) < 0) return -EBADMSG;
		int r = json_parse(p->arena, buf_slice(&b), &doc, &err);
		if (r < 0) return r;
		yyjson_mut_val *root = yyjson_mut_doc_get_root(doc);
		return add_entries(p, forms[i].wrapped ? json_get(root, "auths") : root);
	}
	return -EBADMSG;
}

int pull_auth_text(struct pull_auth *p, struct slice *ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(AUTH_BYTES_MAX * 4);
	*ret = SLICE_NULL;
	if (yyjson_mut_obj_size(p->auths) == 0) return 0;
	buf_puts(&b, "{\"auths\":");
	json_write(&b, p->auths);
	buf_putc(&b, '}');
	if (buf_err(&b)) return buf_err(&b);
	*ret = arena_slice_dup(p->arena, buf_slice(&b));
	return ret->p ? 0 : -ENOMEM;
}
