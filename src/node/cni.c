/* SPDX-License-Identifier: Apache-2.0 */
#include "node/cni.h"

#include "codec/json.h"
#include "node/limits.h"
#include "node/proc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_bridge.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define CNI_VERSION "0.4.0"
#define CNI_TIMEOUT_MS (2u * 60u * 1000u)
#define CNI_CONFIG_MAX (1u * MIB)
#define NETWORK_NAME "k8c"

enum step { STEP_BRIDGE, STEP_PORTMAP, STEP_END };

struct operation {
	struct cni_network network;
	struct arena *arena;
	bool adding;
	const char *id, *netns;
	struct cni_port *ports;
	size_t n_ports;
	struct slice prev;      /* result of the bridge plugin */
	const char *ip;
	void (*done)(void *, const struct cni_result *);
	void *ctx;
};

int cni_bridge_config(struct buf *b, const struct cni_network *n) {
	buf_puts(b, "{\"cniVersion\":\"" CNI_VERSION "\",\"name\":\"" NETWORK_NAME "\",\"type\":\"bridge\",\"bridge\":");
	json_write_string(b, slice_str(n->bridge));
	buf_printf(
		b,
		",\"isGateway\":true,\"ipMasq\":%s,\"hairpinMode\":true,\"ipam\":{\"type\":\"host-local\",\"ranges\":[[{\"subnet\":",
		n->masquerade ? "true" : "false");
	json_write_string(b, slice_str(n->subnet));
	buf_puts(b, "}]],\"routes\":[{\"dst\":\"0.0.0.0/0\"}],\"dataDir\":");
	json_write_string(b, slice_str(n->state_dir));
	buf_puts(b, "}}");
	return buf_err(b);
}

int cni_portmap_config(struct buf *b, const struct cni_network *n, const struct cni_port *ports, size_t n_ports,
		       struct slice prev_result) {
	buf_puts(b, "{\"cniVersion\":\"" CNI_VERSION "\",\"name\":\"" NETWORK_NAME
		    "\",\"type\":\"portmap\",\"snat\":true,\"runtimeConfig\":{\"portMappings\":[");
	for (size_t i = 0; i < n_ports; i++) {
		buf_printf(b, "%s{\"hostPort\":%u,\"containerPort\":%u,\"protocol\":", i ? "," : "", ports[i].host_port,
			   ports[i].container_port);
		json_write_string(b, slice_str(ports[i].protocol));
		if (ports[i].host_ip && *ports[i].host_ip) {
			buf_puts(b, ",\"hostIP\":");
			json_write_string(b, slice_str(ports[i].host_ip));
		}
		buf_putc(b, '}');
	}
	buf_puts(b, "]}");
	if (!slice_empty(prev_result)) {
		buf_puts(b, ",\"prevResult\":");
		buf_put_slice(b, prev_result);
	}
	buf_putc(b, '}');
	return buf_err(b);
}

int cni_result_ip(struct arena *a, struct slice json, const char **ret) {
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	if (json_parse(a, json, &doc, &err) < 0) return -EBADMSG;
	yyjson_mut_val *ips = json_get(yyjson_mut_doc_get_root(doc), "ips");
	struct slice address = json_path_str(yyjson_mut_arr_get_first(ips), "address");
	struct slice ip = slice_cut(&address, '/');
	if (slice_empty(ip)) return -EBADMSG;
	*ret = arena_slice_str(a, ip);
	return *ret ? 0 : -ENOMEM;
}

static void operation_end(struct operation *o, int err, const char *why) {
	struct cni_result res = { err, err < 0 ? (why ? why : strerror(-err)) : NULL, o->ip };
	o->done(o->ctx, &res);
	arena_free(o->arena);
}

