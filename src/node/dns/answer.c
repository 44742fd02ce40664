/* SPDX-License-Identifier: Apache-2.0 */
#include "node/dns/answer.h"

#include <errno.h>
#include <ldns/ldns.h>

#define LABELS_MAX 128
#define NAME_TEXT_MAX 1024

struct question {
	const struct dns_zone *z;
	struct arena *a;
	ldns_pkt *reply;
	ldns_rr *asked;
	ldns_rr_type type;
	struct slice labels[LABELS_MAX]; /* left to right, those before the domain */
	size_t n;
	size_t answers;
	bool exists;                     /* the name exists, perhaps without records of the type */
	int err;
};

/* ---- records ---- */

static bool wants(const struct question *q, ldns_rr_type type) { return q->type == type || q->type == LDNS_RR_TYPE_ANY; }

static void push(struct question *q, ldns_pkt_section section, const char *owner, const char *type, const char *data, unsigned ttl) {
	ldns_rr *rr = NULL;
	char *text = arena_printf(q->a, "%s %u IN %s %s", owner, ttl, type, data);
	if (section == LDNS_SECTION_ANSWER && q->answers == DNS_ANSWERS_MAX) return;
	if (!text || ldns_rr_new_frm_str(&rr, text, 0, NULL, NULL) != LDNS_STATUS_OK) return; /* a name or address that DNS cannot say */
	if (!ldns_pkt_push_rr(q->reply, section, rr)) {
		ldns_rr_free(rr);
		q->err = -ENOMEM;
	} else if (section == LDNS_SECTION_ANSWER) {
		q->answers++;
	}
}

static const char *owner_text(struct question *q) {
	char *text = ldns_rdf2str(ldns_rr_owner(q->asked));
	const char *copy = text ? arena_strdup(q->a, text) : NULL;
	LDNS_FREE(text);
	return copy ? copy : ".";
}

static void answer(struct question *q, const char *type, const char *data) { push(q, LDNS_SECTION_ANSWER, owner_text(q), type, data, DNS_TTL); }

static void answer_address(struct question *q, struct slice ip) {
	bool six = slice_chr(ip, ':') >= 0;
	q->exists = true;
	if (wants(q, six ? LDNS_RR_TYPE_AAAA : LDNS_RR_TYPE_A)) answer(q, six ? "AAAA" : "A", arena_slice_str(q->a, ip));
}

/* ---- names ---- */

/* "10-0-0-7" for "10.0.0.7": what an endpoint without a host name is called. */
static struct slice dashed(struct arena *a, struct slice ip) {
	char *text = arena_slice_str(a, ip);
	for (char *c = text; c && *c; c++)
		if (*c == '.' || *c == ':') *c = '-';
	return text ? slice_make(text, ip.n) : SLICE_NULL;
}

static struct slice endpoint_label(struct question *q, const struct dns_endpoint *e) {
	return slice_empty(e->hostname) ? dashed(q->a, e->ip) : e->hostname;
}

static bool protocol_is(struct slice protocol, struct slice label) {
	return label.n > 1 && label.p[0] == '_' && slice_ieq(slice_from(label, 1), slice_empty(protocol) ? SLICE_LIT("tcp") : protocol);
}

static bool port_is(struct slice name, struct slice label) { return label.n > 1 && label.p[0] == '_' && slice_eq(slice_from(label, 1), name); }

/* ---- services ---- */

