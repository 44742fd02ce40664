/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes in the preload folder's archives: docker-archive (manifest.json with RepoTags) and oci-archive (index.json with
 * org.opencontainers.image.ref.name). One archive after the other, one image after the other; a marker file remembers size
 * and time of what was taken.
 */
#include "node/image/store-internal.h"

#include "base/log.h"
#include "codec/json.h"
#include "node/files.h"
#include "node/limits.h"
#include "node/proc.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define ARCHIVES_MAX 4096u
#define ARCHIVE_IMAGES_MAX 1024u
#define LIST_TIMEOUT_MS (10u * 60u * 1000u)

struct waiter {
	struct waiter *next;
	void (*done)(void *);
	void *ctx;
};

struct archive_image {
	const char *source;
	struct slice name, repository;
};

struct preload {
	struct image_store *store;
	struct arena *arena;
	struct waiter *waiters;
	struct proc *listing;
	const char **files; /* names inside the folder */
	size_t n_files, file;
	bool oci;
	struct archive_image *images;
	size_t n_images, image;
};

static void preload_end(struct preload *p) {
	p->store->preloading = NULL;
	for (struct waiter *w = p->waiters; w; w = w->next) w->done(w->ctx);
	arena_free(p->arena);
}

static const char *archive_path(struct preload *p) {
	return arena_printf(p->arena, "%s/%s", p->store->preload_dir, p->files[p->file]);
}