/* A plugin reports {"code":..,"msg":"..","details":".."} on stdout. */
static const char *plugin_message(struct arena *a, const struct proc_result *r) {
	yyjson_mut_doc *doc;
	struct json_error err = { 0 };
	if (json_parse(a, r->out, &doc, &err) == 0) {
		struct slice msg = json_path_str(yyjson_mut_doc_get_root(doc), "msg");
		struct slice details = json_path_str(yyjson_mut_doc_get_root(doc), "details");
		if (!slice_empty(msg)) return arena_printf(a, "%.*s%s%.*s", SLICE_FMT(msg), details.n ? ": " : "", SLICE_FMT(details));
	}
	return arena_slice_str(a, proc_error_text(r));
}

static int run_step(struct operation *o, enum step step);

static void on_added(void *ctx, const struct proc_result *r) {
	struct operation *o = ctx;
	if (r->code != 0) return operation_end(o, -EIO, plugin_message(o->arena, r));
	if (o->ip) return operation_end(o, 0, NULL);
	o->prev = arena_slice_dup(o->arena, r->out);
	if (cni_result_ip(o->arena, r->out, &o->ip) < 0) return operation_end(o, -EIO, "the bridge plugin gave no address");
	if (o->n_ports == 0) return operation_end(o, 0, NULL);
	int err = run_step(o, STEP_PORTMAP);
	if (err < 0) operation_end(o, err, NULL);
}

static void on_removed_last(void *ctx, const struct proc_result *r) {
	struct operation *o = ctx;
	operation_end(o, r->code ? -EIO : 0, r->code ? plugin_message(o->arena, r) : NULL);
}

static void on_ports_removed(void *ctx, const struct proc_result *r) {
	struct operation *o = ctx;
	int err = run_step(o, STEP_BRIDGE);
	if (err < 0) operation_end(o, err, NULL);
}

static int run_step(struct operation *o, enum step step) {
	_cleanup_buf_ struct buf config = BUF_INIT(CNI_CONFIG_MAX);
	bool ports = step == STEP_PORTMAP;
	const struct cni_network *n = &o->network;
	int err = ports ? cni_portmap_config(&config, n, o->ports, o->n_ports, o->prev) : cni_bridge_config(&config, n);
	const char *argv[] = { arena_printf(o->arena, "%s/%s", n->plugin_dir, ports ? "portmap" : "bridge"), NULL };
	const char *envp[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", o->adding ? "CNI_COMMAND=ADD" : "CNI_COMMAND=DEL",
		arena_printf(o->arena, "CNI_CONTAINERID=%s", o->id), arena_printf(o->arena, "CNI_NETNS=%s", o->netns), "CNI_IFNAME=eth0",
		arena_printf(o->arena, "CNI_PATH=%s", n->plugin_dir), NULL,
	};
	if (err < 0 || !argv[0] || !envp[2] || !envp[3] || !envp[5]) return -ENOMEM;
	struct proc_options po = { .argv = argv, .envp = envp, .input = buf_slice(&config), .timeout_ms = CNI_TIMEOUT_MS };
	return proc_start(n->loop, &po, o->adding ? on_added : ports ? on_ports_removed : on_removed_last, o, NULL);
}

static int network_copy(struct operation *o, const struct cni_network *n) {
	struct cni_network c = { n->loop, arena_strdup(o->arena, n->plugin_dir), arena_strdup(o->arena, n->state_dir),
				 arena_strdup(o->arena, n->bridge), arena_strdup(o->arena, n->subnet), n->masquerade };
	o->network = c;
	return c.plugin_dir && c.state_dir && c.bridge && c.subnet ? 0 : -ENOMEM;
}

static int ports_copy(struct operation *o, const struct cni_port *ports, size_t n) {
	o->ports = arena_array(o->arena, n + 1, sizeof(*ports));
	o->n_ports = n;
	for (size_t i = 0; o->ports && i < n; i++) {
		o->ports[i] = ports[i];
		o->ports[i].protocol = arena_strdup(o->arena, ports[i].protocol);
		o->ports[i].host_ip = ports[i].host_ip ? arena_strdup(o->arena, ports[i].host_ip) : NULL;
		if (!o->ports[i].protocol) return -ENOMEM;
	}
	return o->ports ? 0 : -ENOMEM;
}

