/* SPDX-License-Identifier: Apache-2.0 */
/* The node agent of this machine beside the API server: its loop, its identities, its endpoint, services and DNS. */
#include "access/x509.h"
#include "codec/yaml.h"
#include "cmd/commands.h"
#include "cmd/files.h"
#include "cmd/house.h"
#include "cmd/inproc.h"
#include "node/agent.h"
#include "node/dns/server.h"
#include "node/dns/socket.h"
#include "node/dns/zone.h"
#include "node/net/service_proxy.h"
#include "node/stream/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#define DAY (24ll * 3600)
#define API_SERVER_USER "kube-apiserver-kubelet-client"
/* The part of the cluster's pod network that is this node's. */
#define POD_CIDR_BITS 24

struct agent_room {
	struct house *house;
	struct loop *loop;
	struct x509_verifier *verifier;
	struct stream_server *streams;
	struct k8c_client *client, *proxy_client;
	struct service_proxy *proxy;
	struct dns_server *dns;
	struct node_agent *agent;
	char pod_cidr[ADDRESS_MAX + 4], gateway[ADDRESS_MAX];
	struct buf registries, resolv;
	char *why;
};

static int say(char msg[HOUSE_MESSAGE_MAX], int err, const char *what, const char *why) {
	snprintf(msg, HOUSE_MESSAGE_MAX, "node agent: %.300s%s%.400s", what ? what : "", what ? ": " : "", why && *why ? why : strerror(-err));
	return err;
}

/* The API server is whoever shows its certificate, made by this cluster's CA. */
static bool is_api_server(void *ctx, struct slice peer_cert) {
	struct agent_room *a = ctx;
	_cleanup_arena_ struct arena *mem = arena_new(0);
	struct access_user *user;
	int64_t until;
	if (!mem || slice_empty(peer_cert) || x509_verify(a->verifier, mem, peer_cert, &user, &until) < 0) return false;
	return slice_eqs(user->name, API_SERVER_USER);
}

static int start_streams(struct agent_room *a, char *msg) {
	const struct plan *p = a->house->plan;
	const char *dns[] = { p->hostname }, *ips[] = { p->advertise };
	char org[] = "system:nodes", cn[300], why[PKI_MESSAGE_MAX] = "";
	const char *orgs[] = { org };
	_cleanup_pki_pair_ struct pki_pair cert = { 0 };
	snprintf(cn, sizeof(cn), "system:node:%s", p->hostname);
	struct pki_request req = { .cn = cn, .orgs = orgs, .n_orgs = 1, .dns = dns, .n_dns = 1, .ips = ips, .n_ips = 1, .server = true, .seconds = 365 * DAY };
	int r = pki_dir_issue(a->house->env, &a->house->pki, &req, &cert, why);
	if (r < 0) return say(msg, r, NULL, why);
	struct stream_server_options o = {
		.loop = a->loop, .listen = "0.0.0.0:0", .cert_pem = cert.cert_pem, .key_pem = cert.key_pem, .is_api_server = is_api_server, .ctx = a, .env = a->house->env,
	};
	r = stream_server_start(&o, &a->streams);
	return r < 0 ? say(msg, r, "its endpoint", NULL) : 0;
}

/* ---- on the agent's loop ---- */

static int start_network(struct agent_room *a) {
	const struct plan *p = a->house->plan;
	struct service_proxy_options so = {
		.loop = a->loop, .client = a->proxy_client, .pod_cidr = a->pod_cidr, .cluster_cidr = p->cluster_cidr, .gateway = a->gateway, .dns_ip = p->dns_ip,
	};
	/* The DNS server needs the proxy's informers, the proxy DNS's port: the port is taken first. */
	uint16_t port = 0;
	int udp, tcp, r = dns_sockets(a->gateway, &port, &udp, &tcp);
	if (r < 0) return r;
	close(udp);
	close(tcp);
	so.dns_port = port;
	r = service_proxy_new(&so, &a->proxy);
	if (r < 0) return r;
	struct dns_server_options dns = {
		.loop = a->loop, .env = a->house->env, .address = a->gateway, .port = port, .zone = zone_of(a->proxy, slice_str(p->cluster_domain)),
		.resolv_conf = buf_slice(&a->resolv),
	};
	return dns_server_new(&dns, &a->dns);
}

static int start_on_loop(void *arg) {
	struct agent_room *a = arg;
	struct house *h = a->house;
	const struct plan *p = h->plan;
	char component[300], images[PATH_MAX + 16];
	snprintf(component, sizeof(component), "node:%s", p->hostname);
	snprintf(images, sizeof(images), "%s/images", p->dir);
	int r = inproc_client(h->api, a->loop, h->env, component, &a->client);
	if (r == 0) r = inproc_client(h->api, a->loop, h->env, "kube-proxy", &a->proxy_client);
	if (r == 0) r = start_network(a);
	if (r < 0) return r;
	struct node_agent_options o = {
		.node_name = p->hostname, .data_dir = p->dir, .image_dir = images, .cluster_dns = p->dns_ip, .cluster_domain = p->cluster_domain,
		.pod_cidr = a->pod_cidr, .service_cidr = p->service_cidr, .node_ip = p->advertise, .no_masquerade = true,
		.registries = buf_slice(&a->registries), .port = stream_server_port(a->streams), .version = "v1.34.9", .env = h->env,
	};
	r = node_agent_new(a->loop, a->client, &o, &a->agent, &a->why);
	if (r == 0) stream_server_set_agent(a->streams, a->agent);
	return r;
}

