/* SPDX-License-Identifier: Apache-2.0 */
/* Who approves or signs certificate requests of a signer needs the right for that signer. */
#pragma once

#include "api/admit/plugins.h"

#define CERTIFICATES_GROUP "certificates.k8s.io"
#define CERTIFICATES_RESOURCE "certificatesigningrequests"

/* May the user do `verb` ("approve", "sign") to the stored request? ADMIT_OK, or ADMIT_DENY with *ret_st. */
int certificate_may(struct admit *ad, const char *verb, const struct status **ret_st);
