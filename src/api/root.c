/* SPDX-License-Identifier: Apache-2.0 */
#include "api/root.h"

#include "api/crd/definitions.h"
#include "api/discovery.h"
#include "api/limits.h"

static const char *const tail[] = {
	"/healthz", "/healthz/etcd", "/healthz/log", "/healthz/ping", "/livez", "/livez/etcd", "/livez/log", "/livez/ping", "/metrics",
	"/openapi/v2", "/openapi/v3", "/openapi/v3/", "/openid/v1/jwks", "/readyz", "/readyz/etcd", "/readyz/log", "/readyz/ping", "/version",
};

static void put(void *ctx, const char *path) {
	struct buf *b = ctx;
	buf_printf(b, ",\n    \"%s\"", path);
}

/* Always indented, as upstream's is. */
void root_handle(struct request *r) {
	_cleanup_buf_ struct buf b = BUF_INIT(64 * KIB);
	buf_puts(&b, "{\n  \"paths\": [\n    \"/.well-known/openid-configuration\"");
	const struct catalog *c = definitions_catalog(r->api, r->a);
	if (c) discovery_each_path(c, put, &b);
	for (size_t i = 0; i < ELEMENTSOF(tail); i++) put(&b, tail[i]);
	buf_puts(&b, "\n  ]\n}");
	struct slice text = buf_err(&b) ? SLICE_NULL : arena_slice_dup(r->a, buf_slice(&b));
	if (slice_empty(text)) request_status(r, status_no_memory());
	else request_bytes(r, 200, "application/json", text);
}
