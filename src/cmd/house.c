/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/house.h"
#include "api/stored.h"
#include "base/log.h"
#include "cmd/files.h"
#include "etcd/etcd.h"
#include "cmd/inproc.h"
#include "cmd/kubeconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

static int say(char msg[HOUSE_MESSAGE_MAX], int err, const char *what, const char *why) {
	snprintf(msg, HOUSE_MESSAGE_MAX, "%.300s: %.400s", what, why && *why ? why : strerror(-err));
	return err;
}

/* ---- running something on a loop and waiting for it ---- */

struct errand { int (*fn)(void *arg); void *arg; int result; sem_t done; };

static void errand_run(void *arg) {
	struct errand *e = arg;
	e->result = e->fn(e->arg);
	sem_post(&e->done);
}

int house_run_on(struct loop *l, int (*fn)(void *), void *arg) {
	struct errand e = { .fn = fn, .arg = arg };
	sem_init(&e.done, 0, 0);
	int r = loop_post(l, errand_run, &e);
	if (r == 0) {
		while (sem_wait(&e.done) < 0) {}
		r = e.result;
	}
	sem_destroy(&e.done);
	return r;
}

/* ---- the parts ---- */

/* Two servers on one data directory would each believe to own it. */
static int lock_dir(struct house *h, char *msg) {
	char path[PATH_MAX + 8];
	snprintf(path, sizeof(path), "%s/lock", h->plan->dir);
	h->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (h->lock < 0) return say(msg, -errno, path, NULL);
	if (flock(h->lock, LOCK_EX | LOCK_NB) < 0) return say(msg, -EBUSY, h->plan->dir, "another k8c server is using this data directory");
	return 0;
}

static int open_pki(struct house *h, char *msg) {
	const struct plan *p = h->plan;
	char dir[PATH_MAX + 8], domain_name[300], why[PKI_MESSAGE_MAX] = "";
	const char *dns[8 + FLAG_LIST_MAX] = { "kubernetes", "kubernetes.default", "kubernetes.default.svc", domain_name, "localhost", p->hostname };
	const char *ips[4 + FLAG_LIST_MAX] = { p->service_ip, "127.0.0.1", p->advertise, p->host };
	struct pki_dir_options o = { .env = h->env, .dir = dir, .dns = dns, .n_dns = 6, .ips = ips, .n_ips = address_is_any(p->host) ? 3 : 4 };
	snprintf(dir, sizeof(dir), "%s/pki", p->dir);
	snprintf(domain_name, sizeof(domain_name), "kubernetes.default.svc.%s", p->cluster_domain);
	for (size_t i = 0; i < p->tls_san.n; i++) {
		const char *san = p->tls_san.v[i];
		bool is_ip = strspn(san, "0123456789.") == strlen(san) || strchr(san, ':');
		if (is_ip) ips[o.n_ips++] = san;
		else dns[o.n_dns++] = san;
	}
	int r = pki_dir_open(&o, &h->pki, why);
	return r < 0 ? say(msg, r, "certificates", why) : 0;
}

static void on_store_health(void *ctx, int err, const char *why) {
	if (err == 0) log_warn("store", "writes succeed again");
	else if (err == -ENOLINK) log_error("store", "the datastore does not answer: %s", why);
	else if (err == -ENOSPC) log_error("store", "creations are refused while the disk is full: %s", why);
	else log_error("store", "nothing is written any more until the server is started anew: %s", why);
}

/* The files that the flags name. */
static int read_etcd_files(const struct plan *p, struct buf pem[3], char *msg) {
	const char *const paths[] = { p->etcd_cafile, p->etcd_certfile, p->etcd_keyfile };
	for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
		pem[i] = BUF_INIT(ETCD_PEM_MAX);
		int r = paths[i] ? file_read(paths[i], &pem[i]) : 0;
		if (r < 0) return say(msg, r, paths[i], NULL);
	}
	return 0;
}

