/* SPDX-License-Identifier: Apache-2.0 */
/* Every named maximum of base and of what several rooms share. A room's own limits stand in its own limits header. */
#pragma once

#define KIB 1024u
#define MIB (1024u * 1024u)

#define ARENA_CHUNK_FIRST (1u * KIB)
#define ARENA_CHUNK (16u * KIB)
#define ARENA_MAX_DEFAULT ((size_t)256u * MIB)

/* Kubernetes' own limits (apiserver: limitedReadBody, ResourceConfig; json decoder depth). */
#define REQUEST_BODY_MAX (3u * MIB)
#define OBJECT_BYTES_MAX (3u * MIB / 2u)
#define JSON_DEPTH_MAX 10000u
#define JSON_PATCH_OPS_MAX 10000u
#define ANNOTATIONS_BYTES_MAX (256u * KIB)
#define HEADER_BYTES_MAX (1u * MIB)

#define LOG_LINE_MAX (8u * KIB)
