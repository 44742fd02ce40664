/* SPDX-License-Identifier: Apache-2.0 */
#include "api/names.h"

#include "api/internal.h"

static const char *segment_fault(struct slice s) {
	if (slice_eqs(s, ".")) return "may not be '.'";
	if (slice_eqs(s, "..")) return "may not be '..'";
	if (slice_chr(s, '/') >= 0) return slice_chr(s, '%') >= 0 ? "may not contain '/';may not contain '%'" : "may not contain '/'";
	return slice_chr(s, '%') >= 0 ? "may not contain '%'" : NULL;
}

const struct status *name_check(struct request *r) {
	const char *fault = segment_fault(r->info.name);
	return fault ? status_bad_request(r->a, "Name parameter invalid: %s: %s", status_quote(r->a, r->info.name), fault) : NULL;
}

const char *name_generate(struct arena *a, const struct env *env, struct slice base) {
	char suffix[6];
	if (env_name_suffix(env, suffix, 5) < 0) return NULL;
	return arena_printf(a, "%.*s%s", SLICE_FMT(slice_upto(base, GENERATE_NAME_BASE_MAX)), suffix);
}

struct slice name_go_package(const char *group) {
	struct slice g = slice_str(group);
	if (!*group || !strcmp(group, "events.k8s.io")) return SLICE_LIT("core");
	return slice_cut(&g, '.');
}

const char *name_go_type(struct arena *a, const struct schema_resource *res, bool list) {
	const char *s = res->is_custom ? (list ? "*unstructured.UnstructuredList" : "*unstructured.Unstructured")
				       : arena_printf(a, "*%.*s.%s", SLICE_FMT(name_go_package(res->group)), list ? res->list_kind : res->kind);
	return s ? s : "";
}
