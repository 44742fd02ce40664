/* SPDX-License-Identifier: Apache-2.0 */
/* What of the host a pod may use: namespaces, paths, ports, addresses of probes, sysctls. */
#include "api/admit/pod_security/policy.h"

#include <stdio.h>

struct ps_finding ps_host_namespaces(const struct ps_pod *pod) {
	static const char *const fields[] = { "hostNetwork", "hostPID", "hostIPC" };
	struct words w = { .a = pod->a };
	for (size_t i = 0; i < ELEMENTSOF(fields); i++)
		if (json_path_bool(pod->spec, fields[i], false)) words_add(&w, slice_str(arena_printf(pod->a, "%s=true", fields[i])));
	return w.n ? (struct ps_finding){ "host namespaces", words_join(&w, ", ") } : (struct ps_finding){ 0 };
}

struct ps_finding ps_host_path_volumes(const struct ps_pod *pod) {
	struct words w = { .a = pod->a };
	yyjson_mut_val *volume;
	json_each(json_get(pod->spec, "volumes"), volume)
		if (json_get(volume, "hostPath")) words_add(&w, json_path_str(volume, "name"));
	if (!w.n) return (struct ps_finding){ 0 };
	return (struct ps_finding){ "hostPath volumes", arena_printf(pod->a, "%s %s", words_plural(&w, "volume", "volumes"), words_quoted(&w)) };
}

struct uses { struct words who, what; };

static void container_ports(void *ctx, const yyjson_mut_val *container) {
	struct uses *u = ctx;
	bool bad = false;
	yyjson_mut_val *port;
	json_each(json_get(container, "ports"), port) {
		int64_t host = json_path_int(port, "hostPort", 0);
		if (!host) continue;
		bad = true;
		words_add_once(&u->what, slice_str(arena_printf(u->what.a, "%lld", (long long)host)));
	}
	if (bad) words_add(&u->who, json_path_str(container, "name"));
}

/* `container "a" uses hostPort 80`. */
static const char *uses_text(const struct uses *u, const char *one, const char *many, const char *what) {
	return arena_printf(u->who.a, "%s %s %s %s", ps_containers(&u->who), words_plural(&u->who, "uses", "use"), words_plural(&u->what, one, many), what);
}

struct ps_finding ps_host_ports(const struct ps_pod *pod) {
	struct uses u = { { .a = pod->a }, { .a = pod->a } };
	ps_each_container(pod, container_ports, &u);
	words_sort(&u.what);
	if (!u.who.n) return (struct ps_finding){ 0 };
	return (struct ps_finding){ "hostPort", uses_text(&u, "hostPort", "hostPorts", words_join(&u.what, ", ")) };
}

static void container_hosts(void *ctx, const yyjson_mut_val *container) {
	static const char *const paths[] = { "livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop" };
	static const char *const actions[] = { "httpGet.host", "tcpSocket.host" };
	struct uses *u = ctx;
	for (size_t i = 0; i < ELEMENTSOF(paths); i++)
		for (size_t j = 0; j < ELEMENTSOF(actions); j++) {
			struct slice host = json_path_str(json_path(container, paths[i]), actions[j]);
			if (slice_empty(host)) continue;
			words_add_once(&u->who, json_path_str(container, "name"));
			words_add_once(&u->what, host);
		}
}

struct ps_finding ps_host_probes(const struct ps_pod *pod) {
	struct uses u = { { .a = pod->a }, { .a = pod->a } };
	ps_each_container(pod, container_hosts, &u);
	words_sort(&u.who);
	words_sort(&u.what);
	if (!u.who.n) return (struct ps_finding){ 0 };
	return (struct ps_finding){ "probe or lifecycle host", uses_text(&u, "probe or lifecycle host", "probe or lifecycle hosts", words_quoted(&u.what)) };
}

static void container_host_process(void *ctx, const yyjson_mut_val *container) {
	if (json_path_bool(container, "securityContext.windowsOptions.hostProcess", false)) words_add(ctx, json_path_str(container, "name"));
}

struct ps_finding ps_windows_host_process(const struct ps_pod *pod) {
	struct words bad = { .a = pod->a };
	bool by_pod = json_path_bool(pod->spec, "securityContext.windowsOptions.hostProcess", false);
	ps_each_container(pod, container_host_process, &bad);
	if (!by_pod && !bad.n) return (struct ps_finding){ 0 };
	return (struct ps_finding){ "hostProcess", arena_printf(pod->a, "%s must not set securityContext.windowsOptions.hostProcess=true", ps_setters(pod, by_pod, &bad)) };
}

/* In the order in which versions added them. */
static const char *const safe_sysctls[] = {
	"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
	"net.ipv4.ip_unprivileged_port_start", /* 1.0 */
	"net.ipv4.ip_local_reserved_ports", /* 1.27 */
	"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", /* 1.29 */
	"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", /* 1.32 */
};

static struct ps_finding sysctls(const struct ps_pod *pod, size_t n_safe) {
	struct words w = { .a = pod->a };
	yyjson_mut_val *sysctl;
	json_each(json_path(pod->spec, "securityContext.sysctls"), sysctl)
		if (!ps_in(json_path_str(sysctl, "name"), safe_sysctls, n_safe)) words_add(&w, json_path_str(sysctl, "name"));
	return w.n ? (struct ps_finding){ "forbidden sysctls", words_join(&w, ", ") } : (struct ps_finding){ 0 };
}

struct ps_finding ps_sysctls_1_0(const struct ps_pod *pod) { return sysctls(pod, 5); }
struct ps_finding ps_sysctls_1_27(const struct ps_pod *pod) { return sysctls(pod, 6); }
struct ps_finding ps_sysctls_1_29(const struct ps_pod *pod) { return sysctls(pod, 10); }
struct ps_finding ps_sysctls_1_32(const struct ps_pod *pod) { return sysctls(pod, ELEMENTSOF(safe_sysctls)); }
