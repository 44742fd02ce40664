/* SPDX-License-Identifier: Apache-2.0 */
/* Why a server could not be spoken to, as Go's net, crypto/tls and net/http say it. Thread rule: pure. */
#pragma once

#include "base/arena.h"

/* `url`: https://host:port as dialled; err and msg: as a net_call ends. In the arena, or static. */
const char *backend_failure(struct arena *a, const char *url, int err, const char *msg);
