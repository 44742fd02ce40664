/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node authoriser (plugin/pkg/auth/authorizer/node): a node may read what its pods need and write what is its own.
 * Relations are looked up in the store's newest snapshot, so they are never behind the objects.
 */
#pragma once

#include "access/server.h"

/* Is the user a node (name system:node:<x>, group system:nodes)? *ret_name (may be NULL) is borrowed, possibly empty. */
bool node_identity(const struct access_user *u, struct slice *ret_name);
/* 1 allowed; 0 no opinion, *ret_reason set to the text (may be ""); -ENOMEM. */
int node_authorize(struct access *acc, struct arena *a, const struct access_attrs *at, const char **ret_reason);
/* Reads the rules of the bootstrap role system:node, which say what else a node may do. 0, -ENOENT, -ENOMEM. */
int node_rules_load(struct access *acc);
