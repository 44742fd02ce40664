/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One image as the store knows it: identity, names, unpacked layers and the part of the OCI image configuration that
 * running a container needs (OCI image spec v1.1, config.md). A record is a JSON file; everything in it is data and no
 * label or annotation of an image reaches the runtime.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

struct image_config {
	struct slice *env;
	size_t n_env;
	struct slice *entrypoint;
	size_t n_entrypoint;
	struct slice *cmd;
	size_t n_cmd;
	struct slice user, working_dir, stop_signal;
};

struct image {
	struct arena *arena;     /* owns everything below */
	struct slice id;         /* "sha256:<hex of the configuration>" */
	struct slice *names;     /* "docker.io/library/nginx:latest" */
	size_t n_names;
	struct slice *digests;   /* "docker.io/library/nginx@sha256:..." */
	size_t n_digests;
	struct slice *layers;    /* "sha256:<hex>", bottom first */
	size_t n_layers;
	struct image_config config;
	struct slice config_text; /* the configuration as it came */
	uint64_t size;           /* bytes of the layers as transferred */
};

#define IMAGE_NAMES_MAX 64u

/* The manifest's facts. Schema 2 and OCI manifests. */
struct image_manifest {
	struct slice config_digest;
	struct slice *layers;
	size_t n_layers;
	uint64_t size;
};
/* 0, -EBADMSG (*ret_why static text), -ENOMEM. */
int image_manifest_parse(struct arena *a, struct slice text, struct image_manifest *ret, const char **ret_why);
/* 0, -EBADMSG, -ENOMEM. */
int image_config_parse(struct arena *a, struct slice text, struct image_config *ret);

/* A record from its JSON; the image owns a new arena. 0, -EBADMSG, -ENOMEM. */
int image_record_parse(struct slice text, struct image **ret);
/* Appends the record. 0 or b->err. */
int image_record_write(struct buf *b, const struct image *i);
/* NULL is allowed. Returns NULL. */
struct image *image_free(struct image *i);

/* True when the text is "sha256:" and 64 lower-case hex digits: safe as a file name. */
bool image_digest_valid(struct slice d);
bool image_has_name(const struct image *i, struct slice name);
bool image_has_digest(const struct image *i, struct slice digest);
