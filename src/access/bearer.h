/* SPDX-License-Identifier: Apache-2.0 */
/* Where a request carries its bearer token: the Authorization header, or a WebSocket subprotocol. Pure. */
#pragma once

#include "base/arena.h"

/* The token of an Authorization header (apiserver bearertoken.go): SLICE_NULL when the header carries none. *ret_warning is
 * set (else left alone) when the header looks like a slip of the pen. */
struct slice bearer_from_header(struct slice authorization, const char **ret_warning);
/* The token in a Sec-WebSocket-Protocol list (websocket/protocol.go). 0; -ENOENT: none; -EACCES: it is malformed (*ret_msg);
 * -ENOMEM. The token is in the arena. */
int bearer_from_protocols(struct arena *a, struct slice protocols, struct slice *ret, const char **ret_msg);
/* The list without the token, to choose the answer's subprotocol from: joined with ",", in the arena. SLICE_NULL when out of
 * memory. */
struct slice bearer_other_protocols(struct arena *a, struct slice protocols);