static void answer_srv(struct question *q, const struct dns_service *s, struct slice ns, struct slice name, struct slice port, struct slice protocol) {
	struct slice d = q->z->domain;
	if (!s->headless) {
		for (size_t i = 0; i < s->n_ports; i++) {
			if (!port_is(s->ports[i].name, port) || !protocol_is(s->ports[i].protocol, protocol)) continue;
			q->exists = true;
			char *target = arena_printf(q->a, "%.*s.%.*s.svc.%.*s.", SLICE_FMT(name), SLICE_FMT(ns), SLICE_FMT(d));
			if (!target || !wants(q, LDNS_RR_TYPE_SRV)) continue;
			answer(q, "SRV", arena_printf(q->a, "0 100 %u %s", s->ports[i].port, target));
			push(q, LDNS_SECTION_ADDITIONAL, target, "A", arena_slice_str(q->a, s->cluster_ip), DNS_TTL);
		}
		return;
	}
	for (size_t e = 0; e < s->n_endpoints; e++)
		for (size_t i = 0; i < s->endpoints[e].n_ports; i++) {
			const struct dns_port *p = &s->endpoints[e].ports[i];
			if (!port_is(p->name, port) || !protocol_is(p->protocol, protocol)) continue;
			q->exists = true;
			char *target = arena_printf(q->a, "%.*s.%.*s.%.*s.svc.%.*s.", SLICE_FMT(endpoint_label(q, &s->endpoints[e])), SLICE_FMT(name), SLICE_FMT(ns), SLICE_FMT(d));
			if (!target || !wants(q, LDNS_RR_TYPE_SRV)) continue;
			answer(q, "SRV", arena_printf(q->a, "0 100 %u %s", p->port, target));
			push(q, LDNS_SECTION_ADDITIONAL, target, slice_chr(s->endpoints[e].ip, ':') >= 0 ? "AAAA" : "A", arena_slice_str(q->a, s->endpoints[e].ip), DNS_TTL);
		}
}

static void answer_service(struct question *q, const struct dns_service *s) {
	if (!slice_empty(s->external_name)) {
		q->exists = true;
		answer(q, "CNAME", arena_printf(q->a, "%.*s.", SLICE_FMT(s->external_name)));
		return;
	}
	if (!s->headless) answer_address(q, s->cluster_ip);
	for (size_t i = 0; s->headless && i < s->n_endpoints; i++) answer_address(q, s->endpoints[i].ip);
	/* A headless service without endpoints has a name, but no records. */
	q->exists = true;
}

static void answer_endpoint(struct question *q, const struct dns_service *s, struct slice label) {
	for (size_t i = 0; s->headless && i < s->n_endpoints; i++)
		if (slice_eq(endpoint_label(q, &s->endpoints[i]), label)) answer_address(q, s->endpoints[i].ip);
}

/* ... NAME NS "svc" */
static void answer_svc(struct question *q) {
	struct slice ns = q->n >= 2 ? q->labels[q->n - 2] : SLICE_NULL, name = q->n >= 3 ? q->labels[q->n - 3] : SLICE_NULL;
	struct dns_service s = { 0 };
	if (q->n <= 2) { /* "svc" and "NS.svc" exist as names above others */
		q->exists = q->n == 1 || q->z->has_namespace(q->z->ctx, ns);
		return;
	}
	if (q->z->service(q->z->ctx, q->a, ns, name, &s) < 0) return;
	if (q->n == 3) answer_service(q, &s);
	else if (q->n == 4 && (q->labels[0].n == 0 || q->labels[0].p[0] != '_')) answer_endpoint(q, &s, q->labels[0]);
	else if (q->n == 4) q->exists = protocol_is(SLICE_LIT("TCP"), q->labels[0]) || protocol_is(SLICE_LIT("UDP"), q->labels[0]);
	else if (q->n == 5) answer_srv(q, &s, ns, name, q->labels[0], q->labels[1]);
}

/* A-B-C-D NS "pod" */
static void answer_pod(struct question *q) {
	if (q->n < 3) {
		q->exists = true;
		return;
	}
	char *ip = q->n == 3 && q->z->has_namespace(q->z->ctx, q->labels[1]) ? arena_slice_str(q->a, q->labels[0]) : NULL;
	unsigned dots = 0;
	for (char *c = ip; c && *c; c++) {
		if (*c == '-') *c = '.', dots++;
		else if (*c < '0' || *c > '9') return;
	}
	if (ip && dots == 3) answer_address(q, slice_str(ip));
}

/* ---- reverse ---- */

