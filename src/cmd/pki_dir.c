/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/pki_dir.h"
#include "cmd/files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#define DAY (24ll * 3600)
#define CA_LIFE (3650 * DAY)
#define CERT_LIFE (365 * DAY)
/* The admin certificate is renewed at start when it ends sooner than this. */
#define RENEW_BEFORE (30 * DAY)

struct place { const struct pki_dir_options *o; char *msg; };

static void path_of(const struct place *p, const char *name, char out[PATH_MAX]) { snprintf(out, PATH_MAX, "%s/%s", p->o->dir, name); }

static int fail(const struct place *p, int err, const char *name, const char *why) {
	snprintf(p->msg, PKI_MESSAGE_MAX, "%s/%s: %s", p->o->dir, name, why);
	return err;
}

/* 0 and malloc'd bytes; 1: there is no such file. */
static int load(const struct place *p, const char *name, struct slice *ret) {
	char path[PATH_MAX];
	struct buf b = BUF_INIT(FILE_MAX);
	path_of(p, name, path);
	int r = file_read(path, &b);
	size_t n;
	if (r == 0) {
		char *text = buf_take(&b, &n);
		if (!text) r = -ENOMEM;
		else *ret = slice_make(text, n);
	}
	buf_done(&b);
	if (r == -ENOENT) return 1;
	return r < 0 ? fail(p, r, name, strerror(-r)) : 0;
}

static int save(const struct place *p, const char *name, struct slice bytes, unsigned mode) {
	char path[PATH_MAX];
	path_of(p, name, path);
	int r = file_write(path, bytes, mode);
	return r < 0 ? fail(p, r, name, strerror(-r)) : 0;
}

/* 0: both files are there and belong together; 1: there is no certificate. A missing key is left empty when `key_optional`. */
static int load_pair(const struct place *p, const char *cert, const char *key, bool key_optional, struct pki_pair *ret) {
	const char *why;
	int r = load(p, cert, &ret->cert_pem);
	if (r != 0) return r;
	r = load(p, key, &ret->key_pem);
	if (r < 0) return r;
	if (r > 0) return key_optional ? 0 : fail(p, -ENOENT, key, "missing, although its certificate is there");
	return pki_check_pair(ret, &why) < 0 ? fail(p, -EINVAL, cert, why) : 0;
}

static int save_pair(const struct place *p, const char *cert, const char *key, const struct pki_pair *pair) {
	int r = save(p, key, pair->key_pem, 0600);
	return r < 0 ? r : save(p, cert, pair->cert_pem, 0644);
}

static int open_ca(const struct place *p, struct pki_dir *d) {
	int r = load_pair(p, "ca.crt", "ca.key", true, &d->ca);
	if (r <= 0) return r;
	r = pki_make_ca(p->o->env, "kubernetes", CA_LIFE, &d->ca);
	return r < 0 ? fail(p, r, "ca.crt", strerror(-r)) : save_pair(p, "ca.crt", "ca.key", &d->ca);
}

static int open_issuer(const struct place *p, struct pki_dir *d) {
	int r = slice_empty(d->ca.key_pem) ? 0 : pki_issuer_new(&d->ca, &d->issuer);
	return r < 0 ? fail(p, r, "ca.crt", strerror(-r)) : 0;
}

static int open_sa_key(const struct place *p, struct pki_dir *d) {
	int r = load(p, "sa.key", &d->sa_key);
	if (r <= 0) return r;
	_cleanup_pki_pair_ struct pki_pair made = { 0 };
	r = pki_make_key(&made);
	if (r < 0) return fail(p, r, "sa.key", strerror(-r));
	r = save(p, "sa.key", made.key_pem, 0600);
	if (r == 0) r = save(p, "sa.pub", made.cert_pem, 0644);
	if (r == 0) {
		d->sa_key = made.key_pem;
		made.key_pem = SLICE_NULL;
	}
	return r;
}

int pki_dir_issue(const struct env *env, const struct pki_dir *p, const struct pki_request *r, struct pki_pair *ret, char msg[PKI_MESSAGE_MAX]) {
	if (!p->issuer) {
		snprintf(msg, PKI_MESSAGE_MAX, "ca.key is missing: a certificate for %s cannot be made; supply one, or the key", r->cn);
		return -ENOENT;
	}
	int e = pki_issue_by(env, p->issuer, r, ret);
	if (e < 0) snprintf(msg, PKI_MESSAGE_MAX, "cannot make a certificate for %s: %s", r->cn, strerror(-e));
	return e;
}

static bool ends_soon(const struct place *p, const struct pki_pair *pair) {
	struct pki_info info;
	return pki_inspect(pair->cert_pem, &info) < 0 || info.not_after < env_now_sec(p->o->env) + RENEW_BEFORE;
}

