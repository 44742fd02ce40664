/* SPDX-License-Identifier: Apache-2.0 */
/* apply --prune: what was applied before and is in no file any more. */
#include "ctl/apply.h"
#include "ctl/delete.h"
#include "ctl/dryrun.h"
#include "ctl/last_applied.h"
#include "ctl/tree.h"

/* What kubectl looks at without --prune-allowlist. */
static const struct { const char *group, *version, *kind; } usual[] = {
	{ "", "v1", "ConfigMap" }, { "", "v1", "Endpoints" }, { "", "v1", "PersistentVolumeClaim" }, { "", "v1", "Pod" },
	{ "", "v1", "ReplicationController" }, { "", "v1", "Secret" }, { "", "v1", "Service" }, { "batch", "v1", "Job" },
	{ "batch", "v1", "CronJob" }, { "networking.k8s.io", "v1", "Ingress" }, { "apps", "v1", "DaemonSet" }, { "apps", "v1", "Deployment" },
	{ "apps", "v1", "ReplicaSet" }, { "apps", "v1", "StatefulSet" }, { "", "v1", "Namespace" }, { "", "v1", "PersistentVolume" },
};

struct types {
	const struct resource **v;
	size_t n;
};

static int add_type(struct ctl *c, struct types *t, const char *group, const char *version, const char *kind) {
	const struct resource *r = mapper_kind(c, group, version, kind);
	if (!r) return ctl_fail(c, "error retrieving RESTMappings to prune: invalid resource %s/%s, Kind=%s: no matches for kind \"%s\" in version \"%s\"",
				group, version, kind, kind, api_version_join(c, group, version));
	t->v[t->n++] = r;
	return 0;
}

static int allowed(struct ctl *c, const struct flag_value *list, struct types *t) {
	for (size_t i = 0; i < list->n; i++) {
		struct slice rest = slice_str(list->list[i]), group = slice_cut(&rest, '/'), version = slice_cut(&rest, '/');
		if (!rest.p || slice_chr(rest, '/') >= 0)
			return ctl_fail(c, "invalid GroupVersionKind format: %s, please follow <group/version/kind>", list->list[i]);
		if (add_type(c, t, slice_eqs(group, "core") ? "" : ctl_text(c, group), ctl_text(c, version), ctl_text(c, rest))) return 1;
	}
	return 0;
}

static int types_of(struct ctl *c, struct types *t) {
	const struct flag_value *list = flags_get(&c->flags, "prune-allowlist");
	t->v = ctl_array(c, list->n + ELEMENTSOF(usual), sizeof(*t->v));
	if (list->n) return allowed(c, list, t);
	for (size_t i = 0; i < ELEMENTSOF(usual); i++)
		if (add_type(c, t, usual[i].group, usual[i].version, usual[i].kind)) return 1;
	return 0;
}

int apply_prune_check(struct ctl *c) { return mapper_load(c) || types_of(c, &(struct types){ 0 }) ? 1 : 0; }

static bool applied(const struct infos *done, const yyjson_mut_val *obj) {
	for (size_t i = 0; i < done->n; i++)
		if (!strcmp(text_at(done->v[i].doc->root, "metadata.uid"), text_at(obj, "metadata.uid"))) return true;
	return false;
}

static int prune_type(struct ctl *c, const struct resource *r, const char *ns, const struct infos *done) {
	struct pick p = { .selector = flag_text(&c->flags, "selector"), .chunk = 500 };
	struct info type = { .r = r, .ns = ns };
	struct infos found = { 0 };
	if (info_list(c, &type, &p, &found)) return 1;
	for (size_t i = 0; i < found.n; i++) {
		yyjson_mut_val *obj = found.v[i].doc->root;
		if (!last_applied_text(obj) || applied(done, obj)) continue;
		if (dryrun_mode(c) != DRYRUN_CLIENT && delete_send(c, &found.v[i], delete_policy(c), flag_int(&c->flags, "grace-period")) == 1) return 1;
		struct printer *names;
		if (printer_new(c, 0, &names)) return 1;
		(void)print_done(c, names, obj, "pruned");
	}
	return 0;
}

int apply_prune(struct ctl *c, const struct infos *done) {
	struct types t = { 0 };
	struct strings spaces = { 0 };
	if (mapper_load(c) || types_of(c, &t)) return 1;
	if (session_namespace_forced(c)) strings_add(c, &spaces, session_namespace(c));
	for (size_t i = 0; i < done->n; i++)
		if (*done->v[i].ns && !strings_has(&spaces, done->v[i].ns)) strings_add(c, &spaces, done->v[i].ns);
	for (size_t s = 0; s < spaces.n; s++)
		for (size_t i = 0; i < t.n; i++)
			if (t.v[i]->namespaced && prune_type(c, t.v[i], spaces.v[s], done)) return 1;
	for (size_t i = 0; i < t.n; i++)
		if (!t.v[i]->namespaced && prune_type(c, t.v[i], "", done)) return 1;
	return 0;
}
