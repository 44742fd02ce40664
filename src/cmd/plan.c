/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/plan.h"
#include "base/arena.h"
#include "codec/duration.h"
#include "cmd/files.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define DEFAULT_DIR "/var/lib/k8c"
#define NODE_NAME_MAX 253

static int flags_of(struct plan *p, int argc, char **argv, char msg[PLAN_MESSAGE_MAX]) {
	const struct flag flags[] = {
		{ "data-dir", FLAG_STRING, &p->data_dir, "DIR", "keys, database, images, pods (" DEFAULT_DIR "; with --ephemeral a temporary folder)" },
		{ "listen", FLAG_STRING, &p->listen, "ADDR:PORT", "where the API is served; port 0 picks a free one (0.0.0.0:6443)" },
		{ "ephemeral", FLAG_BOOL, &p->ephemeral, NULL, "keep state in memory only" },
		{ "no-agent", FLAG_BOOL, &p->no_agent, NULL, "run no pods here; needs no root" },
		{ "datastore", FLAG_STRING, &p->datastore, "ENGINE", "sqlite (the default), or etcd=https://HOST:PORT[,...]" },
		{ "etcd-cafile", FLAG_STRING, &p->etcd_cafile, "FILE", "certificates (PEM) that etcd's is verified against (the system's)" },
		{ "etcd-certfile", FLAG_STRING, &p->etcd_certfile, "FILE", "this server's certificate (PEM) for etcd" },
		{ "etcd-keyfile", FLAG_STRING, &p->etcd_keyfile, "FILE", "its key (PEM)" },
		{ "etcd-compaction-interval", FLAG_STRING, &p->etcd_compaction, "DURATION", "how often etcd's history is cut; 0: never (5m0s)" },
		{ "service-cidr", FLAG_STRING, &p->service_cidr, "CIDR", "addresses of services (10.96.0.0/12)" },
		{ "cluster-cidr", FLAG_STRING, &p->cluster_cidr, "CIDR", "addresses of pods (10.244.0.0/16)" },
		{ "cluster-domain", FLAG_STRING, &p->cluster_domain, "NAME", "DNS domain of the cluster (cluster.local)" },
		{ "advertise-address", FLAG_STRING, &p->advertise_address, "IP", "address that pods and nodes reach the API by (found out)" },
		{ "node-name", FLAG_STRING, &p->node_name, "NAME", "name of this machine's node (its host name)" },
		{ "tls-san", FLAG_LIST, &p->tls_san, "NAME", "further name or address in the server's certificate; repeatable" },
		{ "anonymous-auth", FLAG_BOOL, &p->anonymous, NULL, "requests without credentials are system:anonymous (true)" },
		{ "history-events", FLAG_INT, &p->history_events, "N", "changes remembered for watches that resume and reads of the past, 5 minutes at most (100000)" },
		{ "log-format", FLAG_STRING, &p->log_format, "text|json", "form of the log on stderr (text)" },
		{ "v", FLAG_INT, &p->verbosity, "N", "how much is logged: 0 errors and warnings, 1 more, 2 debugging, 3 everything" },
	};
	int operands, r = flags_parse(flags, ELEMENTSOF(flags), argc, argv, &operands, msg, PLAN_MESSAGE_MAX);
	if (r == 1) flags_help("k8c server [flags]", "Runs the API server, controllers, scheduler and, as root, the node agent.", flags, ELEMENTSOF(flags));
	if (r == 0 && operands > 0) {
		snprintf(msg, PLAN_MESSAGE_MAX, "unexpected argument \"%s\"", argv[0]);
		return -EINVAL;
	}
	return r;
}

