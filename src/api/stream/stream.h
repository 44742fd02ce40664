/* SPDX-License-Identifier: Apache-2.0 */
/* Subresources that node agents, pods and services serve. */
#pragma once

#include "api/subresource.h"

void stream_exec(struct request *r);
void stream_attach_pod(struct request *r);
void stream_port_forward(struct request *r);
void stream_log(struct request *r);
void stream_proxy(struct request *r);

/* The status for an agent's refusal (a code and its text), as apiserver's GenericHttpResponseChecker makes it. */
const struct status *stream_refusal(struct request *r, int code, struct slice text);
