/* SPDX-License-Identifier: Apache-2.0 */
#include "store/tree.h"

#include <errno.h>
#include <string.h>

#define TREE_MERGE_BELOW (TREE_FAN / 4)
#define TREE_MERGE_INTO (TREE_FAN * 3 / 4)

/* The smallest key that may lie in a subtree. Separators are copies, so that no old object is kept alive by them. */
struct tree_sep {
	atomic_int refs;
	struct store_key key;
	char text[];
};

struct tree_node {
	atomic_int refs;
	uint16_t level; /* 0: leaf */
	uint16_t n;
	uint64_t owner;
	uint64_t count; /* objects below */
	/* Leaf: n objects. Inner: n children, and from slot TREE_FAN on their separators (the first one's is NULL). */
	void *slot[];
};

static struct tree_node *child_at(const struct tree_node *n, size_t i) { return n->slot[i]; }
static struct tree_sep *sep_at(const struct tree_node *n, size_t i) { return n->slot[TREE_FAN + i]; }
static struct store_obj *obj_at(const struct tree_node *n, size_t i) { return n->slot[i]; }

static uint64_t next_owner(void) {
	static _Atomic uint64_t counter = 1;
	return atomic_fetch_add_explicit(&counter, 1, memory_order_relaxed);
}

int tree_key_cmp(const struct store_key *a, const struct store_key *b) {
	int c = slice_cmp(a->resource, b->resource);
	if (!c) c = slice_cmp(a->ns, b->ns);
	return c ? c : slice_cmp(a->name, b->name);
}

static int bound_cmp(const struct store_key *k, const struct tree_bound *b) {
	int c = slice_cmp(k->resource, b->key.resource);
	if (!c && b->parts > 1) c = slice_cmp(k->ns, b->key.ns);
	if (!c && b->parts > 2) c = slice_cmp(k->name, b->key.name);
	return c ? c : -b->tie;
}

/* ---- separators and nodes ---- */

static char *copy_part(char *at, struct slice from, struct slice *to) {
	if (from.n) memcpy(at, from.p, from.n);
	*to = slice_make(at, from.n);
	return at + from.n;
}

static struct tree_sep *sep_new(const struct store_key *k) {
	struct tree_sep *s = malloc(sizeof(*s) + k->resource.n + k->ns.n + k->name.n);
	if (!s) return NULL;
	atomic_init(&s->refs, 1);
	char *at = copy_part(s->text, k->resource, &s->key.resource);
	at = copy_part(at, k->ns, &s->key.ns);
	copy_part(at, k->name, &s->key.name);
	return s;
}

static void sep_unref(struct tree_sep *s) {
	if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1) free(s);
}

static struct tree_node *node_new(const struct tree *t, uint16_t level) {
	struct tree_node *n = malloc(sizeof(*n) + (level ? 2 : 1) * TREE_FAN * sizeof(void *));
	if (!n) return NULL;
	atomic_init(&n->refs, 1);
	n->level = level;
	n->n = 0;
	n->owner = t->owner;
	n->count = 0;
	return n;
}

struct tree_node *tree_node_ref(struct tree_node *n) {
	if (n) atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
	return n;
}

static bool node_drop(struct tree_node *n) {
	return atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) == 1;
}

/* Frees a leaf nobody holds. */
static void leaf_free(struct tree_node *n) {
	for (size_t i = 0; i < n->n; i++) store_obj_unref(n->slot[i]);
	free(n);
}

struct tree_node *tree_node_unref(struct tree_node *n) {
	struct tree_node *stack[TREE_DEPTH_MAX];
	size_t at[TREE_DEPTH_MAX], depth = 0;
	if (!n || !node_drop(n)) return NULL;
	stack[0] = n;
	at[0] = 0;
	for (depth = 1; depth;) {
		struct tree_node *top = stack[depth - 1];
		if (top->level == 0) {
			leaf_free(top);
			depth--;
		} else if (at[depth - 1] == top->n) {
			free(top);
			depth--;
		} else {
			size_t i = at[depth - 1]++;
			sep_unref(sep_at(top, i));
			if (!node_drop(child_at(top, i))) continue;
			stack[depth] = child_at(top, i);
			at[depth++] = 0;
		}
	}
	return NULL;
}

