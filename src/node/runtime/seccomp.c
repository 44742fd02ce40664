/* SPDX-License-Identifier: Apache-2.0 */
#include "node/runtime/seccomp.h"

#include "node/runtime/seccomp-calls.h"

#define CAP_SYS_ADMIN_BIT 21

#if defined(__x86_64__)
#define ARCHITECTURES "\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\""
#elif defined(__aarch64__)
#define ARCHITECTURES "\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_ARM\""
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURES "\"SCMP_ARCH_RISCV64\""
#else
#error "no seccomp architecture list for this machine"
#endif

static void write_names(struct buf *b, const char *names) {
	struct slice rest = slice_str(names);
	bool first = true;
	while (rest.p) {
		struct slice name = slice_cut(&rest, ' ');
		if (slice_empty(name)) continue;
		buf_printf(b, "%s\"%.*s\"", first ? "" : ",", SLICE_FMT(name));
		first = false;
	}
}

static void write_allow(struct buf *b, const char *names) {
	buf_puts(b, ",{\"names\":[");
	write_names(b, names);
	buf_puts(b, "],\"action\":\"SCMP_ACT_ALLOW\"}");
}

static void write_personality(struct buf *b) {
	for (size_t i = 0; i < ELEMENTSOF(personalities); i++)
		buf_printf(
			b,
			",{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":%llu,\"op\":\"SCMP_CMP_EQ\"}]}",
			(unsigned long long)personalities[i]);
}

static void write_clone(struct buf *b) {
	buf_printf(
		b,
		",{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":%llu,\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}",
		CLONE_NAMESPACES);
	buf_printf(b, ",{\"names\":[\"clone3\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":%u}", ERRNO_NOSYS);
}

int seccomp_default_write(struct buf *b, uint64_t capabilities) {
	buf_puts(b, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1,\"architectures\":[" ARCHITECTURES
		    "],\"syscalls\":[{\"names\":[");
	write_names(b, calls_always);
	buf_puts(b, "],\"action\":\"SCMP_ACT_ALLOW\"}");
	buf_printf(
		b,
		",{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":%u,\"op\":\"SCMP_CMP_NE\"}]}",
		SOCKET_VSOCK);
	write_personality(b);
	for (size_t i = 0; i < ELEMENTSOF(calls_by_capability); i++)
		if ((capabilities >> calls_by_capability[i].capability) & 1) write_allow(b, calls_by_capability[i].calls);
	if (!((capabilities >> CAP_SYS_ADMIN_BIT) & 1)) write_clone(b);
	buf_puts(b, "]}");
	return buf_err(b);
}
