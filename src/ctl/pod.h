/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that commands act on, and their containers: POD, TYPE/NAME, TYPE NAME; the first pod of something that selects pods.
 * Source of the rules: kubectl's behaviour (k8s.io/kubectl/pkg/polymorphichelpers, cmd/util/podcmd). */
#pragma once

#include "ctl/infos.h"

/* pods: known without asking the server what it has. */
extern const struct resource pod_resource;

/* The object that `args` name: one that is no "TYPE/NAME" is a pod. 0, or 1 with a fault noted. */
int pod_object(struct ctl *c, const char *const *args, size_t n, struct info *ret);
/* The pod itself, or the best pod of those an object selects, waiting up to timeout_ns for the first. *ret_n (may be NULL) says
 * among how many it was chosen. `doing` begins the sentence about objects without pods ("cannot attach to"). 0, or 1 with a fault
 * noted. */
int pod_of(struct ctl *c, const struct info *obj, const char *doing, int64_t timeout_ns, struct info *ret, size_t *ret_n);
/* The label selector of what selects pods, "" with a fault noted when it is no such object. */
const char *pod_selector(struct ctl *c, const struct info *obj, const char *doing);
/* Orders pods: those most worth looking at first. */
void pods_sort(struct infos *l);

/* A container, init container or ephemeral container by name; NULL when there is none. *ret_list (may be NULL) is where it stands:
 * "containers", "initContainers", "ephemeralContainers". */
yyjson_mut_val *pod_container(const yyjson_mut_val *pod, const char *name, const char **ret_list);
/* The one named, or the one to take by default, telling so on standard error unless `quiet`. NULL with a fault noted. */
yyjson_mut_val *pod_container_or_default(struct ctl *c, const yyjson_mut_val *pod, const char *name, bool quiet);
/* "a, b (ephem), c (init)" */
const char *pod_container_names(struct ctl *c, const yyjson_mut_val *pod);

/* Checks --pod-running-timeout. 0, or 1 with a fault noted. */
int pod_timeout(struct ctl *c);
/* Waits until `check` (as k8c_wait_handler's) says 1, and reads into i->doc what the pod was then. 0, or 1 with a fault noted. */
int pod_wait(struct ctl *c, struct info *i, int64_t timeout_ns, int (*check)(void *ctx, const yyjson_mut_val *root));
