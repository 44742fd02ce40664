/* SPDX-License-Identifier: Apache-2.0 */
#include "api/continue.h"

#include "api/limits.h"
#include "codec/base64.h"

#include <errno.h>

#define BAD "invalid continue token: continue key is not valid: "
#define TOKEN_MAX (64u * KIB)

static const struct status *decode(struct arena *a, struct slice text, yyjson_mut_val **ret) {
	_cleanup_buf_ struct buf b = BUF_INIT(TOKEN_MAX);
	size_t at = 0;
	int err = base64_decode(&b, BASE64_RAW_URL, text, &at);
	if (err == -EBADMSG) return status_bad_request(a, BAD "illegal base64 data at input byte %zu", at);
	struct slice json = arena_slice_dup(a, buf_slice(&b));
	yyjson_mut_doc *doc;
	struct json_error e;
	if (!err) err = json_parse(a, json, &doc, &e);
	if (err == -EBADMSG) return status_bad_request(a, BAD "%s", e.msg);
	if (err) return err == -E2BIG ? status_bad_request(a, BAD "token too long") : status_no_memory();
	*ret = yyjson_mut_doc_get_root(doc);
	return NULL;
}

/* Keys are ".../" cleaned the way path.Clean does: nothing that climbs. */
static bool is_clean(struct slice key) {
	while (key.p) {
		struct slice part = slice_cut(&key, '/');
		if (slice_empty(part) || slice_eqs(part, ".") || slice_eqs(part, "..")) return false;
	}
	return true;
}

const struct status *continue_parse(struct arena *a, struct slice text, bool ns_in_key, struct continue_token *ret) {
	yyjson_mut_val *root;
	const struct status *st = decode(a, text, &root);
	if (st) return st;
	struct slice version = json_path_str(root, "v"), start = json_path_str(root, "start");
	if (!slice_eqs(version, "meta.k8s.io/v1"))
		return status_bad_request(a, BAD "server does not recognize this encoded version %.*s", SLICE_FMT(version));
	struct continue_token t = { .rv = json_path_int(root, "rv", 0) };
	if (t.rv == 0) return status_bad_request(a, BAD "incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
	if (slice_empty(start)) return status_bad_request(a, BAD "encoded start key empty (version meta.k8s.io/v1)");
	struct slice key = start;
	if (key.p[0] == '/') key = slice_from(key, 1);
	if (key.n && key.p[key.n - 1] == 0) key.n--;
	if (!is_clean(key)) return status_bad_request(a, BAD "%.*s", SLICE_FMT(start));
	if (ns_in_key) t.ns = slice_cut(&key, '/');
	t.name = key;
	*ret = t;
	return NULL;
}

const char *continue_format(struct arena *a, int64_t rv, bool ns_in_key, struct slice ns, struct slice name) {
	_cleanup_buf_ struct buf json = BUF_INIT(TOKEN_MAX), b = BUF_INIT(2 * TOKEN_MAX);
	buf_printf(&json, "{\"v\":\"meta.k8s.io/v1\",\"rv\":%lld,\"start\":\"", (long long)rv);
	if (ns_in_key && ns.n) {
		buf_put_slice(&json, ns);
		buf_putc(&json, '/');
	}
	buf_put_slice(&json, name);
	buf_puts(&json, "\\u0000\"}");
	if (buf_err(&json) || base64_encode(&b, BASE64_RAW_URL, buf_slice(&json)) < 0) return NULL;
	return arena_strndup(a, b.p, b.n);
}
