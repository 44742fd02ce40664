/* SPDX-License-Identifier: Apache-2.0 */
/* What is warned about. Source: pkg/api/node, pkg/api/pod, apimachinery's util/validation (GetWarningsForIP). */
#include "schema/validate/function.h"
#include "base/limits.h"
#include "codec/base64.h"

static const struct { const char *label, *text; } labels[] = {
	{ "beta.kubernetes.io/arch", "deprecated since v1.14; use \"kubernetes.io/arch\" instead" },
	{ "beta.kubernetes.io/os", "deprecated since v1.14; use \"kubernetes.io/os\" instead" },
	{ "failure-domain.beta.kubernetes.io/region", "deprecated since v1.17; use \"topology.kubernetes.io/region\" instead" },
	{ "failure-domain.beta.kubernetes.io/zone", "deprecated since v1.17; use \"topology.kubernetes.io/zone\" instead" },
	{ "beta.kubernetes.io/instance-type", "deprecated since v1.17; use \"node.kubernetes.io/instance-type\" instead" },
};

/* nil, or what is said of an outdated node label. */
RULE_DEF(nodeLabelWarning) {
	for (size_t i = 0; i < ELEMENTSOF(labels); i++)
		if (slice_eqs(rv_slice(a), labels[i].label)) return rv_lit(labels[i].text);
	return RV_NONE;
}

static const struct { const char *key, *text; bool prefix; } annotations[] = {
	{ "seccomp.security.alpha.kubernetes.io/pod", "non-functional in v1.27+; use the \"seccompProfile\" field instead", false },
	{ "container.seccomp.security.alpha.kubernetes.io/", "non-functional in v1.27+; use the \"seccompProfile\" field instead",
		true },
	{ "container.apparmor.security.beta.kubernetes.io/", "deprecated since v1.30; use the \"appArmorProfile\" field instead", true },
	{ "scheduler.alpha.kubernetes.io/critical-pod", "non-functional in v1.16+; use the \"priorityClassName\" field instead", false },
	{ "security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead", false },
	{ "security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead", false },
};

/* nil, or what is said of an outdated annotation of a pod. */
RULE_DEF(podAnnotationWarning) {
	struct slice key = rv_slice(a);
	for (size_t i = 0; i < ELEMENTSOF(annotations); i++)
		if (annotations[i].prefix ? slice_starts(key, slice_str(annotations[i].key)) : slice_eqs(key, annotations[i].key))
			return rv_lit(annotations[i].text);
	return RV_NONE;
}

static const struct { const char *source, *text; } volumes[] = {
	{ "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+" },
	{ "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+" },
	{ "scaleIO", "deprecated in v1.16, non-functional in v1.22+" },
	{ "flocker", "deprecated in v1.22, non-functional in v1.25+" },
	{ "storageos", "deprecated in v1.22, non-functional in v1.25+" },
	{ "quobyte", "deprecated in v1.22, non-functional in v1.25+" },
	{ "glusterfs", "deprecated in v1.25, non-functional in v1.26+" },
	{ "cephfs", "deprecated in v1.28, non-functional in v1.31+" },
	{ "rbd", "deprecated in v1.28, non-functional in v1.31+" },
};

/* nil, or what is said of an outdated volume source. */
RULE_DEF(volumeWarning) {
	for (size_t i = 0; i < ELEMENTSOF(volumes); i++)
		if (slice_eqs(rv_slice(a), volumes[i].source)) return rv_lit(volumes[i].text);
	return RV_NONE;
}

/* nil, or that the address is written in a way of its own. */
RULE_DEF(ipWarning) {
	struct rule_value sloppy = rule_fn_ParseIPSloppy(s, a, 1), strict = rule_fn_isStrictIP(s, a, 1),
		mapped = rule_fn_isMappedIP(s, a, 1);
	if (sloppy.kind == RV_NIL) return RV_NONE;
	if (!strict.b || mapped.b)
		return rule_textf(s, "non-standard IP address \"%.*s\" will be considered invalid in a future Kubernetes release: use \"%.*s\"",
			SLICE_FMT(rv_slice(a)), SLICE_FMT(rv_slice(&sloppy)));
	if (rv_equal(a, &sloppy)) return RV_NONE;
	return rule_textf(s, "IPv6 address \"%.*s\" should be in RFC 5952 canonical format (\"%.*s\")", SLICE_FMT(rv_slice(a)),
		SLICE_FMT(rv_slice(&sloppy)));
}

/* nil, or that the network is written in a way of its own. */
RULE_DEF(cidrWarning) {
	struct rule_value canonical = rule_fn_canonicalCIDR(s, a, 1), strict = rule_fn_isStrictCIDR(s, a, 1),
		mapped = rule_fn_isMappedIP(s, a, 1);
	struct rule_value host_bits = rule_fn_hasHostBits(s, a, 1);
	if (canonical.kind == RV_NIL) return RV_NONE;
	if (host_bits.b) {
		struct slice text = rv_slice(a), bits = text;
		struct rule_value address = rv_str(slice_cut(&bits, '/')), plain = rule_fn_ParseIPSloppy(s, &address, 1);
		return rule_textf(s, "CIDR value \"%.*s\" is ambiguous in this context (should be \"%.*s\" or \"%.*s/%d\"?)", SLICE_FMT(text),
			SLICE_FMT(rv_slice(&canonical)), SLICE_FMT(rv_slice(&plain)), slice_chr(text, ':') >= 0 ? 128 : 32);
	}
	if (!strict.b || mapped.b)
		return rule_textf(s, "non-standard CIDR value \"%.*s\" will be considered invalid in a future Kubernetes release: use \"%.*s\"",
			SLICE_FMT(rv_slice(a)), SLICE_FMT(rv_slice(&canonical)));
	if (rv_equal(a, &canonical)) return RV_NONE;
	return rule_textf(s, "IPv6 CIDR value \"%.*s\" should be in RFC 5952 canonical format (\"%.*s\")", SLICE_FMT(rv_slice(a)),
		SLICE_FMT(rv_slice(&canonical)));
}

static bool has_pem(const struct rule_value *base64) {
	_cleanup_buf_ struct buf b = BUF_INIT(REQUEST_BODY_MAX);
	size_t at;
	return base64_decode(&b, BASE64_STD, rv_slice(base64), &at) == 0 && slice_find(buf_slice(&b), SLICE_LIT("-----BEGIN ")) >= 0;
}

/* nil, or what TLS would say of a certificate a[0] and key a[1] that are no PEM at all. */
RULE_DEF(keyPairWarning) {
	if (!has_pem(a)) return rv_lit("tls: failed to find any PEM data in certificate input");
	return has_pem(&a[1]) ? RV_NONE : rv_lit("tls: failed to find any PEM data in key input");
}