static int make_remote(struct house *h, struct remote **ret, char *msg) {
	const struct plan *p = h->plan;
	struct buf pem[3] = { 0 };
	char why[HOUSE_MESSAGE_MAX] = "";
	int r = read_etcd_files(p, pem, msg);
	if (r == 0) {
		struct etcd_options o = {
			.env = h->env, .urls = p->etcd_urls, .ca_pem = buf_slice(&pem[0]), .cert_pem = buf_slice(&pem[1]), .key_pem = buf_slice(&pem[2]),
			.compact_ms = p->compact_ms,
		};
		r = etcd_new(&o, ret, why, sizeof(why));
		if (r < 0) (void)say(msg, r, "store", why);
	}
	for (size_t i = 0; i < ELEMENTSOF(pem); i++) buf_done(&pem[i]);
	return r;
}

static int open_store(struct house *h, char *msg) {
	char path[PATH_MAX + 16];
	const char *why = NULL;
	snprintf(path, sizeof(path), "%s/state.db", h->plan->dir);
	struct store_options o = { .env = h->env, .index = stored_index, .on_health = on_store_health, .history_events = (uint64_t)h->plan->history_events };
	int r = h->plan->etcd_urls ? make_remote(h, &o.remote, msg) : 0;
	if (r < 0) return r;
	if (!o.remote && !h->plan->ephemeral) o.sqlite_path = path;
	r = store_open(&o, &h->store, &why);
	if (r < 0) return say(msg, r, "store", why);
	if (*why) log_warn("store", "%s", why);
	return 0;
}

static int start_loops(struct house *h, char *msg) {
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t want = cores < 1 ? 1 : cores > HOUSE_LOOPS_MAX ? HOUSE_LOOPS_MAX : (size_t)cores;
	int r = 0;
	while (r == 0 && h->n_loops < want) {
		char name[16];
		snprintf(name, sizeof(name), "k8c-api-%zu", h->n_loops);
		r = loop_start(name, &h->loops[h->n_loops]);
		if (r == 0) h->n_loops++;
	}
	if (r == 0) r = loop_start("k8c-access", &h->access_loop);
	return r < 0 ? say(msg, r, "threads", NULL) : 0;
}

static int make_access(struct house *h, char *msg) {
	const char *why = NULL;
	struct access_options o = {
		.env = h->env, .store = h->store, .client_ca_pem = h->pki.ca.cert_pem, .sa_key_pem = h->pki.sa_key, .issuer = h->plan->issuer,
		.anonymous = h->plan->anonymous, .loop = h->access_loop,
	};
	int r = access_new(&o, &h->access, &why);
	return r < 0 ? say(msg, r, "access", why) : 0;
}

static int make_api(struct house *h, char *msg) {
	const char *why = NULL;
	struct api_options o = {
		.env = h->env, .store = h->store, .access = h->access, .loops = h->loops, .n_loops = h->n_loops, .advertise = h->plan->advertise,
		.port = h->plan->port, .service_cidr = h->plan->service_cidr, .cluster_domain = h->plan->cluster_domain, .node_port_min = 30000,
		.node_port_max = 32767, .ca_pem = h->pki.ca.cert_pem, .node_client_cert_pem = h->pki.node_client.cert_pem,
		.node_client_key_pem = h->pki.node_client.key_pem, .front_proxy_ca_pem = h->pki.front_proxy_ca.cert_pem,
		.front_proxy_cert_pem = h->pki.front_proxy_client.cert_pem, .front_proxy_key_pem = h->pki.front_proxy_client.key_pem,
	};
	int r = api_new(&o, &h->api, &why);
	return r < 0 ? say(msg, r, "API server", why) : 0;
}

static int start_server(struct house *h, char *msg) {
	const struct plan *p = h->plan;
	char listen[ADDRESS_MAX + 16];
	snprintf(listen, sizeof(listen), strchr(p->host, ':') ? "[%s]:%u" : "%s:%u", p->host, (unsigned)p->port);
	struct net_server_options o = {
		.listen = listen, .cert_pem = h->pki.server.cert_pem, .key_pem = h->pki.server.key_pem, .client_ca_names_pem = h->pki.ca.cert_pem,
		.request_client_cert = true, .handler = api_handle, .ctx = h->api,
	};
	int r = net_server_start(h->loops, h->n_loops, &o, &h->server);
	return r < 0 ? say(msg, r, listen, NULL) : 0;
}

static int wait_ready(struct house *h, char *msg) {
	uint64_t end = env_mono(h->env) + (uint64_t)HOUSE_READY_MS * 1000000u;
	while (!api_ready(h->api)) {
		if (env_mono(h->env) > end) return say(msg, -ETIMEDOUT, "API server", "the first objects of the cluster could not be written in time");
		usleep(200);
	}
	return 0;
}

