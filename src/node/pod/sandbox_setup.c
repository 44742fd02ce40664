/* SPDX-License-Identifier: Apache-2.0 */
/* From nothing to namespaces, network and the files that depend on the address; and back. */
#include "node/pod/pod.h"

#include "base/log.h"
#include "node/files.h"
#include "node/pod/container.h"
#include "node/pod/network_files.h"
#include "node/runtime/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>

#define SYSCTLS_MAX 64u
#define HOST_PORTS_MAX 1024u
#define NETWORK_FILE_MAX (1u * MIB)

const char *pod_ns_dir(struct pod *p, struct arena *a) { return arena_printf(a, "%s/ns/%s", p->agent->paths.run, p->uid); }

size_t pod_host_ports(struct pod *p, struct arena *a, struct cni_port **ret) {
	static const char *const lists[] = { "spec.initContainers", "spec.containers" };
	struct cni_port *ports = arena_array(a, HOST_PORTS_MAX, sizeof(*ports));
	size_t n = 0, i, max, k, kmax;
	yyjson_mut_val *c, *v;
	*ret = ports;
	if (!ports || pod_host_network(p)) return 0;
	for (size_t l = 0; l < ELEMENTSOF(lists); l++)
		yyjson_mut_arr_foreach(json_path(p->object, lists[l]), i, max, c)
			yyjson_mut_arr_foreach(json_get(c, "ports"), k, kmax, v) {
				struct slice protocol = json_path_str(v, "protocol"), ip = json_path_str(v, "hostIP");
				uint16_t host = (uint16_t)json_path_int(v, "hostPort", 0);
				if (host == 0 || n == HOST_PORTS_MAX) continue;
				ports[n++] = (struct cni_port){ host, (uint16_t)json_path_int(v, "containerPort", 0),
								slice_eqs(protocol, "UDP")    ? "udp"
								: slice_eqs(protocol, "SCTP") ? "sctp"
											      : "tcp",
								arena_slice_str(a, ip) };
			}
	return n;
}

static int write_network_files(struct pod *p, struct arena *a) {
	_cleanup_buf_ struct buf hosts = BUF_INIT(NETWORK_FILE_MAX), resolv = BUF_INIT(NETWORK_FILE_MAX),
				 name = BUF_INIT(NETWORK_FILE_MAX);
	struct node_agent *g = p->agent;
	const char *hostname = pod_hostname(a, p->object, g->machine.hostname, g->o.cluster_domain);
	struct resolv_facts facts = { g->o.cluster_dns, g->o.cluster_domain, g->host_resolv };
	struct resolv_notes notes = { 0 };
	if (!hostname) return -ENOMEM;
	int r = pod_hosts_write(&hosts, a, p->object, p->ip ? p->ip : g->machine.ip, hostname, g->o.cluster_domain, g->host_hosts);
	if (r == 0) r = pod_resolv_write(&resolv, a, p->object, &facts, &notes);
	if (r == 0) r = buf_printf(&name, "%s\n", hostname);
	if (r < 0) return r;
	if (notes.missing_cluster_dns)
		pod_event(p, NULL, "Warning", "MissingClusterDNS",
			  "pod: \"%s_%s(%s)\". kubelet does not have ClusterDNS IP configured and cannot create Pod using \"ClusterFirst\" policy. Falling back to \"Default\" policy.",
			  p->name, p->ns, p->uid);
	if (notes.nameservers_dropped)
		pod_event(p, NULL, "Warning", "DNSConfigForming", "Nameserver limits were exceeded, some nameservers have been omitted");
	if (notes.searches_dropped)
		pod_event(p, NULL, "Warning", "DNSConfigForming",
			  "Search Line limits were exceeded, some search paths have been omitted");
	const struct { const char *file; struct slice bytes; } files[] = {
		{ "hosts", buf_slice(&hosts) }, { "resolv.conf", buf_slice(&resolv) }, { "hostname", buf_slice(&name) },
	};
	for (size_t i = 0; i < ELEMENTSOF(files) && r == 0; i++) {
		const char *path = arena_printf(a, "%s/%s", p->dir, files[i].file);
		r = path ? files_write(path, files[i].bytes, 0644, false) : -ENOMEM;
	}
	return r;
}

