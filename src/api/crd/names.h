/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status of a CustomResourceDefinition: accepted names, NamesAccepted and Established (what apiextensions-apiserver's naming and
 * establishing controllers write). Pure.
 */
#pragma once

#include "codec/json.h"

#define CRD_FINALIZER "customresourcecleanup.apiextensions.k8s.io"

/* Brings crd's status up to date in the light of the `n` definitions `others` (crd itself may be among them; by their acceptedNames).
 * Names that were just accepted are Installing; the next call, when that lies in the store, establishes. 1: changed, 0: it was
 * already, -ENOMEM. */
int crd_names_update(struct arena *a, yyjson_mut_doc *doc, yyjson_mut_val *crd, yyjson_mut_val *const *others, size_t n, int64_t now_sec);
/* Sets a condition; lastTransitionTime moves with the status only. 1, 0, -ENOMEM as above. */
int crd_condition_set(yyjson_mut_doc *doc, yyjson_mut_val *crd, const char *type, bool status, const char *reason, const char *message, int64_t now_sec);
bool crd_condition_is_true(const yyjson_mut_val *crd, const char *type);
