/* SPDX-License-Identifier: Apache-2.0 */
/* cluster-info: where the server and its services are. */
#include "ctl/command.h"
#include "ctl/tree.h"

#include <unistd.h>

#define GREEN "\x1b[0;32m"
#define YELLOW "\x1b[0;33m"
#define PLAIN "\x1b[0m"

static void print_line(struct ctl *c, const char *name, const char *url) {
	bool terminal = isatty(c->out.fd);
	ctl_out(c, "%s%s%s is running at %s%s%s\n", terminal ? GREEN : "", name, terminal ? PLAIN : "", terminal ? YELLOW : "", url,
		terminal ? PLAIN : "");
}

static const char *ingress_url(struct ctl *c, const yyjson_mut_val *ingress, const yyjson_mut_val *svc) {
	const char *ip = text_at(ingress, "ip"), *host = *ip ? ip : text_at(ingress, "hostname");
	struct strings urls = { 0 };
	yyjson_mut_val *port;
	json_each(json_path(svc, "spec.ports"), port)
		strings_add(c, &urls, ctl_printf(c, "http://%s:%lld ", host, (long long)json_path_int(port, "port", 0)));
	return strings_join(c, &urls, "");
}

static const char *proxy_url(struct ctl *c, const yyjson_mut_val *svc) {
	const yyjson_mut_val *ports = json_path(svc, "spec.ports"), *port = json_first(ports);
	const char *name = text_at(svc, "metadata.name");
	if (json_size(ports) == 1) {
		const char *of = text_at(port, "name");
		bool tls = json_path_int(port, "port", 0) == 443 || !strcmp(of, "https");
		name = ctl_printf(c, "%s%s:%s", tls ? "https:" : "", name, of);
	}
	return ctl_printf(c, "%s/api/v1/namespaces/%s/services/%s/proxy", k8c_config_server(c->cfg), text_at(svc, "metadata.namespace"), name);
}

static int services(struct ctl *c) {
	yyjson_mut_doc *doc;
	yyjson_mut_val *svc;
	const char *ns = session_namespace_forced(c) ? session_namespace(c) : "kube-system";
	if (session_json(c, &(struct call){ .path = ctl_printf(c, "/api/v1/namespaces/%s/services", ns),
					    .query = "labelSelector=kubernetes.io%2Fcluster-service%3Dtrue" }, &doc))
		return 1;
	print_line(c, "Kubernetes control plane", k8c_config_server(c->cfg));
	json_each(json_get(doc->root, "items"), svc) {
		yyjson_mut_val *ingress = json_first(json_path(svc, "status.loadBalancer.ingress"));
		const yyjson_mut_val *label = json_get(json_path(svc, "metadata.labels"), "kubernetes.io/name");
		const char *name = *text_of(label) ? text_of(label) : text_at(svc, "metadata.name");
		print_line(c, name, ingress ? ingress_url(c, ingress, svc) : proxy_url(c, svc));
	}
	return 0;
}

static int run(struct ctl *c, const char *const *args, size_t n) {
	(void)args;
	(void)n;
	int r = session_config(c) || services(c);
	if (c->cfg) ctl_out(c, "\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n");
	return r;
}

const struct command command_cluster_info = { "cluster-info", NULL, NULL, "Print where the server and its services are", NULL, run, NULL };