/* ---- controllers ---- */

static int client_for(void *ctx, const char *component, struct k8c_client **ret) {
	struct house *h = ctx;
	return inproc_client(h->api, h->control_loop, h->env, component, ret);
}

static int sign_legacy(void *ctx, struct slice ns, struct slice account, struct slice uid, struct slice secret, char **ret) {
	struct house *h = ctx;
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct slice token;
	if (!a) return -ENOMEM;
	int r = access_token_sign_legacy(h->access, a, ns, account, uid, secret, &token);
	if (r == 0) r = (*ret = strndup(token.p, token.n)) ? 0 : -ENOMEM;
	return r;
}

int control_run(struct house *h) {
	struct control_options o = {
		.loop = h->control_loop, .env = h->env, .client_for = client_for, .sign_legacy = sign_legacy, .ctx = h, .ca_pem = h->pki.ca.cert_pem,
	};
	return control_start(&o, &h->control);
}

static int control_up(void *arg) { return control_run(arg); }

static int control_down(void *arg) {
	struct house *h = arg;
	control_stop(h->control);
	h->control = NULL;
	return 0;
}

static int start_control(struct house *h, char *msg) {
	int r = loop_start("k8c-control", &h->control_loop);
	if (r == 0) r = h->plan->etcd_urls ? leader_up(h) : house_run_on(h->control_loop, control_up, h);
	return r < 0 ? say(msg, r, "controllers", NULL) : 0;
}

static int start_agent(struct house *h, char *msg) { return h->plan->no_agent ? 0 : agent_up(h, msg); }

static int write_kubeconfig(struct house *h, char *msg) {
	char path[PATH_MAX + 32], url[ADDRESS_MAX + 32];
	const struct plan *p = h->plan;
	struct buf b = BUF_INIT(KUBECONFIG_MAX);
	snprintf(path, sizeof(path), "%s/admin.kubeconfig", p->dir);
	snprintf(url, sizeof(url), strchr(p->url_host, ':') ? "https://[%s]:%u" : "https://%s:%u", p->url_host, (unsigned)p->port);
	struct kubeconfig k = {
		.server = url, .cluster = "k8c", .user = "kubernetes-admin", .ca_pem = h->pki.ca.cert_pem, .cert_pem = h->pki.admin.cert_pem,
		.key_pem = h->pki.admin.key_pem,
	};
	struct buf there = BUF_INIT(KUBECONFIG_MAX);
	int r = kubeconfig_write(&k, &b);
	/* The same again needs no room on a full disk. */
	bool same = r == 0 && file_read(path, &there) == 0 && slice_eq(buf_slice(&there), buf_slice(&b));
	if (r == 0 && !same) r = file_write(path, buf_slice(&b), 0600);
	buf_done(&there);
	buf_done(&b);
	return r < 0 ? say(msg, r, path, NULL) : 0;
}

int house_up(struct house *h, const struct plan *p, char msg[HOUSE_MESSAGE_MAX]) {
	static int (*const steps[])(struct house *, char *) = {
		lock_dir, open_pki, open_store, start_loops, make_access, make_api, start_server, wait_ready, start_control, write_kubeconfig, start_agent,
	};
	*h = (struct house){ .plan = p, .env = &env_system, .lock = -1 };
	msg[0] = 0;
	int r = 0;
	for (size_t i = 0; r == 0 && i < ELEMENTSOF(steps); i++) r = steps[i](h, msg);
	if (r < 0) house_down(h);
	return r;
}

void house_down(struct house *h) {
	if (h->agent) agent_down(h);
	leader_resign(h);
	if (h->control) (void)house_run_on(h->control_loop, control_down, h);
	if (h->server) net_server_drain(h->server);
	if (h->api) api_drain(h->api, HOUSE_DRAIN_MS);
	leader_down(h);
	loop_stop(h->control_loop);
	net_server_stop(h->server);
	api_free(h->api);
	access_free(h->access);
	if (h->store) store_close(h->store);
	for (size_t i = 0; i < h->n_loops; i++) loop_stop(h->loops[i]);
	loop_stop(h->access_loop);
	pki_dir_done(&h->pki);
	if (h->lock >= 0) (void)close(h->lock);
	*h = (struct house){ .lock = -1 };
}
