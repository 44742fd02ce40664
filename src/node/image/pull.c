/* SPDX-License-Identifier: Apache-2.0 */
/* One pull: skopeo copies to a directory (it verifies every digest), the layers that are new are unpacked, then the record. */
#include "node/image/store-internal.h"

#include "node/files.h"
#include "node/image/layer.h"
#include "node/limits.h"
#include "node/logline.h"
#include "node/proc.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>

#define PULL_TIMEOUT_MS (60u * 60u * 1000u)

struct pull {
	struct list node;
	struct image_store *store;
	struct arena *arena;
	struct pull_source *sources;
	size_t n_sources, source;
	struct slice name, repository;
	const char *dir, *auth_file;
	struct proc *copying;
	struct image_manifest manifest;
	struct slice digest;
	size_t layer;
	uint64_t started;
	const char *why;
	void (*done)(void *, const struct image_pull_result *);
	void *ctx;
};

static void pull_free(struct pull *p) {
	if (p->dir) (void)files_remove_tree(p->dir);
	arena_free(p->arena);
}

static void pull_finish(struct pull *p, int err, const struct image *image) {
	if (p->done) {
		uint64_t took = (env_mono(p->store->env) - p->started) / 1000000u;
		struct image_pull_result res = { err, err < 0 ? (p->why ? p->why : strerror(-err)) : NULL, image, took, took };
		list_del(&p->node);
		p->done(p->ctx, &res);
	}
	pull_free(p);
}

static void pull_fail(struct pull *p, int err, const char *why) {
	p->why = why ? arena_strdup(p->arena, why) : NULL;
	pull_finish(p, err, NULL);
}

static int file_digest(struct arena *a, struct slice bytes, struct slice *ret) {
	unsigned char md[32];
	unsigned n = sizeof(md);
	char *text = arena_alloc(a, 72);
	if (!text || EVP_Digest(bytes.p, bytes.n, md, &n, EVP_sha256(), NULL) != 1) return -ENOMEM;
	memcpy(text, "sha256:", 8);
	for (unsigned i = 0; i < n; i++) snprintf(text + 7 + 2 * i, 3, "%02x", md[i]);
	*ret = slice_make(text, 71);
	return 0;
}

static int image_build(struct pull *p, struct image **ret) {
	struct slice text;
	char *path = arena_printf(p->arena, "%s/%.*s", p->dir, SLICE_FMT(slice_from(p->manifest.config_digest, 7)));
	if (!path) return -ENOMEM;
	int r = files_read_arena(p->arena, path, IMAGE_CONFIG_MAX, &text);
	if (r < 0) return r;
	struct image i = { .id = p->manifest.config_digest, .layers = p->manifest.layers, .n_layers = p->manifest.n_layers,
			   .config_text = text, .size = p->manifest.size };
	_cleanup_buf_ struct buf b = BUF_INIT((size_t)IMAGE_CONFIG_MAX * 2);
	r = image_record_write(&b, &i);
	return r < 0 ? r : image_record_parse(buf_slice(&b), ret);
}

static void pull_record(struct pull *p) {
	struct image *fresh = NULL;
	const struct image *image = NULL;
	struct slice digest = SLICE_NULL;
	int r = image_build(p, &fresh);
	if (r == 0 && !slice_empty(p->repository))
		digest = slice_str(arena_printf(p->arena, "%.*s@%.*s", SLICE_FMT(p->repository), SLICE_FMT(p->digest)));
	if (r == 0) r = image_store_add(p->store, fresh, p->name, digest, &image);
	if (r < 0)
		pull_fail(p, -EIO,
			  arena_printf(p->arena, "failed to store image: %s",
				       r == -EBADMSG ? "its configuration is invalid" : strerror(-r)));
	else pull_finish(p, 0, image);
}

static void pull_next_layer(struct pull *p);

static void on_layer(void *ctx, int err, const char *why) {
	struct pull *p = ctx;
	if (!p->done) pull_free(p);
	else if (err < 0) pull_fail(p, -EIO, why);
	else {
		p->layer++;
		pull_next_layer(p);
	}
}

static void pull_next_layer(struct pull *p) {
	for (; p->layer < p->manifest.n_layers; p->layer++) {
		struct slice digest = p->manifest.layers[p->layer];
		char *dir = image_store_path(p->store, p->arena, "layers", digest, "");
		char *archive = arena_printf(p->arena, "%s/%.*s", p->dir, SLICE_FMT(slice_from(digest, 7)));
		if (!dir || !archive) return pull_fail(p, -ENOMEM, NULL);
		if (access(dir, F_OK) == 0) continue;
		int r = layer_unpack(p->store->loop, archive, dir, on_layer, p);
		if (r < 0) return pull_fail(p, -EIO, strerror(-r));
		return;
	}
	pull_record(p);
}

