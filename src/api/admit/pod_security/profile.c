/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles that confine a container: AppArmor, SELinux, seccomp. */
#include "api/admit/pod_security/policy.h"

static const struct ps_finding none;

#define APP_ARMOR_PREFIX "container.apparmor.security.beta.kubernetes.io/"
#define SECCOMP_POD "seccomp.security.alpha.kubernetes.io/pod"
#define SECCOMP_PREFIX "container.seccomp.security.alpha.kubernetes.io/"

static const char *const confined[] = { "RuntimeDefault", "Localhost" };

struct profiles {
	const char *field;                 /* of a security context */
	bool by_pod, pod_is_safe;
	struct words who, unset, values;
};

static bool bad_type(struct profiles *p, const yyjson_mut_val *profile) {
	struct slice type = json_path_str(profile, "type");
	if (ps_in(type, confined, ELEMENTSOF(confined))) return false;
	words_add_once(&p->values, type);
	return true;
}

static void container_profile(void *ctx, const yyjson_mut_val *container) {
	struct profiles *p = ctx;
	const yyjson_mut_val *profile = json_get(json_get(container, "securityContext"), p->field);
	if (profile && bad_type(p, profile)) words_add(&p->who, json_path_str(container, "name"));
	if (!profile && !p->pod_is_safe) words_add(&p->unset, json_path_str(container, "name"));
}

static struct profiles profiles_of(const struct ps_pod *pod, const char *field) {
	struct profiles p = { .field = field, .who.a = pod->a, .unset.a = pod->a, .values.a = pod->a };
	const yyjson_mut_val *profile = json_get(json_get(pod->spec, "securityContext"), field);
	p.by_pod = profile && bad_type(&p, profile);
	p.pod_is_safe = profile && !p.by_pod;
	ps_each_container(pod, container_profile, &p);
	words_sort(&p.values);
	return p;
}

/* ---- AppArmor ---- */

static const char *annotation_text(struct arena *a, struct slice key, struct slice value) {
	return arena_printf(a, "%.*s=\"%.*s\"", SLICE_FMT(key), SLICE_FMT(value));
}

static void forbidden_annotations(const struct ps_pod *pod, struct words *w) {
	yyjson_mut_val *map = json_get(pod->meta, "annotations"), *key;
	if (!map) return;
	yyjson_mut_obj_iter it = yyjson_mut_obj_iter_with(map);
	while ((key = yyjson_mut_obj_iter_next(&it))) {
		struct slice value = json_str(yyjson_mut_obj_iter_get_val(key));
		if (!slice_starts(json_str(key), SLICE_LIT(APP_ARMOR_PREFIX))) continue;
		if (slice_empty(value) || slice_eqs(value, "runtime/default") || slice_starts(value, SLICE_LIT("localhost/"))) continue;
		words_add(w, slice_str(annotation_text(pod->a, json_str(key), value)));
	}
	words_sort(w);
}

struct ps_finding ps_app_armor(const struct ps_pod *pod) {
	struct profiles p = profiles_of(pod, "appArmorProfile");
	struct words annotations = { .a = pod->a }, setters = { .a = pod->a };
	forbidden_annotations(pod, &annotations);
	if (p.by_pod || p.who.n) words_add(&setters, slice_str(ps_setters(pod, p.by_pod, &p.who)));
	if (annotations.n) words_add(&setters, slice_str(words_plural(&annotations, "annotation", "annotations")));
	for (size_t i = 0; i < annotations.n; i++) words_add(&p.values, annotations.v[i]);
	if (!setters.n) return none;
	return (struct ps_finding){ words_plural(&p.values, "forbidden AppArmor profile", "forbidden AppArmor profiles"),
				    arena_printf(pod->a, "%s must not set AppArmor profile type to %s", words_join(&setters, " and "), words_quoted(&p.values)) };
}

/* ---- SELinux ---- */

static const char *const selinux_types[] = { "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t" };

struct selinux { size_t n_types; bool user, role; struct words who, types; };

static bool bad_options(struct selinux *s, const yyjson_mut_val *options) {
	struct slice type = json_path_str(options, "type");
	bool user = !slice_empty(json_path_str(options, "user")), role = !slice_empty(json_path_str(options, "role"));
	bool bad = !ps_in(type, selinux_types, s->n_types);
	if (bad) words_add_once(&s->types, type);
	s->user |= user;
	s->role |= role;
	return bad || user || role;
}

