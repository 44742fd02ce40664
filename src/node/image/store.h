/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The images on this node. On disk below `dir`:
 *   records/<hex>.json   one record per image (image.h)
 *   layers/<hex>/        unpacked layers, shared by every image that has them, lower directories of overlay mounts
 *   pull/<n>/            what skopeo copied, until it is unpacked
 *   preloaded/<file>     which archives of the preload folder were taken (size and time)
 * From the loop's thread only.
 */
#pragma once

#include "base/env.h"
#include "node/image/image.h"
#include "node/image/reference.h"
#include "node/image/registries.h"

#include "loop/loop.h"

struct image_store;

struct image_store_options {
	const char *dir;
	const char *preload_dir;    /* folder of *.tar, or NULL */
	struct slice registries;    /* configuration text (registries.h) */
	const struct env *env;
};

/* Opens (creates) the store, drops leftovers of a crash. 0, -EINVAL (bad registries; the text is logged), -errno. */
int image_store_open(struct loop *l, const struct image_store_options *o, struct image_store **ret);
/* Pulls in flight are cancelled: their done runs with -ECANCELED. NULL is allowed. */
void image_store_free(struct image_store *s);

/* The image of that name or digest, or NULL. Valid until the image is removed, renamed or pulled again: take what is
 * needed at once. */
const struct image *image_store_find(struct image_store *s, const struct image_reference *r);
/* By id ("sha256:..."). */
const struct image *image_store_find_id(struct image_store *s, struct slice id);
/* Overlay lower directories, top first, joined by ':'. NULL when out of memory. */
char *image_store_lowerdirs(struct image_store *s, struct arena *a, const struct image *i);

struct image_pull_result {
	int err;                  /* 0, -EIO (why is set), -ECANCELED, -ENOMEM */
	const char *why;
	const struct image *image;
	uint64_t took_ms, waited_ms;
};
/* Pulls over the network. `auth_json`: a docker config.json with credentials or empty. done runs later, exactly once.
 * 0 or -errno (then done does not run). */
int image_store_pull(struct image_store *s, const struct image_reference *r, struct slice auth_json,
		     void (*done)(void *ctx, const struct image_pull_result *res), void *ctx);
/* Takes in new or changed archives of the preload folder; done(ctx) runs when that is over (possibly before the return). */
void image_store_preload(struct image_store *s, void (*done)(void *ctx), void *ctx);

/* Visits every image. */
void image_store_each(struct image_store *s, void (*fn)(void *ctx, const struct image *i), void *ctx);
/* Removes images that `in_use` says no to, and layers nobody has (their files go on a worker). Returns how many images went; 0
 * also while a pull is under way. */
size_t image_store_collect(struct image_store *s, bool (*in_use)(void *ctx, const struct image *i), void *ctx);
