/* SPDX-License-Identifier: Apache-2.0 */
/* What `k8c server` was told and what follows from it: addresses, folders, names. */
#pragma once

#include "cmd/address.h"
#include "cmd/flags.h"

#include <limits.h>

struct plan {
	/* flags */
	const char *data_dir, *listen, *datastore, *service_cidr, *cluster_cidr, *cluster_domain, *log_format, *advertise_address, *node_name;
	struct flag_list tls_san;
	bool ephemeral, no_agent, anonymous;
	const char *etcd_cafile, *etcd_certfile, *etcd_keyfile, *etcd_compaction;
	int verbosity, history_events;
	/* what follows */
	const char *etcd_urls;    /* NULL: another datastore */
	uint64_t compact_ms;      /* between compactions of etcd; 0: never */
	char dir[PATH_MAX];       /* absolute */
	bool dir_is_temporary;
	char host[ADDRESS_MAX];   /* bound */
	uint16_t port;            /* bound; chosen when 0 was asked for */
	int reserved;             /* holds the chosen port until the server has bound it; -1 */
	char advertise[ADDRESS_MAX];
	char url_host[ADDRESS_MAX];
	char service_ip[ADDRESS_MAX], dns_ip[ADDRESS_MAX];
	char hostname[256];
	char issuer[300];
};

#define PLAN_MESSAGE_MAX 512
/* From argv. 0; 1: --help was answered; -EINVAL and others with one sentence in `msg`. Makes the data directory. */
int plan_make(struct plan *p, int argc, char **argv, char msg[PLAN_MESSAGE_MAX]);
/* Removes a temporary data directory, closes the reservation. */
void plan_done(struct plan *p);