static int open_admin(const struct place *p, struct pki_dir *d) {
	static const char *const orgs[] = { "system:masters" };
	struct pki_request req = { .cn = "kubernetes-admin", .orgs = orgs, .n_orgs = 1, .client = true, .seconds = CERT_LIFE };
	int r = load_pair(p, "admin.crt", "admin.key", false, &d->admin);
	if (r < 0 || (r == 0 && (slice_empty(d->ca.key_pem) || !ends_soon(p, &d->admin)))) return r;
	pki_pair_done(&d->admin);
	d->admin = (struct pki_pair){ 0 };
	r = pki_dir_issue(p->o->env, d, &req, &d->admin, p->msg);
	return r < 0 ? r : save_pair(p, "admin.crt", "admin.key", &d->admin);
}

/* Your own server certificate has to name what clients in pods ask for. */
static int open_server(const struct place *p, struct pki_dir *d) {
	struct pki_request req = { .cn = "kube-apiserver", .dns = p->o->dns, .n_dns = p->o->n_dns, .ips = p->o->ips, .n_ips = p->o->n_ips,
				   .server = true, .seconds = CERT_LIFE };
	int r = load_pair(p, "server.crt", "server.key", false, &d->server);
	return r <= 0 ? r : pki_dir_issue(p->o->env, d, &req, &d->server, p->msg);
}

static int open_node_client(const struct place *p, struct pki_dir *d) {
	static const char *const orgs[] = { "system:masters" };
	struct pki_request req = { .cn = "kube-apiserver-kubelet-client", .orgs = orgs, .n_orgs = 1, .client = true, .seconds = CERT_LIFE };
	/* Without the CA's key there are no agents to talk to: theirs could not be made either. */
	return slice_empty(d->ca.key_pem) ? 0 : pki_dir_issue(p->o->env, d, &req, &d->node_client, p->msg);
}

static int open_front_proxy_ca(const struct place *p, struct pki_dir *d) {
	int r = load_pair(p, "front-proxy-ca.crt", "front-proxy-ca.key", true, &d->front_proxy_ca);
	if (r <= 0) return r;
	r = pki_make_ca(p->o->env, "front-proxy-ca", CA_LIFE, &d->front_proxy_ca);
	return r < 0 ? fail(p, r, "front-proxy-ca.crt", strerror(-r)) : save_pair(p, "front-proxy-ca.crt", "front-proxy-ca.key", &d->front_proxy_ca);
}

/* Your own, or one that this run issues. */
static int open_front_proxy_client(const struct place *p, struct pki_dir *d) {
	struct pki_request req = { .cn = "front-proxy-client", .client = true, .seconds = CERT_LIFE };
	int r = load_pair(p, "front-proxy-client.crt", "front-proxy-client.key", false, &d->front_proxy_client);
	if (r <= 0) return r;
	if (slice_empty(d->front_proxy_ca.key_pem)) return fail(p, -ENOENT, "front-proxy-ca.key", "missing; supply front-proxy-client.crt and its key, or this");
	r = pki_issue(p->o->env, &d->front_proxy_ca, &req, &d->front_proxy_client);
	return r < 0 ? fail(p, r, "front-proxy-client.crt", strerror(-r)) : 0;
}

int pki_dir_open(const struct pki_dir_options *o, struct pki_dir *ret, char msg[PKI_MESSAGE_MAX]) {
	static int (*const steps[])(const struct place *, struct pki_dir *) = { open_ca, open_issuer, open_sa_key, open_admin, open_server,
									      open_node_client, open_front_proxy_ca, open_front_proxy_client };
	struct place p = { o, msg };
	struct pki_dir d = { 0 };
	int r = dir_make(o->dir, 0700);
	if (r < 0) return fail(&p, r, "", strerror(-r));
	for (size_t i = 0; r == 0 && i < ELEMENTSOF(steps); i++) r = steps[i](&p, &d);
	if (r < 0) pki_dir_done(&d);
	else *ret = d;
	return r;
}

void pki_dir_done(struct pki_dir *p) {
	pki_issuer_free(p->issuer);
	pki_pair_done(&p->ca);
	pki_pair_done(&p->admin);
	pki_pair_done(&p->server);
	pki_pair_done(&p->node_client);
	pki_pair_done(&p->front_proxy_ca);
	pki_pair_done(&p->front_proxy_client);
	if (p->sa_key.p) explicit_bzero((char *)(uintptr_t)p->sa_key.p, p->sa_key.n);
	free((char *)(uintptr_t)p->sa_key.p);
	*p = (struct pki_dir){ 0 };
}
