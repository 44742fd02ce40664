/* SPDX-License-Identifier: Apache-2.0 */
#include "node/runtime/spec.h"

#include "node/limits.h"
#include "node/runtime/capabilities.h"
#include "node/runtime/seccomp.h"

#define OCI_VERSION "1.0.2"
#define CPU_PERIOD_US 100000u

/* Mounts every container has. Files of the pod (hosts, resolv.conf, ...), shared memory and volumes follow them. */
static const struct {
	const char *destination, *type, *source, *options, *options_privileged;
} base_mounts[] = {
	{ "/proc", "proc", "proc", "nosuid,noexec,nodev", NULL },
	{ "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k", NULL },
	{ "/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5", NULL },
	{ "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev", NULL },
	{ "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro", "nosuid,noexec,nodev,rw" },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro", "nosuid,noexec,nodev,relatime,rw" },
};

static const char *const masked_paths[] = {
	"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
	"/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
};
static const char *const readonly_paths[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" };

static void key_str(struct buf *b, const char *key, struct slice value) {
	buf_printf(b, "\"%s\":", key);
	json_write_string(b, value);
}

static void write_list(struct buf *b, const char *key, const struct slice *list, size_t n) {
	buf_printf(b, "\"%s\":[", key);
	for (size_t i = 0; i < n; i++) {
		if (i) buf_putc(b, ',');
		json_write_string(b, list[i]);
	}
	buf_putc(b, ']');
}

static void write_options(struct buf *b, const char *options) {
	struct slice rest = slice_str(options);
	const char *sep = "";
	buf_puts(b, ",\"options\":[");
	while (rest.p) {
		struct slice o = slice_cut(&rest, ',');
		buf_printf(b, "%s\"%.*s\"", sep, SLICE_FMT(o));
		sep = ",";
	}
	buf_puts(b, "]}");
}

static void write_capabilities(struct buf *b, const struct container_spec *s) {
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	/* A user other than root starts with nothing effective (the kernel clears it at execve anyway). */
	buf_puts(b, ",\"capabilities\":{");
	for (size_t k = 0; k < ELEMENTSOF(sets); k++) {
		const char *sep = "", *name;
		buf_printf(b, "%s\"%s\":[", k ? "," : "", sets[k]);
		for (unsigned i = 0; (name = capability_name(i)); i++) {
			if (!((s->capabilities >> i) & 1)) continue;
			buf_printf(b, "%s\"%s\"", sep, name);
			sep = ",";
		}
		buf_putc(b, ']');
	}
	buf_putc(b, '}');
}

int container_process_write(struct buf *b, const struct container_spec *s) {
	buf_printf(b, "{\"terminal\":%s,\"user\":{\"uid\":%u,\"gid\":%u", s->terminal ? "true" : "false", s->user.uid, s->user.gid);
	if (s->user.n_groups) buf_puts(b, ",\"additionalGids\":[");
	for (size_t i = 0; i < s->user.n_groups; i++) buf_printf(b, "%s%u", i ? "," : "", s->user.groups[i]);
	buf_puts(b, s->user.n_groups ? "]}," : "},");
	write_list(b, "args", s->args, s->n_args);
	buf_putc(b, ',');
	write_list(b, "env", s->env, s->n_env);
	buf_putc(b, ',');
	key_str(b, "cwd", slice_str(s->cwd));
	write_capabilities(b, s);
	buf_printf(b, ",\"noNewPrivileges\":%s,\"oomScoreAdj\":%d}", s->no_new_privileges ? "true" : "false", s->oom_score_adj);
	return buf_err(b);
}

static void write_mounts(struct buf *b, const struct container_spec *s) {
	buf_puts(b, ",\"mounts\":[");
	for (size_t i = 0; i < ELEMENTSOF(base_mounts); i++) {
		bool open = s->privileged && base_mounts[i].options_privileged;
		buf_printf(b, "%s{\"destination\":\"%s\",\"type\":\"%s\",\"source\":\"%s\"", i ? "," : "", base_mounts[i].destination,
			   base_mounts[i].type, base_mounts[i].source);
		write_options(b, open ? base_mounts[i].options_privileged : base_mounts[i].options);
	}
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct spec_mount *m = &s->mounts[i];
		buf_puts(b, ",{");
		key_str(b, "destination", slice_str(m->destination));
		buf_puts(b, ",\"type\":\"bind\",");
		key_str(b, "source", slice_str(m->source));
		buf_printf(b, ",\"options\":[\"rbind\",\"%s\",\"%s\"]}", m->propagation, m->readonly ? "ro" : "rw");
	}
	buf_putc(b, ']');
}

