/* SPDX-License-Identifier: Apache-2.0 */
/* What containers, tools and the machine write: logs, tool messages, resolv.conf, network results, references. The first byte chooses. */
#include "node/cni.h"
#include "node/limits.h"
#include "node/logline.h"
#include "node/pod/exit_message.h"
#include "node/pod/expansion.h"
#include "node/pod/network_files.h"
#include "node/volume/atomic_writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool lookup(void *ctx, struct slice name, struct slice *ret) {
	if (name.n % 2) return false;
	*ret = SLICE_LIT("v");
	return true;
}

static void resolv(struct arena *a, struct slice text) {
	_cleanup_buf_ struct buf b = BUF_INIT(1u << 20);
	struct json_error err = { 0 };
	yyjson_mut_doc *doc;
	struct resolv_notes notes;
	struct resolv_facts f = { "10.96.0.10", "cluster.local", text };
	if (json_parse(a, SLICE_LIT("{\"metadata\":{\"name\":\"p\",\"namespace\":\"n\"},\"spec\":{}}"), &doc, &err) < 0) abort();
	(void)pod_resolv_write(&b, a, yyjson_mut_doc_get_root(doc), &f, &notes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	_cleanup_arena_ struct arena *a = arena_new((size_t)256 << 20);
	_cleanup_buf_ struct buf b = BUF_INIT(4u << 20);
	const char *ip;
	if (size == 0) return 0;
	struct slice text = slice_make(data + 1, size - 1);
	switch (data[0]) {
	case 'l':
		if (exit_message_from_log(&b, text) == 0 && b.n > TERMINATION_LOG_BYTES) abort();
		break;
	case 't': (void)logline_message(a, text); break;
	case 'c': (void)cni_result_ip(a, text, &ip); break;
	case 'x': (void)expand_references(&b, text, lookup, NULL); break;
	case 'r': resolv(a, text); break;
	case 'p':
		if (volume_path_valid(text) && (slice_starts(text, SLICE_LIT("..")) || slice_find(text, SLICE_LIT("/../")) >= 0)) abort();
		break;
	}
	return 0;
}