static int stop_on_loop(void *arg) {
	struct agent_room *a = arg;
	if (a->streams) stream_server_set_agent(a->streams, NULL);
	node_agent_free(a->agent);
	dns_server_free(a->dns);
	service_proxy_free(a->proxy);
	k8c_client_free(a->proxy_client);
	k8c_client_free(a->client);
	return 0;
}

/* ---- from the main thread ---- */

/* DIR/registries.yaml: node/image/registries.h says what may stand in it; it takes JSON. */
static int read_registries(struct agent_room *a, char *msg) {
	char path[PATH_MAX + 32];
	_cleanup_buf_ struct buf text = BUF_INIT(FILE_MAX);
	_cleanup_arena_ struct arena *mem = arena_new(0);
	yyjson_mut_doc *doc;
	struct yaml_error err;
	snprintf(path, sizeof(path), "%s/registries.yaml", a->house->plan->dir);
	int r = file_read(path, &text);
	if (r == -ENOENT) return 0;
	if (r < 0 || !mem) return say(msg, r < 0 ? r : -ENOMEM, path, NULL);
	r = yaml_parse(mem, buf_slice(&text), YAML_STRICT, &doc, &err);
	if (r < 0) return say(msg, r, path, r == -EBADMSG ? err.msg : NULL);
	return json_write(&a->registries, yyjson_mut_doc_get_root(doc));
}

static int read_texts(struct agent_room *a, char *msg) {
	int r = read_registries(a, msg);
	if (r < 0) return r;
	(void)file_read("/etc/resolv.conf", &a->resolv);
	return 0;
}

static int addresses(struct agent_room *a, char *msg) {
	char base[ADDRESS_MAX];
	const char *cidr = a->house->plan->cluster_cidr;
	int r = address_in_cidr(cidr, 0, base);
	if (r == 0) r = address_in_cidr(cidr, 1, a->gateway);
	if (r < 0 || strchr(base, ':')) return say(msg, -EINVAL, "--cluster-cidr", "an IPv4 network is needed");
	snprintf(a->pod_cidr, sizeof(a->pod_cidr), "%s/%d", base, POD_CIDR_BITS);
	return 0;
}

int agent_up(struct house *h, char msg[HOUSE_MESSAGE_MAX]) {
	if (geteuid() != 0) return say(msg, -EPERM, NULL, "running pods needs root; run as root, or with --no-agent");
	struct agent_room *a = calloc(1, sizeof(*a));
	if (!a) return say(msg, -ENOMEM, NULL, NULL);
	h->agent = a;
	*a = (struct agent_room){ .house = h, .registries = BUF_INIT(FILE_MAX), .resolv = BUF_INIT(FILE_MAX) };
	int r = read_texts(a, msg);
	if (r == 0) r = addresses(a, msg);
	if (r == 0 && (r = x509_verifier_new(h->pki.ca.cert_pem, h->env, &a->verifier)) < 0) (void)say(msg, r, "certificates", NULL);
	if (r == 0 && (r = loop_start("k8c-node", &a->loop)) < 0) (void)say(msg, r, NULL, NULL);
	if (r == 0) r = start_streams(a, msg);
	if (r < 0) return r;
	r = house_run_on(a->loop, start_on_loop, a);
	return r < 0 ? say(msg, r, NULL, a->why) : 0;
}

void agent_down(struct house *h) {
	struct agent_room *a = h->agent;
	h->agent = NULL;
	if (a->loop) {
		(void)house_run_on(a->loop, stop_on_loop, a);
		stream_server_stop(a->streams);
		loop_stop(a->loop);
	}
	x509_verifier_free(a->verifier);
	buf_done(&a->registries);
	buf_done(&a->resolv);
	free(a->why);
	free(a);
}

int cleanup_main(int argc, char **argv) {
	const char *data_dir = "/var/lib/k8c";
	const struct flag flags[] = { { "data-dir", FLAG_STRING, &data_dir, "DIR", "the server's data directory (/var/lib/k8c)" } };
	char msg[256], path[PATH_MAX];
	int operands, r = flags_parse(flags, ELEMENTSOF(flags), argc, argv, &operands, msg, sizeof(msg));
	if (r == 1) {
		flags_help("k8c cleanup [--data-dir DIR]", "Ends the pods of a data directory and removes what the node agent made on this machine.", flags, ELEMENTSOF(flags));
		return 0;
	}
	if (r < 0) {
		fprintf(stderr, "k8c cleanup: %s\n", msg);
		return 2;
	}
	snprintf(path, sizeof(path), "%s/lock", data_dir);
	_cleanup_close_ int lock = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0) {
		fprintf(stderr, "k8c cleanup: a k8c server is using %s: stop it first\n", data_dir);
		return 1;
	}
	char *absolute = realpath(data_dir, NULL);
	r = absolute ? node_agent_cleanup(absolute, NULL) : -errno;
	free(absolute);
	int r2 = service_proxy_cleanup();
	if (r < 0 || r2 < 0) fprintf(stderr, "k8c cleanup: %s\n", strerror(r < 0 ? -r : -r2));
	return r < 0 || r2 < 0 ? 1 : 0;
}
