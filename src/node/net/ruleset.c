/* SPDX-License-Identifier: Apache-2.0 */
#include "node/net/ruleset.h"

#include <arpa/inet.h>

/* Marks packets whose source address has to become the node's, so that the answer comes back here: hairpins and node ports. */
#define MASQUERADE_MARK "0x4b380000"

bool ruleset_is_ipv4(const char *text) {
	struct in_addr a;
	return text && inet_pton(AF_INET, text, &a) == 1;
}

/* One chain per service port: an endpoint by chance, or by the client's address. */
static void put_port_chain(struct buf *b, const struct ruleset_service *s, const struct ruleset_port *p, size_t si, size_t pi) {
	buf_printf(b, " chain svc-%zu-%zu {\n", si, pi);
	if (p->n_endpoints == 1) {
		buf_printf(b, "  meta l4proto %s dnat to %s:%u\n", p->protocol, p->endpoints[0].ip, (unsigned)p->endpoints[0].port);
	} else {
		buf_printf(b, s->sticky ? "  meta l4proto %s dnat ip addr . port to jhash ip saddr mod %zu map {" : "  meta l4proto %s dnat ip addr . port to numgen random mod %zu map {",
			   p->protocol, p->n_endpoints);
		for (size_t i = 0; i < p->n_endpoints; i++)
			buf_printf(b, "%s %zu : %s . %u", i ? "," : "", i, p->endpoints[i].ip, (unsigned)p->endpoints[i].port);
		buf_puts(b, " }\n");
	}
	buf_puts(b, " }\n");
}

static void put_chains(struct buf *b, const struct ruleset *r) {
	for (size_t i = 0; i < r->n_services; i++)
		for (size_t k = 0; k < r->services[i].n_ports; k++)
			if (r->services[i].ports[k].n_endpoints) put_port_chain(b, &r->services[i], &r->services[i].ports[k], i, k);
}

static void put_service_map(struct buf *b, const struct ruleset *r) {
	size_t n = 0;
	buf_puts(b, " map services {\n  type ipv4_addr . inet_proto . inet_service : verdict\n");
	for (size_t i = 0; i < r->n_services; i++) {
		const struct ruleset_service *s = &r->services[i];
		for (size_t k = 0; k < s->n_ports; k++) {
			if (!s->ports[k].n_endpoints) continue;
			for (size_t a = 0; a <= s->n_other_ips; a++)
				buf_printf(b, "%s %s . %s . %u : goto svc-%zu-%zu", n++ ? "," : "  elements = {", a ? s->other_ips[a - 1] : s->cluster_ip,
					   s->ports[k].protocol, (unsigned)s->ports[k].port, i, k);
		}
	}
	buf_puts(b, n ? " }\n }\n" : " }\n");
}

static void put_node_port_map(struct buf *b, const struct ruleset *r) {
	size_t n = 0;
	buf_puts(b, " map node-ports {\n  type inet_proto . inet_service : verdict\n");
	for (size_t i = 0; i < r->n_services; i++)
		for (size_t k = 0; k < r->services[i].n_ports; k++) {
			const struct ruleset_port *p = &r->services[i].ports[k];
			if (p->node_port && p->n_endpoints)
				buf_printf(b, "%s %s . %u : goto svc-%zu-%zu", n++ ? "," : "  elements = {", p->protocol, (unsigned)p->node_port, i, k);
		}
	buf_puts(b, n ? " }\n }\n" : " }\n");
}

/* Addresses that are services' and nothing else: whatever no port answers is refused at once. */
static void put_address_set(struct buf *b, const struct ruleset *r) {
	size_t n = 0;
	buf_puts(b, " set cluster-addresses {\n  type ipv4_addr\n");
	for (size_t i = 0; i < r->n_services; i++) buf_printf(b, "%s %s", n++ ? "," : "  elements = {", r->services[i].cluster_ip);
	if (r->dns_ip) {
		bool known = false;
		for (size_t i = 0; i < r->n_services; i++) known = known || strcmp(r->services[i].cluster_ip, r->dns_ip) == 0;
		if (!known) buf_printf(b, "%s %s", n++ ? "," : "  elements = {", r->dns_ip);
	}
	buf_puts(b, n ? " }\n }\n" : " }\n");
}

static void put_nat(struct buf *b, const struct ruleset *r) {
	buf_puts(b, " chain nat {\n");
	if (r->dns_ip)
		for (int i = 0; i < 2; i++)
			buf_printf(b, "  ip daddr %s %s dport 53 dnat to %s:%u\n", r->dns_ip, i ? "tcp" : "udp", r->gateway, (unsigned)r->dns_port);
	buf_printf(b, "  ip daddr @cluster-addresses icmp type echo-request dnat to %s\n", r->gateway);
	buf_printf(b, "  ip saddr != %s ip daddr @cluster-addresses meta mark set meta mark | " MASQUERADE_MARK "\n", r->cluster_cidr);
	buf_puts(b, "  ip daddr . meta l4proto . th dport vmap @services\n"
		    "  fib daddr type local ip daddr != 127.0.0.0/8 meta mark set meta mark | " MASQUERADE_MARK " meta l4proto . th dport vmap @node-ports\n"
		    " }\n"
		    " chain prerouting { type nat hook prerouting priority dstnat; policy accept; jump nat; }\n"
		    " chain output { type nat hook output priority -100; policy accept; jump nat; }\n");
}

static void put_postrouting(struct buf *b, const struct ruleset *r) {
	buf_puts(b, " chain postrouting {\n  type nat hook postrouting priority srcnat; policy accept;\n");
	buf_puts(b, "  meta mark & " MASQUERADE_MARK " == " MASQUERADE_MARK " masquerade\n");
	/* Client and server on one bridge: the answer would take the short way, past the translation back. */
	buf_printf(b, "  ip saddr %s ip daddr %s ct status dnat masquerade\n", r->pod_cidr, r->pod_cidr);
	buf_printf(b, "  ip saddr %s ip daddr != %s ip daddr != 224.0.0.0/4 masquerade\n }\n", r->pod_cidr, r->cluster_cidr);
}

static void put_filter(struct buf *b, const struct ruleset *r) {
	static const char *const hooks[] = { "forward", "output" };
	buf_puts(b, " chain refuse {\n"
		    "  ct state new ip daddr @cluster-addresses meta l4proto tcp reject with tcp reset\n"
		    "  ct state new ip daddr @cluster-addresses reject with icmp type port-unreachable\n }\n");
	for (size_t i = 0; i < ELEMENTSOF(hooks); i++)
		buf_printf(b, " chain filter-%s { type filter hook %s priority filter; policy accept; jump refuse; }\n", hooks[i], hooks[i]);
	/* Loopback is the node's own: nothing that comes from a pod may be addressed to it (CVE-2020-8558). */
	buf_printf(b, " chain martians { type filter hook prerouting priority raw; policy accept; ip saddr %s ip daddr 127.0.0.0/8 drop; }\n", r->pod_cidr);
}

int ruleset_remove(struct buf *out) {
	/* Declared first, so that deleting it never fails. */
	return buf_puts(out, "table ip " RULESET_TABLE " {}\ndelete table ip " RULESET_TABLE "\n");
}

int ruleset_write(const struct ruleset *r, struct buf *out) {
	ruleset_remove(out);
	buf_puts(out, "table ip " RULESET_TABLE " {\n");
	put_address_set(out, r);
	put_chains(out, r);
	put_service_map(out, r);
	put_node_port_map(out, r);
	put_nat(out, r);
	put_postrouting(out, r);
	put_filter(out, r);
	buf_puts(out, "}\n");
	return buf_err(out);
}