static struct tree_node *node_clone(const struct tree *t, const struct tree_node *from) {
	struct tree_node *n = node_new(t, from->level);
	if (!n) return NULL;
	n->n = from->n;
	n->count = from->count;
	memcpy(n->slot, from->slot, from->n * sizeof(void *));
	if (!n->level) {
		for (size_t i = 0; i < n->n; i++) store_obj_ref(n->slot[i]);
		return n;
	}
	memcpy(n->slot + TREE_FAN, from->slot + TREE_FAN, from->n * sizeof(void *));
	for (size_t i = 0; i < n->n; i++) {
		tree_node_ref(n->slot[i]);
		if (sep_at(n, i)) atomic_fetch_add_explicit(&sep_at(n, i)->refs, 1, memory_order_relaxed);
	}
	return n;
}

/* Makes *pn a node this editor may change. 0 or -ENOMEM. */
static int node_own(const struct tree *t, void **pn) {
	struct tree_node *n = *pn;
	if (n->owner == t->owner) return 0;
	struct tree_node *c = node_clone(t, n);
	if (!c) return -ENOMEM;
	*pn = c;
	tree_node_unref(n);
	return 0;
}

/* ---- searching ---- */

/* First index in the leaf whose key does not lie before the bound. */
static size_t leaf_lower(const struct tree_node *n, const struct tree_bound *b) {
	size_t lo = 0, hi = n->n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (bound_cmp(&obj_at(n, mid)->key, b) < 0) lo = mid + 1;
		else hi = mid;
	}
	return lo;
}

/* The child in which the bound lies: the last one whose separator is not behind it. */
static size_t child_of(const struct tree_node *n, const struct tree_bound *b) {
	size_t lo = 1, hi = n->n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (bound_cmp(&sep_at(n, mid)->key, b) <= 0) lo = mid + 1;
		else hi = mid;
	}
	return lo - 1;
}

static struct tree_bound bound_at(const struct store_key *k) { return (struct tree_bound){ *k, 3, 0 }; }

struct store_obj *tree_find(const struct tree_node *n, const struct store_key *key) {
	struct tree_bound b = bound_at(key);
	if (!n) return NULL;
	while (n->level) n = child_at(n, child_of(n, &b));
	size_t i = leaf_lower(n, &b);
	return i < n->n && tree_key_cmp(&obj_at(n, i)->key, key) == 0 ? obj_at(n, i) : NULL;
}

uint64_t tree_count(const struct tree_node *root) { return root ? root->count : 0; }

uint64_t tree_rank(const struct tree_node *n, const struct tree_bound *b) {
	uint64_t rank = 0;
	if (!n) return 0;
	while (n->level) {
		size_t at = child_of(n, b);
		for (size_t i = 0; i < at; i++) rank += child_at(n, i)->count;
		n = child_at(n, at);
	}
	return rank + leaf_lower(n, b);
}

void tree_seek(const struct tree_node *n, const struct tree_bound *b, void **stack, int *depth) {
	*depth = 0;
	while (n) {
		size_t i = n->level ? child_of(n, b) : leaf_lower(n, b);
		stack[2 * *depth] = (void *)(uintptr_t)n;
		stack[2 * *depth + 1] = (void *)(uintptr_t)i;
		++*depth;
		n = n->level ? child_at(n, i) : NULL;
	}
}

struct store_obj *tree_step(void **stack, int *depth) {
	while (*depth) {
		const struct tree_node *n = stack[2 * *depth - 2];
		size_t i = (uintptr_t)stack[2 * *depth - 1];
		if (i >= n->n) {
			if (!--*depth) return NULL;
			stack[2 * *depth - 1] = (void *)((uintptr_t)stack[2 * *depth - 1] + 1);
			continue;
		}
		if (!n->level) {
			stack[2 * *depth - 1] = (void *)(uintptr_t)(i + 1);
			return obj_at(n, i);
		}
		stack[2 * *depth] = child_at(n, i);
		stack[2 * *depth + 1] = NULL;
		++*depth;
	}
	return NULL;
}