/* What --datastore etcd=... and the flags beside it say. */
static int etcd_flags(struct plan *p, char msg[PLAN_MESSAGE_MAX]) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	bool etcd = strncmp(p->datastore, "etcd=", 5) == 0, files = p->etcd_cafile || p->etcd_certfile || p->etcd_keyfile;
	const char *why = NULL;
	int64_t ns = 0;
	if (!a) return -ENOMEM;
	if (!etcd && files) why = "--etcd-cafile, --etcd-certfile and --etcd-keyfile need --datastore etcd=...";
	else if (!p->etcd_certfile != !p->etcd_keyfile) why = "--etcd-certfile and --etcd-keyfile need each other";
	else if (etcd && p->ephemeral) why = "--ephemeral keeps nothing in etcd: leave one of the two";
	else if (duration_parse(a, slice_str(p->etcd_compaction), &ns, &why) == 0 && ns < 0) why = "--etcd-compaction-interval is negative";
	if (why) {
		snprintf(msg, PLAN_MESSAGE_MAX, "%s", why);
		return -EINVAL;
	}
	if (etcd) p->etcd_urls = p->datastore + 5;
	p->compact_ms = (uint64_t)ns / 1000000;
	return 0;
}

static int check_flags(const struct plan *p, char msg[PLAN_MESSAGE_MAX]) {
	if (strcmp(p->datastore, "sqlite") != 0 && strncmp(p->datastore, "etcd=", 5) != 0) {
		snprintf(msg, PLAN_MESSAGE_MAX, "unknown datastore \"%s\": sqlite or etcd=https://HOST:PORT", p->datastore);
		return -EINVAL;
	}
	if (strcmp(p->log_format, "text") != 0 && strcmp(p->log_format, "json") != 0) {
		snprintf(msg, PLAN_MESSAGE_MAX, "unknown log format \"%s\": text or json", p->log_format);
		return -EINVAL;
	}
	return 0;
}

static int make_dir(struct plan *p, char msg[PLAN_MESSAGE_MAX]) {
	int r;
	if (!p->data_dir && p->ephemeral) {
		const char *tmp = getenv("TMPDIR");
		snprintf(p->dir, sizeof(p->dir), "%s/k8c-XXXXXX", tmp && *tmp ? tmp : "/tmp");
		r = mkdtemp(p->dir) ? 0 : -errno;
		p->dir_is_temporary = r == 0;
	} else {
		const char *asked = p->data_dir ? p->data_dir : DEFAULT_DIR;
		char cwd[PATH_MAX] = "";
		if (asked[0] != '/' && !getcwd(cwd, sizeof(cwd))) return -errno;
		int n = snprintf(p->dir, sizeof(p->dir), "%s%s%s", cwd, *cwd ? "/" : "", asked);
		r = n >= (int)sizeof(p->dir) ? -ENAMETOOLONG : dir_make(p->dir, 0755);
	}
	if (r == 0 && access(p->dir, W_OK | X_OK) < 0) r = -errno;
	if (r < 0) snprintf(msg, PLAN_MESSAGE_MAX, "data directory %.300s: %s", p->dir, strerror(-r));
	return r;
}

/* `shared`: the server can bind the port beside this socket. Without it a port that somebody serves already is refused, even by
 * another k8c, which would share it silently. */
static int bind_probe(const struct plan *p, uint16_t port, bool shared, uint16_t *ret_port) {
	union { struct sockaddr sa; struct sockaddr_in v4; struct sockaddr_in6 v6; } a = { 0 };
	bool six = strchr(p->host, ':');
	socklen_t n = six ? sizeof(a.v6) : sizeof(a.v4);
	int one = 1;
	a.sa.sa_family = six ? AF_INET6 : AF_INET;
	if (six) a.v6.sin6_port = htons(port), inet_pton(AF_INET6, p->host, &a.v6.sin6_addr);
	else a.v4.sin_port = htons(port), inet_pton(AF_INET, p->host, &a.v4.sin_addr);
	_cleanup_close_ int fd = socket(a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) return -errno;
	if (shared) (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &a.sa, n) < 0 || getsockname(fd, &a.sa, &n) < 0) return -errno;
	*ret_port = ntohs(six ? a.v6.sin6_port : a.v4.sin_port);
	return TAKE_FD(fd);
}

