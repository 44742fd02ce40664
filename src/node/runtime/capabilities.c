/* SPDX-License-Identifier: Apache-2.0 */
#include "node/runtime/capabilities.h"

#include <errno.h>
#include <sys/prctl.h>

static const char *const names[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
	"CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK",
	"CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN",
	"CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
	"CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};

const char *capability_name(unsigned number) { return number < ELEMENTSOF(names) ? names[number] : NULL; }

int capability_number(struct slice name) {
	for (unsigned i = 0; i < ELEMENTSOF(names); i++) {
		struct slice full = slice_str(names[i]);
		if (slice_ieq(name, full) || slice_ieq(name, slice_from(full, 4))) return (int)i;
	}
	return -1;
}

static int list_mask(const yyjson_mut_val *list, uint64_t *ret, struct slice *ret_bad) {
	size_t i, max;
	yyjson_mut_val *v;
	*ret = 0;
	yyjson_mut_arr_foreach((yyjson_mut_val *)list, i, max, v) {
		struct slice name = json_str(v);
		int n = capability_number(name);
		if (slice_ieq(name, SLICE_LIT("ALL"))) *ret = CAPABILITIES_ALL;
		else if (n >= 0) *ret |= 1ull << n;
		else {
			*ret_bad = name;
			return -EINVAL;
		}
	}
	return 0;
}

int capabilities_mask(const yyjson_mut_val *security_context, uint64_t *ret, struct slice *ret_bad) {
	uint64_t add, drop;
	int r = list_mask(json_path(security_context, "capabilities.add"), &add, ret_bad);
	if (r == 0) r = list_mask(json_path(security_context, "capabilities.drop"), &drop, ret_bad);
	if (r < 0) return r;
	bool privileged = json_path_bool(security_context, "privileged", false);
	uint64_t base = privileged ? CAPABILITIES_ALL : CAPABILITIES_DEFAULT;
	/* "add: [ALL], drop: [X]" means everything but X; "drop: [ALL], add: [X]" means X alone. */
	*ret = add == CAPABILITIES_ALL ? add & ~drop : (base & ~drop) | add;
	return 0;
}

uint64_t capabilities_available(void) {
	uint64_t mask = 0;
	for (unsigned i = 0; i < ELEMENTSOF(names); i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1) mask |= 1ull << i;
	return mask;
}