/* ---- editing ---- */

struct tree tree_edit(struct tree_node *root) { return (struct tree){ tree_node_ref(root), next_owner() }; }

struct tree_node *tree_take(struct tree *t) {
	t->owner = 0;
	return TAKE_PTR(t->root);
}

void tree_done(struct tree *t) {
	t->root = tree_node_unref(t->root);
	t->owner = 0;
}

static void slots_open(struct tree_node *n, size_t i) {
	memmove(n->slot + i + 1, n->slot + i, (n->n - i) * sizeof(void *));
	if (n->level) memmove(n->slot + TREE_FAN + i + 1, n->slot + TREE_FAN + i, (n->n - i) * sizeof(void *));
	n->n++;
}

static void slots_close(struct tree_node *n, size_t i) {
	n->n--;
	memmove(n->slot + i, n->slot + i + 1, (n->n - i) * sizeof(void *));
	if (n->level) memmove(n->slot + TREE_FAN + i, n->slot + TREE_FAN + i + 1, (n->n - i) * sizeof(void *));
}

/* Moves the slots from `at` on to the end of `to`, with their count. */
static void slots_move(struct tree_node *from, size_t at, struct tree_node *to) {
	size_t n = from->n - at;
	memcpy(to->slot + to->n, from->slot + at, n * sizeof(void *));
	if (from->level) memcpy(to->slot + TREE_FAN + to->n, from->slot + TREE_FAN + at, n * sizeof(void *));
	uint64_t moved = from->level ? 0 : n;
	for (size_t i = at; from->level && i < from->n; i++) moved += child_at(from, i)->count;
	to->n = (uint16_t)(to->n + n);
	to->count += moved;
	from->n = (uint16_t)at;
	from->count -= moved;
}

/* Splits the full, owned child i of the owned node p at slot `at`. 0 or -ENOMEM. */
static int node_split(const struct tree *t, struct tree_node *p, size_t i, size_t at) {
	struct tree_node *left = child_at(p, i), *right = node_new(t, left->level);
	struct tree_sep *sep;
	if (!right) return -ENOMEM;
	if (left->level) {
		sep = sep_at(left, at);
	} else {
		sep = sep_new(&obj_at(left, at)->key);
		if (!sep) return free(right), -ENOMEM;
	}
	slots_move(left, at, right);
	if (right->level) right->slot[TREE_FAN] = NULL;
	slots_open(p, i + 1);
	p->slot[i + 1] = right;
	p->slot[TREE_FAN + i + 1] = sep;
	return 0;
}

/* Gives a full root a parent. 0 or -ENOMEM. */
static int root_grow(struct tree *t) {
	struct tree_node *r = node_new(t, (uint16_t)(t->root->level + 1));
	if (!r) return -ENOMEM;
	r->n = 1;
	r->count = t->root->count;
	r->slot[0] = t->root;
	r->slot[TREE_FAN] = NULL;
	t->root = r;
	return 0;
}

/* Keys that come in order leave full leaves behind instead of half-full ones. */
static size_t split_at(const struct tree_node *child, const struct tree_bound *b) {
	bool behind = !child->level && bound_cmp(&obj_at(child, child->n - 1u)->key, b) < 0;
	return behind ? child->n - 1u : child->n / 2u;
}

