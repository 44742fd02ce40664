/* SPDX-License-Identifier: Apache-2.0 */
#include "node/image/registries.h"

#include "codec/json.h"

#include <errno.h>

bool registry_host_is_loopback(struct slice host) {
	static const struct slice exact[] = { SLICE_LIT("localhost"), SLICE_LIT("[::1]") };
	if (slice_starts(host, SLICE_LIT("127."))) return true;
	for (size_t i = 0; i < ELEMENTSOF(exact); i++)
		if (slice_starts(host, exact[i]) && (host.n == exact[i].n || host.p[exact[i].n] == ':')) return true;
	return false;
}

static int parse_endpoint(struct arena *a, struct slice text, bool skip_verify, struct image_endpoint *ret,
			  const char **ret_why) {
	static const struct { struct slice scheme; bool plain; } schemes[] = {
		{ SLICE_LIT("http://"), true }, { SLICE_LIT("https://"), false },
	};
	for (size_t i = 0; i < ELEMENTSOF(schemes); i++) {
		if (!slice_starts(text, schemes[i].scheme)) continue;
		struct slice host = slice_from(text, schemes[i].scheme.n);
		while (host.n && host.p[host.n - 1] == '/') host.n--;
		if (slice_empty(host)) break;
		ret->host = arena_slice_str(a, host);
		ret->plain_allowed = schemes[i].plain || skip_verify;
		return ret->host ? 0 : -ENOMEM;
	}
	*ret_why = arena_printf(a, "endpoint \"%.*s\" has to be http://HOST[:PORT] or https://HOST[:PORT]", SLICE_FMT(text));
	return -EINVAL;
}

static int parse_registry(struct arena *a, const yyjson_mut_val *v, struct registry *ret, const char **ret_why) {
	yyjson_mut_val *endpoints = json_get(v, "endpoints"), *e;
	struct slice name = json_path_str(v, "name");
	size_t n = yyjson_mut_arr_size(endpoints), i, max;
	*ret_why = "every registry needs a name and a list of at most 16 endpoints";
	if (slice_empty(name) || !yyjson_mut_is_arr(endpoints) || n > REGISTRY_ENDPOINTS_MAX) return -EINVAL;
	ret->name = arena_slice_str(a, name);
	ret->endpoints = arena_array(a, n ? n : 1, sizeof(*ret->endpoints));
	if (!ret->name || !ret->endpoints) return -ENOMEM;
	ret->n_endpoints = n;
	yyjson_mut_arr_foreach(endpoints, i, max, e) {
		int r = parse_endpoint(a, json_str(e), json_path_bool(v, "skipVerify", false), &ret->endpoints[i], ret_why);
		if (r < 0) return r;
	}
	return 0;
}

int registries_parse(struct arena *a, struct slice text, struct registries *ret, const char **ret_why) {
	*ret = (struct registries){ 0 };
	if (slice_empty(slice_trim(text))) return 0;
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	int r = json_parse(a, text, &doc, &err);
	if (r == -ENOMEM) return r;
	*ret_why = r < 0 ? err.msg : "\"registries\" has to be a list of at most 256";
	if (r < 0) return -EINVAL;
	yyjson_mut_val *list = json_get(yyjson_mut_doc_get_root(doc), "registries"), *v;
	size_t n = yyjson_mut_arr_size(list), i, max;
	if (!yyjson_mut_is_arr(list) || n > REGISTRIES_MAX) return -EINVAL;
	struct registries found = { arena_array(a, n ? n : 1, sizeof(struct registry)), n };
	if (!found.list) return -ENOMEM;
	yyjson_mut_arr_foreach(list, i, max, v) {
		r = parse_registry(a, v, &found.list[i], ret_why);
		if (r < 0) return r;
	}
	*ret = found;
	return 0;
}

static const struct registry *registry_find(const struct registries *r, struct slice domain) {
	const struct registry *any = NULL;
	for (size_t i = 0; i < r->n; i++) {
		if (slice_eqs(domain, r->list[i].name)) return &r->list[i];
		if (strcmp(r->list[i].name, "*") == 0) any = &r->list[i];
	}
	return any;
}

int registries_endpoints(struct arena *a, const struct registries *r, struct slice domain, struct image_endpoint **ret,
			 size_t *ret_n) {
	const struct registry *known = registry_find(r, domain);
	size_t n = known ? known->n_endpoints : 0;
	struct image_endpoint *list = arena_array(a, n + 1, sizeof(*list));
	const char *self = arena_slice_str(a, domain);
	if (!list || !self) return -ENOMEM;
	bool named = false;
	for (size_t i = 0; i < n; i++) {
		list[i] = known->endpoints[i];
		named = named || strcmp(list[i].host, self) == 0;
	}
	if (!named) list[n++] = (struct image_endpoint){ self, registry_host_is_loopback(domain) };
	*ret = list;
	*ret_n = n;
	return 0;
}
