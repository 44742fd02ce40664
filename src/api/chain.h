/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filters every request passes, outermost first, in kube-apiserver's order (spec section 4.1): audit id, URL, drain,
 * time-out, authentication, impersonation, limit, authorisation, routing.
 */
#pragma once

#include "api/internal.h"

/* On the exchange's loop. Answers x, at once or later. */
void chain_run(struct api_loop *al, struct exchange *x);
