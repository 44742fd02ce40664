/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities and the names of resources. Source: apimachinery's resource.Quantity; pkg/apis/core/helper. */
#include "schema/validate/function.h"

#include <ctype.h>

#define NANO_DIGITS 9
#define NANO ((__int128)1000000000)
#define NANO_MAX ((__int128)1 << 120)

static const struct { const char *suffix; int exp2, exp10; } suffixes[] = {
	{ "", 0, 0 }, { "n", 0, -9 }, { "u", 0, -6 }, { "m", 0, -3 }, { "k", 0, 3 }, { "M", 0, 6 }, { "G", 0, 9 }, { "T", 0, 12 },
	{ "P", 0, 15 }, { "E", 0, 18 }, { "Ki", 10, 0 }, { "Mi", 20, 0 }, { "Gi", 30, 0 }, { "Ti", 40, 0 }, { "Pi", 50, 0 },
		{ "Ei", 60, 0 },
};

/* Multiplies, staying below NANO_MAX. */
static __int128 scale(__int128 v, __int128 by) {
	return v > NANO_MAX / by ? NANO_MAX : v < -NANO_MAX / by ? -NANO_MAX : v * by;
}

/* Decimal exponent ("e3", "E-2") or a suffix; false when it is neither. */
static bool suffix_of(struct slice s, int *exp2, int *exp10) {
	int64_t e;
	*exp2 = *exp10 = 0;
	if (s.n > 1 && (s.p[0] == 'e' || s.p[0] == 'E') && slice_int(slice_from(s, s.p[1] == '+' ? 2 : 1), -40, 40, &e) == 0) {
		*exp10 = (int)e;
		return true;
	}
	for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
		if (slice_eqs(s, suffixes[i].suffix)) {
			*exp2 = suffixes[i].exp2;
			*exp10 = suffixes[i].exp10;
			return true;
		}
	return false;
}

/* The value in billionths, rounded away from zero as Kubernetes does; what is out of range is clamped. */
static __int128 nanos(const struct rule_value *v) {
	if (v->kind == RV_INT) return (__int128)v->i * NANO;
	struct slice s = rv_slice(v);
	bool negative = s.n && s.p[0] == '-';
	if (s.n && (s.p[0] == '-' || s.p[0] == '+')) s = slice_from(s, 1);
	__int128 m = 0;
	int digits = 0, exp2, exp10;
	bool point = false;
	size_t i = 0;
	for (; i < s.n && (isdigit((unsigned char)s.p[i]) || (s.p[i] == '.' && !point)); i++) {
		if (s.p[i] == '.') point = true;
		else if (m < NANO_MAX / 10) {
			m = m * 10 + (s.p[i] - '0');
			digits += point;
		}
	}
	if (!suffix_of(slice_from(s, i), &exp2, &exp10)) return 0;
	m = scale(m, (__int128)1 << exp2);
	exp10 += NANO_DIGITS - digits;
	bool rest = false;
	for (; exp10 > 0; exp10--) m = scale(m, 10);
	for (; exp10 < 0; exp10++) {
		rest |= m % 10 != 0;
		m /= 10;
	}
	m += rest;
	return negative ? -m : m;
}

static int64_t rounded_up(__int128 v, __int128 unit) {
	__int128 q = v / unit + (v % unit > 0);
	return q > INT64_MAX ? INT64_MAX : q < INT64_MIN ? INT64_MIN : (int64_t)q;
}

RULE_DEF(Cmp) {
	__int128 x = nanos(a), y = nanos(&a[1]);
	return rv_int((x > y) - (x < y));
}
RULE_DEF(Sign) {
	__int128 x = nanos(a);
	return rv_int((x > 0) - (x < 0));
}
RULE_DEF(Value) { return rv_int(rounded_up(nanos(a), NANO)); }
RULE_DEF(MilliValue) { return rv_int(rounded_up(nanos(a), NANO / 1000)); }

/* ---- resource names ---- */

static bool is_huge_page(struct slice n) { return slice_starts(n, SLICE_LIT("hugepages-")); }
static bool is_native(struct slice n) { return slice_chr(n, '/') < 0 || slice_find(n, SLICE_LIT("kubernetes.io/")) >= 0; }

static bool one_of(struct slice n, const char *const *names) {
	for (; *names; names++)
		if (slice_eqs(n, *names)) return true;
	return false;
}

static bool is_extended(struct rule_scope *s, struct slice n) {
	if (is_native(n) || slice_starts(n, SLICE_LIT("requests."))) return false;
	struct rule_value name = rule_textf(s, "requests.%.*s", SLICE_FMT(n)), faults = rule_fn_IsQualifiedName(s, &name, 1);
	return rv_len(&faults) == 0;
}

static const char *const container_names[] = { "cpu", "memory", "ephemeral-storage", NULL };
static const char *const countable_names[] = { "pods", "resourcequotas", "services", "replicationcontrollers", "secrets",
	"configmaps",
	"persistentvolumeclaims", "services.nodeports", "services.loadbalancers", NULL };
static const char *const quota_names[] = { "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory",
	"requests.ephemeral-storage",
	"limits.cpu", "limits.memory", "limits.ephemeral-storage", "requests.storage", NULL };
static const char *const finalizer_names[] = { "kubernetes", "orphan", "foregroundDeletion", NULL };
static const char *const limit_types[] = { "Pod", "Container", "PersistentVolumeClaim", NULL };
static const char *const quota_scopes[] = { "Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass",
	"VolumeAttributesClass",
	"CrossNamespacePodAffinity", NULL };
