/* SPDX-License-Identifier: Apache-2.0 */
#include "node/image/store-internal.h"

#include "base/log.h"
#include "node/files.h"
#include "node/limits.h"
#include "node/proc.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define RECORD_BYTES_MAX ((size_t)IMAGE_CONFIG_MAX * 2)

char *image_store_path(struct image_store *s, struct arena *a, const char *folder, struct slice digest, const char *suffix) {
	return arena_printf(a, "%s/%s/%.*s%s", s->dir, folder, SLICE_FMT(slice_from(digest, 7)), suffix);
}

static void record_load(struct image_store *s, const char *path) {
	_cleanup_buf_ struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct image *i = NULL;
	int r = files_read(path, &b);
	if (r == 0) r = image_record_parse(buf_slice(&b), &i);
	if (r == 0) r = map_put(s->images, i->id, i, NULL);
	if (r >= 0) return;
	log_warn("node", "image record %s is unusable (%s): removed", path, strerror(-r));
	image_free(i);
	(void)unlink(path);
}

static int records_load(struct image_store *s) {
	char path[VOLUME_PATH_MAX];
	snprintf(path, sizeof(path), "%s/records", s->dir);
	DIR *d = opendir(path);
	if (!d) return -errno;
	for (struct dirent *e; (e = readdir(d));) {
		if (!slice_ends(slice_str(e->d_name), SLICE_LIT(".json"))) continue;
		snprintf(path, sizeof(path), "%s/records/%s", s->dir, e->d_name);
		record_load(s, path);
	}
	closedir(d);
	return 0;
}

static int folders_make(struct image_store *s) {
	static const char *const folders[] = { "records", "layers", "pull", "preloaded" };
	char path[VOLUME_PATH_MAX];
	snprintf(path, sizeof(path), "%s/pull", s->dir);
	int r = files_remove_tree(path);
	for (size_t i = 0; i < ELEMENTSOF(folders) && r == 0; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", s->dir, folders[i]) >= (int)sizeof(path)) return -ENAMETOOLONG;
		r = files_mkdir_p(path, 0700);
	}
	return r;
}

/* skopeo is told not to look at the machine's own registry configuration. */
static int registries_conf_write(struct image_store *s) {
	char *path = arena_printf(s->arena, "%s/registries.conf", s->dir);
	s->skopeo_env = arena_printf(s->arena, "CONTAINERS_REGISTRIES_CONF=%s", path);
	s->auth_dir = arena_printf(s->arena, "XDG_RUNTIME_DIR=%s/pull", s->dir);
	if (!path || !s->skopeo_env || !s->auth_dir) return -ENOMEM;
	return files_write(path, SLICE_LIT("unqualified-search-registries = []\n"), 0600, false);
}

static int store_init(struct image_store *s, const struct image_store_options *o) {
	const char *why = NULL;
	s->arena = arena_new(0);
	s->images = map_new(IMAGES_MAX);
	if (!s->arena || !s->images) return -ENOMEM;
	s->dir = arena_strdup(s->arena, o->dir);
	s->preload_dir = o->preload_dir ? arena_strdup(s->arena, o->preload_dir) : NULL;
	if (!s->dir || (o->preload_dir && !s->preload_dir)) return -ENOMEM;
	int r = registries_parse(s->arena, o->registries, &s->registries, &why);
	if (r == -EINVAL) log_error("node", "registries configuration: %s", why);
	if (r == 0) r = folders_make(s);
	if (r == 0) r = registries_conf_write(s);
	return r < 0 ? r : records_load(s);
}

int image_store_open(struct loop *l, const struct image_store_options *o, struct image_store **ret) {
	struct image_store *s = calloc(1, sizeof(*s));
	if (!s) return -ENOMEM;
	s->loop = l;
	s->env = o->env;
	list_init(&s->pulls);
	int r = store_init(s, o);
	if (r < 0) image_store_free(s);
	else *ret = s;
	return r;
}

static void image_free_void(void *i) { image_free(i); }

void image_store_free(struct image_store *s) {
	if (!s) return;
	image_pulls_cancel(s);
	image_preload_cancel(s);
	map_free(s->images, image_free_void);
	arena_free(s->arena);
	free(s);
}

const struct image *image_store_find(struct image_store *s, const struct image_reference *r) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	if (!a) return NULL;
	struct slice text = slice_str(image_reference_text(a, r)), key;
	size_t it = 0;
	void *v;
	while (map_next(s->images, &it, &key, &v)) {
		const struct image *i = v;
		if (slice_empty(r->digest) ? image_has_name(i, text) : image_has_digest(i, text)) return i;
	}
	return NULL;
}

const struct image *image_store_find_id(struct image_store *s, struct slice id) { return map_get(s->images, id); }

char *image_store_lowerdirs(struct image_store *s, struct arena *a, const struct image *i) {
	_cleanup_buf_ struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	for (size_t k = i->n_layers; k > 0; k--)
		buf_printf(&b, "%s%s/layers/%.*s", k < i->n_layers ? ":" : "", s->dir, SLICE_FMT(slice_from(i->layers[k - 1], 7)));
	return buf_err(&b) ? NULL : arena_strndup(a, b.p ? b.p : "", b.n);
}

void image_store_each(struct image_store *s, void (*fn)(void *, const struct image *), void *ctx) {
	struct slice key;
	size_t it = 0;
	void *v;
	while (map_next(s->images, &it, &key, &v)) fn(ctx, v);
}