static void answer_reverse(struct question *q, struct slice name) {
	struct slice part[4], rest = name, target;
	for (int i = 0; i < 4; i++) part[i] = slice_cut(&rest, '.');
	if (!slice_eqs(rest, "in-addr.arpa")) return;
	char *ip = arena_printf(q->a, "%.*s.%.*s.%.*s.%.*s", SLICE_FMT(part[3]), SLICE_FMT(part[2]), SLICE_FMT(part[1]), SLICE_FMT(part[0]));
	if (!ip || q->z->reverse(q->z->ctx, q->a, slice_str(ip), &target) < 0) return;
	q->exists = true;
	if (wants(q, LDNS_RR_TYPE_PTR)) answer(q, "PTR", arena_printf(q->a, "%.*s.%.*s.", SLICE_FMT(target), SLICE_FMT(q->z->domain)));
}

/* ---- packets ---- */

/* Lower-case text of a name without the final dot; p NULL when it is no plain name. */
static struct slice name_text(struct arena *a, const ldns_rdf *name) {
	char *text = ldns_rdf2str(name), *copy = NULL;
	if (text && strlen(text) < NAME_TEXT_MAX) copy = arena_strdup(a, text);
	LDNS_FREE(text);
	if (!copy) return SLICE_NULL;
	for (char *c = copy; *c; c++)
		if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 32);
	struct slice s = slice_str(copy);
	return slice_ends(s, SLICE_LIT(".")) ? slice_upto(s, s.n - 1) : s;
}

static void put_soa(struct question *q) {
	char *zone = arena_printf(q->a, "%.*s.", SLICE_FMT(q->z->domain));
	char *data = zone ? arena_printf(q->a, "ns.dns.%s hostmaster.%s 1 7200 1800 86400 %u", zone, zone, DNS_TTL) : NULL;
	if (data) push(q, LDNS_SECTION_AUTHORITY, zone, "SOA", data, DNS_TTL);
}

static void split(struct question *q, struct slice before) {
	while (before.p && before.n && q->n < LABELS_MAX) q->labels[q->n++] = slice_cut(&before, '.');
}

static void answer_in_domain(struct question *q, struct slice before) {
	split(q, before);
	if (q->n == 0) q->exists = true;
	else if (slice_eqs(q->labels[q->n - 1], "svc")) answer_svc(q);
	else if (slice_eqs(q->labels[q->n - 1], "pod")) answer_pod(q);
	else if (q->n == 1 && slice_eqs(q->labels[0], "dns-version")) {
		q->exists = true;
		if (wants(q, LDNS_RR_TYPE_TXT)) answer(q, "TXT", "\"1.1.0\"");
	}
	ldns_pkt_set_rcode(q->reply, q->exists ? LDNS_RCODE_NOERROR : LDNS_RCODE_NXDOMAIN);
	if (q->answers == 0) put_soa(q);
}

/* What lies before ".domain"; p NULL: the name is outside. */
static struct slice before_domain(struct slice name, struct slice domain) {
	if (slice_eq(name, domain)) return SLICE_LIT("");
	if (name.n <= domain.n + 1 || !slice_ends(name, domain) || name.p[name.n - domain.n - 1] != '.') return SLICE_NULL;
	return slice_upto(name, name.n - domain.n - 1);
}

static int resolve(struct question *q) {
	struct slice name = name_text(q->a, ldns_rr_owner(q->asked)), before = before_domain(name, q->z->domain);
	if (ldns_rr_get_class(q->asked) != LDNS_RR_CLASS_IN) return DNS_FORWARD;
	if (before.p) {
		ldns_pkt_set_aa(q->reply, true);
		answer_in_domain(q, before);
		return DNS_ANSWERED;
	}
	if (slice_ends(name, SLICE_LIT(".in-addr.arpa"))) answer_reverse(q, name);
	if (!q->exists) return DNS_FORWARD;
	ldns_pkt_set_aa(q->reply, true);
	return DNS_ANSWERED;
}

