/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the API server reads out of a request before it knows who asks: lines of the input are the method, the target, Accept,
 * Content-Type and a continue token; the rest is a body.
 */
#include "api/continue.h"
#include "api/duplicates.h"
#include "api/negotiate.h"
#include "api/options.h"
#include "api/route/requestinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_options(struct arena *a, const struct query *q) {
	struct list_options list;
	struct write_options write;
	struct delete_options del;
	for (int watch = 0; watch < 2; watch++) (void)options_list(a, q, watch, &list);
	(void)options_write(a, q, "PatchOptions", true, &write);
	(void)options_delete(a, q, NULL, &del);
}

static void read_target(struct arena *a, struct slice method, struct slice target) {
	struct query q = { 0 };
	struct request_info info;
	const char *msg;
	struct slice query = target, path = slice_cut(&query, '?');
	(void)query_parse(a, query, &q, &msg);
	if (request_info_parse(a, method, path, &q, &info) < 0) return;
	/* What names a resource has a version, too, and slices never reach outside the path. */
	if (info.is_resource && info.n_parts && !info.resource.p) abort();
	read_options(a, &q);
}

static void read_types(struct slice accept, struct slice content_type) {
	for (enum negotiate_for f = NEGOTIATE_OBJECT; f <= NEGOTIATE_PLAIN; f++) {
		struct negotiated n = { 0 };
		if (negotiate_accept(accept, f, &n) == 0 && n.media == MEDIA_NONE) abort();
	}
	(void)negotiate_routable(accept);
	(void)negotiate_body(content_type);
}

static void read_body(struct arena *a, struct slice body) {
	yyjson_mut_doc *doc;
	struct json_error e;
	const char **found;
	size_t n;
	if (json_parse(a, body, &doc, &e) < 0) return;
	(void)duplicates_find(a, yyjson_mut_doc_get_root(doc), yyjson_mut_is_arr(yyjson_mut_doc_get_root(doc)), &found, &n);
}

/* A token that is taken comes back the same when it is written again. */
static void read_token(struct arena *a, struct slice text) {
	struct continue_token t, again;
	if (continue_parse(a, text, true, &t)) return;
	const char *s = continue_format(a, t.rv, true, t.ns, t.name);
	if (s && !slice_empty(t.ns) && slice_chr(t.name, '"') < 0 && slice_chr(t.name, '\\') < 0 && slice_chr(t.ns, '"') < 0 && slice_chr(t.ns, '\\') < 0 &&
	    !continue_parse(a, slice_str(s), true, &again) && again.rv != t.rv) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena *a = arena_new(64 * MIB);
	struct slice rest = slice_make(data, size);
	struct slice method = slice_cut(&rest, '\n'), target = slice_cut(&rest, '\n'), accept = slice_cut(&rest, '\n'), type = slice_cut(&rest, '\n');
	struct slice token = slice_cut(&rest, '\n');
	if (!a) return 0;
	read_target(a, method, target);
	read_types(accept, type);
	read_token(a, token);
	read_body(a, rest);
	arena_free(a);
	return 0;
}
