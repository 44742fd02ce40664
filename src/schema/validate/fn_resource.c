/* SPDX-License-Identifier: Apache-2.0 */
/* Resources of whole pods, resizes, volumes and claims. Source: component-helpers/resource, pkg/apis/core/validation. */
#include "schema/validate/function.h"
#include "codec/quantity.h"
#include "schema/qos.h"

#include <math.h>

RULE_DEF(podQOS) {
	struct rule_value spec = rv_member(a, SLICE_LIT("spec"));
	return spec.kind == RV_NODE ? rv_lit(qos_class(spec.node)) : RV_NONE;
}

/* Whether the node reports resources of running containers: the first one decides. */
RULE_DEF(resizeSupported) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(a, &c, &k, &v)) {
		struct rule_value state = rv_member(&v, SLICE_LIT("state")), running = rv_member(&state, SLICE_LIT("running"));
		struct rule_value resources = rv_member(&v, SLICE_LIT("resources"));
		if (running.kind != RV_NIL) return rv_bool(resources.kind != RV_NIL);
	}
	return rv_bool(true);
}

/* A container without what a resize may change: cpu and memory of its requests and limits. */
RULE_DEF(resizeRest) {
	struct rule_value resources = rv_member(a, SLICE_LIT("resources"));
	struct rule_value requests = rv_member(&resources, SLICE_LIT("requests")), limits = rv_member(&resources, SLICE_LIT("limits"));
	struct rule_value whole[] = { *a, rv_lit("resources") }, rest[] = { resources, rv_lit("requests"), rv_lit("limits") };
	struct rule_value r[] = { requests, rv_lit("cpu"), rv_lit("memory") }, l[] = { limits, rv_lit("cpu"), rv_lit("memory") };
	struct rule_list out = RULE_LIST(s);
	rule_list_add(&out, rule_fn_without(s, whole, ELEMENTSOF(whole)));
	rule_list_add(&out, rule_fn_without(s, rest, ELEMENTSOF(rest)));
	rule_list_add(&out, rule_fn_without(s, r, ELEMENTSOF(r)));
	rule_list_add(&out, rule_fn_without(s, l, ELEMENTSOF(l)));
	return rule_list_done(&out);
}

/* ---- sums over containers ---- */

static struct quantity quantity_of(const struct rule_value *v) {
	struct quantity q = { 0 };
	(void)quantity_parse(rv_slice(v), &q, NULL);
	return q;
}

/* sum[k] = op(sum[k], amounts[k]); texts live in the arena. */
static void merge(struct rule_scope *s, struct rule_set *sum, const struct rule_value *amounts, bool add) {
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(amounts, &c, &k, &v)) {
		struct rule_value before = rule_set_get(sum, &k);
		struct quantity x = quantity_of(&before), y = quantity_of(&v);
		char text[QUANTITY_TEXT];
		quantity_format(before.kind == RV_NIL ? y : add ? quantity_add(x, y) : quantity_cmp(x, y) < 0 ? y : x, text);
		struct rule_value total = rule_textf(s, "%s", text);
		rule_set_put(sum, &k, &total);
	}
}

static struct rule_value amounts_of(const struct rule_value *container, struct slice which) {
	struct rule_value resources = rv_member(container, SLICE_LIT("resources"));
	return rv_member(&resources, which);
}

/* What the set holds as a map. */
static struct rule_value as_map(struct rule_scope *s, const struct rule_value *names, struct rule_set *sum) {
	struct rule_list l = RULE_LIST(s);
	struct rv_cursor c = { 0 };
	struct rule_value k, v;
	while (rv_next(names, &c, &k, &v)) {
		rule_list_add(&l, v);
		rule_list_add(&l, rule_set_get(sum, &v));
	}
	return (struct rule_value){ .kind = RV_STRUCT, .n = (uint32_t)l.n, .list = l.v };
}

/* Requests or limits (a[1]) of a pod spec: containers and restartable init containers add up, other init containers count
 * while they run. */