static void write_namespaces(struct buf *b, const struct container_spec *s) {
	const struct { const char *type, *path; bool fresh; } list[] = {
		{ "mount", NULL, true }, { "pid", s->pid_path, !s->host_pid }, { "network", s->net_path, false },
		{ "ipc", s->ipc_path, false }, { "uts", s->uts_path, false }, { "cgroup", NULL, s->cgroup_namespace },
	};
	const char *sep = "";
	buf_puts(b, "\"namespaces\":[");
	for (size_t i = 0; i < ELEMENTSOF(list); i++) {
		if (!list[i].path && !list[i].fresh) continue;
		buf_printf(b, "%s{\"type\":\"%s\"", sep, list[i].type);
		if (list[i].path) buf_putc(b, ','), key_str(b, "path", slice_str(list[i].path));
		buf_putc(b, '}');
		sep = ",";
	}
	buf_putc(b, ']');
}

static void write_device_rules(struct buf *b, const struct container_spec *s) {
	/* What every container may use: the standard nodes the runtime makes, terminals, and making (not using) others. */
	static const char standard[] =
		"{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"access\":\"m\"},{\"allow\":true,\"type\":\"b\",\"access\":\"m\"},"
		"{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":5,\"access\":\"rwm\"},"
		"{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":7,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":8,\"access\":\"rwm\"},"
		"{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":9,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":5,\"minor\":0,\"access\":\"rwm\"},"
		"{\"allow\":true,\"type\":\"c\",\"major\":5,\"minor\":2,\"access\":\"rwm\"},{\"allow\":true,\"type\":\"c\",\"major\":136,\"access\":\"rwm\"}";
	buf_puts(b, "\"devices\":[");
	buf_puts(b, s->privileged ? "{\"allow\":true,\"access\":\"rwm\"}" : standard);
	buf_putc(b, ']');
}

static void write_resources(struct buf *b, const struct container_spec *s) {
	buf_puts(b, ",\"resources\":{");
	write_device_rules(b, s);
	if (s->memory_limit > 0)
		buf_printf(b, ",\"memory\":{\"limit\":%lld}", (long long)s->memory_limit);
	if (s->cpu_shares || s->cpu_quota) {
		buf_printf(b, ",\"cpu\":{\"shares\":%llu", (unsigned long long)(s->cpu_shares ? s->cpu_shares : 2));
		if (s->cpu_quota) buf_printf(b, ",\"quota\":%lld,\"period\":%u", (long long)s->cpu_quota, CPU_PERIOD_US);
		buf_putc(b, '}');
	}
	if (s->pids_limit > 0) buf_printf(b, ",\"pids\":{\"limit\":%lld}", (long long)s->pids_limit);
	buf_putc(b, '}');
}

static void write_devices(struct buf *b, const struct container_spec *s) {
	buf_puts(b, ",\"devices\":[");
	for (size_t i = 0; i < s->n_devices; i++) {
		const struct spec_device *d = &s->devices[i];
		buf_puts(b, i ? ",{" : "{");
		key_str(b, "path", slice_str(d->path));
		buf_printf(b, ",\"type\":\"%c\",\"major\":%u,\"minor\":%u,\"fileMode\":%u,\"uid\":%u,\"gid\":%u}", d->type,
			   d->major, d->minor, d->mode, d->uid, d->gid);
	}
	buf_putc(b, ']');
}

static void write_paths(struct buf *b, const char *key, const char *const *list, size_t n) {
	buf_printf(b, ",\"%s\":[", key);
	for (size_t i = 0; i < n; i++) buf_printf(b, "%s\"%s\"", i ? "," : "", list[i]);
	buf_putc(b, ']');
}

static void write_linux(struct buf *b, const struct container_spec *s) {
	buf_puts(b, ",\"linux\":{");
	write_namespaces(b, s);
	write_resources(b, s);
	if (s->n_devices) write_devices(b, s);
	buf_putc(b, ',');
	key_str(b, "cgroupsPath", slice_str(s->cgroups_path));
	if (!s->privileged && !s->unmasked_proc) {
		write_paths(b, "maskedPaths", masked_paths, ELEMENTSOF(masked_paths));
		write_paths(b, "readonlyPaths", readonly_paths, ELEMENTSOF(readonly_paths));
	}
	if (s->seccomp != SECCOMP_UNCONFINED) buf_puts(b, ",\"seccomp\":");
	if (s->seccomp == SECCOMP_RUNTIME_DEFAULT) seccomp_default_write(b, s->capabilities);
	if (s->seccomp == SECCOMP_LOCALHOST) buf_put_slice(b, s->seccomp_profile);
	buf_putc(b, '}');
}

int container_spec_write(struct buf *b, const struct container_spec *s) {
	buf_puts(b, "{\"ociVersion\":\"" OCI_VERSION "\",\"process\":");
	container_process_write(b, s);
	buf_puts(b, ",\"root\":{");
	key_str(b, "path", slice_str(s->rootfs));
	buf_printf(b, ",\"readonly\":%s}", s->readonly_root ? "true" : "false");
	if (s->hostname) buf_putc(b, ','), key_str(b, "hostname", slice_str(s->hostname));
	write_mounts(b, s);
	write_linux(b, s);
	buf_putc(b, '}');
	return buf_err(b);
}
