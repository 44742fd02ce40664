/* SPDX-License-Identifier: Apache-2.0 */
/* The named limits of connections. Times in milliseconds. */
#pragma once

#include "wire/wire_limits.h"

/* Bytes waiting for a slow peer: above HIGH the producer is asked to stop, below LOW to go on; MAX ends the connection. */
#define CONN_QUEUE_HIGH (64u * KIB)
#define CONN_QUEUE_LOW (16u * KIB)
#define CONN_QUEUE_MAX (32u * MIB)
/* One read from the kernel; one TLS record's worth of plain bytes. */
#define CONN_READ_SIZE (64u * KIB)
#define TLS_RECORD_MAX (16u * KIB)
/* Bytes a paused connection may hold back. */
#define CONN_HELD_MAX (8u * CONN_READ_SIZE)
/* Pipelined bytes taken in while a request is being answered; beyond it the socket is not read. */
#define H1_PIPELINE_MAX (64u * KIB)
/* Bytes of an unwanted body an HTTP/2 stream may still send after its answer. */
#define H2_DROP_MAX (32u * MIB)

#define TLS_HANDSHAKE_MS 10000u
#define HEADER_READ_MS 10000u
#define BODY_READ_MS 60000u
#define CONN_IDLE_MS 90000u
/* How long a closing connection waits for the peer to take the last bytes, and then for its FIN. */
#define CONN_FLUSH_MS 30000u
#define CONN_LINGER_MS 2000u
#define CONNECT_MS 30000u
/* A silent peer is probed by the kernel after this long (net/http's 30 s). */
#define KEEPALIVE_SECONDS 30u
#define KEEPALIVE_INTERVAL_SECONDS 15
#define KEEPALIVE_PROBES 4

#define LISTEN_BACKLOG 1024
#define CONNECTIONS_PER_LOOP_MAX 20000u
/* Files of the process that connections leave for the store, nodes and logs; at most half of all. */
#define FILES_KEPT 128u
/* Request bodies arriving or being answered, all connections of a loop together; beyond it they get 429. */
#define BODIES_IN_FLIGHT_MAX (96u * MIB)

#define STREAM_HIGH_WATER CONN_QUEUE_HIGH

/* Client: calls waiting per origin, connections per origin (HTTP/1.1), response head. */
#define CLIENT_CONNECTIONS_MAX 64u
#define CLIENT_IDLE_CONNECTIONS_MAX 8u
/* Bytes of an open call's body that wait for the peer. */
#define NET_CALL_UNSENT_MAX (1u * MIB)
