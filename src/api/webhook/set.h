/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The webhooks of all configurations in force, read once per change: by name of the configuration, then in its order (apiserver's
 * configuration/{mutating,validating}_webhook_manager.go). A set does not change; thread rule: on its loop's thread.
 */
#pragma once

#include "api/internal.h"
#include "codec/labels.h"

enum webhook_version { WEBHOOK_V1, WEBHOOK_V1BETA1, WEBHOOK_UNKNOWN };

struct webhook {
	struct slice configuration, name;
	size_t at;                         /* its place in the set */
	const yyjson_mut_val *rules;
	struct labels_selector namespaces, objects;
	bool fail_open;                    /* failurePolicy Ignore */
	bool equivalent;                   /* matchPolicy Equivalent */
	bool if_needed;                    /* reinvocationPolicy IfNeeded */
	bool dry_runs;                     /* sideEffects None or NoneOnDryRun */
	bool conditional;                  /* has matchConditions */
	unsigned timeout_ms;
	enum webhook_version version;      /* of the question: the first known of admissionReviewVersions */
	struct slice ca_pem;
	struct slice url;                  /* clientConfig.url, or empty: the service */
	struct slice service_ns, service_name, service_path;
	int64_t service_port;
	const char *broken;                /* why it cannot be called at all, or NULL */
};

struct webhook_set {
	unsigned refs;
	struct arena *a;
	struct webhook *v;
	size_t n;
	const uint64_t *revs;              /* of the configurations, in order */
	size_t n_revs;
};

/* The set in force in a snapshot, with a reference that r's arena drops; *ret NULL: no webhooks. 0 or -ENOMEM. */
int webhook_set_get(struct request *r, const struct store_snapshot *snap, bool mutating, struct webhook_set **ret);
