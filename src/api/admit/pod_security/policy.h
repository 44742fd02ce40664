/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod security standards as a table of checks (KEP-2579; Kubernetes documentation, "Pod Security Standards"): a level and a
 * version choose the rows. Pure.
 */
#pragma once

#include "base/words.h"
#include "codec/json.h"

enum ps_level { PS_PRIVILEGED, PS_BASELINE, PS_RESTRICTED };

/* The newest minor version there are rules for, and "latest". */
#define PS_NEWEST 34
#define PS_LATEST 1000000

struct ps_policy { enum ps_level level; unsigned minor; };

/* "baseline:latest", "restricted:v1.20". */
const char *ps_policy_text(struct arena *a, struct ps_policy p);

struct ps_pod {
	struct arena *a;
	const yyjson_mut_val *meta, *spec;
};

/* What a check found. reason NULL: nothing. Strings static or in the pod's arena; detail may be NULL. */
struct ps_finding { const char *reason, *detail; };

struct ps_check {
	const char *id;
	enum ps_level level;
	unsigned from, until;      /* minor versions it holds for, from inclusive, until exclusive (0: to the newest) */
	unsigned overridden;       /* a baseline check gives way to one of restricted from this version on; 0: never */
	struct ps_finding (*check)(const struct ps_pod *pod);
};

/* In the order of messages: baseline's by id, then restricted's; the last row has no id. */
extern const struct ps_check ps_checks[];

/* Every violated check: `reason (detail), reason (detail)`, and reasons only in *ret_reasons (may be NULL). NULL: the pod is
 * allowed. */
const char *ps_violations(const struct ps_pod *pod, struct ps_policy p, const char **ret_reasons);

/* ---- for the checks ---- */

/* Calls fn for every container, in the order init, regular, ephemeral. */
void ps_each_container(const struct ps_pod *pod, void (*fn)(void *ctx, const yyjson_mut_val *container), void *ctx);
/* `pod and containers "a", "b"`, the parts that there are. */
const char *ps_setters(const struct ps_pod *pod, bool by_pod, const struct words *containers);
/* `container "a"` or `containers "a", "b"`. */
const char *ps_containers(const struct words *names);
bool ps_in(struct slice s, const char *const *list, size_t n);

/* Checks of one file each group: host.c, privilege.c, profile.c, volume.c. */
#define PS_CHECK(name) struct ps_finding name(const struct ps_pod *pod)
PS_CHECK(ps_host_namespaces);
PS_CHECK(ps_host_path_volumes);
PS_CHECK(ps_host_ports);
PS_CHECK(ps_host_probes);
PS_CHECK(ps_windows_host_process);
PS_CHECK(ps_privileged);
PS_CHECK(ps_proc_mount);
PS_CHECK(ps_capabilities_baseline);
PS_CHECK(ps_capabilities_restricted);
PS_CHECK(ps_capabilities_restricted_linux);
PS_CHECK(ps_allow_privilege_escalation);
PS_CHECK(ps_allow_privilege_escalation_linux);
PS_CHECK(ps_run_as_non_root);
PS_CHECK(ps_run_as_user);
PS_CHECK(ps_app_armor);
PS_CHECK(ps_se_linux_1_0);
PS_CHECK(ps_se_linux_1_31);
PS_CHECK(ps_seccomp_annotations);
PS_CHECK(ps_seccomp_baseline);
PS_CHECK(ps_seccomp_restricted);
PS_CHECK(ps_seccomp_restricted_linux);
PS_CHECK(ps_sysctls_1_0);
PS_CHECK(ps_sysctls_1_27);
PS_CHECK(ps_sysctls_1_29);
PS_CHECK(ps_sysctls_1_32);
PS_CHECK(ps_restricted_volumes);
