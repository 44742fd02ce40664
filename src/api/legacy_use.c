/* SPDX-License-Identifier: Apache-2.0 */
#include "api/legacy_use.h"
#include "api/internal.h"
#include "base/log.h"

#include <stdio.h>

#define TARGET_MAX 640u
#define BODY_MAX 160u

/* One Secret to be labelled; freed when the patch has been answered. */
struct use {
	struct api *api;
	struct loop *loop;
	int status;
	char target[TARGET_MAX], body[BODY_MAX];
};

static void on_head(void *ctx, int status, const struct http_headers *h k8c_unused) { ((struct use *)ctx)->status = status; }
static void on_data(void *ctx k8c_unused, struct slice bytes k8c_unused) {}

static void on_done(void *ctx, int err) {
	struct use *u = ctx;
	/* A Secret that has gone meanwhile needs no label. */
	if (!err && u->status >= 400 && u->status != 404) log_warn("api", "%s: the label of its last use: status %d", u->target, u->status);
	free(u);
}

static void patch(void *arg) {
	static const struct slice groups[] = { SLICE_LIT("system:masters"), SLICE_LIT("system:authenticated") };
	static const struct access_user user = { .name = SLICE_LIT("system:apiserver"), .groups = groups, .n_groups = 2 };
	static const struct api_local_handler handler = { on_head, on_data, on_done };
	static struct http_header headers[] = { { SLICE_LIT("user-agent"), SLICE_LIT("kube-apiserver/v1.34.9") },
						{ SLICE_LIT("content-type"), SLICE_LIT("application/merge-patch+json") } };
	struct use *u = arg;
	struct http_request_head head = { .version = HTTP_2, .method = SLICE_LIT("PATCH"), .target = slice_str(u->target), .headers = { headers, 2, 2 } };
	struct api_local_call *c;
	if (api_local_start(u->api, u->loop, &user, &head, slice_str(u->body), &handler, u, &c) < 0) free(u);
}

/* On any thread, inside an authentication: the write is left to a loop. Names are those of a stored Secret, nothing to escape. */
static void used(void *ctx, struct slice ns, struct slice secret, const char *date) {
	struct api *api = ctx;
	struct use *u = calloc(1, sizeof(*u));
	if (!u) return;
	u->api = api;
	u->loop = api->loops[0].loop;
	int n = snprintf(u->target, sizeof(u->target), "/api/v1/namespaces/%.*s/secrets/%.*s", SLICE_FMT(ns), SLICE_FMT(secret));
	int m = snprintf(u->body, sizeof(u->body), "{\"metadata\":{\"labels\":{\"kubernetes.io/legacy-token-last-used\":\"%s\"}}}", date);
	if (n >= (int)sizeof(u->target) || m >= (int)sizeof(u->body) || loop_post(u->loop, patch, u) < 0) free(u);
}

void legacy_use_follow(struct api *api) { access_on_legacy_use(api->access, used, api); }
