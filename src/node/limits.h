/* SPDX-License-Identifier: Apache-2.0 */
/* Every named maximum of the node room. */
#pragma once

#include "base/limits.h"

#define PODS_MAX_DEFAULT 110u
#define POD_CONTAINERS_MAX 256u
#define POD_ARENA_MAX ((size_t)8u * MIB)

#define CHILD_OUTPUT_MAX (1u * MIB)
#define CHILD_STDIN_MAX (4u * MIB)
#define CHILD_ERROR_SHOWN 1024u

#define ENV_VARS_MAX 65536u
#define ENV_BYTES_MAX (4u * MIB)
#define EXPAND_MAX (1u * MIB)

#define PATH_ELEMENT_MAX 255u
#define VOLUME_PATH_MAX 4096u
#define VOLUME_FILES_MAX 4096u
#define VOLUME_BYTES_MAX (16u * MIB)

#define IMAGE_NAME_MAX 4096u
#define IMAGE_LAYERS_MAX 127u
#define IMAGE_CONFIG_MAX (4u * MIB)
#define LAYER_DEPTH_MAX 1024u
#define IMAGE_GC_FREE_PERCENT 15

#define PASSWD_BYTES_MAX (1u * MIB)
#define PASSWD_GROUPS_MAX 64u

#define TERMINATION_MESSAGE_MAX 4096u
#define TERMINATION_LOG_BYTES 2048u
#define TERMINATION_LOG_LINES 80u

#define RESOLV_NAMESERVERS_MAX 3u
#define RESOLV_SEARCHES_MAX 32u
#define RESOLV_SEARCH_CHARS_MAX 2048u

#define PROBE_OUTPUT_MAX (10u * KIB)

#define SHM_BYTES (64u * MIB)
