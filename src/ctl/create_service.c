/* SPDX-License-Identifier: Apache-2.0 */
/* create service clusterip, nodeport, loadbalancer, externalname. */
#include "ctl/create.h"
#include "ctl/dryrun.h"
#include "ctl/tree.h"
#include "ctl/write.h"

#include <errno.h>

static int parse_port(struct ctl *c, struct slice text, int64_t *ret) {
	uint64_t v;
	int r = slice_uint(text, UINT16_MAX, &v);
	if (r < 0) return ctl_fail(c, "strconv.ParseUint: parsing %s: %s", ctl_quote(c, text), r == -ERANGE ? "value out of range" : "invalid syntax");
	if (v < 1) return ctl_fail(c, "must be between 1 and 65535, inclusive");
	*ret = (int64_t)v;
	return 0;
}

/* What is wrong with a port's name (IANA_SVC_NAME), or NULL. */
static const char *port_name_fault(struct slice s) {
	bool letter = false;
	if (s.n > 15) return "must be no more than 15 characters";
	for (size_t i = 0; i < s.n; i++) {
		bool low = s.p[i] >= 'a' && s.p[i] <= 'z', digit = s.p[i] >= '0' && s.p[i] <= '9';
		letter = letter || low;
		if (!low && !digit && s.p[i] != '-') return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
	}
	return letter ? NULL : "must contain at least one letter (a-z)";
}

/* "PORT[:TARGET]" */
static int add_port(struct ctl *c, yyjson_mut_doc *doc, const char *text) {
	struct slice rest = slice_str(text), port = slice_cut(&rest, ':');
	yyjson_mut_val *v = ctl_must(yyjson_mut_obj(doc));
	int64_t number, target, node = flags_have(&c->flags, "node-port") ? flag_int(&c->flags, "node-port") : 0;
	if (parse_port(c, port, &number)) return 1;
	target = number;
	char *name = ctl_printf(c, "%s", text);
	for (char *p = name; *p; p++)
		if (*p == ':') *p = '-';
	tree_put(c, doc, v, "name", name);
	if (node > 0) (void)json_set_int(doc, v, "nodePort", node);
	(void)json_set_int(doc, v, "port", number);
	tree_put(c, doc, v, "protocol", "TCP");
	bool digits = rest.p && slice_int(rest, 0, INT32_MAX, &target) == 0;
	if (digits && (target < 1 || target > 65535)) return ctl_fail(c, "must be between 1 and 65535, inclusive");
	if (rest.p && !digits) {
		const char *bad = port_name_fault(rest);
		if (bad) return ctl_fail(c, "%s", bad);
		tree_put(c, doc, v, "targetPort", ctl_text(c, rest));
	} else {
		(void)json_set_int(doc, v, "targetPort", target);
	}
	tree_append(c, tree_list(c, doc, doc->root, "spec.ports"), v);
	return 0;
}

static int service(struct ctl *c, const char *const *args, size_t n, const char *type) {
	const struct flag_value *tcp = flags_get(&c->flags, "tcp");
	bool external = !strcmp(type, "ExternalName");
	const char *ip = flags_have(&c->flags, "clusterip") ? flag_text(&c->flags, "clusterip") : "";
	if (external && !flag_given(&c->flags, "external-name")) return ctl_fail(c, "required flag(s) \"external-name\" not set");
	if (create_one_name(c, n)) return 1;
	if (strcmp(ip, "None") != 0 && !external && !tcp->n) return ctl_fail(c, "at least one tcp port specifier must be provided");
	yyjson_mut_doc *doc = create_object(c, "v1", "Service", args[0], true);
	tree_put(c, doc, doc->root, "metadata.labels.app", args[0]);
	for (size_t i = 0; i < tcp->n; i++)
		if (add_port(c, doc, tcp->list[i])) return 1;
	tree_put(c, doc, doc->root, "spec.selector.app", args[0]);
	tree_put(c, doc, doc->root, "spec.type", type);
	if (*ip) tree_put(c, doc, doc->root, "spec.clusterIP", ip);
	if (external) tree_put(c, doc, doc->root, "spec.externalName", flag_text(&c->flags, "external-name"));
	(void)tree_obj(c, doc, doc->root, "status.loadBalancer");
	return create_finish(c, doc);
}

static int clusterip_run(struct ctl *c, const char *const *args, size_t n) { return service(c, args, n, "ClusterIP"); }
static int nodeport_run(struct ctl *c, const char *const *args, size_t n) { return service(c, args, n, "NodePort"); }
static int loadbalancer_run(struct ctl *c, const char *const *args, size_t n) { return service(c, args, n, "LoadBalancer"); }
static int externalname_run(struct ctl *c, const char *const *args, size_t n) { return service(c, args, n, "ExternalName"); }

static const struct flag tcp_flags[] = { { "tcp", FLAG_LIST, NULL, 0, NULL, "PORT or PORT:TARGET; may be repeated" }, { 0 } };
static const struct flag clusterip_flags[] = { { "clusterip", FLAG_STRING, NULL, 0, NULL, "the address, or None" }, { 0 } };
static const struct flag nodeport_flags[] = { { "node-port", FLAG_INT, "0", 0, NULL, "the nodes' port" }, { 0 } };
static const struct flag external_flags[] = { { "external-name", FLAG_STRING, NULL, 0, NULL, "the name it stands for" }, { 0 } };
#define COMMON tcp_flags, create_flags, validate_flags, dryrun_flags, print_flags, NULL
static const struct flag *const clusterip_tables[] = { clusterip_flags, COMMON };
static const struct flag *const nodeport_tables[] = { nodeport_flags, COMMON };
static const struct flag *const loadbalancer_tables[] = { COMMON };
static const struct flag *const external_tables[] = { external_flags, COMMON };
static const struct command clusterip = { "clusterip", NULL, "NAME [--tcp=PORT:TARGET]", "Create a ClusterIP service", clusterip_tables, clusterip_run, NULL };
static const struct command nodeport = { "nodeport", NULL, "NAME [--tcp=PORT:TARGET]", "Create a NodePort service", nodeport_tables, nodeport_run, NULL };
static const struct command loadbalancer = { "loadbalancer", NULL, "NAME [--tcp=PORT:TARGET]", "Create a LoadBalancer service", loadbalancer_tables,
					     loadbalancer_run, NULL };
static const struct command externalname = { "externalname", NULL, "NAME --external-name=NAME", "Create an ExternalName service", external_tables,
					     externalname_run, NULL };
static const struct command *const subs[] = { &clusterip, &externalname, &loadbalancer, &nodeport, NULL };
const struct command create_service = { "service", "svc", "TYPE NAME", "Create a service", NULL, NULL, subs };
