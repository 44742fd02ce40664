/* SPDX-License-Identifier: Apache-2.0 */
#include "access/user.h"

#include "access/account.h"
#include "access/limits.h"

#include <errno.h>

bool access_user_in_group(const struct access_user *u, const char *group) {
	struct slice g = slice_str(group);
	for (size_t i = 0; i < u->n_groups; i++)
		if (slice_eq(u->groups[i], g)) return true;
	return false;
}

void user_builder_init(struct user_builder *b, struct arena *a, struct slice name, struct slice uid) {
	*b = (struct user_builder){ .a = a, .name = name, .uid = uid };
}

/* Room for one more element; NULL (and failed) when there is none. */
static void *grow(struct user_builder *b, void *v, size_t n, size_t *cap, size_t size, size_t max) {
	if (n < *cap) return v;
	size_t more = *cap ? *cap * 2 : 4;
	void *p = n >= max ? NULL : arena_realloc(b->a, v, *cap * size, more * size);
	if (!p) {
		b->failed = true;
		return NULL;
	}
	*cap = more;
	return p;
}

void user_add_group(struct user_builder *b, struct slice group) {
	struct slice *v = grow(b, b->groups, b->n_groups, &b->cap_groups, sizeof(*v), USER_GROUPS_MAX);
	if (!v) return;
	b->groups = v;
	v[b->n_groups++] = group;
}

bool user_has_group(const struct user_builder *b, const char *group) {
	for (size_t i = 0; i < b->n_groups; i++)
		if (slice_eqs(b->groups[i], group)) return true;
	return false;
}

static void extra_append(struct user_builder *b, struct access_extra *e, struct slice value) {
	struct slice *v = arena_realloc(b->a, (void *)(uintptr_t)e->values, e->n_values * sizeof(*v), (e->n_values + 1) * sizeof(*v));
	if (!v) {
		b->failed = true;
		return;
	}
	v[e->n_values++] = value;
	e->values = v;
}

void user_add_extra(struct user_builder *b, struct slice key, struct slice value) {
	size_t i = 0;
	while (i < b->n_extra && slice_cmp(b->extra[i].key, key) < 0) i++;
	if (i < b->n_extra && slice_eq(b->extra[i].key, key)) {
		extra_append(b, &b->extra[i], value);
		return;
	}
	struct access_extra *v = grow(b, b->extra, b->n_extra, &b->cap_extra, sizeof(*v), IMPERSONATE_ITEMS_MAX);
	if (!v) return;
	b->extra = v;
	memmove(v + i + 1, v + i, (b->n_extra - i) * sizeof(*v));
	v[i] = (struct access_extra){ .key = key };
	b->n_extra++;
	extra_append(b, &v[i], value);
}

void user_add_authenticated(struct user_builder *b) {
	if (slice_eqs(b->name, USER_ANONYMOUS) || user_has_group(b, GROUP_AUTHENTICATED) || user_has_group(b, GROUP_UNAUTHENTICATED))
		return;
	user_add_group(b, SLICE_LIT(GROUP_AUTHENTICATED));
}

int user_build(struct user_builder *b, struct access_user **ret) {
	struct access_user *u = b->failed ? NULL : arena_new_of(b->a, struct access_user);
	if (!u) return -ENOMEM;
	*u = (struct access_user){ .name = b->name, .uid = b->uid, .groups = b->groups, .n_groups = b->n_groups,
				   .extra = b->extra, .n_extra = b->n_extra };
	*ret = u;
	return 0;
}

struct access_user *user_copy(struct arena *a, const struct access_user *u) {
	struct user_builder b;
	struct access_user *copy = NULL;
	user_builder_init(&b, a, arena_slice_dup(a, u->name), arena_slice_dup(a, u->uid));
	for (size_t i = 0; i < u->n_groups; i++) user_add_group(&b, arena_slice_dup(a, u->groups[i]));
	for (size_t i = 0; i < u->n_extra; i++) {
		struct slice key = arena_slice_dup(a, u->extra[i].key);
		for (size_t k = 0; k < u->extra[i].n_values; k++) user_add_extra(&b, key, arena_slice_dup(a, u->extra[i].values[k]));
	}
	return user_build(&b, &copy) < 0 ? NULL : copy;
}