static size_t list_add(struct slice *list, size_t n, struct slice s) {
	for (size_t i = 0; i < n; i++)
		if (slice_eq(list[i], s)) return n;
	if (n == IMAGE_NAMES_MAX || slice_empty(s)) return n;
	list[n] = s;
	return n + 1;
}

static size_t list_remove(struct slice *list, size_t n, struct slice s) {
	size_t k = 0;
	for (size_t i = 0; i < n; i++)
		if (!slice_eq(list[i], s)) list[k++] = list[i];
	return k;
}

static int record_save(struct image_store *s, const struct image *i) {
	_cleanup_buf_ struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	_cleanup_arena_ struct arena *a = arena_new(0);
	char *path = a ? image_store_path(s, a, "records", i->id, ".json") : NULL;
	if (!path) return -ENOMEM;
	int r = image_record_write(&b, i);
	return r < 0 ? r : files_write(path, buf_slice(&b), 0600, true);
}

/* A tag names one image: whoever had it loses it. */
static void name_take_away(struct image_store *s, const struct image *but, struct slice name) {
	struct slice key;
	size_t it = 0;
	void *v;
	while (map_next(s->images, &it, &key, &v)) {
		struct image *i = v;
		size_t n = i == but ? i->n_names : list_remove(i->names, i->n_names, name);
		if (n == i->n_names) continue;
		i->n_names = n;
		if (record_save(s, i) < 0) log_warn("node", "image record of %.*s could not be written", SLICE_FMT(i->id));
	}
}

static struct slice *list_copy_with(struct arena *a, const struct slice *old, size_t *n, struct slice more) {
	struct slice *list = arena_array(a, IMAGE_NAMES_MAX, sizeof(*list));
	size_t count = 0;
	if (!list) return NULL;
	for (size_t i = 0; i < *n; i++) {
		struct slice copy = arena_slice_dup(a, old[i]);
		if (!copy.p) return NULL;
		count = list_add(list, count, copy);
	}
	struct slice copy = arena_slice_dup(a, more);
	if (!copy.p) return NULL;
	*n = list_add(list, count, copy);
	return list;
}

/* Adds an image, or another name and digest to one already there (which may be `fresh` itself). */
int image_store_add(
	struct image_store *s, struct image *fresh, struct slice name, struct slice digest, const struct image **ret) {
	struct image *known = map_get(s->images, fresh->id), *i = known ? known : fresh;
	size_t n_names = i->n_names, n_digests = i->n_digests;
	struct slice *names = list_copy_with(i->arena, i->names, &n_names, name);
	struct slice *digests = list_copy_with(i->arena, i->digests, &n_digests, digest);
	int r = names && digests ? 0 : -ENOMEM;
	if (r == 0) {
		i->names = names;
		i->n_names = n_names;
		i->digests = digests;
		i->n_digests = n_digests;
		r = record_save(s, i);
	}
	if (r == 0 && !known) r = map_put(s->images, i->id, i, NULL);
	if (known != fresh && (known || r < 0)) image_free(fresh);
	if (r < 0) return r;
	if (!slice_empty(name)) name_take_away(s, i, name);
	*ret = i;
	return 0;
}

static bool layer_wanted(struct image_store *s, const char *hex) {
	struct slice key;
	size_t it = 0;
	void *v;
	while (map_next(s->images, &it, &key, &v)) {
		const struct image *i = v;
		for (size_t k = 0; k < i->n_layers; k++)
			if (slice_eqs(slice_from(i->layers[k], 7), hex)) return true;
	}
	return false;
}

/* Layers are moved aside at once and removed by a worker: a pull that needs one again unpacks it anew. */
static void doomed_remove(void *dir) {
	char path[VOLUME_PATH_MAX];
	DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));) {
		/* Names of layers are hex digits only. */
		if (e->d_name[0] == '.' || !strchr(e->d_name, '.')) continue;
		snprintf(path, sizeof(path), "%s/%s", (const char *)dir, e->d_name);
		(void)files_remove_tree(path);
	}
	if (d) closedir(d);
}

static void layers_collect(struct image_store *s) {
	char dir[VOLUME_PATH_MAX], from[VOLUME_PATH_MAX * 2], to[VOLUME_PATH_MAX * 2 + 32];
	snprintf(dir, sizeof(dir), "%s/layers", s->dir);
	DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));) {
		if (strchr(e->d_name, '.') || layer_wanted(s, e->d_name)) continue;
		snprintf(from, sizeof(from), "%s/%s", dir, e->d_name);
		snprintf(to, sizeof(to), "%s.gone-%llu", from, (unsigned long long)s->next_pull++);
		if (rename(from, to) < 0) log_warn("node", "layer %s could not be removed: %s", from, strerror(errno));
	}
	if (d) closedir(d);
	char *copy = strdup(dir);
	if (copy && work_run(s->loop, doomed_remove, free, copy) == 0) return;
	free(copy);
}

size_t image_store_collect(struct image_store *s, bool (*in_use)(void *, const struct image *), void *ctx) {
	/* A pull may have unpacked layers that no record names yet. */
	if (!list_empty(&s->pulls) || s->preloading) return 0;
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct slice key;
	size_t it = 0, removed = 0;
	void *v;
	while (a && map_next(s->images, &it, &key, &v)) {
		struct image *i = v;
		if (in_use(ctx, i)) continue;
		char *path = image_store_path(s, a, "records", i->id, ".json");
		if (!path || unlink(path) < 0) continue;
		map_del(s->images, i->id);
		image_free(i);
		removed++;
	}
	if (a) layers_collect(s);
	return removed;
}
