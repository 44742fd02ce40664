/* SPDX-License-Identifier: Apache-2.0 */
/* Rules in CEL (x-kubernetes-validations) are kept and served, and nobody asks them: whoever writes is told. */
#pragma once

#include "api/write.h"

/* hooks.h: warns of the rules in a CustomResourceDefinition's schemas. NULL always. */
const struct status *unevaluated_definition(struct write *w);
/* Warns of the rules that a custom resource's write was not held to; other kinds have none. */
void unevaluated_instance(struct write *w);
