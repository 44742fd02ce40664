/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod/field.h"

#include "codec/goquote.h"
#include "codec/quantity.h"
#include "node/limits.h"
#include "node/pod/resources.h"

#include <errno.h>

static int cmp_members(const void *a, const void *b) {
	return slice_cmp(json_str(*(yyjson_mut_val *const *)a), json_str(*(yyjson_mut_val *const *)b));
}

/* key="escaped value" lines, sorted by key, without a newline at the end. */
static int format_map(struct arena *a, const yyjson_mut_val *map, struct slice *ret) {
	size_t n = yyjson_mut_obj_size((yyjson_mut_val *)map), i, max, k = 0;
	yyjson_mut_val *key, *v, **keys = arena_array(a, n ? n : 1, sizeof(*keys));
	_cleanup_buf_ struct buf b = BUF_INIT(VOLUME_BYTES_MAX);
	if (!keys) return -ENOMEM;
	yyjson_mut_obj_foreach((yyjson_mut_val *)map, i, max, key, v) keys[k++] = key;
	qsort(keys, k, sizeof(*keys), cmp_members);
	for (i = 0; i < k; i++) {
		struct slice name = json_str(keys[i]);
		const char *quoted = goquote(a, json_str(json_getn(map, name)));
		if (!quoted) return -ENOMEM;
		buf_printf(&b, "%s%.*s=%s", i ? "\n" : "", SLICE_FMT(name), quoted);
	}
	if (buf_err(&b)) return buf_err(&b);
	*ret = arena_slice_dup(a, buf_slice(&b));
	return ret->p ? 0 : -ENOMEM;
}

/* metadata.labels['k'] and metadata.annotations['k']. */
static bool subscripted(const yyjson_mut_val *pod, struct slice path, struct slice *ret) {
	static const struct { struct slice prefix; const char *member; } maps[] = {
		{ SLICE_LIT("metadata.labels['"), "metadata.labels" }, { SLICE_LIT("metadata.annotations['"), "metadata.annotations" },
	};
	for (size_t i = 0; i < ELEMENTSOF(maps); i++) {
		if (!slice_starts(path, maps[i].prefix) || !slice_ends(path, SLICE_LIT("']"))) continue;
		struct slice key = slice_from(path, maps[i].prefix.n);
		key.n -= 2;
		*ret = json_str(json_getn(json_path(pod, maps[i].member), key));
		return true;
	}
	return false;
}

int field_value(struct arena *a, const struct field_facts *f, struct slice path, struct slice *ret, const char **ret_why) {
	const struct { const char *path; struct slice value; } fixed[] = {
		{ "metadata.name", json_path_str(f->pod, "metadata.name") },
		{ "metadata.namespace", json_path_str(f->pod, "metadata.namespace") },
		{ "metadata.uid", json_path_str(f->pod, "metadata.uid") },
		{ "spec.nodeName", f->node_name },
		{ "spec.serviceAccountName", json_path_str(f->pod, "spec.serviceAccountName") },
		{ "status.podIP", f->pod_ip }, { "status.podIPs", f->pod_ip },
		{ "status.hostIP", f->host_ip }, { "status.hostIPs", f->host_ip },
	};
	if (slice_eqs(path, "metadata.labels")) return format_map(a, json_path(f->pod, "metadata.labels"), ret);
	if (slice_eqs(path, "metadata.annotations")) return format_map(a, json_path(f->pod, "metadata.annotations"), ret);
	if (subscripted(f->pod, path, ret)) return 0;
	for (size_t i = 0; i < ELEMENTSOF(fixed); i++) {
		if (!slice_eqs(path, fixed[i].path)) continue;
		*ret = fixed[i].value;
		return 0;
	}
	*ret_why = arena_printf(a, "unsupported fieldPath: %.*s", SLICE_FMT(path));
	return -EINVAL;
}

const yyjson_mut_val *pod_container(const yyjson_mut_val *pod, struct slice name) {
	static const char *const lists[] = { "spec.containers", "spec.initContainers" };
	size_t i, max;
	yyjson_mut_val *c;
	for (size_t k = 0; k < ELEMENTSOF(lists); k++)
		yyjson_mut_arr_foreach(json_path(pod, lists[k]), i, max, c)
			if (slice_eq(json_path_str(c, "name"), name)) return c;
	return NULL;
}

/* A limit that is not set is the node's. */
static struct quantity resource_or_node(const struct field_facts *f, const yyjson_mut_val *container, bool limit,
					const char *name) {
	struct quantity q = container_resource(container, limit ? "limits" : "requests", name);
	if (!limit || quantity_sign(q) != 0) return q;
	if (strcmp(name, "cpu") == 0) return quantity_from_milli(f->node_milli_cpu, QUANTITY_DECIMAL_SI);
	return quantity_from_int(strcmp(name, "memory") == 0 ? f->node_memory : f->node_ephemeral, QUANTITY_BINARY_SI);
}

int resource_field_value(struct arena *a, const struct field_facts *f, const yyjson_mut_val *container, const yyjson_mut_val *ref,
			 struct slice *ret, const char **ret_why) {
	static const char *const known[] = { "cpu", "memory", "ephemeral-storage" };
	struct slice rest = json_path_str(ref, "resource"), side = slice_cut(&rest, '.');
	struct quantity divisor = quantity_from_int(1, QUANTITY_DECIMAL_SI);
	struct slice text = json_path_str(ref, "divisor");
	if (!slice_empty(text) && quantity_parse(text, &divisor, NULL) < 0) divisor = quantity_from_int(1, QUANTITY_DECIMAL_SI);
	if (quantity_sign(divisor) <= 0) divisor = quantity_from_int(1, QUANTITY_DECIMAL_SI);
	bool limit = slice_eqs(side, "limits");
	for (size_t i = 0; i < ELEMENTSOF(known) && (limit || slice_eqs(side, "requests")); i++) {
		if (!slice_eqs(rest, known[i])) continue;
		struct quantity q = resource_or_node(f, container, limit, known[i]);
		__int128 v = (q.nano + divisor.nano - 1) / divisor.nano;
		*ret = slice_str(arena_printf(a, "%lld", (long long)v));
		return ret->p ? 0 : -ENOMEM;
	}
	*ret_why = arena_printf(a, "unsupported container resource : %.*s", SLICE_FMT(json_path_str(ref, "resource")));
	return -EINVAL;
}