RULE_DEF(aggregateResources) {
	struct slice which = rv_slice(&a[1]);
	struct rule_set *sum = rule_set_new(s->arena), *side = rule_set_new(s->arena), *peak = rule_set_new(s->arena);
	struct rule_list names = RULE_LIST(s);
	struct rule_value lists[] = { rv_member(a, SLICE_LIT("containers")), rv_member(a, SLICE_LIT("initContainers")) }, k, v;
	if (!sum || !side || !peak) return RV_NONE;
	for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
		struct rv_cursor c = { 0 };
		while (rv_next(&lists[i], &c, &k, &v)) {
			struct rule_value amounts = amounts_of(&v, which), policy = rv_member(&v, SLICE_LIT("restartPolicy"));
			rule_list_add(&names, amounts);
			if (i == 0) {
				merge(s, sum, &amounts, true);
			} else if (slice_eqs(rv_slice(&policy), "Always")) {
				merge(s, sum, &amounts, true);
				merge(s, side, &amounts, true);
			} else {
				merge(s, peak, &amounts, false);
			}
		}
	}
	struct rule_value keys = rule_fn_set(s, names.v, (unsigned)names.n);
	struct rule_value init = as_map(s, &keys, peak);
	merge(s, sum, &init, false);
	return as_map(s, &keys, sum);
}

/* ---- claims and volumes ---- */

/* What of a claim's spec may not change; a[1]: it is bound, a[2]: it is being bound, a[3]: its class moves out of the annotation. */
RULE_DEF(claimRest) {
	struct rule_value resources = rv_member(a, SLICE_LIT("resources"));
	struct rule_value spec[] = { *a, rv_lit("volumeAttributesClassName"), rv_lit("resources"),
		rv_true(&a[2]) ? rv_lit("volumeName") : rv_lit(""),
		rv_true(&a[3]) ? rv_lit("storageClassName") : rv_lit("") };
	struct rule_value rest[] = { resources, rv_true(&a[1]) ? rv_lit("requests") : rv_lit("") };
	struct rule_list l = RULE_LIST(s);
	rule_list_add(&l, rule_fn_without(s, spec, ELEMENTSOF(spec)));
	rule_list_add(&l, rule_fn_without(s, rest, ELEMENTSOF(rest)));
	return rule_list_done(&l);
}

static const char *const volume_settings[] = { "capacity", "accessModes", "claimRef", "persistentVolumeReclaimPolicy",
	"storageClassName",
	"mountOptions", "volumeMode", "nodeAffinity", "volumeAttributesClassName" };

/* A volume's source: what is left of its spec without settings. */
RULE_DEF(volumeSourceOf) {
	struct rule_value args[1 + ELEMENTSOF(volume_settings)] = { *a };
	for (size_t i = 0; i < ELEMENTSOF(volume_settings); i++) args[1 + i] = rv_lit(volume_settings[i]);
	return rule_fn_without(s, args, ELEMENTSOF(args));
}

/* Whether list a[0] begins with the elements of a[1]. */
RULE_DEF(listBegins) {
	struct rv_cursor x = { 0 }, y = { 0 };
	struct rule_value k, v, w;
	while (rv_next(&a[1], &y, &k, &w))
		if (!rv_next(a, &x, &k, &v) || !rv_equal(&v, &w)) return rv_bool(false);
	return rv_bool(true);
}

/* Bits of entropy that dealing hands of a[1] from a deck of a[0] takes. Source: shufflesharding.RequiredEntropyBits. */
RULE_DEF(dealerBits) {
	double bits = 0;
	int64_t deck = rv_num(a), hand = rv_num(&a[1]);
	for (int64_t i = 0; i < hand && bits <= 100; i++) bits += log2((double)(deck - i));
	return rv_int((int64_t)ceil(bits));
}

/* ---- names ---- */

/* Names of ClusterTrustBundles: "signer:name" with a signer's slash as a colon, or a plain name. */
RULE_DEF(clusterTrustBundleName) {
	struct slice v = rv_slice(a);
	struct rule_value name = *a;
	for (size_t i = v.n; i-- > 0;)
		if (v.p[i] == ':') {
			name = rv_str(slice_make(v.p + i + 1, v.n - i - 1));
			break;
		}
	return rule_fn_IsDNS1123Subdomain(s, &name, 1);
}

/* Names of IPAddress objects: canonical addresses. */
RULE_DEF(CanonicalIPName) {
	struct rule_list l = RULE_LIST(s);
	struct rule_value text = rule_fn_canonicalIP(s, a, 1);
	if (text.kind == RV_NIL) rule_list_add(&l, rv_lit("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
	else if (!rv_equal(&text, a)) rule_list_addf(&l, "must be in canonical form (\"%.*s\")", SLICE_FMT(rv_slice(&text)));
	return rule_list_done(&l);
}
