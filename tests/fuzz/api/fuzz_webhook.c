/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a webhook answers: the first byte says how it was asked (1: mutating, 2: v1beta1), the rest is the body. What is taken is
 * carried further: a patch to the patcher, a refusal to a status.
 */
#include "api/webhook/answer.h"
#include "base/limits.h"
#include "codec/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_patch(struct arena *a, struct slice text) {
	yyjson_mut_doc *doc, *target;
	struct json_error e;
	const char *msg;
	if (json_parse(a, text, &doc, &e) < 0 || patch_json_check(a, yyjson_mut_doc_get_root(doc), &msg) < 0) return;
	if (json_parse(a, SLICE_LIT("{\"metadata\":{\"name\":\"x\"},\"data\":{}}"), &target, &e) < 0) return;
	yyjson_mut_val *root = yyjson_mut_doc_get_root(target);
	(void)patch_json(a, target, &root, yyjson_mut_doc_get_root(doc), &msg);
}

static void use_refusal(struct arena *a, const yyjson_mut_val *result) {
	_cleanup_buf_ struct buf b = BUF_INIT(16 * MIB);
	const struct status *st = webhook_denial(a, SLICE_LIT("w"), result);
	if (st->code < 400 || st->code > 599 || st->success) abort();
	(void)status_write(st, &b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena *a = arena_new(64 * MIB);
	if (!a || !size) {
		arena_free(a);
		return 0;
	}
	struct webhook_asked asked = { .uid = SLICE_LIT("u"), .mutating = data[0] & 1, .v1beta1 = data[0] & 2 };
	struct slice body = slice_make(data + 1, size - 1);
	struct webhook_answer got;
	(void)webhook_http_failure(a, 500, body);
	if (!webhook_answer_read(a, body, &asked, &got)) {
		if (got.patch.n && !asked.mutating) abort();
		if (got.patch.n) use_patch(a, got.patch);
		if (!got.allowed) use_refusal(a, got.result);
	}
	arena_free(a);
	return 0;
}
