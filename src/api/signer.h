/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks for a certificate is what the server knows, not what the body says (registry/certificates strategy). Hook of writes. */
#pragma once

#include "api/write.h"

const struct status *signer_fill_requester(struct write *w);
