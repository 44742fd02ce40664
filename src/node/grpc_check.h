/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The health check of gRPC services: grpc.health.v1.Health/Check (github.com/grpc/grpc, doc/health-checking.md) as one call over
 * HTTP/2 without TLS. From the loop's thread.
 */
#pragma once

#include "net/client.h"

/* A client for it (HTTP/2 from the first byte). As net_client_new. */
int grpc_check_client_new(struct loop *l, struct net_client **ret);

struct grpc_check;
/* `service`: may be empty. done runs exactly once, later: ok when the service is SERVING; otherwise `why`, in the kubelet's words, valid
 * during the call. 0 or -errno (then it does not run). */
int grpc_check_start(struct net_client *client, const char *ip, uint16_t port, struct slice service, const char *user_agent,
		     uint32_t timeout_ms, void (*done)(void *ctx, bool ok, const char *why), void *ctx, struct grpc_check **ret);
/* done does not run. */
void grpc_check_cancel(struct grpc_check *g);

/* Pure parts. Appends the request: a HealthCheckRequest behind gRPC's five bytes. 0 or b->err. */
#include "base/buf.h"
int grpc_check_request(struct buf *b, struct slice service);
/* The status in the first message of an answer's body (HealthCheckResponse.status). 0; -EBADMSG: not such a message, or compressed. */
int grpc_check_status(struct slice body, uint64_t *ret_status);
