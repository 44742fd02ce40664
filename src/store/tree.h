/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy-on-write B+tree of objects ordered by key. Nodes are refcounted and, once shared, immutable; an edit copies the
 * nodes on its path and changes in place only those the same editor made. Every node knows how many objects are below it.
 * A tree value is edited by one thread; roots may be read by any number of threads that hold a reference.
 */
#pragma once

#include "store/store.h"

#define TREE_FAN 32u
#define TREE_DEPTH_MAX 24u

struct tree_node;

struct tree {
	struct tree_node *root; /* NULL: empty */
	uint64_t owner;         /* unique per editor; nodes bearing it may be changed in place */
};

/* A place between keys: compares the first `parts` parts of the key (1 resource, 2 namespace, 3 name); where they are equal,
 * `tie` says whether the bound lies before (-1), at (0, parts 3), or behind (1) them. */
struct tree_bound {
	struct store_key key;
	int parts, tie;
};

/* Order of two keys: (resource, ns, name), bytewise. */
int tree_key_cmp(const struct store_key *a, const struct store_key *b);

/* Begins an edit on top of `root` (which gets a reference). */
struct tree tree_edit(struct tree_node *root);
/* Takes the edited root out (caller's reference); the editor is finished. */
struct tree_node *tree_take(struct tree *t);
/* Drops an edit. */
void tree_done(struct tree *t);

struct tree_node *tree_node_ref(struct tree_node *n);
/* NULL is allowed; frees iteratively. Returns NULL. */
struct tree_node *tree_node_unref(struct tree_node *n);

/* Puts `o` (one reference is taken) under its key. 0 or -ENOMEM; *ret_old the replaced object (caller's reference) or NULL. */
int tree_put(struct tree *t, struct store_obj *o, struct store_obj **ret_old);
/* Removes the key. 0, -ENOENT, -ENOMEM; *ret_old the removed object (caller's reference). */
int tree_remove(struct tree *t, const struct store_key *key, struct store_obj **ret_old);

/* Borrowed from the root, NULL when absent. */
struct store_obj *tree_find(const struct tree_node *root, const struct store_key *key);
/* Objects in the tree. */
uint64_t tree_count(const struct tree_node *root);
/* Objects whose key lies before the bound. */
uint64_t tree_rank(const struct tree_node *root, const struct tree_bound *b);

/* Iteration: `stack` holds 2 * TREE_DEPTH_MAX pointers. Places the iterator on the first key behind the bound. */
void tree_seek(const struct tree_node *root, const struct tree_bound *b, void **stack, int *depth);
/* Borrowed; NULL at the end. */
struct store_obj *tree_step(void **stack, int *depth);
