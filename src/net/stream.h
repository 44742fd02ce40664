/* SPDX-License-Identifier: Apache-2.0 */
/* The raw stream a connection becomes after an upgrade (the calls are in net/exchange.h). */
#pragma once

#include "net/conn.h"
#include "net/exchange.h"

/* Takes over a connection: its events, its deadline, its end. `gone(gone_ctx)` (or NULL) runs after the handler's on_close.
 * `handler` NULL: paused until net_stream_attach. NULL when out of memory (the connection is as before). */
struct stream *stream_on_conn(struct conn *c, const struct stream_handler *handler, void *ctx, void (*gone)(void *),
			      void *gone_ctx);
void stream_attach(struct stream *s, const struct stream_handler *handler, void *ctx);
