/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An APIService that another server answers for, and what can be told about it without asking that server (kube-aggregator's
 * controllers/status/remote). Thread rule: any thread.
 */
#pragma once

#include "codec/json.h"
#include "store/store.h"

#define API_SERVICES "apiregistration.k8s.io/apiservices"

struct remote_service {
	struct slice name;               /* "v1.example.com" */
	struct slice group, version;
	struct slice ns, service;
	int64_t port;
	struct slice ca_pem;
	bool insecure;                   /* insecureSkipTLSVerify */
	bool available;                  /* its condition says so */
	int64_t group_priority, version_priority;
};

/* 1 and *ret (strings are the tree's or the arena's): a service answers for it; 0: it is local; -EBADMSG: a bad caBundle; -ENOMEM. */
int remote_read(struct arena *a, const yyjson_mut_val *api_service, struct remote_service *ret);
/* The same of a stored one; 0 also when there is none of that name. */
int remote_find(struct arena *a, const struct store_snapshot *snap, struct slice name, struct remote_service *ret);
/* Every remote one, those of a group together, by priority and name, in the arena. 0 or -ENOMEM. */
int remote_all(struct arena *a, const struct store_snapshot *snap, struct remote_service **ret, size_t *ret_n);

struct remote_condition { const char *status, *reason, *message; };
/* Service, port and endpoints are there: true. Else what is missing. */
bool remote_check(struct arena *a, const struct store_snapshot *snap, const struct remote_service *s, struct remote_condition *ret);
/* The condition Available of an APIService: 1: changed; 0: it says so already; -ENOMEM. */
int remote_condition_set(yyjson_mut_doc *doc, yyjson_mut_val *api_service, const struct remote_condition *c, int64_t now_sec);
