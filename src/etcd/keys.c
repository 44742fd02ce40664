/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd/keys.h"

#include "schema/schema.h"

#include <errno.h>

/* Names from before resources had their present ones, and the groups that have a folder of their own. */
static const struct {
	struct slice resource, folder;
} folders[] = {
	{ SLICE_LIT("/replicationcontrollers"), SLICE_LIT("controllers") },
	{ SLICE_LIT("/endpoints"), SLICE_LIT("services/endpoints") },
	{ SLICE_LIT("/services"), SLICE_LIT("services/specs") },
	{ SLICE_LIT("/nodes"), SLICE_LIT("minions") },
	{ SLICE_LIT("/ranges"), SLICE_LIT("ranges") },
	{ SLICE_LIT("networking.k8s.io/ingresses"), SLICE_LIT("ingress") },
	{ SLICE_LIT("apiextensions.k8s.io/customresourcedefinitions"), SLICE_LIT("apiextensions.k8s.io/customresourcedefinitions") },
	{ SLICE_LIT("apiregistration.k8s.io/apiservices"), SLICE_LIT("apiregistration.k8s.io/apiservices") },
};

static struct slice name_part(struct slice resource) {
	(void)slice_cut(&resource, '/');
	return resource;
}

static bool is_stored(const struct schema_resource *r) { return r->verbs & VERB_GET && r->verbs & VERB_CREATE && r->storage_resource; }

static const struct schema_resource *builtin_by_name(struct slice name) {
	for (size_t i = 0; i < schema_builtin_count(); i++) {
		const struct schema_resource *r = schema_builtin(i);
		if (is_stored(r) && slice_eqs(name, r->storage_resource)) return r;
	}
	return NULL;
}

static bool is_builtin(struct slice resource) {
	struct slice name = name_part(resource);
	struct slice group = slice_upto(resource, resource.n - name.n - 1);
	for (size_t i = 0; i < schema_builtin_count(); i++) {
		const struct schema_resource *r = schema_builtin(i);
		if (is_stored(r) && slice_eqs(name, r->storage_resource) && slice_eqs(group, r->storage_group)) return true;
	}
	return false;
}

/* SLICE_NULL: nothing of that name could be told from other keys again. */
static struct slice folder_of(struct slice resource) {
	for (size_t i = 0; i < ELEMENTSOF(folders); i++)
		if (slice_eq(resource, folders[i].resource)) return folders[i].folder;
	if (is_builtin(resource)) return name_part(resource);
	return slice_chr(slice_upto(resource, resource.n - name_part(resource).n), '.') >= 0 ? resource : SLICE_NULL;
}

int etcd_key_put(struct buf *b, const struct store_key *key) {
	struct slice folder = folder_of(key->resource);
	if (!folder.n) return -EINVAL;
	buf_puts(b, ETCD_PREFIX);
	buf_put_slice(b, folder);
	if (key->ns.n) {
		buf_putc(b, '/');
		buf_put_slice(b, key->ns);
	}
	buf_putc(b, '/');
	return buf_put_slice(b, key->name);
}

/* ---- the way back ---- */

/* Takes a folder of the table off the front of *rest. */
static bool take_folder(struct slice *rest, struct slice *ret_resource) {
	for (size_t i = 0; i < ELEMENTSOF(folders); i++) {
		struct slice f = folders[i].folder;
		if (!slice_starts(*rest, f) || rest->n <= f.n || rest->p[f.n] != '/') continue;
		*rest = slice_from(*rest, f.n + 1);
		*ret_resource = folders[i].resource;
		return true;
	}
	return false;
}

/* Groups of custom resources have a dot in their names, which no built-in resource has. */
static int take_resource(struct slice *rest, struct buf *text) {
	struct slice resource;
	if (take_folder(rest, &resource)) return buf_put_slice(text, resource);
	struct slice first = slice_cut(rest, '/');
	if (slice_chr(first, '.') < 0) {
		const struct schema_resource *r = builtin_by_name(first);
		return r ? buf_printf(text, "%s/%s", r->storage_group, r->storage_resource) : -ENOENT;
	}
	struct slice second = slice_cut(rest, '/');
	return second.n ? buf_printf(text, "%.*s/%.*s", SLICE_FMT(first), SLICE_FMT(second)) : -ENOENT;
}

int etcd_key_parse(struct slice key, struct buf *text, struct store_key *ret) {
	struct slice prefix = SLICE_LIT(ETCD_PREFIX), rest = slice_from(key, prefix.n);
	buf_clear(text);
	if (!slice_starts(key, prefix)) return -ENOENT;
	int r = take_resource(&rest, text);
	if (r < 0) return r == -ENOENT ? r : -ENOMEM;
	struct slice name = rest, ns = SLICE_NULL;
	if (slice_chr(rest, '/') >= 0) ns = slice_cut(&name, '/');
	if (!name.n || slice_chr(name, '/') >= 0 || (ns.p && !ns.n)) return -ENOENT;
	*ret = (struct store_key){ buf_slice(text), ns, name };
	return 0;
}