static void container_selinux(void *ctx, const yyjson_mut_val *container) {
	if (bad_options(ctx, json_path(container, "securityContext.seLinuxOptions"))) words_add(&((struct selinux *)ctx)->who, json_path_str(container, "name"));
}

static struct ps_finding se_linux(const struct ps_pod *pod, size_t n_types) {
	struct selinux s = { .n_types = n_types, .who.a = pod->a, .types.a = pod->a };
	struct words data = { .a = pod->a };
	bool by_pod = bad_options(&s, json_path(pod->spec, "securityContext.seLinuxOptions"));
	ps_each_container(pod, container_selinux, &s);
	if (!by_pod && !s.who.n) return none;
	words_sort(&s.types);
	if (s.types.n) words_add(&data, slice_str(arena_printf(pod->a, "%s %s", words_plural(&s.types, "type", "types"), words_quoted(&s.types))));
	if (s.user) words_add(&data, SLICE_LIT("user may not be set"));
	if (s.role) words_add(&data, SLICE_LIT("role may not be set"));
	return (struct ps_finding){ "seLinuxOptions", arena_printf(pod->a, "%s set forbidden securityContext.seLinuxOptions: %s", ps_setters(pod, by_pod, &s.who),
								   words_join(&data, "; ")) };
}

struct ps_finding ps_se_linux_1_0(const struct ps_pod *pod) { return se_linux(pod, 4); }
struct ps_finding ps_se_linux_1_31(const struct ps_pod *pod) { return se_linux(pod, ELEMENTSOF(selinux_types)); }

/* ---- seccomp ---- */

static void seccomp_annotation(const struct ps_pod *pod, struct words *bad, const char *key) {
	const yyjson_mut_val *v = json_get(json_get(pod->meta, "annotations"), key);
	struct slice value = json_str(v);
	if (!v || slice_eqs(value, "runtime/default") || slice_eqs(value, "docker/default") || slice_starts(value, SLICE_LIT("localhost/"))) return;
	words_add_once(bad, slice_str(annotation_text(pod->a, slice_str(key), value)));
}

struct annotated { const struct ps_pod *pod; struct words bad; };

static void container_annotation(void *ctx, const yyjson_mut_val *container) {
	struct annotated *s = ctx;
	const char *key = arena_printf(s->pod->a, SECCOMP_PREFIX "%.*s", SLICE_FMT(json_path_str(container, "name")));
	if (key) seccomp_annotation(s->pod, &s->bad, key);
}

struct ps_finding ps_seccomp_annotations(const struct ps_pod *pod) {
	struct annotated s = { pod, { .a = pod->a } };
	seccomp_annotation(pod, &s.bad, SECCOMP_POD);
	ps_each_container(pod, container_annotation, &s);
	words_sort(&s.bad);
	if (!s.bad.n) return none;
	return (struct ps_finding){ "seccompProfile",
				    arena_printf(pod->a, "forbidden %s %s", words_plural(&s.bad, "annotation", "annotations"), words_join(&s.bad, ", ")) };
}

static struct ps_finding seccomp_values(const struct ps_pod *pod, const struct profiles *p) {
	if (!p->by_pod && !p->who.n) return none;
	return (struct ps_finding){ "seccompProfile", arena_printf(pod->a, "%s must not set securityContext.seccompProfile.type to %s",
								   ps_setters(pod, p->by_pod, &p->who), words_quoted(&p->values)) };
}

struct ps_finding ps_seccomp_baseline(const struct ps_pod *pod) {
	struct profiles p = profiles_of(pod, "seccompProfile");
	return seccomp_values(pod, &p);
}

struct ps_finding ps_seccomp_restricted(const struct ps_pod *pod) {
	struct profiles p = profiles_of(pod, "seccompProfile");
	struct ps_finding found = seccomp_values(pod, &p);
	if (found.reason || !p.unset.n) return found;
	return (struct ps_finding){ "seccompProfile", arena_printf(pod->a, "pod or %s must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
								   ps_containers(&p.unset)) };
}

struct ps_finding ps_seccomp_restricted_linux(const struct ps_pod *pod) {
	return slice_eqs(json_path_str(pod->spec, "os.name"), "windows") ? none : ps_seccomp_restricted(pod);
}
