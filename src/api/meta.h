/* SPDX-License-Identifier: Apache-2.0 */
/* What the server itself writes into metadata, for every kind (registry/rest/create.go, update.go, meta.go). Pure. */
#pragma once

#include "api/write.h"

/* 400 when the tree's namespace is not the request's; sets it when it is empty. */
const struct status *meta_check_namespace(struct arena *a, const struct schema_resource *res, struct slice ns, yyjson_mut_doc *doc, yyjson_mut_val *obj);
/* Drops what a client may not set on a new object, before anybody is said to own it. */
void meta_clear_system(yyjson_mut_val *obj);
/* uid, creationTimestamp, generated name; what a client may not set is cleared. */
const struct status *meta_before_create(struct write *w);
/* generation as it was: before the strategy's preparation. */
const struct status *meta_before_prepare_update(struct write *w);
/* uid, timestamps, grace period kept. */
const struct status *meta_before_update(struct write *w);
/* Duplicate owner references are dropped, with a Warning (handlers/create.go dedupOwnerReferences). */
void meta_dedup_owners(struct write *w, bool after_admission);
/* Does this update finish a deletion that waited for finalizers? */
bool meta_finishes_deletion(const struct write *w);
bool meta_has_finalizers(const yyjson_mut_val *obj);