/* "size mtime" of an archive, as the marker holds it; NULL when it is gone. */
static const char *archive_stamp(struct preload *p, const char *path) {
	struct stat st;
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode)) return NULL;
	return arena_printf(p->arena, "%lld %lld.%09ld\n", (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static const char *marker_path(struct preload *p, const char *file) {
	return arena_printf(p->arena, "%s/preloaded/%s", p->store->dir, file);
}

static bool archive_taken(struct preload *p, const char *file) {
	const char *path = arena_printf(p->arena, "%s/%s", p->store->preload_dir, file);
	const char *stamp = path ? archive_stamp(p, path) : NULL, *marker = marker_path(p, file);
	struct slice old;
	if (!stamp || !marker) return true;
	return files_read_arena(p->arena, marker, 4096, &old) == 0 && slice_eqs(old, stamp);
}

static void archive_next(struct preload *p);

static void archive_mark(struct preload *p) {
	const char *path = archive_path(p), *stamp = path ? archive_stamp(p, path) : NULL, *marker = marker_path(p, p->files[p->file]);
	if (stamp && marker) (void)files_write(marker, slice_str(stamp), 0600, false);
}

static void image_next(struct preload *p);

static void on_image(void *ctx, const struct image_pull_result *r) {
	struct preload *p = ctx;
	struct archive_image *i = &p->images[p->image];
	if (r->err == -ECANCELED) return preload_end(p);
	if (r->err < 0) log_warn("node", "image %.*s of %s was not taken: %s", SLICE_FMT(i->name), p->files[p->file], r->why);
	else log_info("node", "image %.*s taken from %s", SLICE_FMT(i->name), p->files[p->file]);
	p->image++;
	image_next(p);
}

static void image_next(struct preload *p) {
	while (p->image < p->n_images) {
		struct archive_image *i = &p->images[p->image];
		struct pull_source src = { i->source, NULL, false };
		if (image_pull_start(p->store, &src, 1, i->name, i->repository, SLICE_NULL, on_image, p) == 0) return;
		p->image++;
	}
	archive_mark(p);
	p->file++;
	archive_next(p);
}

static void image_add(struct preload *p, const char *source, struct slice raw_name) {
	struct image_reference ref;
	const char *why;
	if (!source || p->n_images == ARCHIVE_IMAGES_MAX) return;
	if (image_reference_parse(p->arena, raw_name, &ref, &why) < 0) {
		log_warn("node", "%s: image name \"%.*s\": %s", p->files[p->file], SLICE_FMT(raw_name), why);
		return;
	}
	const char *name = image_reference_text(p->arena, &ref), *repository = image_reference_repository(p->arena, &ref);
	if (name && repository) p->images[p->n_images++] = (struct archive_image){ source, slice_str(name), slice_str(repository) };
}

static void list_docker(struct preload *p, yyjson_mut_val *root) {
	size_t i, max, k, kmax;
	yyjson_mut_val *entry, *tag;
	yyjson_mut_arr_foreach(root, i, max, entry) {
		yyjson_mut_val *tags = json_get(entry, "RepoTags");
		yyjson_mut_arr_foreach(tags, k, kmax, tag) {
			struct slice t = json_str(tag);
			image_add(p, arena_printf(p->arena, "docker-archive:%s:%.*s", archive_path(p), SLICE_FMT(t)), t);
		}
	}
}

static void list_oci(struct preload *p, yyjson_mut_val *root) {
	size_t i, max;
	yyjson_mut_val *entry;
	yyjson_mut_arr_foreach(json_get(root, "manifests"), i, max, entry) {
		yyjson_mut_val *notes = json_get(entry, "annotations");
		struct slice ref = json_str(json_get(notes, "org.opencontainers.image.ref.name"));
		struct slice full = json_str(json_get(notes, "io.containerd.image.name"));
		if (slice_empty(ref)) continue;
		image_add(p, arena_printf(p->arena, "oci-archive:%s:%.*s", archive_path(p), SLICE_FMT(ref)),
			  slice_empty(full) ? ref : full);
	}
}

static int archive_list(struct preload *p);

static void on_listed(void *ctx, const struct proc_result *r) {
	struct preload *p = ctx;
	p->listing = NULL;
	yyjson_mut_doc *doc = NULL;
	struct json_error err = { 0 };
	bool parsed = r->code == 0 && json_parse(p->arena, r->out, &doc, &err) == 0;
	if (!parsed && !p->oci) {
		p->oci = true;
		if (archive_list(p) == 0) return;
	}
	if (parsed) (p->oci ? list_oci : list_docker)(p, yyjson_mut_doc_get_root(doc));
	if (p->n_images == 0) log_warn("node", "%s holds no named image", p->files[p->file]);
	image_next(p);
}

static int archive_list(struct preload *p) {
	const char *argv[] = { "tar",    "--extract",     "--to-stdout",
			       "--file", archive_path(p), p->oci ? "index.json" : "manifest.json",
			       NULL };
	if (!argv[4]) return -ENOMEM;
	struct proc_options o = { .argv = argv, .timeout_ms = LIST_TIMEOUT_MS, .output_max = IMAGE_CONFIG_MAX };
	return proc_start(p->store->loop, &o, on_listed, p, &p->listing);
}

static void archive_next(struct preload *p) {
	for (; p->file < p->n_files; p->file++) {
		p->oci = false;
		p->n_images = p->image = 0;
		int r = archive_list(p);
		if (r == 0) return;
		log_warn("node", "%s could not be read: %s", p->files[p->file], strerror(-r));
	}
	preload_end(p);
}

static void folder_scan(struct preload *p) {
	DIR *d = p->store->preload_dir ? opendir(p->store->preload_dir) : NULL;
	for (struct dirent *e; d && p->n_files < ARCHIVES_MAX && (e = readdir(d));) {
		if (e->d_name[0] == '.' || !slice_ends(slice_str(e->d_name), SLICE_LIT(".tar")) || archive_taken(p, e->d_name)) continue;
		const char *name = arena_strdup(p->arena, e->d_name);
		if (name) p->files[p->n_files++] = name;
	}
	if (d) closedir(d);
}

static struct preload *preload_new(struct image_store *s) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct preload *p = a ? arena_new_of(a, struct preload) : NULL;
	if (!p) return NULL;
	p->store = s;
	p->files = arena_array(a, ARCHIVES_MAX, sizeof(*p->files));
	p->images = arena_array(a, ARCHIVE_IMAGES_MAX, sizeof(*p->images));
	if (!p->files || !p->images) return NULL;
	p->arena = TAKE_PTR(a);
	return p;
}

void image_store_preload(struct image_store *s, void (*done)(void *), void *ctx) {
	struct preload *p = s->preloading;
	bool running = p != NULL;
	if (!running) p = preload_new(s);
	struct waiter *w = p ? arena_new_of(p->arena, struct waiter) : NULL;
	if (!w) {
		if (p && !running) arena_free(p->arena);
		done(ctx);
		return;
	}
	*w = (struct waiter){ p->waiters, done, ctx };
	p->waiters = w;
	if (running) return;
	s->preloading = p;
	folder_scan(p);
	archive_next(p);
}

void image_preload_cancel(struct image_store *s) {
	struct preload *p = s->preloading;
	if (!p) return;
	if (p->listing) proc_cancel(TAKE_PTR(p->listing));
	preload_end(p);
}
