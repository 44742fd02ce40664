/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Controllers and scheduler of one server: clients of the API on a loop of their own. Shared informers read as
 * system:kube-controller-manager; each controller writes with its own identity, as Kubernetes' do.
 */
#pragma once

#include "base/env.h"
#include "client/attach.h"

struct control;

struct control_options {
	struct loop *loop;
	const struct env *env;
	/* A client on `loop` that acts as a component: "kube-controller-manager" and "kube-scheduler" are users, any other name is
	 * the ServiceAccount kube-system/<name>. 0 or -errno. */
	int (*client_for)(void *ctx, const char *component, struct k8c_client **ret);
	/* Signs the token of a Secret of type kubernetes.io/service-account-token; the caller frees *ret. 0 or -errno. */
	int (*sign_legacy)(void *ctx, struct slice ns, struct slice account, struct slice account_uid, struct slice secret, char **ret);
	void *ctx;
	struct slice ca_pem;       /* data of every namespace's kube-root-ca.crt */
	uint32_t node_grace_ms;    /* a node not heard of for so long is lost; 0: 40 s */
};

/* Starts every controller of the table. From the loop's thread. 0 or -errno. */
int control_start(const struct control_options *o, struct control **ret);
/* True when every informer has its first list. */
bool control_synced(const struct control *c);
/* Cancels what is under way and frees. From the loop's thread. NULL is allowed. */
void control_stop(struct control *c);