static const char *const compute_names[] = { "pods", "cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu",
	"requests.memory", NULL };
static const char *const claim_names[] = { "persistentvolumeclaims", "requests.storage", NULL };

static bool is_standard_quota(struct slice n) {
	return one_of(n, quota_names) || one_of(n, countable_names) || is_huge_page(n) || slice_starts(n,
		SLICE_LIT("requests.hugepages-"));
}

RULE_DEF(IsHugePageResourceName) { return rv_bool(is_huge_page(rv_slice(a))); }
RULE_DEF(IsStandardContainerResourceName) {
	return rv_bool(one_of(rv_slice(a), container_names) || is_huge_page(rv_slice(a)));
}
RULE_DEF(IsStandardQuotaResourceName) { return rv_bool(is_standard_quota(rv_slice(a))); }
RULE_DEF(IsStandardResourceName) {
	return rv_bool(is_standard_quota(rv_slice(a)) || slice_eqs(rv_slice(a), "storage"));
}
RULE_DEF(IsIntegerResourceName) {
	return rv_bool(one_of(rv_slice(a), countable_names) || is_extended(s, rv_slice(a)));
}
RULE_DEF(IsNativeResource) { return rv_bool(is_native(rv_slice(a))); }
RULE_DEF(IsOvercommitAllowed) {
	return rv_bool(is_native(rv_slice(a)) && !is_huge_page(rv_slice(a)));
}
RULE_DEF(IsExtendedResourceName) { return rv_bool(is_extended(s, rv_slice(a))); }
RULE_DEF(IsStandardFinalizerName) { return rv_bool(one_of(rv_slice(a), finalizer_names)); }
RULE_DEF(IsStandardLimitRangeType) { return rv_bool(one_of(rv_slice(a), limit_types)); }
RULE_DEF(IsStandardResourceQuotaScope) { return rv_bool(one_of(rv_slice(a), quota_scopes)); }
RULE_DEF(IsResourceQuotaScopeValidForResource) {
	struct slice scope = rv_slice(a), resource = rv_slice(&a[1]);
	if (slice_eqs(scope, "BestEffort")) return rv_bool(slice_eqs(resource, "pods"));
	if (slice_eqs(scope, "VolumeAttributesClass")) return rv_bool(one_of(resource, claim_names));
	return rv_bool(!one_of(scope, quota_scopes) || one_of(resource, compute_names));
}

/* nil, or why the amount is no whole number of pages. */
RULE_DEF(validateResourceQuantityHugePageValue) {
	struct slice name = rv_slice(a);
	struct rule_value size = rv_str(slice_from(name, strlen("hugepages-")));
	__int128 page = nanos(&size), amount = nanos(&a[1]);
	if (page > 0 && page % NANO == 0 && amount % page == 0) return RV_NONE;
	return rule_textf(s, "%.*s is not positive integer multiple of %.*s", SLICE_FMT(rv_slice(&a[1])), SLICE_FMT(name));
}

/* Whether a map of quantities has a key that begins with a[1]. */
RULE_DEF(hasKeyPrefix) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v))
		if (slice_starts(rv_slice(&k), rv_slice(&a[1]))) return rv_bool(true);
	return rv_bool(false);
}

/* ---- limits ---- */

/* Milli values when the amount is small enough for them, as LimitRange's ratio check has it. */
static bool fits_milli(const struct rule_value *v) { return nanos(v) / NANO < INT64_MAX / 1000; }

static double ratio_part(const struct rule_value *v, bool milli) {
	return (double)rounded_up(nanos(v), milli ? NANO / 1000 : NANO);
}

static double max_over_min(const struct rule_value *max, const struct rule_value *min) {
	bool milli = fits_milli(max) && fits_milli(min);
	double low = ratio_part(min, milli);
	return low == 0 ? 0 : ratio_part(max, milli) / low;
}

/* Whether ratio a[0] is greater than a[1] / a[2]. */
RULE_DEF(ratioExceeds) {
	return rv_bool(nanos(&a[2]) > 0 && (double)rounded_up(nanos(a), NANO / 1000) / 1000 > max_over_min(&a[1], &a[2]));
}
/* Go's %f of a[0] / a[1]. */
RULE_DEF(ratioText) { return rule_textf(s, "%f", max_over_min(a, &a[1])); }

/* ---- priorities ---- */

static const struct { const char *name; int64_t value; } system_classes[] = {
	{ "system-node-critical", 2000001000 }, { "system-cluster-critical", 2000000000 },
};

/* nil, or why a[0] with value a[1] and globalDefault a[2] is no PriorityClass of the system. */
RULE_DEF(systemPriorityClassFault) {
	struct slice name = rv_slice(a);
	for (size_t i = 0; i < ELEMENTSOF(system_classes); i++) {
		if (!slice_eqs(name, system_classes[i].name)) continue;
		if (rv_num(&a[1]) != system_classes[i].value) return rule_textf(s, "value of %.*s PriorityClass must be %ld",
			SLICE_FMT(name), (long)system_classes[i].value);
		return rv_true(&a[2]) ? rule_textf(s, "globalDefault of %.*s PriorityClass must be false", SLICE_FMT(name)) : RV_NONE;
	}
	return rule_textf(s, "%.*s is not a known system priority class", SLICE_FMT(name));
}