/* Owns the path to the key's leaf, splitting full nodes on the way when `split`. Fills path; 0 or -ENOMEM. */
static int path_own(struct tree *t, const struct tree_bound *b, bool split, struct tree_node **path, size_t *at, size_t *ret_n) {
	void *root = t->root;
	int r = node_own(t, &root);
	t->root = root;
	if (!r && split && t->root->n == TREE_FAN) r = root_grow(t);
	if (r) return r;
	size_t n = 0;
	for (struct tree_node *node = t->root;; node = child_at(node, at[n - 1])) {
		path[n] = node;
		at[n] = node->level ? child_of(node, b) : leaf_lower(node, b);
		size_t i = at[n++];
		if (!node->level) break;
		r = node_own(t, &node->slot[i]);
		if (!r && split && child_at(node, i)->n == TREE_FAN) {
			r = node_split(t, node, i, split_at(child_at(node, i), b));
			at[n - 1] = child_of(node, b);
		}
		if (r) return r;
	}
	*ret_n = n;
	return 0;
}

int tree_put(struct tree *t, struct store_obj *o, struct store_obj **ret_old) {
	struct tree_node *path[TREE_DEPTH_MAX];
	size_t at[TREE_DEPTH_MAX], n;
	struct tree_bound b = bound_at(&o->key);
	bool exists = tree_find(t->root, &o->key) != NULL;
	if (!t->root && !(t->root = node_new(t, 0))) return -ENOMEM;
	int r = path_own(t, &b, !exists, path, at, &n);
	if (r) return r;
	struct tree_node *leaf = path[n - 1];
	size_t i = at[n - 1];
	*ret_old = exists ? leaf->slot[i] : NULL;
	if (!exists) {
		slots_open(leaf, i);
		for (size_t k = 0; k < n; k++) path[k]->count++;
	}
	leaf->slot[i] = store_obj_ref(o);
	return 0;
}

/* Joins child i + 1 of p into child i when both fit. Leaves them as they are when there is no memory to own them. */
static void node_merge(const struct tree *t, struct tree_node *p, size_t i) {
	if (child_at(p, i)->n + child_at(p, i + 1)->n > TREE_MERGE_INTO) return;
	if (node_own(t, &p->slot[i]) || node_own(t, &p->slot[i + 1])) return;
	struct tree_node *left = child_at(p, i), *right = child_at(p, i + 1);
	if (right->level) right->slot[TREE_FAN] = sep_at(p, i + 1);
	else sep_unref(sep_at(p, i + 1));
	slots_move(right, 0, left);
	slots_close(p, i + 1);
	tree_node_unref(right);
}

/* Child i of p has lost something: removes it when empty, joins it to a neighbour when small. */
static void node_settle(const struct tree *t, struct tree_node *p, size_t i) {
	struct tree_node *c = child_at(p, i);
	if (c->n == 0) {
		sep_unref(sep_at(p, i));
		slots_close(p, i);
		tree_node_unref(c);
		if (i == 0 && p->n) {
			sep_unref(sep_at(p, 0));
			p->slot[TREE_FAN] = NULL;
		}
	} else if (c->n < TREE_MERGE_BELOW) {
		if (i + 1u < p->n) node_merge(t, p, i);
		else if (i) node_merge(t, p, i - 1);
	}
}

static void root_shrink(struct tree *t) {
	while (t->root && t->root->n == 0) t->root = tree_node_unref(t->root);
	while (t->root && t->root->level && t->root->n == 1) {
		struct tree_node *only = tree_node_ref(child_at(t->root, 0));
		tree_node_unref(t->root);
		t->root = only;
	}
}

int tree_remove(struct tree *t, const struct store_key *key, struct store_obj **ret_old) {
	struct tree_node *path[TREE_DEPTH_MAX];
	size_t at[TREE_DEPTH_MAX], n;
	struct tree_bound b = bound_at(key);
	if (!tree_find(t->root, key)) return -ENOENT;
	int r = path_own(t, &b, false, path, at, &n);
	if (r) return r;
	*ret_old = path[n - 1]->slot[at[n - 1]];
	slots_close(path[n - 1], at[n - 1]);
	for (size_t k = 0; k < n; k++) path[k]->count--;
	for (size_t k = n - 1; k-- > 0;) node_settle(t, path[k], at[k]);
	root_shrink(t);
	return 0;
}