static int operation_start(const struct cni_network *n, bool adding, const char *id, const char *netns,
			   const struct cni_port *ports, size_t n_ports, void (*done)(void *, const struct cni_result *),
			   void *ctx) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct operation *o = a ? arena_new_of(a, struct operation) : NULL;
	if (!o) return -ENOMEM;
	*o = (struct operation){ .arena = a,
				 .adding = adding,
				 .id = arena_strdup(a, id),
				 .netns = arena_strdup(a, netns),
				 .done = done,
				 .ctx = ctx };
	if (!o->id || !o->netns) return -ENOMEM;
	int r = network_copy(o, n);
	if (r == 0) r = ports_copy(o, ports, n_ports);
	/* Removing goes backwards. */
	if (r == 0) r = run_step(o, !adding && n_ports ? STEP_PORTMAP : STEP_BRIDGE);
	if (r == 0) a = NULL;
	return r;
}

int cni_add(const struct cni_network *n, const char *id, const char *netns, const struct cni_port *ports, size_t n_ports,
	    void (*done)(void *, const struct cni_result *), void *ctx) {
	return operation_start(n, true, id, netns, ports, n_ports, done, ctx);
}

int cni_del(const struct cni_network *n, const char *id, const char *netns, const struct cni_port *ports, size_t n_ports,
	    void (*done)(void *, const struct cni_result *), void *ctx) {
	return operation_start(n, false, id, netns, ports, n_ports, done, ctx);
}

static bool subnet_parse(const char *text, uint32_t *ret_net, uint32_t *ret_mask) {
	char ip[INET_ADDRSTRLEN];
	struct slice rest = slice_str(text), address = slice_cut(&rest, '/');
	struct in_addr in;
	int64_t bits;
	if (address.n >= sizeof(ip) || slice_int(rest, 0, 32, &bits) < 0) return false;
	memcpy(ip, address.p, address.n);
	ip[address.n] = 0;
	if (inet_pton(AF_INET, ip, &in) != 1) return false;
	*ret_mask = bits ? ~0u << (32 - bits) : 0;
	*ret_net = ntohl(in.s_addr) & *ret_mask;
	return true;
}

const char *cni_overlap(const struct cni_network *n, struct arena *a) {
	struct ifaddrs *all = NULL;
	uint32_t net, mask;
	const char *found = NULL;
	if (!subnet_parse(n->subnet, &net, &mask) || getifaddrs(&all) < 0) return NULL;
	for (struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !i->ifa_netmask || strcmp(i->ifa_name, n->bridge) == 0) continue;
		uint32_t addr = ntohl(((struct sockaddr_in *)i->ifa_addr)->sin_addr.s_addr);
		uint32_t other = ntohl(((struct sockaddr_in *)i->ifa_netmask)->sin_addr.s_addr);
		/* The wider of the two masks decides. */
		uint32_t wide = mask & other;
		if ((addr & wide) == (net & wide) && wide) found = arena_strdup(a, i->ifa_name);
	}
	freeifaddrs(all);
	return found;
}

int cni_bridge_remove(const struct cni_network *n) {
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { 0 };
	if (fd < 0) return -errno;
	if (strlen(n->bridge) >= sizeof(ifr.ifr_name)) return -EINVAL;
	memcpy(ifr.ifr_name, n->bridge, strlen(n->bridge) + 1);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0) return errno == ENODEV ? 0 : -errno;
	ifr.ifr_flags = (short)(ifr.ifr_flags & ~IFF_UP);
	(void)ioctl(fd, SIOCSIFFLAGS, &ifr);
	return ioctl(fd, SIOCBRDELBR, ifr.ifr_name) < 0 && errno != ENXIO ? -errno : 0;
}
