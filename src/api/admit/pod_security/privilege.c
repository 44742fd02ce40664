/* SPDX-License-Identifier: Apache-2.0 */
/* What a container's process may do: privileges, capabilities, users, the masks of /proc. */
#include "api/admit/pod_security/policy.h"

static const struct ps_finding none;

static struct slice name_of(const yyjson_mut_val *container) { return json_path_str(container, "name"); }
static bool is_windows(const struct ps_pod *pod) { return slice_eqs(json_path_str(pod->spec, "os.name"), "windows"); }

static void container_privileged(void *ctx, const yyjson_mut_val *container) {
	if (json_path_bool(container, "securityContext.privileged", false)) words_add(ctx, name_of(container));
}

struct ps_finding ps_privileged(const struct ps_pod *pod) {
	struct words bad = { .a = pod->a };
	ps_each_container(pod, container_privileged, &bad);
	if (!bad.n) return none;
	return (struct ps_finding){ "privileged", arena_printf(pod->a, "%s must not set securityContext.privileged=true", ps_containers(&bad)) };
}

static void container_escalation(void *ctx, const yyjson_mut_val *container) {
	if (json_path_bool(container, "securityContext.allowPrivilegeEscalation", true)) words_add(ctx, name_of(container));
}

struct ps_finding ps_allow_privilege_escalation(const struct ps_pod *pod) {
	struct words bad = { .a = pod->a };
	ps_each_container(pod, container_escalation, &bad);
	if (!bad.n) return none;
	return (struct ps_finding){ "allowPrivilegeEscalation != false",
				    arena_printf(pod->a, "%s must set securityContext.allowPrivilegeEscalation=false", ps_containers(&bad)) };
}

struct ps_finding ps_allow_privilege_escalation_linux(const struct ps_pod *pod) { return is_windows(pod) ? none : ps_allow_privilege_escalation(pod); }

/* ---- /proc ---- */

struct added { struct words who, what, undropped; };

static void container_proc_mount(void *ctx, const yyjson_mut_val *container) {
	struct added *bad = ctx;
	struct slice type = json_path_str(container, "securityContext.procMount");
	if (!type.p || slice_eqs(type, "Default")) return;
	words_add(&bad->who, name_of(container));
	words_add_once(&bad->what, type);
}

struct ps_finding ps_proc_mount(const struct ps_pod *pod) {
	struct added bad = { { .a = pod->a }, { .a = pod->a }, { .a = pod->a } };
	ps_each_container(pod, container_proc_mount, &bad);
	words_sort(&bad.what);
	if (!bad.who.n) return none;
	return (struct ps_finding){ "procMount", arena_printf(pod->a, "%s must not set securityContext.procMount to %s", ps_containers(&bad.who), words_quoted(&bad.what)) };
}

/* ---- capabilities ---- */

static const char *const default_capabilities[] = {
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP",
	"SETUID", "SYS_CHROOT",
};
static const char *const restricted_capabilities[] = { "NET_BIND_SERVICE" };

static void note_added(struct added *bad, const yyjson_mut_val *container, const char *const *allowed, size_t n) {
	yyjson_mut_val *cap;
	bool refused = false;
	json_each(json_path(container, "securityContext.capabilities.add"), cap) {
		if (ps_in(json_str(cap), allowed, n)) continue;
		refused = true;
		words_add_once(&bad->what, json_str(cap));
	}
	if (refused) words_add(&bad->who, name_of(container));
}

static void container_baseline(void *ctx, const yyjson_mut_val *container) {
	note_added(ctx, container, default_capabilities, ELEMENTSOF(default_capabilities));
}

static const char *must_not_include(const struct added *bad) {
	return arena_printf(bad->who.a, "%s must not include %s in securityContext.capabilities.add", ps_containers(&bad->who), words_quoted(&bad->what));
}

