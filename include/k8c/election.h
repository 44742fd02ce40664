/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leader election on a Lease of coordination.k8s.io.
 *
 * Whether a holder is gone is judged by how long this process has not seen the lease change, never by comparing clocks of machines.
 */
#pragma once

#include <k8c/client.h>

#ifdef __cplusplus
extern "C" {
#endif

struct k8c_election;
struct k8c_election_options {
	size_t size;
	const char *ns, *name, *identity;
	uint32_t lease_ms, renew_ms, retry_ms; /* 0: 15000, 10000, 2000 */
	bool keep_on_free;                     /* do not give the lease up when freed */
};
struct k8c_election_handler {
	void (*on_started)(void *ctx);                       /* this one leads now */
	void (*on_stopped)(void *ctx);                       /* it does not any more */
	void (*on_leader)(void *ctx, const char *identity);  /* somebody (else) leads; may be NULL */
};
/* Begins to try to lead, and goes on for as long as it lives: a leader that cannot renew within renew_ms stops leading and tries anew.
 * lease_ms > renew_ms > retry_ms. `h` is copied; on_started and on_stopped must be there. 0, -EINVAL, -ENOMEM. */
K8C_EXPORT int k8c_election_start(struct k8c_client *c, const struct k8c_election_options *o,
				  const struct k8c_election_handler *h, void *ctx, struct k8c_election **ret);
/* True between on_started and on_stopped. */
K8C_EXPORT bool k8c_election_leads(const struct k8c_election *e);
/* Gives the lease up (the write is sent but not waited for). NULL is allowed. */
K8C_EXPORT void k8c_election_free(struct k8c_election *e);

#ifdef __cplusplus
}
#endif