/* 64 MiB of shared memory for all containers of the pod. */
static int make_shm(struct pod *p, struct arena *a) {
	const char *dir = arena_printf(a, "%s/shm", p->dir);
	char options[64];
	if (!dir) return -ENOMEM;
	int r = files_mkdir_p(dir, 0755);
	if (r < 0 || files_is_mount(dir)) return r;
	snprintf(options, sizeof(options), "mode=1777,size=%u", SHM_BYTES);
	return mount("shm", dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options) < 0 ? -errno : 0;
}

static void failed(struct pod *p, const char *why) {
	p->sandbox_failed_ms = agent_now_ms(p->agent);
	backoff_fail(&p->sandbox_backoff, p->sandbox_failed_ms, p->sandbox_failed_ms);
	p->sandbox = SANDBOX_NONE;
	pod_event(p, NULL, "Warning", "FailedCreatePodSandBox", "Failed to create pod sandbox: %s", why);
	pod_kick(p);
}

static void ready(struct pod *p) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	int r = a ? write_network_files(p, a) : -ENOMEM;
	if (r == 0) r = make_shm(p, a);
	if (r < 0) return failed(p, strerror(-r));
	p->sandbox = SANDBOX_READY;
	backoff_reset(&p->sandbox_backoff);
	(void)pod_record_save(p);
	pod_kick(p);
}

static void on_connected(void *ctx, const struct cni_result *res) {
	struct pod *p = ctx;
	if (res->err < 0) {
		char text[1024];
		snprintf(text, sizeof(text), "plugin type=\"bridge\" failed (add): %s", res->why);
		failed(p, text);
	} else if (!string_set(&p->ip, slice_str(res->ip))) {
		failed(p, strerror(ENOMEM));
	} else {
		ready(p);
	}
	pod_unref(p);
}

static void connect_network(struct pod *p) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct cni_port *ports;
	size_t n = a ? pod_host_ports(p, a, &ports) : 0;
	const char *dir = a ? pod_ns_dir(p, a) : NULL, *netns = dir ? arena_printf(a, "%s/net", dir) : NULL;
	p->sandbox = SANDBOX_CONNECTING;
	p->network_up = true;
	(void)pod_record_save(p);
	int r = netns ? cni_add(&p->agent->network, p->uid, netns, ports, n, on_connected, p) : -ENOMEM;
	if (r < 0) return failed(p, strerror(-r));
	pod_ref(p);
}

static void on_processes(void *ctx, int err, const char *why) {
	struct pod *p = ctx;
	if (err < 0) failed(p, why);
	else if (pod_host_network(p)) ready(p);
	else connect_network(p);
	pod_unref(p);
}

static void on_made(void *ctx, int err, const char *why) {
	struct pod *p = ctx;
	if (err < 0 || !pod_shares_processes(p)) return on_processes(p, err, why);
	p->processes_up = true;
	int r = pod_processes_start(p, on_processes);
	if (r < 0) on_processes(p, r, strerror(-r));
}

static size_t sysctls_of(struct pod *p, struct arena *a, struct sandbox_sysctl list[SYSCTLS_MAX]) {
	size_t n = 0, i, max;
	yyjson_mut_val *v;
	/* A neighbour's router advertisements must not reroute the pod (CVE-2020-10749). */
	static const char *const quiet[] = { "net.ipv6.conf.all.accept_ra", "net.ipv6.conf.default.accept_ra" };
	for (i = 0; i < ELEMENTSOF(quiet) && !pod_host_network(p); i++) list[n++] = (struct sandbox_sysctl){ quiet[i], "0", true };
	yyjson_mut_arr_foreach(json_path(p->object, "spec.securityContext.sysctls"), i, max, v) {
		struct slice name = json_path_str(v, "name"), value = json_path_str(v, "value");
		if (n == SYSCTLS_MAX) break;
		list[n] = (struct sandbox_sysctl){ arena_slice_str(a, name), arena_slice_str(a, value), false };
		if (list[n].name && list[n].value) n++;
	}
	return n;
}