struct ps_finding ps_capabilities_baseline(const struct ps_pod *pod) {
	struct added bad = { { .a = pod->a }, { .a = pod->a }, { .a = pod->a } };
	ps_each_container(pod, container_baseline, &bad);
	words_sort(&bad.what);
	return bad.who.n ? (struct ps_finding){ "non-default capabilities", must_not_include(&bad) } : none;
}

static bool drops_all(const yyjson_mut_val *container) {
	yyjson_mut_val *cap;
	json_each(json_path(container, "securityContext.capabilities.drop"), cap)
		if (slice_eqs(json_str(cap), "ALL")) return true;
	return false;
}

static void container_restricted(void *ctx, const yyjson_mut_val *container) {
	struct added *bad = ctx;
	if (!drops_all(container)) words_add(&bad->undropped, name_of(container));
	note_added(bad, container, restricted_capabilities, ELEMENTSOF(restricted_capabilities));
}

struct ps_finding ps_capabilities_restricted(const struct ps_pod *pod) {
	struct added bad = { { .a = pod->a }, { .a = pod->a }, { .a = pod->a } };
	struct words details = { .a = pod->a };
	ps_each_container(pod, container_restricted, &bad);
	words_sort(&bad.what);
	if (bad.undropped.n)
		words_add(&details, slice_str(arena_printf(pod->a, "%s must set securityContext.capabilities.drop=[\"ALL\"]", ps_containers(&bad.undropped))));
	if (bad.who.n) words_add(&details, slice_str(must_not_include(&bad)));
	return details.n ? (struct ps_finding){ "unrestricted capabilities", words_join(&details, "; ") } : none;
}

struct ps_finding ps_capabilities_restricted_linux(const struct ps_pod *pod) { return is_windows(pod) ? none : ps_capabilities_restricted(pod); }

/* ---- users ---- */

struct roots { bool pod_is_safe; struct words explicit, implicit; };

static void container_non_root(void *ctx, const yyjson_mut_val *container) {
	struct roots *bad = ctx;
	const yyjson_mut_val *own = json_path(container, "securityContext.runAsNonRoot");
	if (json_is_bool(own)) {
		if (!json_path_bool(container, "securityContext.runAsNonRoot", false)) words_add(&bad->explicit, name_of(container));
	} else if (!bad->pod_is_safe) {
		words_add(&bad->implicit, name_of(container));
	}
}

struct ps_finding ps_run_as_non_root(const struct ps_pod *pod) {
	static const char reason[] = "runAsNonRoot != true";
	struct roots bad = { json_path_bool(pod->spec, "securityContext.runAsNonRoot", false), { .a = pod->a }, { .a = pod->a } };
	bool by_pod = !json_path_bool(pod->spec, "securityContext.runAsNonRoot", true);
	ps_each_container(pod, container_non_root, &bad);
	if (by_pod || bad.explicit.n)
		return (struct ps_finding){ reason, arena_printf(pod->a, "%s must not set securityContext.runAsNonRoot=false", ps_setters(pod, by_pod, &bad.explicit)) };
	if (!bad.implicit.n) return none;
	return (struct ps_finding){ reason, arena_printf(pod->a, "pod or %s must set securityContext.runAsNonRoot=true", ps_containers(&bad.implicit)) };
}

static void container_user(void *ctx, const yyjson_mut_val *container) {
	if (json_path_int(container, "securityContext.runAsUser", 1) == 0) words_add(ctx, name_of(container));
}

struct ps_finding ps_run_as_user(const struct ps_pod *pod) {
	struct words bad = { .a = pod->a };
	bool by_pod = json_path_int(pod->spec, "securityContext.runAsUser", 1) == 0;
	ps_each_container(pod, container_user, &bad);
	if (!by_pod && !bad.n) return none;
	return (struct ps_finding){ "runAsUser=0", arena_printf(pod->a, "%s must not set runAsUser=0", ps_setters(pod, by_pod, &bad)) };
}
