/* SPDX-License-Identifier: Apache-2.0 */
/* Cells of services, endpoints, ingresses and addresses. */
#include "schema/cells/cells.h"

static void external_ips(struct buf *text, const yyjson_mut_val *obj) {
	yyjson_mut_val *ip;
	size_t i, n;
	yyjson_mut_arr_foreach(json_path(obj, "spec.externalIPs"), i, n, ip) cell_join(text, ",", json_str(ip));
}

SCHEMA_CELL(service_external_ip) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	struct slice type = json_path_str(obj, "spec.type");
	struct cell_set ingress = { .n = 0 };
	if (slice_eqs(type, "ExternalName")) return cell_path(b, obj, "spec.externalName", "");
	if (slice_eqs(type, "ClusterIP") || slice_eqs(type, "NodePort")) {
		external_ips(&text, obj);
		return cell_text(b, &text, "<none>");
	}
	if (!slice_eqs(type, "LoadBalancer")) return cell_cstr(b, "<unknown>");
	cell_ingress(&ingress, obj);
	cell_set_join(&text, &ingress);
	external_ips(&text, obj);
	return cell_text(b, &text, "<pending>");
}

SCHEMA_CELL(service_ports) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *p;
	size_t i, n;
	yyjson_mut_arr_foreach(json_path(obj, "spec.ports"), i, n, p) {
		int64_t node_port = json_path_int(p, "nodePort", 0);
		if (i) buf_putc(&text, ',');
		buf_printf(&text, "%lld", (long long)json_path_int(p, "port", 0));
		if (node_port > 0) buf_printf(&text, ":%lld", (long long)node_port);
		buf_putc(&text, '/');
		buf_put_slice(&text, json_path_str(p, "protocol"));
	}
	return cell_text(b, &text, "<none>");
}

/* One "ip" or "ip:port"; only the first few are written, all are counted. */
static void endpoint(struct buf *text, struct slice ip, const yyjson_mut_val *port, size_t *count) {
	bool v6 = slice_chr(ip, ':') >= 0;
	if ((*count)++ >= CELL_JOIN_FIRST) return;
	if (text->n) buf_putc(text, ',');
	if (!port) {
		buf_put_slice(text, ip);
		return;
	}
	buf_printf(text, v6 ? "[%.*s]:%lld" : "%.*s:%lld", SLICE_FMT(ip), (long long)json_path_int(port, "port", 0));
}

SCHEMA_CELL(endpoints_addresses) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *subsets = json_get(obj, "subsets"), *s, *p, *a;
	size_t i, n, j, m, k, l, count = 0;
	if (!yyjson_mut_arr_size(subsets)) return cell_cstr(b, "<none>");
	yyjson_mut_arr_foreach(subsets, i, n, s) {
		yyjson_mut_val *ports = json_get(s, "ports"), *addresses = json_get(s, "addresses");
		if (!yyjson_mut_arr_size(ports)) {
			yyjson_mut_arr_foreach(addresses, k, l, a) endpoint(&text, json_path_str(a, "ip"), NULL, &count);
		}
		yyjson_mut_arr_foreach(ports, j, m, p) {
			yyjson_mut_arr_foreach(addresses, k, l, a) endpoint(&text, json_path_str(a, "ip"), p, &count);
		}
	}
	cell_join_more(&text, count);
	return cell_text(b, &text, "");
}

SCHEMA_CELL(endpoint_slice_ports) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *list = json_get(obj, "ports"), *p;
	size_t i, n;
	yyjson_mut_arr_foreach(list, i, n, p) {
		if (i >= CELL_JOIN_FIRST) break;
		struct slice name = json_path_str(p, "name");
		if (i) buf_putc(&text, ',');
		if (json_get(p, "port")) buf_printf(&text, "%lld", (long long)json_path_int(p, "port", 0));
		else buf_put_slice(&text, name.n ? name : SLICE_LIT("*"));
	}
	cell_join_more(&text, yyjson_mut_arr_size(list));
	return cell_text(b, &text, "<unset>");
}

SCHEMA_CELL(endpoint_slice_endpoints) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *e, *a;
	size_t i, n, j, m, count = 0;
	yyjson_mut_arr_foreach(json_get(obj, "endpoints"), i, n, e) {
		yyjson_mut_arr_foreach(json_get(e, "addresses"), j, m, a) {
			if (count++ < CELL_JOIN_FIRST) cell_join(&text, ",", json_str(a));
		}
	}
	cell_join_more(&text, count);
	return cell_text(b, &text, "<unset>");
}

SCHEMA_CELL(ingress_hosts) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *rules = json_path(obj, "spec.rules"), *r;
	size_t i, n, count = 0;
	yyjson_mut_arr_foreach(rules, i, n, r) {
		struct slice host = json_path_str(r, "host");
		if (count == CELL_JOIN_FIRST) {
			cell_join_more(&text, n);
			break;
		}
		if (!host.n) continue;
		cell_join(&text, ",", host);
		count++;
	}
	return cell_text(b, &text, "*");
}

SCHEMA_CELL(ingress_address) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	struct cell_set ingress = { .n = 0 };
	cell_ingress(&ingress, obj);
	cell_set_join(&text, &ingress);
	return cell_text(b, &text, "");
}

SCHEMA_CELL(ingress_ports) { return cell_cstr(b, yyjson_mut_arr_size(json_path(obj, "spec.tls")) ? "80, 443" : "80"); }

SCHEMA_CELL(ingress_class_parameters) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *p = json_path(obj, "spec.parameters");
	if (!p) return cell_cstr(b, "<none>");
	struct slice group = json_path_str(p, "apiGroup");
	buf_put_slice(&text, json_path_str(p, "kind"));
	if (group.n) buf_printf(&text, ".%.*s", SLICE_FMT(group));
	buf_putc(&text, '/');
	buf_put_slice(&text, json_path_str(p, "name"));
	return cell_text(b, &text, "");
}

SCHEMA_CELL(ipaddress_parent_ref) {
	_cleanup_buf_ struct buf text = BUF_INIT(CELL_TEXT_MAX);
	yyjson_mut_val *p = json_path(obj, "spec.parentRef");
	if (!p) return cell_cstr(b, "<none>");
	struct slice group = json_path_str(p, "group"), ns = json_path_str(p, "namespace");
	cell_lower(&text, json_path_str(p, "resource"));
	if (group.n) {
		buf_putc(&text, '.');
		cell_lower(&text, group);
	}
	if (ns.n) buf_printf(&text, "/%.*s", SLICE_FMT(ns));
	buf_printf(&text, "/%.*s", SLICE_FMT(json_path_str(p, "name")));
	return cell_text(b, &text, "");
}
