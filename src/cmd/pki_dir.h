/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DIR/pki: what is there is used, what is missing is made (and kept, but for certificates of this run's addresses, which are
 * issued anew at every start).
 */
#pragma once

#include "access/pki.h"

struct pki_dir {
	struct pki_pair ca;          /* key empty when the user keeps it elsewhere */
	struct pki_issuer *issuer;   /* the CA read, or NULL without its key */
	struct slice sa_key;
	struct pki_pair admin;       /* O=system:masters */
	struct pki_pair server;      /* the API server's */
	struct pki_pair node_client; /* the API server's identity towards node agents */
	/* A CA of its own whose certificate tells aggregated API servers that X-Remote-User was set by this server. */
	struct pki_pair front_proxy_ca, front_proxy_client;
};

struct pki_dir_options {
	const struct env *env;
	const char *dir;              /* DIR/pki */
	const char *const *dns; size_t n_dns;  /* names of the server's certificate */
	const char *const *ips; size_t n_ips;
};

#define PKI_MESSAGE_MAX 512
/* 0 or -errno with one sentence in `msg`. */
int pki_dir_open(const struct pki_dir_options *o, struct pki_dir *ret, char msg[PKI_MESSAGE_MAX]);
void pki_dir_done(struct pki_dir *p);
#define _cleanup_pki_dir_ _cleanup_(pki_dir_done)
/* A certificate signed by the directory's CA. 0 or -errno with a sentence. */
int pki_dir_issue(const struct env *env, const struct pki_dir *p, const struct pki_request *r, struct pki_pair *ret, char msg[PKI_MESSAGE_MAX]);
