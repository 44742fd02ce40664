/* SPDX-License-Identifier: Apache-2.0 */
/* What a deletion does to an object that is not to go at once: grace periods and finalizers. Pure, on the tree. */
#pragma once

#include "api/delete.h"

enum grace_outcome {
	GRACE_NOW,       /* delete it */
	GRACE_PENDING,   /* it is already on its way out: nothing to do */
	GRACE_UPDATE,    /* the tree was changed: write it; it stays */
	GRACE_UPDATE_NOW,/* the tree was changed: write it, then delete it */
	GRACE_NO_MEMORY,
};
enum grace_outcome grace_apply(struct deletion *d);
/* Namespaces end in two steps: phase Terminating first, the object when spec.finalizers is empty. */
enum grace_outcome grace_apply_namespace(struct deletion *d);
/* Definitions of custom resources stay until their instances are gone. */
enum grace_outcome grace_apply_definition(struct deletion *d);
