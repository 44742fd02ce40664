/* SPDX-License-Identifier: Apache-2.0 */
#include "api/bootstrap_flow.h"

#include "base/compiler.h"

#define META(name) "\"metadata\":{\"name\":\"" name "\",\"annotations\":{\"apf.kubernetes.io/autoupdate-spec\":\"true\"}}"
#define LEVEL(name, spec) { "prioritylevelconfigurations", name, "{" META(name) ",\"spec\":" spec "}" }
#define EXEMPT(shares, lend) "{\"type\":\"Exempt\",\"exempt\":{\"nominalConcurrencyShares\":" shares ",\"lendablePercent\":" lend "}}"
#define QUEUED(shares, lend, queues, hand) \
	"{\"type\":\"Limited\",\"limited\":{\"nominalConcurrencyShares\":" shares ",\"limitResponse\":{\"type\":\"Queue\",\"queuing\":{\"queues\":" queues \
	",\"handSize\":" hand ",\"queueLengthLimit\":50}},\"lendablePercent\":" lend "}}"
#define REJECTED(shares, lend) \
	"{\"type\":\"Limited\",\"limited\":{\"nominalConcurrencyShares\":" shares ",\"limitResponse\":{\"type\":\"Reject\"},\"lendablePercent\":" lend "}}"

#define SCHEMA(name, level, precedence, by, rules) \
	{ "flowschemas", name, "{" META(name) ",\"spec\":{\"priorityLevelConfiguration\":{\"name\":\"" level "\"},\"matchingPrecedence\":" precedence by ",\"rules\":[" rules "]}}" }
#define BY_USER ",\"distinguisherMethod\":{\"type\":\"ByUser\"}"
#define BY_NAMESPACE ",\"distinguisherMethod\":{\"type\":\"ByNamespace\"}"
#define GROUP(name) "{\"kind\":\"Group\",\"group\":{\"name\":\"" name "\"}}"
#define USER(name) "{\"kind\":\"User\",\"user\":{\"name\":\"" name "\"}}"
#define ACCOUNT(name) "{\"kind\":\"ServiceAccount\",\"serviceAccount\":{\"namespace\":\"kube-system\",\"name\":\"" name "\"}}"
#define RULE(subjects, resources, paths) "{\"subjects\":[" subjects "]" resources paths "}"
#define RESOURCES(list) ",\"resourceRules\":[" list "]"
#define PATHS(verbs, urls) ",\"nonResourceRules\":[{\"verbs\":[" verbs "],\"nonResourceURLs\":[" urls "]}]"
#define RES(verbs, groups, resources, scope) "{\"verbs\":[" verbs "],\"apiGroups\":[" groups "],\"resources\":[" resources "]" scope "}"
#define EVERYWHERE ",\"clusterScope\":true,\"namespaces\":[\"*\"]"
#define ALL_RESOURCES RESOURCES(RES("\"*\"", "\"*\"", "\"*\"", EVERYWHERE))
#define ALL_PATHS PATHS("\"*\"", "\"*\"")
#define LEADER(verbs) RESOURCES(RES(verbs, "\"coordination.k8s.io\"", "\"leases\"", ",\"namespaces\":[\"*\"]"))
#define BOTH GROUP("system:unauthenticated") "," GROUP("system:authenticated")

static const struct bootstrap_flow_object objects[] = {
	LEVEL("exempt", EXEMPT("0", "0")),
	LEVEL("catch-all", REJECTED("5", "0")),
	LEVEL("system", QUEUED("30", "33", "64", "6")),
	LEVEL("node-high", QUEUED("40", "25", "64", "6")),
	LEVEL("leader-election", QUEUED("10", "0", "16", "4")),
	LEVEL("workload-high", QUEUED("40", "50", "128", "6")),
	LEVEL("workload-low", QUEUED("100", "90", "128", "6")),
	LEVEL("global-default", QUEUED("20", "50", "128", "6")),
	SCHEMA("exempt", "exempt", "1", "", RULE(GROUP("system:masters"), ALL_RESOURCES, ALL_PATHS)),
	SCHEMA("catch-all", "catch-all", "10000", BY_USER, RULE(BOTH, ALL_RESOURCES, ALL_PATHS)),
	SCHEMA("system-nodes", "system", "500", BY_USER, RULE(GROUP("system:nodes"), ALL_RESOURCES, ALL_PATHS)),
	SCHEMA("system-node-high", "node-high", "400", BY_USER,
	       RULE(GROUP("system:nodes"), RESOURCES(RES("\"*\"", "\"\"", "\"nodes\",\"nodes/status\"", EVERYWHERE) "," RES("\"*\"", "\"coordination.k8s.io\"", "\"leases\"", ",\"namespaces\":[\"*\"]")), "")),
	SCHEMA("probes", "exempt", "2", "", RULE(BOTH, "", PATHS("\"get\"", "\"/healthz\",\"/readyz\",\"/livez\""))),
	SCHEMA("system-leader-election", "leader-election", "100", BY_USER,
	       RULE(USER("system:kube-controller-manager") "," USER("system:kube-scheduler") "," "{\"kind\":\"ServiceAccount\",\"serviceAccount\":{\"namespace\":\"kube-system\",\"name\":\"*\"}}",
		    LEADER("\"get\",\"create\",\"update\""), "")),
	SCHEMA("endpoint-controller", "workload-high", "150", BY_USER,
	       RULE(USER("system:kube-controller-manager") "," ACCOUNT("endpoint-controller") "," ACCOUNT("endpointslicemirroring-controller"),
		    RESOURCES(RES("\"get\",\"create\",\"update\"", "\"\"", "\"endpoints\"", ",\"namespaces\":[\"*\"]")), "")),
	SCHEMA("workload-leader-election", "leader-election", "200", BY_USER,
	       RULE("{\"kind\":\"ServiceAccount\",\"serviceAccount\":{\"namespace\":\"kube-system\",\"name\":\"*\"}}", LEADER("\"get\",\"create\",\"update\""), "")),
	SCHEMA("kube-controller-manager", "workload-high", "800", BY_NAMESPACE, RULE(USER("system:kube-controller-manager"), ALL_RESOURCES, ALL_PATHS)),
	SCHEMA("kube-scheduler", "workload-high", "800", BY_NAMESPACE, RULE(USER("system:kube-scheduler"), ALL_RESOURCES, ALL_PATHS)),
	SCHEMA("kube-system-service-accounts", "workload-high", "900", BY_NAMESPACE,
	       RULE("{\"kind\":\"ServiceAccount\",\"serviceAccount\":{\"namespace\":\"kube-system\",\"name\":\"*\"}}", ALL_RESOURCES, ALL_PATHS)),
	SCHEMA("service-accounts", "workload-low", "9000", BY_USER, RULE(GROUP("system:serviceaccounts"), ALL_RESOURCES, ALL_PATHS)),
	SCHEMA("global-default", "global-default", "9900", BY_USER, RULE(BOTH, ALL_RESOURCES, ALL_PATHS)),
};

const struct bootstrap_flow_object *bootstrap_flow_object(unsigned long i) { return i < ELEMENTSOF(objects) ? &objects[i] : NULL; }