static void pull_copied(struct pull *p) {
	struct slice text;
	const char *why = "manifest is missing";
	char *path = arena_printf(p->arena, "%s/manifest.json", p->dir);
	int r = path ? files_read_arena(p->arena, path, IMAGE_CONFIG_MAX, &text) : -ENOMEM;
	/* Asked for before, it is the digest of what the name stands for: an index of several machines, or this manifest. */
	if (r == 0 && slice_empty(p->digest)) r = file_digest(p->arena, text, &p->digest);
	if (r == 0) r = image_manifest_parse(p->arena, text, &p->manifest, &why);
	if (r < 0) pull_fail(p, -EIO, why);
	else pull_next_layer(p);
}

static void pull_next_source(struct pull *p);

static void on_copied(void *ctx, const struct proc_result *r) {
	struct pull *p = ctx;
	p->copying = NULL;
	if (r->code == 0) return pull_copied(p);
	p->why = r->timed_out ? "pull took longer than an hour" : logline_message(p->arena, proc_error_text(r));
	p->source++;
	pull_next_source(p);
}

static int skopeo(struct pull *p, const char *const *argv, void (*done)(void *, const struct proc_result *)) {
	const char *envp[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/nonexistent",
			       "TMPDIR=/var/tmp", p->store->skopeo_env, p->store->auth_dir, NULL };
	struct proc_options o = { .argv = argv, .envp = envp, .timeout_ms = PULL_TIMEOUT_MS, .output_max = IMAGE_CONFIG_MAX };
	return proc_start(p->store->loop, &o, done, p, &p->copying);
}

static void pull_start_failed(struct pull *p, int err) {
	if (err == -ENOENT) pull_fail(p, -EIO, "skopeo is not installed (package skopeo)");
	else if (err < 0) pull_fail(p, -EIO, strerror(-err));
}

static void pull_copy(struct pull *p, const char *from) {
	const struct pull_source *src = &p->sources[p->source];
	const char *target = arena_printf(p->arena, "dir:%s", p->dir);
	const char *auth = p->auth_file ? arena_printf(p->arena, "--src-authfile=%s", p->auth_file) : "--src-no-creds";
	if (!target || !auth || !from) return pull_fail(p, -ENOMEM, NULL);
	const char *argv[] = { "skopeo", "--insecure-policy", "copy", "--quiet", auth,
			       src->plain_allowed ? "--src-tls-verify=false" : "--src-tls-verify=true", from, target, NULL };
	int r = files_remove_tree(p->dir);
	if (r == 0) r = files_mkdir_p(p->dir, 0700);
	if (r == 0) r = skopeo(p, argv, on_copied);
	pull_start_failed(p, r);
}

static struct image *image_by_digest(struct image_store *s, struct slice digest) {
	struct slice key;
	size_t it = 0;
	void *v;
	while (map_next(s->images, &it, &key, &v))
		if (image_has_digest(v, digest)) return v;
	return NULL;
}

/* The name still stands for what is here: only the record changes. */
static bool pull_is_here(struct pull *p) {
	const struct image *image;
	const char *digest = arena_printf(p->arena, "%.*s@%.*s", SLICE_FMT(p->repository), SLICE_FMT(p->digest));
	struct image *known = digest ? image_by_digest(p->store, slice_str(digest)) : NULL;
	if (!known || image_store_add(p->store, known, p->name, slice_str(digest), &image) < 0) return false;
	pull_finish(p, 0, image);
	return true;
}

static void on_inspected(void *ctx, const struct proc_result *r) {
	struct pull *p = ctx;
	const struct pull_source *src = &p->sources[p->source];
	p->copying = NULL;
	/* Copying by the name then fails too, with the message people know. */
	if (r->code != 0 || file_digest(p->arena, r->out, &p->digest) < 0) {
		p->digest = SLICE_NULL;
		return pull_copy(p, src->source);
	}
	if (!pull_is_here(p)) pull_copy(p, arena_printf(p->arena, "%s@%.*s", src->repository, SLICE_FMT(p->digest)));
}

static void pull_next_source(struct pull *p) {
	if (p->source == p->n_sources) return pull_finish(p, -EIO, NULL);
	const struct pull_source *src = &p->sources[p->source];
	p->digest = SLICE_NULL;
	if (!src->repository) return pull_copy(p, src->source);
	const char *auth = p->auth_file ? arena_printf(p->arena, "--authfile=%s", p->auth_file) : "--no-creds";
	if (!auth) return pull_fail(p, -ENOMEM, NULL);
	const char *argv[] = { "skopeo", "--insecure-policy", "inspect", "--raw", auth,
			       src->plain_allowed ? "--tls-verify=false" : "--tls-verify=true", src->source, NULL };
	pull_start_failed(p, skopeo(p, argv, on_inspected));
}

