/* SPDX-License-Identifier: Apache-2.0 */
#include "node/machine.h"

#include "node/files.h"
#include "node/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#define SMALL_FILE_MAX (64u * KIB)

/* First line of a file, or "". */
static const char *first_line(struct arena *a, const char *path) {
	struct slice text;
	if (files_read_arena(a, path, SMALL_FILE_MAX, &text) < 0) return "";
	const char *s = arena_slice_str(a, slice_trim(slice_cut(&text, '\n')));
	return s ? s : "";
}

static int64_t meminfo(const char *key) {
	_cleanup_buf_ struct buf b = BUF_INIT(SMALL_FILE_MAX);
	if (files_read("/proc/meminfo", &b) < 0) return 0;
	struct slice rest = buf_slice(&b);
	while (rest.p) {
		struct slice line = slice_cut(&rest, '\n'), name = slice_cut(&line, ':');
		int64_t kib;
		if (!slice_eqs(name, key)) continue;
		line = slice_trim(line);
		return slice_int(slice_cut(&line, ' '), 0, INT64_MAX / 1024, &kib) == 0 ? kib * 1024 : 0;
	}
	return 0;
}

/* PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" */
static const char *os_image(struct arena *a) {
	struct slice text;
	if (files_read_arena(a, "/usr/lib/os-release", SMALL_FILE_MAX, &text) < 0) return "";
	while (text.p) {
		struct slice line = slice_cut(&text, '\n');
		if (!slice_starts(line, SLICE_LIT("PRETTY_NAME="))) continue;
		line = slice_from(line, 12);
		if (line.n >= 2 && line.p[0] == '"') line = slice_make(line.p + 1, line.n - 2);
		const char *s = arena_slice_str(a, line);
		return s ? s : "";
	}
	return "";
}

/* Asks the kernel which source address it would use: connecting a datagram socket sends nothing. */
static const char *default_ip(struct arena *a) {
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(0xc0000201) }, own;
	socklen_t n = sizeof(own);
	char text[INET_ADDRSTRLEN];
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 || getsockname(fd, (struct sockaddr *)&own, &n) < 0)
		return "127.0.0.1";
	if (!inet_ntop(AF_INET, &own.sin_addr, text, sizeof(text))) return "127.0.0.1";
	return arena_strdup(a, text);
}

static const char *go_architecture(const char *machine) {
	static const struct { const char *kernel, *go; } names[] = {
		{ "x86_64", "amd64" }, { "aarch64", "arm64" }, { "armv7l", "arm" }, { "i686", "386" }, { "ppc64le", "ppc64le" },
		{ "s390x", "s390x" }, { "riscv64", "riscv64" },
	};
	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		if (strcmp(names[i].kernel, machine) == 0) return names[i].go;
	return "unknown";
}

int64_t machine_memory_available(void) { return meminfo("MemAvailable"); }

int64_t machine_disk_available(const char *path, int64_t *ret_total) {
	struct statvfs v;
	if (statvfs(path, &v) < 0) return 0;
	if (ret_total) *ret_total = (int64_t)v.f_blocks * (int64_t)v.f_frsize;
	return (int64_t)v.f_bavail * (int64_t)v.f_frsize;
}

int machine_read(struct arena *a, const char *data_dir, const char *ip, struct machine *ret) {
	struct utsname u;
	struct machine m = { .memory = meminfo("MemTotal") };
	uname(&u);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	m.milli_cpu = (cpus > 0 ? cpus : 1) * 1000;
	(void)machine_disk_available(data_dir, &m.ephemeral);
	m.hostname = arena_strdup(a, u.nodename);
	m.kernel = arena_strdup(a, u.release);
	m.architecture = go_architecture(u.machine);
	m.machine_id = first_line(a, "/etc/machine-id");
	m.boot_id = first_line(a, "/proc/sys/kernel/random/boot_id");
	m.system_uuid = first_line(a, "/sys/class/dmi/id/product_uuid");
	if (!*m.system_uuid) m.system_uuid = m.machine_id;
	m.os_image = os_image(a);
	m.ip = ip ? arena_strdup(a, ip) : default_ip(a);
	if (!m.hostname || !m.kernel || !m.ip) return -ENOMEM;
	*ret = m;
	return 0;
}
