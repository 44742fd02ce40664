/* SPDX-License-Identifier: Apache-2.0 */
#include "api/admit/pod_security/policy.h"

const struct ps_check ps_checks[] = {
	{ "appArmorProfile", PS_BASELINE, 0, 0, 0, ps_app_armor },
	{ "capabilities_baseline", PS_BASELINE, 0, 0, 22, ps_capabilities_baseline },
	{ "hostNamespaces", PS_BASELINE, 0, 0, 0, ps_host_namespaces },
	{ "hostPathVolumes", PS_BASELINE, 0, 0, 0, ps_host_path_volumes },
	{ "hostPorts", PS_BASELINE, 0, 0, 0, ps_host_ports },
	{ "hostProbesAndHostLifecycle", PS_BASELINE, 34, 0, 0, ps_host_probes },
	{ "privileged", PS_BASELINE, 0, 0, 0, ps_privileged },
	{ "procMount", PS_BASELINE, 0, 0, 0, ps_proc_mount },
	{ "seLinuxOptions", PS_BASELINE, 0, 31, 0, ps_se_linux_1_0 },
	{ "seLinuxOptions", PS_BASELINE, 31, 0, 0, ps_se_linux_1_31 },
	{ "seccompProfile_baseline", PS_BASELINE, 0, 19, 19, ps_seccomp_annotations },
	{ "seccompProfile_baseline", PS_BASELINE, 19, 0, 19, ps_seccomp_baseline },
	{ "sysctls", PS_BASELINE, 0, 27, 0, ps_sysctls_1_0 },
	{ "sysctls", PS_BASELINE, 27, 29, 0, ps_sysctls_1_27 },
	{ "sysctls", PS_BASELINE, 29, 32, 0, ps_sysctls_1_29 },
	{ "sysctls", PS_BASELINE, 32, 0, 0, ps_sysctls_1_32 },
	{ "windowsHostProcess", PS_BASELINE, 0, 0, 0, ps_windows_host_process },
	{ "allowPrivilegeEscalation", PS_RESTRICTED, 8, 25, 0, ps_allow_privilege_escalation },
	{ "allowPrivilegeEscalation", PS_RESTRICTED, 25, 0, 0, ps_allow_privilege_escalation_linux },
	{ "capabilities_restricted", PS_RESTRICTED, 22, 25, 0, ps_capabilities_restricted },
	{ "capabilities_restricted", PS_RESTRICTED, 25, 0, 0, ps_capabilities_restricted_linux },
	{ "restrictedVolumes", PS_RESTRICTED, 0, 0, 0, ps_restricted_volumes },
	{ "runAsNonRoot", PS_RESTRICTED, 0, 0, 0, ps_run_as_non_root },
	{ "runAsUser", PS_RESTRICTED, 23, 0, 0, ps_run_as_user },
	{ "seccompProfile_restricted", PS_RESTRICTED, 19, 25, 0, ps_seccomp_restricted },
	{ "seccompProfile_restricted", PS_RESTRICTED, 25, 0, 0, ps_seccomp_restricted_linux },
	{ 0 },
};

const char *ps_policy_text(struct arena *a, struct ps_policy p) {
	static const char *const names[] = { "privileged", "baseline", "restricted" };
	const char *text = p.minor == PS_LATEST ? arena_printf(a, "%s:latest", names[p.level]) : arena_printf(a, "%s:v1.%u", names[p.level], p.minor);
	return text ? text : "";
}

static bool applies(const struct ps_check *c, struct ps_policy p) {
	unsigned minor = p.minor > PS_NEWEST ? PS_NEWEST : p.minor;
	if (c->level > p.level || minor < c->from || (c->until && minor >= c->until)) return false;
	return p.level != PS_RESTRICTED || !c->overridden || minor < c->overridden;
}

const char *ps_violations(const struct ps_pod *pod, struct ps_policy p, const char **ret_reasons) {
	struct words whole = { .a = pod->a }, reasons = { .a = pod->a };
	for (const struct ps_check *c = ps_checks; c->id; c++) {
		struct ps_finding f = applies(c, p) ? c->check(pod) : (struct ps_finding){ 0 };
		if (!f.reason) continue;
		const char *text = f.detail ? arena_printf(pod->a, "%s (%s)", f.reason, f.detail) : f.reason;
		words_add(&whole, slice_str(text ? text : f.reason));
		words_add(&reasons, slice_str(f.reason));
	}
	/* Without memory for the words there is still a refusal. */
	if (!whole.n) return whole.failed ? "out of memory" : NULL;
	if (ret_reasons) *ret_reasons = words_join(&reasons, ", ");
	return words_join(&whole, ", ");
}

void ps_each_container(const struct ps_pod *pod, void (*fn)(void *ctx, const yyjson_mut_val *container), void *ctx) {
	static const char *const lists[] = { "initContainers", "containers", "ephemeralContainers" };
	yyjson_mut_val *container;
	for (size_t i = 0; i < ELEMENTSOF(lists); i++)
		json_each(json_get(pod->spec, lists[i]), container) fn(ctx, container);
}

const char *ps_containers(const struct words *names) {
	const char *text = arena_printf(names->a, "%s %s", words_plural(names, "container", "containers"), words_quoted(names));
	return text ? text : "";
}

const char *ps_setters(const struct ps_pod *pod, bool by_pod, const struct words *containers) {
	struct words w = { .a = pod->a };
	if (by_pod) words_add(&w, SLICE_LIT("pod"));
	if (containers->n) words_add(&w, slice_str(ps_containers(containers)));
	return words_join(&w, " and ");
}

bool ps_in(struct slice s, const char *const *list, size_t n) {
	for (size_t i = 0; i < n; i++)
		if (slice_eqs(s, list[i])) return true;
	return false;
}