static int pull_prepare(struct pull *p, const struct pull_source *sources, size_t n, struct slice auth_json) {
	struct image_store *s = p->store;
	p->dir = arena_printf(p->arena, "%s/pull/%llu", s->dir, (unsigned long long)s->next_pull++);
	p->sources = arena_array(p->arena, n, sizeof(*sources));
	if (!p->dir || !p->sources) return -ENOMEM;
	p->n_sources = n;
	for (size_t i = 0; i < n; i++) {
		const char *repository = sources[i].repository;
		p->sources[i] = (struct pull_source){ arena_strdup(p->arena, sources[i].source),
						      repository ? arena_strdup(p->arena, repository) : NULL, sources[i].plain_allowed };
		if (!p->sources[i].source || (repository && !p->sources[i].repository)) return -ENOMEM;
	}
	p->name = arena_slice_dup(p->arena, p->name);
	p->repository = arena_slice_dup(p->arena, p->repository);
	if (!p->name.p || !p->repository.p) return -ENOMEM;
	if (slice_empty(auth_json)) return 0;
	p->auth_file = arena_printf(p->arena, "%s.auth", p->dir);
	return p->auth_file ? files_write(p->auth_file, auth_json, 0600, false) : -ENOMEM;
}

static void auth_forget(void *path) { (void)unlink(path); }

static void start_from_mailbox(void *arg) {
	struct pull *p = arg;
	/* Cancelled meanwhile: only the memory is left to do. */
	if (p->done) pull_next_source(p);
	else pull_free(p);
}

int image_pull_start(struct image_store *s, const struct pull_source *sources, size_t n, struct slice name,
		     struct slice repository, struct slice auth_json, void (*done)(void *, const struct image_pull_result *),
		     void *ctx) {
	_cleanup_arena_ struct arena *a = arena_new((size_t)IMAGE_CONFIG_MAX * 8);
	struct pull *p = a ? arena_new_of(a, struct pull) : NULL;
	if (!p) return -ENOMEM;
	*p = (struct pull){ .store = s, .arena = a, .name = name, .repository = repository, .done = done, .ctx = ctx,
			    .started = env_mono(s->env) };
	int r = pull_prepare(p, sources, n, auth_json);
	if (r == 0 && p->auth_file) r = arena_defer(a, auth_forget, (void *)p->auth_file);
	/* Never calls done before the return. */
	if (r == 0) r = loop_post(s->loop, start_from_mailbox, p);
	if (r < 0) return r;
	list_add_tail(&s->pulls, &p->node);
	a = NULL;
	return 0;
}

void image_pulls_cancel(struct image_store *s) {
	list_foreach(&s->pulls, n) {
		struct pull *p = list_entry(n, struct pull, node);
		struct image_pull_result res = { -ECANCELED, "canceled", NULL, 0, 0 };
		void (*done)(void *, const struct image_pull_result *) = p->done;
		list_del(&p->node);
		p->done = NULL;
		bool ours = p->copying != NULL;
		if (ours) proc_cancel(TAKE_PTR(p->copying));
		done(p->ctx, &res);
		/* Else a layer job or the mailbox holds it and frees it. */
		if (ours) pull_free(p);
	}
}

int image_store_pull(struct image_store *s, const struct image_reference *r, struct slice auth_json,
		     void (*done)(void *, const struct image_pull_result *), void *ctx) {
	_cleanup_arena_ struct arena *a = arena_new(0);
	struct image_endpoint *endpoints;
	size_t n;
	int err = a ? registries_endpoints(a, &s->registries, r->domain, &endpoints, &n) : -ENOMEM;
	if (err < 0) return err;
	struct pull_source *sources = arena_array(a, n, sizeof(*sources));
	bool digest = !slice_empty(r->digest);
	struct slice version = digest ? r->digest : r->tag;
	if (!sources) return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		sources[i].plain_allowed = endpoints[i].plain_allowed;
		sources[i].repository =
			digest ? NULL : arena_printf(a, "docker://%s/%.*s", endpoints[i].host, SLICE_FMT(r->path));
		sources[i].source = arena_printf(a, "docker://%s/%.*s%c%.*s", endpoints[i].host, SLICE_FMT(r->path),
						 digest ? '@' : ':', SLICE_FMT(version));
		if (!sources[i].source) return -ENOMEM;
	}
	const char *name = digest ? "" : image_reference_text(a, r), *repository = image_reference_repository(a, r);
	if (!name || !repository) return -ENOMEM;
	return image_pull_start(s, sources, n, slice_str(name), slice_str(repository), auth_json, done, ctx);
}
