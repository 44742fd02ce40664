/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of configMap, secret, downwardAPI and projected volumes, put together from what the API says. No files are
 * touched here. Sources: API reference; pkg/volume/{configmap,secret,downwardapi,projected}.
 */
#pragma once

#include "node/pod/field.h"
#include "node/pod/source.h"
#include "node/volume/atomic_writer.h"

struct token_request {
	struct slice ns, account, audience; /* audience may be empty */
	int64_t expiration;                 /* seconds */
	struct slice pod_name, pod_uid;
};
struct token_source {
	/* 0; -EAGAIN (the pod will be looked at again); -EIO (*ret_why). The token lives until control goes back to the loop. */
	int (*get)(void *ctx, const struct token_request *q, struct slice *ret, const char **ret_why);
	void *ctx;
};

struct payload {
	struct arena *arena;
	struct volume_file *files;
	size_t n, cap, bytes;
};

struct payload_context {
	const struct objects_source *objects;
	const struct token_source *tokens;
	const struct field_facts *facts;
	int64_t fs_user, fs_group; /* -1: none */
};

/* The files of `volume` (one element of spec.volumes, of one of the four kinds).
 * 0; -EAGAIN something is not known yet; -ENOENT, -EINVAL, -EIO, -ENOTSUP (*ret_why: Kubernetes' sentence, in the payload's arena);
 * -E2BIG; -ENOMEM. */
int payload_collect(struct payload *p, const struct payload_context *c, const yyjson_mut_val *volume, const char **ret_why);
/* The user all containers of the pod share, or -1 (pkg/volume/util FsUserFrom). */
int64_t pod_fs_user(const yyjson_mut_val *pod);
