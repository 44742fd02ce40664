/* SPDX-License-Identifier: Apache-2.0 */
/* What store.c, pull.c and preload.c share. */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "node/image/store.h"

#define IMAGES_MAX 65536u

struct image_store {
	struct loop *loop;
	const struct env *env;
	struct arena *arena;
	char *dir, *preload_dir;
	char *skopeo_env, *auth_dir; /* environment entries */
	struct registries registries;
	struct map *images;          /* id -> struct image */
	struct list pulls;           /* struct pull, see pull.c */
	uint64_t next_pull;
	struct preload *preloading;  /* see preload.c */
};

/* "<dir>/<folder>/<hex of digest><suffix>". NULL when out of memory. */
char *image_store_path(struct image_store *s, struct arena *a, const char *folder, struct slice digest, const char *suffix);
/* Consumes `fresh`. Name and digest may be empty. 0 or -errno. */
int image_store_add(struct image_store *s, struct image *fresh, struct slice name, struct slice digest, const struct image **ret);
/* Copies from one of `sources` (skopeo source names; tried in order) and unpacks. `name` and `repository` as they will
 * stand in the record; both may be empty. */
struct pull_source {
	const char *source;
	const char *repository; /* "docker://host/path": asked for the present digest first, so that what is here is not copied
				 * again; NULL: no asking */
	bool plain_allowed;
};
int image_pull_start(struct image_store *s, const struct pull_source *sources, size_t n, struct slice name,
		     struct slice repository, struct slice auth_json, void (*done)(void *, const struct image_pull_result *),
		     void *ctx);
void image_pulls_cancel(struct image_store *s);
/* After image_pulls_cancel. Waiters of image_store_preload are called. */
void image_preload_cancel(struct image_store *s);
