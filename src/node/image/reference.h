/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image names as people type them ("nginx", "quay.io/a/b:1", "x@sha256:...") and their full form. Grammar and
 * normalisation: distribution/reference (docker.io, "library/", index.docker.io).
 */
#pragma once

#include "base/arena.h"

struct image_reference {
	struct slice domain; /* "docker.io", "127.0.0.1:5000" */
	struct slice path;   /* "library/nginx" */
	struct slice tag;    /* may be empty */
	struct slice digest; /* "sha256:...", may be empty */
};

/* Parses and normalises; the slices live in the arena; with neither tag nor digest the tag is "latest".
 * 0, -EINVAL (*ret_why: what Kubernetes' runtime interface says, static text), -ENOMEM. */
int image_reference_parse(struct arena *a, struct slice name, struct image_reference *ret, const char **ret_why);
/* "docker.io/library/nginx:latest"; with a digest "docker.io/library/nginx@sha256:..." (the tag is dropped then, as the
 * digest alone decides). NULL when out of memory. */
const char *image_reference_text(struct arena *a, const struct image_reference *r);
/* "docker.io/library/nginx". NULL when out of memory. */
const char *image_reference_repository(struct arena *a, const struct image_reference *r);