static int write_packet(ldns_pkt *reply, size_t limit, struct buf *out) {
	uint8_t *wire = NULL;
	size_t n = 0;
	if (ldns_pkt2wire(&wire, reply, &n) != LDNS_STATUS_OK) return -ENOMEM;
	int r = DNS_ANSWERED;
	if (n <= limit) {
		if (buf_put(out, wire, n) < 0) r = -ENOMEM;
	} else {
		/* Truncated: the client asks again over TCP. */
		LDNS_FREE(wire);
		ldns_pkt_set_tc(reply, true);
		static const ldns_pkt_section sections[] = { LDNS_SECTION_ANSWER, LDNS_SECTION_AUTHORITY, LDNS_SECTION_ADDITIONAL };
		ldns_rr_list *lists[] = { ldns_pkt_answer(reply), ldns_pkt_authority(reply), ldns_pkt_additional(reply) };
		for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
			ldns_rr *rr;
			while ((rr = ldns_rr_list_pop_rr(lists[i]))) ldns_rr_free(rr);
			ldns_pkt_set_section_count(reply, sections[i], 0);
		}
		if (ldns_pkt2wire(&wire, reply, &n) != LDNS_STATUS_OK || buf_put(out, wire, n) < 0) r = -ENOMEM;
	}
	LDNS_FREE(wire);
	return r;
}

/* The reply to a query, without records. NULL when it is no query with one question. */
static ldns_pkt *reply_to(const ldns_pkt *query) {
	ldns_rr_list *asked = ldns_pkt_question(query);
	if (ldns_pkt_qr(query) || ldns_pkt_get_opcode(query) != LDNS_PACKET_QUERY || ldns_rr_list_rr_count(asked) != 1) return NULL;
	ldns_pkt *reply = ldns_pkt_new();
	ldns_rr *copy = reply ? ldns_rr_clone(ldns_rr_list_rr(asked, 0)) : NULL;
	if (!copy || !ldns_pkt_push_rr(reply, LDNS_SECTION_QUESTION, copy)) {
		ldns_rr_free(copy);
		ldns_pkt_free(reply);
		return NULL;
	}
	ldns_pkt_set_id(reply, ldns_pkt_id(query));
	ldns_pkt_set_qr(reply, true);
	ldns_pkt_set_rd(reply, ldns_pkt_rd(query));
	ldns_pkt_set_ra(reply, true);
	if (ldns_pkt_edns(query)) ldns_pkt_set_edns_udp_size(reply, DNS_UDP_MAX);
	return reply;
}

static size_t limit_of(const ldns_pkt *query, bool tcp) {
	if (tcp) return DNS_PACKET_MAX;
	size_t says = ldns_pkt_edns(query) ? ldns_pkt_edns_udp_size(query) : 512;
	return says < 512 ? 512 : says > DNS_UDP_MAX ? DNS_UDP_MAX : says;
}

int dns_answer(const struct dns_zone *z, struct arena *a, struct slice query, bool tcp, struct buf *out) {
	ldns_pkt *in = NULL;
	if (query.n > DNS_PACKET_MAX || ldns_wire2pkt(&in, (const uint8_t *)query.p, query.n) != LDNS_STATUS_OK) return DNS_DROP;
	struct question *q = arena_new_of(a, struct question);
	ldns_pkt *reply = q ? reply_to(in) : NULL;
	int r = q ? DNS_DROP : -ENOMEM;
	if (reply) {
		*q = (struct question){ .z = z, .a = a, .reply = reply, .asked = ldns_rr_list_rr(ldns_pkt_question(in), 0) };
		q->type = ldns_rr_get_type(q->asked);
		r = resolve(q);
		if (r == DNS_ANSWERED) r = q->err ? q->err : write_packet(reply, limit_of(in, tcp), out);
	}
	ldns_pkt_free(reply);
	ldns_pkt_free(in);
	return r;
}

int dns_refuse(struct slice query, unsigned rcode, struct buf *out) {
	ldns_pkt *in = NULL;
	if (query.n > DNS_PACKET_MAX || ldns_wire2pkt(&in, (const uint8_t *)query.p, query.n) != LDNS_STATUS_OK) return DNS_DROP;
	ldns_pkt *reply = reply_to(in);
	int r = DNS_DROP;
	if (reply) {
		ldns_pkt_set_rcode(reply, (uint8_t)rcode);
		r = write_packet(reply, 512, out);
	}
	ldns_pkt_free(reply);
	ldns_pkt_free(in);
	return r;
}