static void make_namespaces(struct pod *p) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct sandbox_sysctl sysctls[SYSCTLS_MAX];
	bool host = pod_host_network(p);
	struct sandbox_options o = { .dir = a ? pod_ns_dir(p, a) : NULL, .net = !host, .uts = !host,
				     .ipc = !json_path_bool(p->object, "spec.hostIPC", false) };
	int r = o.dir ? files_mkdir_p(p->dir, 0750) : -ENOMEM;
	if (r == 0 && !(o.hostname = pod_hostname(a, p->object, p->agent->machine.hostname, p->agent->o.cluster_domain))) r = -ENOMEM;
	if (r == 0) {
		o.sysctls = sysctls;
		o.n_sysctls = sysctls_of(p, a, sysctls);
		(void)pod_manifest_save(p);
		r = sandbox_create(p->agent->loop, &o, on_made, p);
	}
	if (r < 0) return failed(p, strerror(-r));
	p->sandbox = SANDBOX_MAKING;
	pod_ref(p);
}

static void on_cleared(void *ctx, const struct cni_result *res) {
	struct pod *p = ctx;
	p->network_up = false;
	p->sandbox = SANDBOX_NONE;
	pod_kick(p);
	pod_unref(p);
}

/* A network half made by an earlier attempt has to go before the next. */
static int clear_network(struct pod *p, void (*done)(void *, const struct cni_result *)) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct cni_port *ports;
	size_t n = a ? pod_host_ports(p, a, &ports) : 0;
	const char *dir = a ? pod_ns_dir(p, a) : NULL, *netns = dir ? arena_printf(a, "%s/net", dir) : NULL;
	int r = netns ? cni_del(&p->agent->network, p->uid, netns, ports, n, done, p) : -ENOMEM;
	if (r == 0) pod_ref(p);
	return r;
}

void pod_sandbox_ensure(struct pod *p) {
	if (p->sandbox != SANDBOX_NONE) return;
	uint64_t left = backoff_left(&p->sandbox_backoff, p->sandbox_failed_ms, agent_now_ms(p->agent));
	if (left) return pod_wake_in(p, left);
	if (!p->network_up) return make_namespaces(p);
	if (clear_network(p, on_cleared) == 0) p->sandbox = SANDBOX_REMOVING;
	else pod_wake_in(p, 1000);
}

static void namespaces_remove(struct pod *p) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	const char *dir = a ? pod_ns_dir(p, a) : NULL;
	int r = dir ? sandbox_remove(dir) : -ENOMEM;
	if (r < 0) log_warn("node", "pod %s/%s: namespaces could not be removed: %s", p->ns, p->name, strerror(-r));
	p->sandbox = SANDBOX_NONE;
	p->network_up = false;
	(void)pod_record_save(p);
	pod_kick(p);
}

static void on_disconnected(void *ctx, const struct cni_result *res) {
	struct pod *p = ctx;
	if (res->err < 0) log_warn("node", "pod %s/%s: network could not be removed: %s", p->ns, p->name, res->why);
	namespaces_remove(p);
	pod_unref(p);
}

static void disconnect(struct pod *p) {
	if (!p->network_up || clear_network(p, on_disconnected) < 0) namespaces_remove(p);
}

static void on_processes_ended(void *ctx, int err, const char *why) {
	struct pod *p = ctx;
	disconnect(p);
	pod_unref(p);
}

void pod_sandbox_end(struct pod *p) {
	if (p->sandbox == SANDBOX_REMOVING) return;
	p->sandbox = SANDBOX_REMOVING;
	bool end_processes = p->processes_up;
	p->processes_up = false;
	if (!end_processes || pod_processes_end(pod_ref(p), on_processes_ended) < 0) {
		if (end_processes) pod_unref(p);
		disconnect(p);
	}
}
