/* SPDX-License-Identifier: Apache-2.0 */
/* The named limits of the protocols (base/limits.h has those several rooms share). */
#pragma once

#include "base/limits.h"

/* Every header counts as its bytes and this much more, so that many tiny headers meet HEADER_BYTES_MAX too (RFC 7541, 4.1). */
#define HTTP_HEADER_OVERHEAD 32u
/* Bytes of a method. */
#define HTTP1_METHOD_MAX 32u
/* Chunk extensions and trailers of one message. */
#define HTTP1_CHUNK_EXTRA_MAX (16u * KIB)

/* Streams one peer may have open (kube-apiserver: secure_serving.go, 100). */
#define HTTP2_STREAMS_MAX 100u
/* Largest window of one stream and of the connection we offer for request bodies. */
#define HTTP2_STREAM_WINDOW (256u * KIB)
#define HTTP2_CONNECTION_WINDOW (1u * MIB)
#define HTTP2_FRAME_MAX (16u * KIB)

#define WS_FRAME_HEADER_MAX 14u
#define WS_CONTROL_MAX 125u
/* One message of a Kubernetes channel protocol; golang.org/x/net's and gorilla's readers get by with less. */
#define WS_MESSAGE_MAX (1u * MIB)

/* Streams of one SPDY connection: exec needs 5, a port-forward 2 for every TCP connection it carries. */
#define SPDY_STREAMS_MAX 1024u
#define SPDY_HEADER_BLOCK_MAX (64u * KIB)
#define SPDY_HEADERS_MAX 256u
#define SPDY_DATA_FRAME_MAX (16u * MIB - 1u)