/* The port has to be known before the server binds it: the kubernetes service names it. */
static int take_port(struct plan *p, char msg[PLAN_MESSAGE_MAX]) {
	uint16_t asked;
	if (address_split(p->listen, p->host, &asked) < 0) {
		snprintf(msg, PLAN_MESSAGE_MAX, "--listen %.100s: an address and a port are needed, as in 0.0.0.0:6443", p->listen);
		return -EINVAL;
	}
	int fd = bind_probe(p, asked, asked == 0, &p->port);
	if (fd < 0) {
		snprintf(msg, PLAN_MESSAGE_MAX, "--listen %.100s: %s", p->listen, strerror(-fd));
		return fd;
	}
	if (asked == 0) p->reserved = fd;
	else (void)close(fd);
	return 0;
}

static int addresses(struct plan *p, char msg[PLAN_MESSAGE_MAX]) {
	if (address_in_cidr(p->service_cidr, 1, p->service_ip) < 0 || address_in_cidr(p->service_cidr, 10, p->dns_ip) < 0) {
		snprintf(msg, PLAN_MESSAGE_MAX, "--service-cidr %.100s: a network of at least 16 addresses is needed, as in 10.96.0.0/12", p->service_cidr);
		return -EINVAL;
	}
	char first[ADDRESS_MAX];
	if (address_in_cidr(p->cluster_cidr, 300, first) < 0) {
		snprintf(msg, PLAN_MESSAGE_MAX, "--cluster-cidr %.100s: a network of at least 512 addresses is needed, as in 10.244.0.0/16", p->cluster_cidr);
		return -EINVAL;
	}
	if (p->advertise_address) snprintf(p->advertise, sizeof(p->advertise), "%s", p->advertise_address);
	else if (address_is_any(p->host)) address_of_machine(p->advertise);
	else snprintf(p->advertise, sizeof(p->advertise), "%s", p->host);
	snprintf(p->url_host, sizeof(p->url_host), "%s", p->advertise);
	return 0;
}

/* A node's name is a DNS name (RFC 1123): upper case is lowered. */
static int names(struct plan *p, char msg[PLAN_MESSAGE_MAX]) {
	if (p->node_name) snprintf(p->hostname, sizeof(p->hostname), "%s", p->node_name);
	else if (gethostname(p->hostname, sizeof(p->hostname)) < 0) return -errno;
	p->hostname[sizeof(p->hostname) - 1] = 0;
	for (char *c = p->hostname; *c; c++)
		if (*c >= 'A' && *c <= 'Z') *c = (char)(*c + 32);
	size_t n = strlen(p->hostname);
	if (n == 0 || n > NODE_NAME_MAX || strspn(p->hostname, "abcdefghijklmnopqrstuvwxyz0123456789-.") != n) {
		snprintf(msg, PLAN_MESSAGE_MAX, "\"%s\" cannot be a node's name: give one with --node-name", p->hostname);
		return -EINVAL;
	}
	snprintf(p->issuer, sizeof(p->issuer), "https://kubernetes.default.svc.%s", p->cluster_domain);
	return 0;
}

int plan_make(struct plan *p, int argc, char **argv, char msg[PLAN_MESSAGE_MAX]) {
	static int (*const steps[])(struct plan *, char *) = { make_dir, take_port, addresses, names };
	*p = (struct plan){
		.listen = "0.0.0.0:6443", .datastore = "sqlite", .etcd_compaction = "5m", .service_cidr = "10.96.0.0/12", .cluster_cidr = "10.244.0.0/16",
		.cluster_domain = "cluster.local", .log_format = "text", .anonymous = true, .reserved = -1,
	};
	msg[0] = 0;
	int r = flags_of(p, argc, argv, msg);
	if (r == 0) r = check_flags(p, msg);
	if (r == 0) r = etcd_flags(p, msg);
	for (size_t i = 0; r == 0 && i < ELEMENTSOF(steps); i++) r = steps[i](p, msg);
	if (r < 0 && !msg[0]) snprintf(msg, PLAN_MESSAGE_MAX, "%s", strerror(-r));
	return r;
}

void plan_done(struct plan *p) {
	if (p->reserved >= 0) (void)close(p->reserved);
	p->reserved = -1;
	if (p->dir_is_temporary) (void)dir_remove(p->dir);
}
